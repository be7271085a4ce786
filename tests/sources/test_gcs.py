"""Rasters in Google Cloud Storage: its requests for objects on loopback, not its sign-in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from proxy.errors import CannotOpen
from proxy.model import Window
from proxy.sources.location import locate
from proxy.sources.raster import RasterSource
from proxy.sources.session import gdal_options
from tests.conftest import DATA, DEMO
from tests.gcs import Store, gcs_server
from tests.rasters import imagine
from tests.remote import config_of, expected, opened

RASTER, BY_GDAL = DEMO / "elevation.tif", DATA / "bottom_up_dem_4326_uint16.tif"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with gcs_server() as found:
        found.objects["rasters/deep/a b.tif"] = RASTER.read_bytes()
        found.objects["rasters/dem.img"] = imagine(BY_GDAL)
        yield found


@pytest.fixture
def account(store: Store, tmp_path: Path) -> str:
    store.refuses = False
    store.asked.clear()
    return store.account(tmp_path / "account.json")


def same(source: RasterSource, path: Path) -> bool:
    window = Window(10, 20, 120, 100)
    data, _ = source.read(0, (0,), window)
    return np.array_equal(data, expected(path, window))


@pytest.mark.parametrize("scheme", ["gs", "gcs"])
def test_pixels_in_a_bucket_are_those_of_the_file(store: Store, account: str, scheme: str) -> None:
    own = {"service_account_file": account}
    source = opened(config_of(own, f"{scheme}://rasters/deep/a%20b.tif"))
    assert source.info.way == "blocks"
    assert same(source, RASTER)
    assert set(store.asked) == {"rasters/deep/a b.tif"}
    source.close()


def test_gdal_is_led_by_the_options_of_the_profile(store: Store, account: str) -> None:
    # In a process of its own: GDAL under rasterio may keep this one, the server, from answering.
    own = {
        "service_account_file": account,
        "gdal": {"CPL_GS_ENDPOINT": f"{store.url}/", "GS_NO_SIGN_REQUEST": "YES"},
    }  # fmt: skip
    config = config_of(own, "gs://rasters/dem.img")
    place = locate(config.services[0].source or "")
    options = gdal_options(place, config.credentials["own"], None)
    code = "import rasterio, sys; sys.stdout.buffer.write(rasterio.open(sys.argv[1]).read().tobytes())"
    done = subprocess.run(
        [sys.executable, "-c", code, place.gdal_path],
        env=os.environ | dict(options), capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    with rasterio.open(BY_GDAL) as near:
        assert done.stdout == near.read().tobytes()


def test_errors_have_their_sentences(store: Store, account: str) -> None:
    own = {"service_account_file": account}
    with pytest.raises(CannotOpen, match="does not exist"):
        opened(config_of(own, "gs://rasters/nothing.tif"))
    store.refuses = True
    with pytest.raises(CannotOpen, match="refuses access"):
        opened(config_of(own, "gs://rasters/deep/a%20b.tif"))
    store.refuses = False
    with pytest.raises(CannotOpen, match="could not be reached"):
        opened(config_of({"service_account_file": "/nowhere.json"}, "gs://rasters/deep/a%20b.tif"))
