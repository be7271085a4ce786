"""Slices of a cube as tiles and at points."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from starlette.testclient import TestClient

from tests.conftest import DATA
from tests.doors import client_of

OCEAN = DATA / "ocean_temperature.nc"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(OCEAN) as running:
        yield running


@pytest.mark.parametrize(
    ("query", "time", "depth"),
    [
        ("", 3, 0),
        ("time=0001-04", 1, 0),
        ("time=0001-01-16T06:00:00Z&elevation=100", 0, 2),
        ("elevation=85", 3, 2),
        ("ZAXLEVIT19=0/50&time=../0001-08", 2, 0),
        ("z=50", 3, 1),
        ("StdZ=50&StdTime=0001-04", 1, 1),
        ("slice=7", 1, 3),
        ("variable=temp&slice=0", 0, 0),
    ],
)
def test_values_at_a_point_are_those_of_the_slice(
    client: TestClient, query: str, time: int, depth: int
) -> None:
    with xr.open_dataset(OCEAN, engine="h5netcdf", decode_times=False) as data:
        cell = data.TEMP.isel(TIME=time, ZAXLEVIT19=depth).sel(XAX_SUBSET=328.5, YAX_SUBSET=30.5)
        wanted = float(cell)
    answer = client.get(f"/tiles/ocean_temperature/point/-31.5,30.5?{query}")
    assert answer.status_code == 200
    assert answer.json()["values"] == [wanted]


def test_tiles_of_slices_differ_and_are_drawn_once(client: TestClient) -> None:
    tiles = {
        depth: client.get(f"/tiles/ocean_temperature/1/0/0.png?elevation={depth}").content
        for depth in (0, 1000)
    }
    assert tiles[0] != tiles[1000]
    same = client.get("/tiles/ocean_temperature/1/0/0.png?slice=15")
    assert same.content == tiles[1000]
    assert (
        same.headers["ETag"]
        == client.get("/tiles/ocean_temperature/1/0/0.png?elevation=1000").headers["ETag"]
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("time=2030", "There are 4 values from 0001-01-16T06:00:00Z to 0001-10-16T04:21:54Z."),
        ("elevation=5000", "There are 4 values from 0 METERS to 1000 METERS."),
        ("variable=salt", "There is no variable 'salt'"),
        ("slice=16", "There are slices 0 to 15."),
    ],
)
def test_what_is_not_there_is_told(client: TestClient, query: str, words: str) -> None:
    for path in ("1/0/0.png", "point/-31.5,30.5"):
        answer = client.get(f"/tiles/ocean_temperature/{path}?{query}")
        assert answer.status_code == 400
        assert words in answer.text


def test_neighbouring_tiles_meet_at_greenwich_and_at_the_antimeridian(client: TestClient) -> None:
    """No column of nodata, and no jump beyond what neighbours within a tile have, where longitudes wrap."""
    for left, right in (("3/3/4", "3/4/4"), ("3/7/4", "3/0/4")):
        pair = []
        for tile in (left, right):
            answer = client.get(f"/tiles/ocean_temperature/{tile}.tif?slice=0&interpolation=bilinear")
            assert answer.status_code == 200, answer.text
            pair.append(_numbers(answer.content))
        west, east = pair
        seam = np.abs(east[:, 0] - west[:, -1])
        inner = np.abs(np.diff(np.concatenate([west[:, -40:-1], east[:, 1:40]], axis=1), axis=1))
        both = np.isfinite(seam)
        assert both.mean() > 0.5
        # Half a cell on either side of the cut has no neighbour to blend with: at most the step of one cell.
        assert np.nanmax(seam[both]) <= max(1.0, 24 * float(np.nanmax(inner)))


def _numbers(content: bytes) -> np.ndarray:  # type: ignore[type-arg]
    from rasterio.io import MemoryFile

    with MemoryFile(content) as memory, memory.open() as file:
        return np.ma.filled(file.read(1, masked=True), np.nan)  # type: ignore[no-any-return]


def test_the_document_of_tiles_keeps_the_choice(client: TestClient) -> None:
    found = client.get("/tiles/ocean_temperature/tilejson.json?elevation=100").json()
    assert "elevation=100" in json.dumps(found["tiles"])
    assert found["bounds"] == [-180.0, -90.0, 180.0, 88.5]


def test_a_point_names_the_variable_that_it_tells(tmp_path: Path) -> None:
    path = tmp_path / "two.nc"
    along = {"time": [0, 1], "lat": [10.0, 11.0], "lon": [20.0, 21.0]}
    values = np.arange(8, dtype="float32").reshape(2, 2, 2)
    data = xr.Dataset({"a": (tuple(along), values), "b": (tuple(along), values + 100)}, along)
    data.lat.attrs["units"], data.lon.attrs["units"] = "degrees_north", "degrees_east"
    data.time.attrs["units"] = "days since 2000-01-01"
    data.to_netcdf(path, engine="h5netcdf")
    with client_of(path) as client:
        found = client.get("/tiles/two/point/21,11?variable=b").json()
    assert (found["bands"], found["values"]) == (["b"], [107.0])
