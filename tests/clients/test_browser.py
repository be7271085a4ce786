"""Map libraries in a real browser, drawing from a real server on another origin."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from rasterio.warp import transform

from tests.clients.conftest import Drawer
from tests.clients.truth import Array, value_at, warped
from tests.conftest import DEMO

HALF = 20037508.342789244


def expected(path: Path, center: tuple[float, float], zoom: int) -> Array:
    """512 x 512 pixels of Web Mercator around a place, read by GDAL."""
    size = 2 * HALF / 2**zoom * 2
    x, y = transform("EPSG:4326", "EPSG:3857", [center[0]], [center[1]])
    box = (x[0] - size / 2, y[0] - size / 2, x[0] + size / 2, y[0] + size / 2)
    return warped(path, box, 512)[0]


KINDS = ["leaflet-xyz", "leaflet-esri", "ol-image", "ol-tile", "ol-xyz", "ol-tilejson"]


def test_map_libraries_draw_the_world(server: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    jobs = [
        {
            "url": f"{pages}/page.html?"
            + urlencode({"server": server, "service": "bluemarble", "kind": kind}),
            "file": str(tmp_path / f"{kind}.png"),
        }
        for kind in KINDS
    ]
    results = draw(jobs)
    truth = expected(DEMO / "bluemarble.tif", (0, 0), 1).astype(int)
    for kind, result in zip(KINDS, results, strict=True):
        assert result["title"] == "ready", (kind, result["messages"])
        picture = np.asarray(Image.open(tmp_path / f"{kind}.png").convert("RGB")).astype(int)
        # Levels of a JPEG pyramid and the browser's own resampling part the two by a few grey levels; a
        # shift by one pixel or a wrong place gives more than ten.
        difference = np.abs(np.moveaxis(picture, -1, 0) - truth).mean()
        assert difference < 6, (kind, difference)


@pytest.mark.parametrize("form", ["image", "json"])
def test_esri_leaflet_draws_by_image_and_by_link(
    server: str, pages: str, draw: Drawer, tmp_path: Path, form: str
) -> None:
    query = {
        "server": server, "service": "sentinel2", "kind": "leaflet-esri", "f": form, "center": "12.6,52.49",
        "zoom": 12,
    }  # fmt: skip
    (result,) = draw([{"url": f"{pages}/page.html?{urlencode(query)}", "file": str(tmp_path / "a.png")}])
    assert result["title"] == "ready", result["messages"]
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    assert picture.std(axis=(0, 1)).min() > 15
    asked = [url for url in result["requests"] if "exportImage" in url]
    assert asked
    if form == "json":
        assert any("arcgisoutput" in url for url in result["requests"])


def test_esri_leaflet_identifies(services: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    query = {
        "server": services, "service": "sentinel2", "kind": "leaflet-identify", "center": "12.6,52.49",
    }  # fmt: skip
    (result,) = draw([{"url": f"{pages}/page.html?{urlencode(query)}", "file": str(tmp_path / "a.png")}])
    assert result["title"] == "ready", result["messages"]
    values = [float(part) for part in result["outcome"]["pixel"]["properties"]["value"].split(",")]
    assert values == value_at(DEMO / "sentinel2.tif", 12.6, 52.49)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 380])
def test_the_viewer_shows_a_map(server: str, draw: Drawer, tmp_path: Path, width: int, dark: bool) -> None:
    file = tmp_path / "view.png"
    jobs = [
        {
            "url": f"{server}/", "wait": "img", "file": str(tmp_path / "home.png"), "width": width,
            "height": 800, "dark": dark,
        },
        {
            "url": f"{server}/view/bluemarble", "wait": ".leaflet-tile-loaded", "file": str(file),
            "width": width, "height": 800, "dark": dark, "settle": 1500, "hover": [width // 2, 500],
        },
    ]  # fmt: skip
    home, view = draw(jobs)
    assert home["messages"] == []
    assert view["messages"] == []
    assert "Blue Marble" in home["text"]
    assert "Sentinel-2" in home["text"]
    picture = np.asarray(Image.open(file).convert("RGB")).astype(int)
    blue = (picture[..., 2] > picture[..., 0] + 15).mean()
    assert blue > 0.15, "the oceans are missing from the map"
    outside = [url for url in home["requests"] + view["requests"] if not url.startswith((server, "data:"))]
    assert outside == []
