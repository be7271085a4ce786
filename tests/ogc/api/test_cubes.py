"""A cube with time and depth, through the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.conftest import DATA, DEMO
from tests.doors import client_of
from tests.ogc.api.conftest import Checker

MAP = "/ogc/collections/ocean/map"
SIZE = {"f": "png", "width": "64", "height": "32"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of({"name": "ocean", "source": str(DATA / "ocean_temperature.nc")}) as found:
        yield found


def test_a_cube_describes_its_dimensions_and_draws_each_slice(client: TestClient, checked: Checker) -> None:
    """[general-subsetting/map-success]"""
    found = client.get("/ogc/collections/ocean").json()
    checked(found, "collection")
    extent = found["extent"]
    assert extent["temporal"]["grid"]["cellsCount"] >= 1
    depths = extent["elevation"]["grid"]["coordinates"]
    assert len(depths) > 1
    pictures = set()
    for depth in (depths[0], depths[-1]):
        response = client.get(MAP, params=SIZE | {"subset": f"elevation({depth!r})"})
        assert response.status_code == 200, response.text
        assert response.headers["content-datetime"]
        pictures.add(response.content)
        tile = client.get(f"{MAP}/tiles/WebMercatorQuad/0/0/0?f=png&subset=elevation({depth!r})")
        assert tile.status_code == 200
    assert len(pictures) == 2


def test_several_slices_lie_over_one_another(client: TestClient) -> None:
    depths = client.get("/ogc/collections/ocean").json()["extent"]["elevation"]["grid"]["coordinates"]
    low, high = sorted(depths)[:2]
    both = client.get(MAP, params=SIZE | {"subset": f"elevation({low!r}:{high!r})"})
    assert both.status_code == 200, both.text
    assert client.get(MAP, params=SIZE | {"subset": f"elevation({max(depths) + 1e6!r})"}).status_code == 404
    assert client.get(MAP, params=SIZE | {"subset": "salinity(1)"}).status_code == 400


def test_its_pages_show_the_dimensions(client: TestClient) -> None:
    text = client.get("/ogc/collections/ocean?f=html").text
    assert "<dt>Time</dt>" in text
    assert "<dt>elevation</dt>" in text
    assert client.get("/ogc/collections?f=html").status_code == 200


def test_what_has_no_time_stands_for_that_of_the_dataset() -> None:
    """[core/map-response]"""
    services = ({"name": "world", "source": str(DEMO / "bluemarble.tif")},
                {"name": "ocean", "source": str(DATA / "ocean_temperature.nc")})  # fmt: skip
    with client_of(*services) as client:
        (times,) = client.get("/ogc").json()["extent"]["temporal"]["interval"]
        assert client.get("/ogc/map", params=SIZE).headers["content-datetime"] == "/".join(times)
        drawn = client.get("/ogc/map", params=SIZE | {"collections": "world,ocean"}).headers[
            "content-datetime"
        ]
        assert (
            drawn in client.get("/ogc/collections/ocean").json()["extent"]["temporal"]["grid"]["coordinates"]
        )
        assert "content-datetime" not in client.get("/ogc/collections/world/map", params=SIZE).headers
    with client_of(services[0]) as client:
        assert "content-datetime" not in client.get("/ogc/map", params=SIZE).headers
