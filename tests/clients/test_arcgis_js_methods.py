"""Every method of Esri's image layers and of their module: it works, or it ends with a clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from tests.clients.conftest import HERE, Drawer, Many
from tests.clients.test_arcgis_js import Browser
from tests.conftest import DATA

#: Need a sensor, heights or files of pictures, none of which an image service of rasters has.
WITHOUT_SENSOR = {
    "itemICS", "attributeTable", "angles", "volume", "height", "lengthFromImage", "areaFromImage",
    "imageToMap", "multiray", "mapToImage", "find", "gps", "imageUrl", "restAngles", "restVolume",
    "restHeight", "restLength", "restArea", "restImageToMap", "restMultiray", "restMapToImage", "restFind",
    "restGPS", "restImageUrl",
}  # fmt: skip
#: The layer itself asks a catalog of mosaics only.
OF_MOSAICS = {"query", "count", "ids", "extent", "pixelLocation"}
Found = dict[str, Any]


@pytest.fixture
def browser(many: Many, pages: str, draw: Drawer, tmp_path: Path) -> Browser:
    if not (HERE / "build" / "arcgis.js").exists():
        pytest.fail("the page is not bundled: node tests/clients/build.mjs")
    return Browser(many.base, pages, draw, tmp_path)


def asked(browser: Browser, service: str, refused: set[str], **query: Any) -> Found:
    """What the methods give; those that are refused end with an error of the library, and only those."""
    found: Found = browser.run("methods", service, **query)["outcome"]
    failed = {name: answer for name, answer in found.items() if "error" in answer}
    assert set(failed) == refused, failed
    for name, answer in failed.items():
        # Its own look at the capabilities, or the error that the service gives with status 200.
        assert answer["error"].startswith(("imagery-layer:", "request:server")), (name, answer)
        assert answer["httpStatus"] in (None, 400), (name, answer)
    return {name: answer["value"] for name, answer in found.items() if "value" in answer}


def test_methods_on_a_cube(browser: Browser) -> None:
    with xr.open_dataset(DATA / "ocean_temperature.nc", engine="h5netcdf", decode_times=False) as data:
        truth = data.TEMP.sel(XAX_SUBSET=176.5, YAX_SUBSET=2.5).load()
        box = data.TEMP.sel(XAX_SUBSET=slice(165, 178), YAX_SUBSET=slice(-10, 10)).isel(TIME=3, ZAXLEVIT19=2)
        inside = box.values[~np.isnan(box.values)]
    moments = [-62134279200000, -62110697886000]
    definition = [{"variableName": "TEMP", "dimensionName": "StdZ", "values": [-100], "isSlice": True}]
    found = asked(
        browser, "ocean", WITHOUT_SENSOR | OF_MOSAICS, point=(176.5, 2.5), wkid=4326,
        bbox=(165, -10, 178, 10), variable="TEMP", id=7, definition=json.dumps(definition),
        time=f"{moments[0]},{moments[1]}",
    )  # fmt: skip
    deep = truth.isel(ZAXLEVIT19=2).values
    series = found["samples"]["samples"]
    assert [sample["pixelValue"][0] for sample in series] == pytest.approx(deep, rel=1e-6)
    assert series[0]["attributes"]["StdTime"] == moments[0]
    assert [sample["attributes"]["StdZ"] for sample in series] == [-100] * 4
    assert len(found["seriesSamples"]["samples"]) == 16
    assert found["firstSample"]["samples"][0]["pixelValue"] == pytest.approx([deep[3]], rel=1e-6)
    assert len(found["lineSamples"]["samples"]) == 5
    # The layer says that it wants no slices, unless it is asked for them.
    assert float(found["identify"]["value"]) == pytest.approx(deep[3], rel=1e-6)
    assert "catalogItems" not in found["identify"]
    assert len(found["identifyAll"]["catalogItems"]["features"]) == 4
    assert list(map(float, found["identifyAll"]["properties"]["Values"])) == pytest.approx(deep, rel=1e-6)
    assert len(found["identifyRules"]["processedValues"]) == 2
    (feature,) = found["visible"]
    assert feature["attributes"]["Raster.Dim.StdTime"]
    assert sum(found["histograms"]["histograms"][0]["counts"]) == inside.size
    assert found["statistics"]["statistics"][0]["count"] == inside.size
    assert found["variableStatistics"]["statistics"][0]["avg"]
    assert found["itemInfo"]["bandCount"] == found["rasterInfo"]["bandCount"] == 1
    assert found["boundary"]["area"] == 64800
    assert found["restPixelLocation"]["geometries"] == [{"x": 89.5, "y": 21.5}]
    assert len(found["restQuery"]) == 16


def test_methods_on_a_mosaic(browser: Browser, many: Many) -> None:
    grid = many.grid
    extent = grid.extent
    half = extent.width / 8
    x, y = extent.center
    box = (x - half, y - half, x + half, y + half)
    found = asked(
        browser, "clips", WITHOUT_SENSOR, point=(x, y), wkid=26913, bbox=box, variable="", id=2,
    )  # fmt: skip
    assert found["count"] == 4
    assert found["ids"] == [1, 2, 3, 4]
    assert len(found["query"]["features"]) == len(found["restQuery"]) == 4
    holding = len(found["samples"]["samples"])
    assert holding > 1
    assert len(found["identify"]["catalogItems"]["features"]) == 4
    assert {sample["attributes"]["OBJECTID"] for sample in found["samples"]["samples"]} <= {1, 2, 3, 4}
    assert found["itemInfo"]["bandCount"] == 3
    assert len(found["visible"]) >= 1
    (place,) = found["pixelLocation"]["geometries"]
    clip = many.clips[1]
    with rasterio.open(clip) as file:
        assert (place["x"], place["y"]) == pytest.approx(~file.transform @ (x, y), abs=1e-3)
    assert found["distance"]["distance"]["unit"] == "esriKilometers"


@pytest.mark.parametrize("depth", [0, 2])
def test_a_tile_layer_reads_the_slice_that_it_shows(browser: Browser, depth: int) -> None:
    with xr.open_dataset(DATA / "ocean_temperature.nc", engine="h5netcdf", decode_times=False) as data:
        cell = data.TEMP.isel(TIME=1, ZAXLEVIT19=depth).sel(XAX_SUBSET=176.5, YAX_SUBSET=2.5)
        value, height = float(cell), -float(data.ZAXLEVIT19[depth])
    parts = [
        {"variableName": "TEMP", "dimensionName": "StdZ", "values": [height], "isSlice": True},
        {"variableName": "TEMP", "dimensionName": "StdTime", "values": [-62126476362000], "isSlice": True},
    ]
    found = browser.run(
        "slicetiles", "oceantiles", point=(176.5, 2.5), wkid=4326, bbox=(165, -10, 178, 10),
        definition=json.dumps(parts),
    )["outcome"]  # fmt: skip
    assert found["variables"] == ["TEMP"]
    assert found["value"] == pytest.approx([value], rel=1e-6)
    assert found["samples"] == [found["value"]]
    assert found["statistics"]["statistics"][0]["count"] > 0
