"""WMS and WMTS in Leaflet, OpenLayers, MapLibre and Esri's library, in a real browser on another origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from rasterio.warp import transform

from tests.clients.conftest import HERE, Drawer
from tests.clients.test_arcgis_js import ROWS, WORLD
from tests.clients.test_browser import expected
from tests.clients.truth import Array, warped
from tests.conftest import DEMO

MERCATOR = [
    "leaflet-1.1.1", "leaflet-1.3.0", "ol-1.1.1", "ol-1.3.0", "ol-wmts-kvp", "ol-wmts-rest", "maplibre-wms",
    "maplibre-wmts",
]  # fmt: skip
DEGREES = ["ol-1.1.1-degrees", "ol-1.3.0-degrees", "ol-wmts-crs84", "ol-wmts-4326"]
#: Europe, where a map in the wrong order of axes shows Arabia.
CENTER = (10.0, 45.0)


def picture(path: Path) -> Array:
    return np.moveaxis(np.asarray(Image.open(path).convert("RGB")).astype(int), -1, 0)


def drawn(server: str, pages: str, draw: Drawer, folder: Path, kinds: list[str], **query: Any) -> list[Any]:
    jobs = []
    for kind in kinds:
        found = {"server": server, "service": "bluemarble", "kind": kind, **query}
        jobs.append({"url": f"{pages}/ogc.html?{urlencode(found)}", "file": str(folder / f"{kind}.png")})
    results = draw(jobs)
    for kind, result in zip(kinds, results, strict=True):
        assert result["title"] == "ready", (kind, result["title"], result["messages"])
    return results


def test_libraries_draw_in_mercator(services: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    place = {"center": ",".join(map(str, CENTER)), "zoom": 3}
    results = drawn(services, pages, draw, tmp_path, MERCATOR, **place)
    truth = expected(DEMO / "bluemarble.tif", CENTER, 3).astype(int)
    for kind in MERCATOR:
        # Another level of the pyramid, and the browser's own resampling between pixels: a few grey levels.
        difference = np.abs(picture(tmp_path / f"{kind}.png") - truth).mean()
        assert difference < 6, (kind, difference)
    kvp, rest = results[4], results[5]
    assert any("tilematrixset=WebMercatorQuad" in url for url in kvp["requests"])
    assert any("/GoogleMapsCompatible/3/" in url for url in rest["requests"])


def test_libraries_draw_in_degrees(services: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    drawn(services, pages, draw, tmp_path, DEGREES, center="10,45", zoom=3)
    cell = 156543.03392804097 / 8 / 111319.49079327358
    half = 256 * cell
    box = (10 - half, 45 - half, 10 + half, 45 + half)
    truth, _ = warped(DEMO / "bluemarble.tif", box, 512, "EPSG:4326")
    for kind in DEGREES:
        found = picture(tmp_path / f"{kind}.png")
        difference = np.abs(found - truth[:3].astype(int)).mean()
        assert difference < 6, (kind, difference)


def arcgis(server: str, pages: str, draw: Drawer, file: Path, kind: str, **query: Any) -> Any:
    if not (HERE / "build" / "arcgis.js").exists():
        pytest.fail("the page is not bundled: node tests/clients/build.mjs")
    found = {"server": server, "kind": kind, "bbox": ",".join(map(str, WORLD)), **query}
    job = {"url": f"{pages}/arcgis.html?{urlencode(found)}", "file": str(file), "patience": 90000}
    (result,) = draw([job])
    assert result["title"] == "ready", (result["title"], result["messages"])
    return result


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("wms", {"version": "1.3.0"}),
        ("wms", {"version": "1.1.1"}),
        ("wmts", {"mode": "RESTful"}),
        ("wmts", {"mode": "KVP"}),
        ("wmts", {"mode": "KVP", "set": "GoogleMapsCompatible"}),
        ("webtile", {}),
    ],
    ids=str,
)
def test_layers_of_arcgis_draw(
    services: str, pages: str, draw: Drawer, tmp_path: Path, kind: str, query: dict[str, str]
) -> None:
    file = tmp_path / "drawn.png"
    result = arcgis(services, pages, draw, file, kind, service="bluemarble", **query)
    truth, _ = warped(DEMO / "bluemarble.tif", WORLD, 512)
    difference = np.abs(picture(file)[:, ROWS] - truth[:, ROWS].astype(int)).mean()
    # Tiles of the next level are scaled by the browser where the view lies between two.
    assert difference < 8
    outcome = result["outcome"]
    if kind != "webtile":
        assert {"bluemarble", "elevation", "landcover", "sentinel2"} <= set(outcome["names"])
    if kind == "wmts":
        assert {"WebMercatorQuad", "GoogleMapsCompatible", "WorldCRS84Quad"} <= set(outcome["sets"])


def test_arcgis_draws_a_style(services: str, pages: str, draw: Drawer, tmp_path: Path) -> None:
    x, y = transform("EPSG:4326", "EPSG:3857", [-118.6], [37.4])
    box = ",".join(str(value) for value in (x[0] - 3e4, y[0] - 3e4, x[0] + 3e4, y[0] + 3e4))
    files = {style: tmp_path / f"{style}.png" for style in ("hillshade_map", "tinted_relief")}
    for style, file in files.items():
        query = {"service": "elevation", "mode": "RESTful", "style": style, "bbox": box}
        assert style in arcgis(services, pages, draw, file, "wmts", **query)["outcome"]["styles"]
    shaded, tinted = (picture(file)[:, 50:450, 50:450] for file in files.values())
    assert np.abs(shaded[0] - shaded[2]).max() <= 2
    assert np.abs(tinted[0] - tinted[2]).mean() > 10
