"""A mosaic whose items have times, through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from starlette.testclient import TestClient

from tests.conftest import RasterMaker
from tests.doors import client_of
from tests.ogc.api.conftest import Checker, rgba

MAP = "/ogc/collections/days/map"
SIZE = {"f": "png", "width": "20", "height": "20"}


@pytest.fixture
def client(make_raster: RasterMaker, tmp_path: Path) -> Iterator[TestClient]:
    """Three days over the same ground, each of one value."""
    placed = Affine(0.1, 0, 10, 0, -0.1, 50)
    for day, value in ((1, 50), (2, 100), (3, 200)):
        data = np.full((20, 20), value, np.uint8)
        make_raster(f"day_2020-01-0{day}.tif", data, crs="EPSG:4326", transform=placed)
    mosaic = {
        "source": str(tmp_path / "day_*.tif"),
        "date_pattern": r"(?P<date>\d{4}-\d{2}-\d{2})",
        "method": "attribute",
        "sort_field": "AcquisitionDate",
        "ascending": False,
    }
    plain = make_raster("plain.tif", np.full((20, 20), 150, np.uint8), crs="EPSG:4326", transform=placed)
    services = ({"name": "days", "mosaic": mosaic}, {"name": "plain", "source": str(plain)})
    with client_of(*services, state=str(tmp_path / "state")) as found:
        yield found


def test_a_collection_of_days_has_a_temporal_extent(client: TestClient, checked: Checker) -> None:
    found = client.get("/ogc/collections/days").json()
    checked(found, "collection")
    [interval] = found["extent"]["temporal"]["interval"]
    assert [end[:10] for end in interval] == ["2020-01-01", "2020-01-03"]


@pytest.mark.parametrize(
    ("query", "value", "told"),
    [
        ({"datetime": "2020-01-01T00:00:00Z"}, 50, "2020-01-01"),
        ({"datetime": "2020-01-02"}, 100, "2020-01-02"),
        ({"subset": 'time("2020-01-03")'}, 200, "2020-01-03"),
        ({"datetime": "../2020-01-01T00:00:00Z"}, 50, "2020-01-01"),
    ],
)
def test_a_map_shows_the_day_that_is_asked_for(
    client: TestClient, query: dict[str, str], value: int, told: str
) -> None:
    """[datetime/map-success, core/map-response F]"""
    response = client.get(MAP, params=SIZE | query)
    assert response.status_code == 200, response.text
    assert (rgba(response.content)[..., 0] == value).all()
    assert response.headers["content-datetime"].startswith(told)
    tile = "/ogc/collections/days/map/tiles/WorldCRS84Quad/3/1/8"
    shown = rgba(client.get(tile, params={"f": "png"} | query).content)
    assert set(shown[shown[..., 3] > 0][:, 0]) == {value}


def test_what_has_no_time_is_drawn_beside_what_has_no_data_then(client: TestClient) -> None:
    """[datetime/datetime-response B]"""
    query = SIZE | {"bbox": "9,47,13,51", "collections": "plain,days"}
    then = client.get("/ogc/map", params=query | {"datetime": "2019-01-01"})
    assert then.status_code == 200, then.text
    alone = client.get("/ogc/map", params=query | {"collections": "plain"})
    np.testing.assert_array_equal(rgba(then.content), rgba(alone.content))
    both = client.get("/ogc/map", params=query | {"datetime": "2020-01-03"})
    assert (rgba(both.content) != rgba(alone.content)).any()
    only = query | {"datetime": "2019-01-01", "collections": "days"}
    assert client.get("/ogc/map", params=only).status_code == 204


def test_a_time_without_data_is_no_content(client: TestClient) -> None:
    for query in (
        {"datetime": "2019-01-01"},
        {"datetime": "2021-01-01/.."},
        {"subset": 'time("2030-01-01")'},
    ):
        assert client.get(MAP, params=SIZE | query).status_code == 204
    assert client.get(MAP, params=SIZE).headers["content-datetime"].count("/") == 1
