"""Boxes and places over the antimeridian, and whole turns further."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.transform import from_bounds
from starlette.testclient import TestClient

from proxy.config import parse
from proxy.listing.builder import refresh_now
from tests.arcgis.cubes import CELL, pair_of_variables, stored, told
from tests.doors import client_of

Halves = tuple[TestClient, float]
METRES_A_DEGREE = 20037508.342789244 / 180


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
    metres = {"x": x * METRES_A_DEGREE, "y": 278440.0, "spatialReference": {"wkid": 102100}}
    value = str(truth.temp.isel(time=3, depth=0).sortby("lat", ascending=False).values[CELL])
    for place in ({"x": x, "y": 2.5}, metres):
        assert told(client, "identify", geometry=place)["value"] == value
        (sample,) = told(client, "getSamples", geometry=place)["samples"]
        assert sample["value"] == value


@pytest.mark.parametrize("x", [182.5, -177.5])
def test_an_area_that_a_client_has_cut_has_its_middle_in_it(client: TestClient, x: float) -> None:
    # As Esri's library sends a box from 175 to 190.
    rings = [
        [[175, -2], [175, 7], [180, 7], [180, -2], [175, -2]],
        [[-180, -2], [-180, 7], [-170, 7], [-170, -2], [-180, -2]],
    ]
    area = {"rings": rings, "spatialReference": {"wkid": 4326}}
    found = told(client, "identify", geometry=area, geometryType="esriGeometryPolygon")
    assert (found["location"]["x"], found["location"]["y"]) == pytest.approx((-177.5, 2.5))
    assert found["value"] == told(client, "identify", geometry={"x": x, "y": 2.5})["value"]
    apart = {"rings": [rings[0], [[10, -2], [10, 7], [20, 7], [20, -2], [10, -2]]]}
    found = told(client, "identify", geometry=apart, geometryType="esriGeometryPolygon")
    assert 10 < found["location"]["x"] < 180


def test_pixels_are_found_whole_turns_further(client: TestClient) -> None:
    points = [{"x": x, "y": 2.5} for x in (180.5, -179.5, 176.5)]
    found = told(client, "computePixelLocation", geometries=points)["geometries"]
    assert found == [{"x": 0.5, "y": 21.5}, {"x": 0.5, "y": 21.5}, {"x": 89.5, "y": 21.5}]


@pytest.fixture(scope="module", params=["EPSG:4326", "EPSG:3857"])
def halves(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Halves]:
    """A mosaic of two rasters on either side of the antimeridian, of ten pixels a side."""
    folder = tmp_path_factory.mktemp("halves")
    scale = 1.0 if request.param == "EPSG:4326" else METRES_A_DEGREE
    for number, west in enumerate((170, -180)):
        values = (np.arange(100).reshape(1, 10, 10) + 1 + 100 * number).astype(np.uint16)
        box = from_bounds(west * scale, -5 * scale, (west + 10) * scale, 5 * scale, 10, 10)
        with rasterio.open(
            folder / f"half_{number}.tif",
            "w",
            driver="GTiff",
            width=10,
            height=10,
            count=1,
            dtype="uint16",
            crs=request.param,
            transform=box,
            nodata=0,
        ) as file:
            file.write(values)
    service = {
        "name": "halves",
        "mosaic": {"source": str(folder / "*.tif"), "kind": "files", "method": "none"},
    }
    state = str(folder / "state")
    config = parse({"services": [service], "state": state}, {})
    refresh_now(config.services[0], config)
    with client_of(service, state=state) as running:
        yield running, scale


@pytest.mark.parametrize(
    ("longitude", "expected"),
    [(179.5, "50"), (180.5, "141"), (-179.5, "141"), (540.5, "141"), (-180.5, "50")],
)
def test_items_are_found_whole_turns_further(halves: Halves, longitude: float, expected: str) -> None:
    client, scale = halves
    place = {"x": longitude * scale, "y": 0.5 * scale}

    def told(operation: str, **query: str) -> Any:
        query |= {"f": "json", "geometry": json.dumps(place), "geometryType": "esriGeometryPoint"}
        return client.get(f"/arcgis/rest/services/halves/ImageServer/{operation}", params=query).json()

    found = told("identify")
    assert (found["value"], found["properties"]["Values"]) == (expected, [expected])
    for first in ("true", "false"):
        (sample,) = told("getSamples", returnFirstValueOnly=first)["samples"]
        assert sample["value"] == expected


@pytest.mark.parametrize("west", [170, -190, 530])
def test_a_mosaic_goes_on_over_the_antimeridian(halves: Halves, west: float) -> None:
    client, scale = halves
    box = ",".join(str(edge * scale) for edge in (west, -5, west + 20, 5))
    base = "/arcgis/rest/services/halves/ImageServer"
    query = {"f": "json", "geometry": box, "geometryType": "esriGeometryEnvelope"}
    (found,) = client.get(f"{base}/computeStatisticsHistograms", params=query).json()["statistics"]
    assert (found["count"], found["sum"]) == (200, 20100)
    rule = json.dumps({"rasterFunction": "None"})
    query = {"f": "image", "format": "tiff", "bbox": box, "size": "20,10", "renderingRule": rule}
    answer = client.get(f"{base}/exportImage", params=query | {"interpolation": "RSP_NearestNeighbor"})
    with rasterio.open(io.BytesIO(answer.content)) as file:
        assert file.read(1)[0].tolist() == [*range(1, 11), *range(101, 111)]
