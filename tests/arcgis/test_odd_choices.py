"""Values that nobody should send choose nothing unforeseen: every answer is a document or a told error."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.arcgis.mosaics import SERVICE, listing_in, mosaic_client
from tests.conftest import DATA
from tests.doors import client_of

ODD = (
    "null", "{}", "[]", "[[]]", "0", "-1", "1e999", "NaN", "x", "'", '{"a":', "[null]", '{"x":null}', "true",
    "9" * 40, "1,2", "1,2,3,4", "\x00", "é", "%27", "*", "OBJECTID",
)  # fmt: skip
METHODS = (None, 5, [], {}, "esriMosaicLockRaster", "esriMosaicAttribute", "esriMosaicViewpoint")
MEMBERS: tuple[dict[str, Any], ...] = (
    {"lockRasterIds": [None]}, {"lockRasterIds": {"a": 1}}, {"lockRasterIds": [1.5]},
    {"lockRasterIds": [True]},
    {"sortField": 5}, {"sortField": "Shape"}, {"sortField": "Cloud", "sortValue": {}},
    {"sortField": "Cloud", "sortValue": "abc"}, {"sortField": "State", "sortValue": 5},
    {"sortField": "AcquisitionDate", "sortValue": "1e400"}, {"viewpoint": {"x": 1e308, "y": -1e308}},
    {"viewpoint": {"x": "NaN", "y": 1}}, {"viewpoint": {"x": 1, "y": 2, "spatialReference": 5}}, {"fids": []},
    {"fids": [-1]}, {"fids": {}}, {"where": {}}, {"where": "Cloud/0>1"}, {"where": "(" * 30},
    {"itemRenderingRule": 5}, {"itemRenderingRule": []}, {"multidimensionalDefinition": [{}]},
    {"multidimensionalDefinition": [{"variableName": 5, "dimensionName": [], "values": {}}]},
    {"multidimensionalDefinition": [{"dimensionName": "StdTime", "values": [None, [None, None], []]}]},
    {"multidimensionalDefinition": [{"dimensionName": "StdZ", "values": "abc"}]}, {"ascending": {}},
    {"mosaicOperation": []},
)  # fmt: skip
PARAMETERS = {
    "query": (
        "where", "objectIds", "geometry", "time", "outFields", "outSR", "orderByFields", "outStatistics",
        "groupByFieldsForStatistics", "resultOffset", "resultRecordCount", "geometryPrecision",
        "maxAllowableOffset", "pixelSize", "multidimensionalDefinition", "spatialRel",
    ),
    "identify": ("time", "sliceId", "maxItemCount", "pixelSize", "geometry"),
    "slices": ("multidimensionalDefinition",),
    "statistics": ("variable",),
    "download": ("rasterIds",),
    "file": ("id",),
}  # fmt: skip


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    listing: Path = listing_in(tmp_path_factory.mktemp("odd"))
    dimensions = {"cloud": "Cloud", "time": "AcquisitionDate"}
    with mosaic_client(listing, download=True, dimensions=dimensions) as running:
        yield running


@pytest.fixture(scope="module")
def cube() -> Iterator[TestClient]:
    with client_of({"name": "clips", "source": str(DATA / "ocean_temperature.nc")}) as running:
        yield running


def foreseen(client: TestClient, path: str, **query: str) -> None:
    answer = client.get(f"{SERVICE}/{path}", params={"f": "json", **query})
    assert answer.status_code == 200
    if "json" in answer.headers["content-type"]:
        error = answer.json().get("error")
        # An unforeseen one has nothing to tell.
        assert error is None or error["code"] != 500 or error["details"], query


@pytest.mark.parametrize("operation", sorted(PARAMETERS))
def test_odd_values(mosaic: TestClient, cube: TestClient, operation: str) -> None:
    for name, value in itertools.product(PARAMETERS[operation], ODD):
        for client, place in ((mosaic, "519487,4311654"), (cube, "180,2")):
            geometry = {"geometry": place} if operation == "identify" else {}
            foreseen(client, operation, **{**geometry, name: value})


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_odd_rules(mosaic: TestClient, cube: TestClient, method: Any) -> None:
    for members in MEMBERS:
        rule = json.dumps({"mosaicMethod": method, **members})
        for client, place in ((mosaic, "519487,4311654"), (cube, "180,2")):
            foreseen(client, "identify", geometry=place, mosaicRule=rule)
