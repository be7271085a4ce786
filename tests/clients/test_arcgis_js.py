"""Esri's JavaScript library in Chromium: layers on image services load, draw, identify and decode."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from rasterio.enums import Resampling

from tests.clients.conftest import HERE, Drawer
from tests.clients.truth import Array, value_at, warped
from tests.conftest import DEMO

SIERRA = (-13256215.0, 4434930.0, -13156215.0, 4534930.0)
WORLD = (-10018754.0, -10018754.0, 10018754.0, 10018754.0)
ELEVATION = DEMO / "elevation.tif"
PLACE = (-118.7, 37.4)
#: Rows of the picture above the line in which the view names its sources.
ROWS = slice(0, 490)


class Browser:
    """Runs one kind of arcgis.mjs on a service."""

    def __init__(self, services: str, pages: str, draw: Drawer, folder: Path) -> None:
        self.services, self.pages, self.draw, self.file = services, pages, draw, folder / "drawn.png"

    def run(self, kind: str, service: str, **query: Any) -> dict[str, Any]:
        if "bbox" in query:
            query["bbox"] = ",".join(map(str, query["bbox"]))
        if "point" in query:
            query["point"] = ",".join(map(str, query["point"]))
        address = urlencode({"server": self.services, "service": service, "kind": kind, **query})
        job = {"url": f"{self.pages}/arcgis.html?{address}", "file": str(self.file), "patience": 90000}
        (result,) = self.draw([job])
        assert result["title"] == "ready", (result["title"], result["messages"])
        outside = [url for url in result["requests"] if not url.startswith(self.local)]
        assert outside == []
        return result

    @property
    def local(self) -> tuple[str, ...]:
        return (self.services, self.pages, "blob:", "data:")

    def picture(self) -> Array:
        return np.moveaxis(np.asarray(Image.open(self.file).convert("RGB")).astype(int), -1, 0)


@pytest.fixture
def browser(services: str, pages: str, draw: Drawer, tmp_path: Path) -> Browser:
    if not (HERE / "build" / "arcgis.js").exists():
        pytest.fail("the page is not bundled: node tests/clients/build.mjs")
    return Browser(services, pages, draw, tmp_path)


@pytest.mark.parametrize("format", ["jpgpng", "png32", "lerc", "tiff"])
def test_imagery_layer_draws_the_world(browser: Browser, format: str) -> None:
    result = browser.run("imagery", "bluemarble", bbox=WORLD, format=format)
    facts = result["outcome"]
    assert (facts["width"], facts["height"], facts["bandCount"]) == (5400, 2700, 3)
    assert facts["pixelType"] == "u8"
    truth, _ = warped(DEMO / "bluemarble.tif", WORLD, 512)
    # Another level of the pyramid and JPEG: a few grey levels; a shift by one pixel is more than ten. Only
    # pictures are compared so; numbers the layer stretches itself, as its default is.
    difference = np.abs(browser.picture()[:, ROWS] - truth[:, ROWS].astype(int)).mean()
    assert difference < (6 if format in ("jpgpng", "png32") else 12)


def test_imagery_layer_in_the_reference_system_of_the_service(browser: Browser) -> None:
    result = browser.run("imagery", "landcover", bbox=(302000, 4114000, 334000, 4146000), wkid=26912)
    assert result["outcome"]["bandCount"] == 1
    assert any("exportImage" in url and "26912" in url for url in result["requests"])
    picture = browser.picture()[:, ROWS]
    assert len(np.unique(picture.reshape(3, -1).T, axis=0)) >= 6, "classes of the palette are missing"


def test_renderer_becomes_a_stretch_of_the_server(browser: Browser) -> None:
    result = browser.run("stretch", "elevation", bbox=SIERRA)
    rules = [url for url in result["requests"] if "exportImage" in url and "renderingRule" in url]
    assert rules
    truth, valid = warped(ELEVATION, SIERRA, 512)
    wanted = np.clip((truth[0].astype(float) - 1000) / 3000 * 255, 0, 255)
    picture, inside = browser.picture()[:, ROWS], valid[ROWS]
    assert (picture[0] == picture[1])[inside].all()
    # One level of the pyramid against another: 4 of 255 steps are 50 m.
    assert np.abs(picture[0] - wanted[ROWS])[inside].mean() < 4


def test_pixel_filter_gets_the_elevations(browser: Browser) -> None:
    seen = browser.run("filter", "elevation", bbox=SIERRA)["outcome"]
    assert (seen["width"], seen["height"], seen["pixelType"]) == (512, 512, "s16")
    truth, valid = warped(ELEVATION, SIERRA, 512)
    values = np.array(seen["bands"][0]).reshape(512, 512)
    mask = np.array(seen["mask"] or [255] * values.size).reshape(512, 512) > 0
    assert (mask == valid).mean() > 0.99  # the edge of the data may fall on either pixel
    both = mask & valid
    assert np.abs(values - truth[0])[both].mean() < 40  # metres, mountains read from two pyramid levels
    red, _, blue = browser.picture()[:, ROWS]
    clear = both[ROWS] & (np.abs(values[ROWS] - 2500) > 300)
    assert (((red > 200) == (values[ROWS] > 2500)) & ((blue > 200) == (values[ROWS] <= 2500)))[
        clear
    ].mean() > 0.98


def test_fetch_pixels_decodes_exact_values(browser: Browser) -> None:
    box = (-118.9, 37.2, -118.5, 37.6)
    found = browser.run("pixels", "elevation", bbox=box, wkid=4326, size="400,400")["outcome"]
    values = np.array(found["bands"][0]).reshape(400, 400)
    truth, _ = warped(ELEVATION, box, 400, "EPSG:4326", Resampling.nearest)
    # The centres of some pixels fall between two of the source.
    assert (np.abs(values - truth[0]) <= 0.01).mean() > 0.97


def test_identify_samples_and_histograms(browser: Browser) -> None:
    wanted = value_at(ELEVATION, *PLACE)
    found = browser.run("identify", "elevation", point=PLACE)["outcome"]
    assert float(found["value"]) == wanted[0]
    bands = browser.run("samples", "sentinel2", point=(12.6, 52.49))["outcome"]
    assert bands[0]["value"] == value_at(DEMO / "sentinel2.tif", 12.6, 52.49)
    histograms = browser.run("histograms", "elevation", bbox=SIERRA)["outcome"]
    truth, valid = warped(ELEVATION, SIERRA, 1024)
    inside = truth[0][valid].astype(float)
    (statistics,), (histogram,) = histograms["statistics"], histograms["histograms"]
    assert statistics["mean"] == pytest.approx(inside.mean(), rel=0.01)
    assert statistics["standardDeviation"] == pytest.approx(inside.std(), rel=0.02)
    assert sum(histogram["counts"]) == statistics["count"]


def test_imagery_tile_layer_draws_pictures(browser: Browser) -> None:
    result = browser.run("tiles", "tiles/world", bbox=WORLD, point=(10, 10))
    assert any("/tile/" in url for url in result["requests"])
    truth, _ = warped(DEMO / "bluemarble.tif", WORLD, 512)
    assert np.abs(browser.picture()[:, ROWS] - truth[:, ROWS].astype(int)).mean() < 8


def test_imagery_tile_layer_reads_values(browser: Browser) -> None:
    result = browser.run("tiles", "tiles/raster", bbox=SIERRA, point=PLACE)
    assert any("/tile/" in url for url in result["requests"])
    (value,) = result["outcome"]["value"]
    # The tile is in Web Mercator: a neighbour's value is as good.
    assert value == pytest.approx(value_at(ELEVATION, *PLACE)[0], abs=60)
    assert browser.picture()[:, ROWS].std() > 20


@pytest.mark.parametrize("place", [PLACE, (-118.3, 37.0), (-119.0, 37.8)])
def test_elevation_layer_reads_heights(browser: Browser, place: tuple[float, float]) -> None:
    found = browser.run("elevation", "tiles/elevation", point=place)["outcome"]
    assert found["z"] == pytest.approx(value_at(ELEVATION, *place)[0], abs=60)
