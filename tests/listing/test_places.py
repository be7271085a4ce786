from __future__ import annotations

import pytest

from proxy.listing.places import Refused, resolved, shown


@pytest.mark.parametrize(
    ("href", "base", "place"),
    [
        ("a.tif", "/data/list.json", "/data/a.tif"),
        ("../b/a.tif", "/data/x/list.json", "/data/x/../b/a.tif"),
        ("/other/a.tif", "/data/list.json", "/other/a.tif"),
        ("file:///other/a%20b.tif", "/data/list.json", "/other/a b.tif"),
        ("a.tif", "https://h/x/list.json?sig=1", "https://h/x/a.tif"),
        ("./../a.tif", "https://h/x/y/list.json", "https://h/x/a.tif"),
        ("/a.tif", "https://h/x/list.json", "https://h/a.tif"),
        ("a.tif", "s3://bucket/x/list.json", "s3://bucket/x/a.tif"),
        ("../a.tif", "gs://bucket/x/list.json", "gs://bucket/a.tif"),
        ("s3://other/a.tif", "https://h/list.json", "s3://other/a.tif"),
        ("https://h/a.tif?sig=b%2F", "/data/list.json", "https://h/a.tif?sig=b%2F"),
        ("S3A://bucket/a.tif", "/list.json", "S3A://bucket/a.tif"),
    ],
)
def test_a_listing_names_its_neighbours_and_the_web(href: str, base: str, place: str) -> None:
    assert resolved(href, base) == place


@pytest.mark.parametrize("base", ["/data/list.json", "https://h/list.json", "s3://b/list.json"])
@pytest.mark.parametrize(
    "href",
    [
        "/vsicurl/http://inside/a.tif",
        "/VSIMEM/a.tif",
        "/vsizip//etc/a.zip/a.tif",
        "<VRTDataset><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>",
        "a.vrt",
        "https://h/a.VRT?x=1",
        "a.gti",
        "service.xml",
        "NETCDF:a.nc:var",
        "WMS:http://inside/",
        "GTIFF_DIR:1:a.tif",
        "PG:host=inside",
        "ftp://h/a.tif",
        "gopher://h/a.tif",
        "javascript://a.tif",
        "file:///vsicurl/http://inside/a.tif",
        "",
        "  ",
        "a\nb.tif",
        "a\0.tif",
        "x" * 5000,
        None,
        7,
        ["a.tif"],
    ],
)
def test_a_listing_names_nothing_that_leads_elsewhere(href: object, base: str) -> None:
    with pytest.raises(Refused):
        resolved(href, base)


@pytest.mark.parametrize("href", ["file:///etc/a.tif", "FILE:///etc/a.tif"])
def test_a_listing_on_a_server_names_no_local_file(href: str) -> None:
    with pytest.raises(Refused, match="local"):
        resolved(href, "https://h/list.json")
    assert resolved("/etc/a.tif", "https://h/list.json") == "https://h/etc/a.tif"


def test_secrets_of_an_address_are_not_shown() -> None:
    assert shown("https://user:word@h/a.tif?sig=abc") == "https://h/a.tif"
    assert shown("/data/a?b.tif") == "/data/a?b.tif"
