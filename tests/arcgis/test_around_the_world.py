"""Boxes and places over the antimeridian, and whole turns further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr
from starlette.testclient import TestClient

from tests.arcgis.cubes import CELL, pair_of_variables, stored, told
from tests.doors import client_of


@pytest.fixture(scope="module")
def truth() -> xr.Dataset:
    return pair_of_variables()


@pytest.fixture(scope="module")
def client(truth: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client_of(stored(truth, tmp_path_factory.mktemp("pair"))) as running:
        yield running


METRES = {"spatialReference": {"wkid": 3857}}


@pytest.mark.parametrize(
    "box",
    [
        {"xmin": 170, "ymin": -8, "xmax": 190, "ymax": 9},
        {"xmin": -190, "ymin": -8, "xmax": -170, "ymax": 9},
        {"xmin": 530, "ymin": -8, "xmax": 550, "ymax": 9},
        {"xmin": 18924313.4, "ymin": -893463.0, "xmax": 21150973.0, "ymax": 1006021.0, **METRES},
        {"rings": [[[170, -8], [170, 9], [190, 9], [190, -8], [170, -8]]]},
    ],
    ids=["east", "west", "a_turn_further", "mercator", "polygon"],
)  # fmt: skip
def test_what_lies_over_the_antimeridian_is_counted_whole(
    client: TestClient, truth: xr.Dataset, box: dict[str, Any]
) -> None:
    kind = "esriGeometryPolygon" if "rings" in box else "esriGeometryEnvelope"
    (found,) = told(client, "computeStatisticsHistograms", geometry=box, geometryType=kind)["statistics"]
    cell = truth.temp.isel(time=3, depth=0).sel(lon=slice(170, 190), lat=slice(-8, 9))
    inside = cell.values[~np.isnan(cell.values)].astype(float)
    assert found["count"] == inside.size == 20
    assert found["mean"] == pytest.approx(inside.mean(), rel=1e-6)


@pytest.mark.parametrize(("west", "east"), [(0, 360), (-180, 180), (-540, 540), (-400, -40)])
def test_a_box_around_the_world_counts_every_pixel_once(client: TestClient, west: float, east: float) -> None:
    box = {"xmin": west, "ymin": -91.5, "xmax": east, "ymax": 88.5}
    query = {"geometry": box, "geometryType": "esriGeometryEnvelope"}
    (found,) = told(client, "computeStatisticsHistograms", **query)["statistics"]
    assert found["count"] == 2613


@pytest.mark.parametrize("x", [180.5, -179.5, 540.5, -539.5])
def test_a_place_is_found_whole_turns_further(client: TestClient, truth: xr.Dataset, x: float) -> None:
    metres = {"x": x * 20037508.342789244 / 180, "y": 278440.0, "spatialReference": {"wkid": 102100}}
    value = str(truth.temp.isel(time=3, depth=0).sortby("lat", ascending=False).values[CELL])
    for place in ({"x": x, "y": 2.5}, metres):
        assert told(client, "identify", geometry=place)["value"] == value
        (sample,) = told(client, "getSamples", geometry=place)["samples"]
        assert sample["value"] == value
