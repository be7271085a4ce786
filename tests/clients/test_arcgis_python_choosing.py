"""Esri's Python package choosing among the items of a mosaic and the slices of a cube."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.arcgis.mosaics import expected
from tests.clients.conftest import Many
from tests.clients.test_arcgis_python import asked
from tests.conftest import DATA


@pytest.fixture(scope="module")
def answers(many: Many) -> dict[str, Any]:
    return asked(many.base, "choosing")


@pytest.mark.parametrize(
    ("name", "order", "operation"),
    [
        ("plain", [1, 2, 3, 4], "first"),
        ("echoed", [1, 2, 3, 4], "first"),
        ("clear", [2, 3], "first"),
        ("worst", [4, 1, 3, 2], "first"),
        ("mean", [1, 2, 3, 4], "mean"),
    ],
    ids=["default", "default_rule_sent_back", "filtered", "by_attribute_descending", "mean"],
)
def test_pixels_of_a_mosaic(
    answers: dict[str, Any], many: Many, name: str, order: list[int], operation: str
) -> None:
    found = answers[name]["pixels"] if name == "clear" else answers[name]
    data, mask = expected([many.clips[number - 1] for number in order], many.grid, operation)
    pixels = np.moveaxis(np.array(found), -1, 0)
    assert np.array_equal(pixels[:, mask], data[:, mask])


def test_filters_lock_the_items_that_they_find(answers: dict[str, Any]) -> None:
    assert answers["clear"]["rule"]["lockRasterIds"] == [2, 3]


def test_items(answers: dict[str, Any], many: Many) -> None:
    grid = many.grid
    rows = [feature["attributes"] for feature in answers["query"]["features"]]
    assert [(row["Name"], row["Cloud"]) for row in rows] == [("clip_1", 10.0), ("clip_0", 50.0)]
    assert all(feature["geometry"]["rings"] for feature in answers["query"]["features"])
    found = answers["identify"]
    data, _ = expected(list(many.clips), grid)
    assert found["value"] == ", ".join(map(str, data[:, grid.height // 2, grid.width // 2]))
    assert sum(found["catalogItemVisibilities"]) == 1
    assert len(found["catalogItems"]["features"]) == 4


def test_slices_of_a_cube(answers: dict[str, Any]) -> None:
    assert answers["variable"]["name"] == "TEMP"
    assert [one["name"] for one in answers["variable"]["dimensions"]] == ["StdTime", "StdZ"]
    assert [one["sliceId"] for one in answers["slices"]["slices"]] == list(range(16))
    assert [one["sliceId"] for one in answers["some"]["slices"]] == [2, 6, 10, 14]
    with xr.open_dataset(DATA / "ocean_temperature.nc", engine="h5netcdf", decode_times=False) as data:
        truth = data.TEMP.isel(TIME=1, ZAXLEVIT19=2).sortby("YAX_SUBSET", ascending=False).values
    values = np.roll(truth, -40, axis=1)
    pixels = np.array(answers["slice"], np.float32).reshape(values.shape)
    mask = ~np.isnan(values)
    assert np.array_equal(pixels[mask], values[mask])
    (sample,) = answers["samples"]
    assert sample["values"] == [pytest.approx(float(truth[21, 40]), rel=1e-6)]


def test_series_of_slices_and_items(answers: dict[str, Any]) -> None:
    with xr.open_dataset(DATA / "ocean_temperature.nc", engine="h5netcdf", decode_times=False) as data:
        cell = data.TEMP.sel(XAX_SUBSET=180.5, YAX_SUBSET=2.5).load()
        box = data.TEMP.isel(TIME=3, ZAXLEVIT19=0).sel(XAX_SUBSET=slice(170, 190), YAX_SUBSET=slice(-8, 9))
        inside = box.values[~np.isnan(box.values)]
    deep = cell.isel(ZAXLEVIT19=2).values
    series = answers["series"]
    times = answers["variable"]["dimensions"][0]["values"]
    assert [sample["attributes"]["StdTime"] for sample in series] == times[::-1]
    assert [sample["values"][0] for sample in series] == pytest.approx(deep[::-1], rel=1e-6)
    assert list(map(float, answers["all"]["properties"]["Values"])) == pytest.approx(
        cell.values.ravel(), rel=1e-6
    )
    dates = [sample["attributes"]["AcquisitionDate"] for sample in answers["items"]]
    assert len(dates) > 2
    assert dates == sorted(dates, reverse=True)
    assert [feature["attributes"]["StdTime"] for feature in answers["deep"]["features"]] == times
    assert answers["found"]["lockRasterIds"] == [3, 7, 11, 15]
    (around,) = answers["around"]["statistics"]
    assert (around["count"], around["mean"]) == (inside.size, pytest.approx(inside.mean(), rel=1e-6))
    # The middle of a pixel: half a pixel from its corner.
    assert answers["pixel"]["geometries"][0] == {"x": pytest.approx(0.5), "y": pytest.approx(21.5)}
