"""GDAL's WMTS and WMS drivers against a real server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT

from tests.clients.truth import Box
from tests.conftest import DEMO

CACHE = ("--config", "GDAL_DEFAULT_WMS_CACHE_PATH")
EUROPE: Box = (-10.0, 30.0, 30.0, 60.0)


def gdal(folder: Path, *command: str) -> str:
    # A cache of its own, or yesterday's tiles would be drawn.
    options = [*CACHE, str(folder / "cache"), "--config", "GDAL_HTTP_TIMEOUT", "60"]
    done = subprocess.run(
        [command[0], *options, *command[1:]],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_capabilities_list_what_there_is(services: str, tmp_path: Path) -> None:
    text = gdal(tmp_path, "gdalinfo", "-json", f"WMTS:{services}/wmts/1.0.0/WMTSCapabilities.xml")
    listed = " ".join(json.loads(text)["metadata"]["SUBDATASETS"].values())
    for name in ("bluemarble", "elevation", "WebMercatorQuad", "WGS1984Quad", "hillshade_map"):
        assert name in listed


@pytest.mark.parametrize(
    "matrix_set", ["WebMercatorQuad", "GoogleMapsCompatible", "WGS1984Quad", "WorldCRS84Quad"]
)
@pytest.mark.parametrize("path", ["/1.0.0/WMTSCapabilities.xml", "?SERVICE=WMTS&REQUEST=GetCapabilities"])
def test_wmts(services: str, tmp_path: Path, matrix_set: str, path: str) -> None:
    name = f"WMTS:{services}/wmts/bluemarble{path},layer=bluemarble,tilematrixset={matrix_set}"
    corners = [str(EUROPE[0]), str(EUROPE[3]), str(EUROPE[2]), str(EUROPE[1])]
    tif = tmp_path / "out.tif"
    gdal(tmp_path, "gdal_translate", "-q", "-projwin_srs", "EPSG:4326", "-projwin", *corners, name, str(tif))
    with rasterio.open(tif) as file, rasterio.open(DEMO / "bluemarble.tif") as source:
        data = file.read((1, 2, 3)).astype(int)
        with WarpedVRT(
            source, crs=file.crs, transform=file.transform, width=file.width, height=file.height
        ) as view:
            truth = view.read().astype(int)
    assert data.std() > 30
    # The kernels differ; a shift by one pixel gives more than ten.
    assert np.abs(data - truth).mean() < 6


@pytest.mark.parametrize(("version", "name"), [("1.1.1", "SRS"), ("1.3.0", "CRS")])
def test_wms(services: str, tmp_path: Path, version: str, name: str) -> None:
    box = ",".join(map(str, EUROPE)) if version == "1.1.1" else "30,-10,60,30"
    address = (
        f"WMS:{services}/wms?SERVICE=WMS&VERSION={version}&REQUEST=GetMap&LAYERS=bluemarble&{name}=EPSG:4326"
        f"&BBOX={box}&FORMAT=image/png&TRANSPARENT=FALSE"
    )
    tif = tmp_path / "out.tif"
    gdal(tmp_path, "gdal_translate", "-q", "-outsize", "400", "300", address, str(tif))
    with rasterio.open(tif) as file:
        assert file.bounds == pytest.approx(EUROPE)
        data = file.read((1, 2, 3)).astype(int)
        with (
            rasterio.open(DEMO / "bluemarble.tif") as source,
            WarpedVRT(
                source, crs="EPSG:4326", transform=from_bounds(*EUROPE, 400, 300), width=400, height=300
            ) as view,
        ):
            truth = view.read().astype(int)
    assert np.abs(data - truth).mean() < 6


def test_wms_lists_its_layers(services: str, tmp_path: Path) -> None:
    text = gdal(
        tmp_path, "gdalinfo", "-json", f"WMS:{services}/wms?SERVICE=WMS&REQUEST=GetCapabilities&VERSION=1.3.0"
    )
    listed = " ".join(json.loads(text)["metadata"]["SUBDATASETS"].values())
    assert "LAYERS=bluemarble" in listed
    assert "LAYERS=elevation" in listed
