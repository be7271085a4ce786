"""Rasters in a bucket: a real S3 endpoint on loopback, and the trouble that stores make."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import Config, parse
from proxy.errors import CannotOpen, CannotRead
from proxy.model import Window
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from tests import remote
from tests.conftest import DATA, DEMO
from tests.rasters import imagine
from tests.remote import expected, opened
from tests.s3 import Front, profile, put, s3_server

RASTER = DEMO / "elevation.tif"
#: Stored as no TIFF: GDAL reads it, through its own access to S3.
BY_GDAL = DATA / "bottom_up_dem_4326_uint16.tif"


@pytest.fixture(scope="module")
def server() -> Iterator[Front]:
    with s3_server() as front:
        put(front, "rasters", {"deep/in/elevation.tif": RASTER.read_bytes(), "dem.img": imagine(BY_GDAL)})
        put(front, "second", {"elevation.tif": RASTER.read_bytes()}, public=True)
        yield front


@pytest.fixture(autouse=True)
def quiet(server: Front) -> Iterator[Front]:
    """No trouble but what a test asks for."""
    yield server
    server.script.clear()
    server.share, server.latency, server.allowed, server.payer = 0.0, 0.0, None, False
    server.expired.clear()
    server.keys.clear()


def config_of(server: Front, url: str = "s3://rasters/deep/in/elevation.tif", **more: Any) -> Config:
    return remote.config_of(profile(server, **more), url)


@pytest.mark.parametrize("path", [RASTER, BY_GDAL], ids=["blocks", "gdal"])
def test_pixels_in_a_bucket_are_those_of_the_file(server: Front, path: Path) -> None:
    name = "deep/in/elevation.tif" if path == RASTER else "dem.img"
    source = opened(config_of(server, f"s3://rasters/{name}"))
    assert source.info.way == ("blocks" if path == RASTER else "window")
    window = Window(10, 20, 120, 100)
    data, _ = source.read(0, (0,), window)
    assert np.array_equal(data, expected(path, window))
    source.close()


@pytest.mark.parametrize("kind", ["slowdown", "reset", "truncate", "error"])
def test_trouble_that_passes_is_not_noticed(server: Front, kind: str) -> None:
    server.script[:] = [kind, "", kind, "", kind]
    source = opened(config_of(server))
    level = source.levels[0]
    for column in range(0, level.width - 256, 512):
        window = Window(column, 0, 256, 256)
        data, _ = source.read(0, (0,), window)
        assert np.array_equal(data, expected(RASTER, window))
    assert server.troubled >= 3
    source.close()


def test_a_store_that_stays_in_trouble_is_given_up_within_the_budget(server: Front) -> None:
    source = opened(config_of(server))
    level = source.levels[0]
    server.share, server.kinds = 1.0, ("slowdown",)
    started = time.monotonic()
    with pytest.raises(CannotRead, match="could not be read"):
        source.read(0, (0,), Window(level.width - 200, level.height - 200, 200, 200))
    # Four tries of four requests each with short pauses: nowhere near the minutes of the default.
    assert time.monotonic() - started < 60
    source.close()


def test_a_quarter_of_all_requests_in_trouble_changes_no_picture(server: Front) -> None:
    with TestClient(create_app(config_of(server))) as client:
        info = client.get("/tiles/far/tilejson.json").json()
        lon, lat, _ = info["center"]
        asked = {
            "f": "image", "format": "tiff", "bboxSR": 4326, "imageSR": 4326, "size": "300,300",
            "renderingRule": "None", "bbox": f"{lon - 0.4},{lat - 0.4},{lon + 0.4},{lat + 0.4}",
        }  # fmt: skip
        address = "/arcgis/rest/services/far/ImageServer/exportImage?" + urlencode(asked)
        calm = client.get(address)
    server.share, server.kinds = 0.25, ("slowdown", "reset", "truncate")
    with TestClient(create_app(config_of(server))) as client:
        stormy = client.get(address)
    assert calm.status_code == stormy.status_code == 200
    assert calm.headers["content-type"] == "image/tiff"
    assert calm.content == stormy.content


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"expired": {"reader"}}, "The store refuses access to the source."),
        ({"allowed": {"someone"}}, "The store refuses access to the source."),
        ({"payer": True}, "The store refuses access to the source."),
    ],
)
def test_refusals_are_told_apart_and_not_repeated(
    server: Front, change: dict[str, Any], sentence: str
) -> None:
    for name, value in change.items():
        setattr(server, name, value)
    server.keys.clear()
    with pytest.raises(CannotOpen) as caught:
        opened(config_of(server))
    assert caught.value.message == sentence
    # One try: what is refused now is refused again.
    assert len(server.keys) == 1


def test_an_object_that_is_not_there(server: Front) -> None:
    with pytest.raises(CannotOpen, match="does not exist"):
        opened(config_of(server, "s3://rasters/nothing.tif"))
    with pytest.raises(CannotOpen, match="does not exist"):
        opened(config_of(server, "s3://nowhere/nothing.tif"))


def test_whoever_reads_pays_where_the_profile_says_so(server: Front) -> None:
    server.payer = True
    opened(config_of(server, requester_pays=True)).close()
    source = opened(config_of(server, "s3://rasters/dem.img", requester_pays=True))
    data, _ = source.read(0, (0,), Window(0, 0, 10, 10))
    assert np.array_equal(data, expected(BY_GDAL, Window(0, 0, 10, 10)))
    source.close()


def test_nothing_is_signed_for_an_open_bucket(server: Front) -> None:
    server.allowed = {""}
    config = parse(
        {
            "credentials": {"own": {"endpoint": server.url, "region": "us-east-1", "anonymous": True}},
            "services": [{"name": "a", "source": "s3://second/elevation.tif", "credentials": "own"}],
        },
        {},
    )
    opened(config).close()
    assert set(server.keys) == {""}


def test_credentials_of_one_service_are_never_used_for_another(server: Front) -> None:
    names = {
        "first": "s3://rasters/dem.img",
        "second": "s3://rasters/dem.img",
        "third": "s3://second/elevation.tif",
    }
    config = parse(
        {
            "credentials": {name: profile(server, f"key-{name}") for name in names},
            "services": [{"name": name, "source": url, "credentials": name} for name, url in names.items()],
        },
        {},
    )
    pool = Pool[Handle](8)
    for service in config.services:
        server.keys.clear()
        source = open_source(service, config, pool)
        assert isinstance(source, RasterSource)
        source.read(0, (0,), Window(0, 0, 50, 50))
        source.close()
        assert set(server.keys) == {f"key-{service.name}"}


def test_a_profile_without_access_gets_nothing_that_another_has_fetched(server: Front) -> None:
    opened(config_of(server, "s3://rasters/dem.img")).close()
    server.allowed = {"reader"}
    with pytest.raises(CannotOpen, match="refuses"):
        opened(config_of(server, "s3://rasters/dem.img", access_key_id="stranger"))


def test_secrets_are_not_shown(server: Front) -> None:
    config = config_of(server, store={"token": "hidden-one"}, account_key="hidden-two")
    assert "hidden" not in repr(config)
    assert "'secret'" not in repr(config)
