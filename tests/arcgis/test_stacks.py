"""Items that lie over one another in time: series of samples, and what is said of their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rasterio
from starlette.testclient import TestClient

from tests.arcgis.mosaics import (
    listing_in,
    mosaic_client,
    native_grid,
    refused,
    sampled,
    told,
)

#: Milliseconds of the clips that hold the middle of all, from the latest.
LATEST = [1671840000000, 1614556800000, 1592179200000]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    """A mosaic along time whose pictures are drawn from no more than two items."""
    with mosaic_client(listing_in(folder), dimensions={"StdTime": "AcquisitionDate"}, max_items=2) as running:
        yield running


def samples(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    x, y = native_grid(client).extent.center
    query = {"geometry": {"x": x, "y": y}, "geometryType": "esriGeometryPoint"} | query
    found = told(client, "getSamples", returnFirstValueOnly="false", **query)["samples"]
    assert isinstance(found, list)
    return found


def test_a_series_has_more_items_than_a_picture(client: TestClient, folder: Path) -> None:
    grid = native_grid(client)
    row, column = grid.height // 2, grid.width // 2
    expected = {}
    for number, path in enumerate(sorted(folder.glob("clip_*.tif")), 1):
        data, mask = sampled(path, grid)
        if mask[row, column]:
            expected[number] = " ".join(map(str, data[:, row, column]))
    found = samples(client)
    assert len(found) > 2
    assert {sample["rasterId"]: sample["value"] for sample in found} == expected
    assert all(sample["attributes"]["Dimensions"] == "StdTime" for sample in found)


@pytest.mark.parametrize("name", ["StdTime", "AcquisitionDate"])
def test_a_profile_along_time_by_the_dimension_or_its_attribute(client: TestClient, name: str) -> None:
    # As Esri's Python package asks: the name of the field that holds the time stands for the dimension.
    rule = {
        "mosaicMethod": "esriMosaicAttribute", "ascending": False, "sortField": "AcquisitionDate",
        "multidimensionalDefinition": [{"variableName": "clips", "dimensionName": name}],
    }  # fmt: skip
    found = samples(client, mosaicRule=rule, outFields="*")
    assert [sample["attributes"]["AcquisitionDate"] for sample in found] == LATEST
    assert [sample["attributes"]["StdTime"] for sample in found] == LATEST
    rule["multidimensionalDefinition"][0]["values"] = [[LATEST[2], LATEST[1]]]  # type: ignore[index]
    assert len(samples(client, mosaicRule=rule)) == 2


def test_an_order_without_a_field_is_along_the_dimension(client: TestClient) -> None:
    rule: dict[str, Any] = {"mosaicMethod": "esriMosaicAttribute", "ascending": True}
    assert "sort" in str(refused(client, "exportImage", bbox="0,0,1,1", mosaicRule=rule))
    rule["multidimensionalDefinition"] = [{"variableName": "clips", "dimensionName": "StdTime"}]
    found = samples(client, mosaicRule=rule, outFields="StdTime")
    assert [sample["attributes"]["StdTime"] for sample in found] == LATEST[::-1]


def test_identify_gives_as_many_items_as_are_asked_for(client: TestClient) -> None:
    x, y = native_grid(client).extent.center
    assert len(told(client, "identify", geometry=f"{x},{y}")["properties"]["Values"]) == 2
    for count in (1, 3):
        found = told(client, "identify", geometry=f"{x},{y}", maxItemCount=count)
        assert len(found["properties"]["Values"]) == len(found["catalogItems"]["features"]) == count


def test_columns_and_rows_of_places_in_an_item(client: TestClient, folder: Path) -> None:
    with rasterio.open(folder / "clip_2.tif") as file:
        places = [file.transform @ pixel for pixel in ((0.5, 0.5), (20.25, 99.0))]
    points = [{"x": x, "y": y} for x, y in places]
    for geometries in (points, {"geometryType": "esriGeometryPoint", "geometries": points}):
        found = told(client, "computePixelLocation", rasterId=3, geometries=geometries)["geometries"]
        assert [(one["x"], one["y"]) for one in found] == [
            pytest.approx((0.5, 0.5), abs=1e-6), pytest.approx((20.25, 99.0), abs=1e-6),
        ]  # fmt: skip
    degrees = [{"x": -104.77, "y": 38.95, "spatialReference": {"wkid": 4326}}]
    assert told(client, "computePixelLocation", rasterId=3, geometries=degrees)["geometries"][0]["x"]
    for query, word in (
        ({"rasterId": 99, "geometries": points}, "complete"),
        ({"geometries": [{"paths": [[[0, 0], [1, 1]]]}]}, "points"),
        ({"geometries": "x"}, "geometries"),
        ({}, "geometries"),
    ):
        assert word in str(refused(client, "computePixelLocation", **query))
