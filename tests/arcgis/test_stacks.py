"""Items that lie over one another in time: series of samples, and what is said of their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
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
