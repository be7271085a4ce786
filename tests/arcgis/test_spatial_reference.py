from __future__ import annotations

import json

import pyproj
import pytest

from proxy.arcgis.spatial_reference import parse_reference, read_reference, reference_document
from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference, UnknownCRS, reference
from proxy.errors import InvalidParameter

MERCATOR = {"wkid": 102100, "latestWkid": 3857}
KROVAK = SpatialReference("EPSG:5514")


def esri_wkt(code: str) -> str:
    return pyproj.CRS.from_user_input(code).to_wkt("WKT1_ESRI")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4326", WGS84),
        (" 4326 ", WGS84),
        ("EPSG:4326", WGS84),
        ("epsg:4326", WGS84),
        ('{"wkid":4326}', WGS84),
        ("{wkid: 4326}", WGS84),
        ("{'wkid': 4326, 'latestWkid': 4326}", WGS84),
        ('{"wkid":"4326"}', WGS84),
        ('{"wkid":102100,"latestWkid":3857}', WEB_MERCATOR),
        ('{"WKID":102100}', WEB_MERCATOR),
        ("3857", WEB_MERCATOR),
        ("102100", WEB_MERCATOR),
        ("102113", WEB_MERCATOR),
        ("900913", WEB_MERCATOR),
        ("EPSG:900913", WEB_MERCATOR),
        ("EPSG:102100", WEB_MERCATOR),
        ("ESRI:102100", WEB_MERCATOR),
        (esri_wkt("EPSG:3857"), WEB_MERCATOR),
        (json.dumps({"wkt": esri_wkt("EPSG:32633")}), SpatialReference("EPSG:32633")),
        (json.dumps({"wkt2": pyproj.CRS(32633).to_wkt()}), SpatialReference("EPSG:32633")),
        ("102067", KROVAK),
        ("EPSG:5514", KROVAK),
        ('{"wkid":102067,"latestWkid":5514}', KROVAK),
        ("54030", SpatialReference("ESRI:54030")),
        ('{"wkid":102003}', SpatialReference("ESRI:102003")),
        ('{"latestWkid":9999999,"wkid":4326}', WGS84),
        ("OGC:CRS84", WGS84),
        ("IAU_2015:49910", SpatialReference("IAU_2015:49910")),
    ],
)
def test_spellings(text: str, expected: SpatialReference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "abc", "0", "\N{SUPERSCRIPT TWO}", "9" * 5000, "EPSG:1234567890",
        "1234567", "-1", "{}", "{", '{"wkid":null}', '{"icsid":3}', "0:12", "[4326]", "EPSG:abc",
        "+proj=utm +zone=33", "/etc/passwd", 'PROJCS["x"]', "GEOGCS[" + "x" * 30_000 + "]",
        "urn:ogc:def:crs:EPSG::4326", '{"wkid":true}', '{"wkid":[1]}',
    ],
)  # fmt: skip
def test_what_is_not_known(text: str) -> None:
    with pytest.raises(UnknownCRS):
        parse_reference(text)


def test_parameter_defaults_to_the_service() -> None:
    assert read_reference("imageSR", "", KROVAK) is KROVAK
    with pytest.raises(InvalidParameter, match=r"^'imageSR' parameter is invalid\.$"):
        read_reference("imageSR", "nowhere", KROVAK)


@pytest.mark.parametrize(
    ("own", "text"), [("ESRI:102067", "5514"), ("ESRI:102100", "3857"), ("EPSG:3857", "102113")]
)
def test_another_spelling_of_the_services_system_is_the_services_system(own: str, text: str) -> None:
    service = SpatialReference(own)
    assert read_reference("imageSR", text, service) is service


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        ("EPSG:3857", MERCATOR),
        ("ESRI:102100", MERCATOR),
        ("EPSG:900913", MERCATOR),
        ("EPSG:4326", {"wkid": 4326, "latestWkid": 4326}),
        ("OGC:CRS84", {"wkid": 4326, "latestWkid": 4326}),
        ("EPSG:32633", {"wkid": 32633, "latestWkid": 32633}),
        ("EPSG:5514", {"wkid": 102067, "latestWkid": 5514}),
        ("ESRI:102067", {"wkid": 102067, "latestWkid": 5514}),
        ("ESRI:54030", {"wkid": 54030, "latestWkid": 54030}),
        ("EPSG:5498", {"wkid": 4269, "latestWkid": 4269}),
    ],
)
def test_codes_are_answered(crs: str, expected: dict[str, int]) -> None:
    assert reference_document(SpatialReference(crs)) == expected


def test_a_system_without_a_code_is_answered_as_wkt_that_can_be_sent_back() -> None:
    crs = reference("+proj=laea +lat_0=52 +lon_0=10.5 +datum=WGS84 +units=m +type=crs")
    found = reference_document(crs)
    assert list(found) == ["wkt"]
    again = parse_reference(json.dumps(found))
    assert pyproj.Transformer.from_crs(crs.pyproj, again.pyproj, always_xy=True).transform(
        1000, 2000
    ) == pytest.approx((1000, 2000), abs=1e-6)


def test_mars() -> None:
    text = str(reference_document(SpatialReference("IAU_2015:49910"))["wkt"])
    assert text.startswith("PROJCS[")
    assert "Mars" in text
