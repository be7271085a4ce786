from __future__ import annotations

import pytest

from proxy.config import CredentialsConfig
from proxy.sources.location import locate
from proxy.sources.remote import store_options
from proxy.sources.session import gdal_options


@pytest.mark.parametrize(
    ("text", "path", "url", "name"),
    [
        ("data/dem.tif", "data/dem.tif", None, "dem"),
        ("file:///data/a%20b.tif", "/data/a b.tif", None, "a b"),
        ("s3://bucket/x/y.tif", "/vsis3/bucket/x/y.tif", "s3://bucket/x/y.tif", "y"),
        ("S3A://bucket/y.tif", "/vsis3/bucket/y.tif", "s3://bucket/y.tif", "y"),
        ("gs://b/y.tiff", "/vsigs/b/y.tiff", "gs://b/y.tiff", "y"),
        ("az://c/y.tif", "/vsiaz/c/y.tif", "az://c/y.tif", "y"),
        ("https://h/p/q.tif?sig=1", "/vsicurl/https://h/p/q.tif?sig=1", "https://h/p/q.tif?sig=1", "q"),
        ("netcdf:/d/x.nc:SST", "netcdf:/d/x.nc:SST", None, "x"),
    ],
)
def test_places(text: str, path: str, url: str | None, name: str) -> None:
    found = locate(text)
    assert (found.gdal_path, found.url) == (path, url)
    assert found.is_remote is (url is not None)
    assert found.name == name


def test_remote_places_are_not_searched_for_side_files_unless_asked() -> None:
    remote = locate("https://h/a.tif")
    assert dict(gdal_options(remote, None, None))["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"
    assert dict(gdal_options(remote, None, True))["GDAL_DISABLE_READDIR_ON_OPEN"] == "TRUE"
    assert gdal_options(locate("a.tif"), None, None) == ()


CREDENTIALS = CredentialsConfig(
    access_key_id="id", secret_access_key="key", endpoint="http://localhost:9000/", region="r",
    requester_pays=True, gdal={"GDAL_HTTP_HEADERS": "X: y"},
)  # fmt: skip


def test_credentials_become_options_of_that_source_only() -> None:
    options = dict(gdal_options(locate("s3://b/a.tif"), CREDENTIALS, None))
    assert options["AWS_ACCESS_KEY_ID"] == "id"
    assert options["AWS_S3_ENDPOINT"] == "localhost:9000"
    assert options["AWS_HTTPS"] == "NO"
    assert options["AWS_REQUEST_PAYER"] == "requester"
    assert options["GDAL_HTTP_HEADERS"] == "X: y"
    assert "AWS_ACCESS_KEY_ID" not in dict(gdal_options(locate("s3://b/a.tif"), None, None))


def test_store_options_carry_the_same_profile() -> None:
    options = store_options("s3://b", CREDENTIALS)
    assert options["access_key_id"] == "id"
    assert options["endpoint"] == "http://localhost:9000/"
    assert options["request_payer"] is True
    assert "access_key_id" not in store_options("https://h", CREDENTIALS)
    assert store_options("s3://b", CredentialsConfig(anonymous=True))["skip_signature"] is True
