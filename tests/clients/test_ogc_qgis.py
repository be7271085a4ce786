"""QGIS's wms provider: WMS, WMTS and XYZ, drawn without a desktop."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from tests.clients.conftest import HERE
from tests.clients.test_qgis import SYSTEM_PYTHON
from tests.clients.truth import Box, warped
from tests.conftest import DEMO

AFRICA: Box = (-20.0, -30.0, 50.0, 40.0)
MERCATOR: Box = (-3000000.0, -3000000.0, 5000000.0, 5000000.0)


def asked(uri: str, file: Path, crs: str, box: Box, **environment: str) -> Any:
    done = subprocess.run(
        [SYSTEM_PYTHON, str(HERE / "ask_qgis_ogc.py"), uri, str(file), crs, *map(str, box)],
        capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["valid"], said
    return said


def compare(file: Path, crs: str, box: Box) -> None:
    found = np.asarray(Image.open(file).convert("RGB")).astype(int)
    truth, _ = warped(DEMO / "bluemarble.tif", box, 256, crs)
    # Another level of the pyramid, or tiles scaled by QGIS; a shift by one pixel gives more than ten.
    assert np.abs(np.moveaxis(found, -1, 0) - truth).mean() < 8


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0", ""])
@pytest.mark.parametrize(("crs", "box"), [("EPSG:4326", AFRICA), ("EPSG:3857", MERCATOR)])
def test_wms(services: str, tmp_path: Path, version: str, crs: str, box: Box) -> None:
    url = quote(f"{services}/wms?" + (f"version={version}" if version else ""), safe="")
    uri = f"crs={crs}&format=image/png&layers=bluemarble&styles=&url={url}"
    asked(uri, tmp_path / "a.png", crs, box)
    compare(tmp_path / "a.png", crs, box)


@pytest.mark.parametrize(
    ("matrix_set", "crs", "box"),
    [
        ("WebMercatorQuad", "EPSG:3857", MERCATOR),
        ("GoogleMapsCompatible", "EPSG:3857", MERCATOR),
        ("WGS1984Quad", "EPSG:4326", AFRICA),
        ("WorldCRS84Quad", "EPSG:4326", AFRICA),
    ],
)
@pytest.mark.parametrize(
    "path", ["wmts/1.0.0/WMTSCapabilities.xml", "wmts?service=WMTS&request=GetCapabilities"]
)
def test_wmts(services: str, tmp_path: Path, matrix_set: str, crs: str, box: Box, path: str) -> None:
    own = "OGC:CRS84" if matrix_set == "WorldCRS84Quad" else crs
    uri = (
        f"crs={own}&format=image/png&layers=bluemarble&styles=default&tileMatrixSet={matrix_set}"
        f"&url={quote(f'{services}/{path}', safe='')}"
    )
    asked(uri, tmp_path / "a.png", crs, box)
    compare(tmp_path / "a.png", crs, box)


def test_xyz(services: str, tmp_path: Path) -> None:
    url = quote(f"{services}/tiles/bluemarble/{{z}}/{{x}}/{{y}}.png", safe="")
    asked(f"type=xyz&zmin=0&zmax=5&url={url}", tmp_path / "a.png", "EPSG:3857", MERCATOR)
    compare(tmp_path / "a.png", "EPSG:3857", MERCATOR)


def test_values(services: str, tmp_path: Path) -> None:
    box = (-118.9, 37.1, -118.4, 37.6)
    uri = f"crs=EPSG:4326&format=image/png&layers=elevation&styles=&url={quote(f'{services}/wms', safe='')}"
    said = asked(uri, tmp_path / "a.png", "EPSG:4326", box, identify="1")
    assert said["values"]
    assert "Elevation = " in said["values"][0]
