"""Esri's JavaScript library choosing among the items of a mosaic and the slices of a cube."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from proxy.model import Grid
from tests.arcgis.mosaics import expected
from tests.clients.conftest import HERE, Drawer, Many
from tests.clients.test_arcgis_js import Browser
from tests.conftest import DATA

JANUARY, JULY = 1577836800000, 1593561600000


@pytest.fixture
def browser(many: Many, pages: str, draw: Drawer, tmp_path: Path) -> Browser:
    if not (HERE / "build" / "arcgis.js").exists():
        pytest.fail("the page is not bundled: node tests/clients/build.mjs")
    return Browser(many.base, pages, draw, tmp_path)


def chosen(browser: Browser, grid: Grid, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = browser.run(
        "chosen",
        "clips",
        bbox=grid.extent.as_tuple(),
        wkid=26913,
        size=f"{grid.width},{grid.height}",
        **query,
    )["outcome"]
    return found


@pytest.mark.parametrize(
    ("query", "order", "operation"),
    [
        ({}, [1, 2, 3, 4], "first"),
        ({"rule": {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [4, 2]}}, [4, 2], "first"),
        (
            {
                "rule": {
                    "mosaicMethod": "esriMosaicAttribute", "sortField": "Cloud", "sortValue": "38",
                    "mosaicOperation": "MT_MAX",
                }
            },
            [3, 1, 2, 4], "max",
        ),
        ({"where": "Cloud < 45"}, [2, 3], "first"),
        ({"time": f"{JANUARY},{JULY}"}, [1, 2], "first"),
    ],
    ids=["default", "locked", "by_attribute_with_the_maximum", "where", "time"],
)  # fmt: skip
def test_pixels_of_a_mosaic(
    browser: Browser, many: Many, query: dict[str, Any], order: list[int], operation: str
) -> None:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    grid = many.grid
    found = chosen(browser, grid, **texts)
    assert found["sourceType"] == "mosaic-dataset"
    assert found["timeInfo"]["startTimeField"] == "AcquisitionDate"
    data, mask = expected([many.clips[number - 1] for number in order], grid, operation)
    assert np.array_equal(np.array(found["mask"]).reshape(mask.shape) > 0, mask)
    bands = np.array(found["bands"]).reshape(data.shape)
    assert np.array_equal(bands[:, mask], data[:, mask])


def test_items_of_a_mosaic(browser: Browser, many: Many) -> None:
    grid = many.grid
    rule = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [4, 3]}
    found = browser.run("items", "clips", point=grid.extent.center, wkid=26913, rule=json.dumps(rule))[
        "outcome"
    ]
    data, _ = expected([many.clips[3]], grid)
    pixel = data[:, grid.height // 2, grid.width // 2]
    assert found["value"] == ", ".join(map(str, pixel))
    assert (found["items"], found["visibilities"]) == ([4, 3], [1, 0])
    assert found["values"][0] == " ".join(map(str, pixel))
    assert [raster["Name"] for raster in found["rasters"]] == ["clip_1", "clip_2", "clip_0", "clip_3"]
    assert {raster["rings"] for raster in found["rasters"]} == {1}
    assert (found["count"], found["ids"]) == (2, [1, 3, 4])


@pytest.mark.parametrize(("time", "depth"), [(1, 2), (3, 0)])
def test_slices_of_a_cube(browser: Browser, time: int, depth: int) -> None:
    with xr.open_dataset(DATA / "ocean_temperature.nc", engine="h5netcdf", decode_times=False) as data:
        truth = data.TEMP.isel(TIME=time, ZAXLEVIT19=depth).sortby("YAX_SUBSET", ascending=False).load()
        height = -float(data.ZAXLEVIT19[depth])
    query = {"bbox": (-181.5, -91.5, 178.5, 88.5), "wkid": 4326, "size": "90,45"}
    plain = browser.run("chosen", "ocean", **query)["outcome"]
    assert plain["hasMultidimensions"] is True
    (variable,) = plain["variables"]
    moments = next(one for one in variable["dimensions"] if one["name"] == "StdTime")["values"]
    parts = [
        {"variableName": "TEMP", "dimensionName": "StdTime", "values": [moments[time]], "isSlice": True},
        {"variableName": "TEMP", "dimensionName": "StdZ", "values": [height], "isSlice": True},
    ]
    found = browser.run("chosen", "ocean", rule=json.dumps({"multidimensionalDefinition": parts}), **query)[
        "outcome"
    ]
    values = np.roll(truth.values, -40, axis=1)
    mask = ~np.isnan(values)
    assert np.array_equal(np.array(found["mask"]).reshape(mask.shape) > 0, mask)
    # LERC keeps the numbers to the hundredth that the layer asks for; the next depth differs by degrees.
    pixels = np.array(found["bands"][0]).reshape(mask.shape)
    assert np.abs(pixels - values)[mask].max() <= 0.01 + 1e-6
