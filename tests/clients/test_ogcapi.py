"""OGC API in OpenLayers, MapLibre and GDAL, from another origin; its pages in a browser."""

from __future__ import annotations

import io
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image

from tests.clients.conftest import Drawer
from tests.clients.test_browser import expected
from tests.clients.test_ogc_gdal import gdal
from tests.clients.truth import Array, warped
from tests.conftest import DEMO

MERCATOR = ["ol-tiles", "ol-tiles-style", "ol-map", "maplibre-style", "maplibre-collection"]
DEGREES = ["ol-tiles-crs84", "ol-tiles-4326", "ol-map-4326"]
#: Europe, where a map in the wrong order of axes shows Arabia.
CENTER = (10.0, 45.0)


def picture(path: Path) -> Array:
    return np.moveaxis(np.asarray(Image.open(path).convert("RGB")).astype(int), -1, 0)


def drawn(server: str, pages: str, draw: Drawer, folder: Path, kinds: list[str]) -> None:
    jobs = []
    for kind in kinds:
        query = {"server": server, "collection": "bluemarble", "kind": kind, "style": "None"}
        query |= {"center": ",".join(map(str, CENTER)), "zoom": "3"}
        jobs.append({"url": f"{pages}/ogcapi.html?{urlencode(query)}", "file": str(folder / f"{kind}.png")})
    for kind, result in zip(kinds, draw(jobs), strict=True):
        assert result["title"] == "ready", (kind, result["title"], result["messages"])


def test_libraries_draw_in_mercator(services: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    drawn(services, pages, draw, tmp_path, MERCATOR)
    truth = expected(DEMO / "bluemarble.tif", CENTER, 3).astype(int)
    for kind in MERCATOR:
        # Another level of the pyramid, and the browser's own resampling between pixels: a few grey levels.
        difference = np.abs(picture(tmp_path / f"{kind}.png") - truth).mean()
        assert difference < 6, (kind, difference)


def test_openlayers_draws_in_degrees(services: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    drawn(services, pages, draw, tmp_path, DEGREES)
    half = 256 * 156543.03392804097 / 8 / 111319.49079327358
    box = (10 - half, 45 - half, 10 + half, 45 + half)
    truth, _ = warped(DEMO / "bluemarble.tif", box, 512, "EPSG:4326")
    for kind in DEGREES:
        difference = np.abs(picture(tmp_path / f"{kind}.png") - truth[:3].astype(int)).mean()
        assert difference < 6, (kind, difference)


def test_gdal_lists_the_collections(services: str, tmp_path: Path) -> None:
    text = gdal(tmp_path, "gdalinfo", f"OGCAPI:{services}/ogc")
    assert "/ogc/collections/bluemarble" in text
    assert "/ogc/collections/tiles%3Aworld" in text


@pytest.mark.parametrize("name", ["bluemarble", "elevation"])
def test_gdal_draws_maps(services: str, tmp_path: Path, name: str) -> None:
    """Of collections in degrees: its driver takes every answer for CRS84."""
    tif = tmp_path / "out.tif"
    address = f"OGCAPI:{services}/ogc/collections/{name}"
    gdal(tmp_path, "gdal_translate", "-q", "-oo", "API=MAP", "-outsize", "500", "0", address, str(tif))
    with rasterio.open(tif) as file:
        data, valid = file.read((1, 2, 3)).astype(int), file.read(4) > 0
        width, height, box = file.width, file.height, file.bounds
    assert (width, file.crs.to_epsg()) == (500, 4326)
    assert data[:, valid].std() > 15
    # It asks for pieces of another resolution and picks pixels of them: alike over a few pixels.
    query = {
        "bbox": ",".join(map(str, box)),
        "crs": "OGC:CRS84",
        "width": width,
        "height": height,
        "f": "png",
    }
    with urllib.request.urlopen(f"{services}/ogc/collections/{name}/map?{urlencode(query)}") as answer:
        whole = np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGBA")).astype(int)
    both = valid & (whole[..., 3] > 0)
    assert both.mean() > 0.5
    one, other = (
        cv2.blur(bands.astype(np.float32), (7, 7)) for bands in (np.moveaxis(data, 0, -1), whole[..., :3])
    )
    aside = np.abs(np.roll(one, 4, axis=1) - other)[both].mean()
    assert np.abs(one - other)[both].mean() < min(6, aside / 2)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 380])
def test_pages_show_maps_and_stay_on_the_server(
    server: str, draw: Drawer, tmp_path: Path, width: int, dark: bool
) -> None:
    paths = [
        "",
        "/collections/bluemarble",
        "/collections/dem:sierra/styles/relief",
        "/map/tiles/WebMercatorQuad",
    ]
    jobs = [
        {
            "url": f"{server}/ogc{path}?f=html", "wait": ".leaflet-tile-loaded", "width": width,
            "height": 900, "file": str(tmp_path / f"{number}.png"), "dark": dark, "settle": 1000,
        }
        for number, path in enumerate(paths)
    ]  # fmt: skip
    plain = [
        {"url": f"{server}{path}", "wait": "main", "width": width, "height": 900, "dark": dark,
         "file": str(tmp_path / f"plain{number}.png")}
        for number, path in enumerate(("/docs", "/ogc/collections?f=html", "/ogc/conformance?f=html"))
    ]  # fmt: skip
    for result in draw(jobs + plain):
        assert result["messages"] == []
        assert [url for url in result["requests"] if not url.startswith((server, "data:"))] == []
    shown = picture(tmp_path / "1.png")
    assert (shown[2] > shown[0] + 15).mean() > 0.05, "the oceans are missing from the map"
