"""Remote objects through the doors: what a tile costs in requests, and what is said when the object fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import morecantile
import pytest
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.doors import client_of
from tests.range_server import RangeServer, range_server

MATRICES = morecantile.tms.get("WebMercatorQuad")
EXPORT = "arcgis/rest/services/far/ImageServer/exportImage?bbox=-118.3,36.4,-118.1,36.6&bboxSR=4326&f=image"


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server(0.01) as running:
        yield running


def middle_tile(client: TestClient, zoom: int | None = None) -> tuple[int, int, int]:
    facts = client.get("/tiles/far/tilejson.json").json()
    west, south, east, north = facts["bounds"]
    zoom = facts["maxzoom"] if zoom is None else zoom
    tile = MATRICES.tile((west + east) / 2, (south + north) / 2, zoom)
    return tile.z, tile.x, tile.y


@pytest.mark.parametrize(
    ("name", "requests"),
    # The last one's blocks lie in two places, beside the look at the whole that its stretch needs.
    [("bluemarble.tif", 2), ("landcover.tif", 2), ("elevation.tif", 3), ("sentinel2.tif", 4)],
)
def test_first_tile_of_a_cold_object_takes_three_round_trips_and_the_next_one(
    server: RangeServer, name: str, requests: int
) -> None:
    url = server.put(name, (DEMO / name).read_bytes())
    with client_of({"name": "far", "source": url}) as client:
        z, x, y = middle_tile(client)
        assert client.get(f"/tiles/far/{z}/{x}/{y}.png").status_code == 200
        assert len(server.log) <= requests, server.log
        assert server.round_trips() <= 3
        before = len(server.log)
        assert client.get(f"/tiles/far/{z}/{x + 1}/{y}.png").status_code == 200
        assert len(server.log) - before <= 1


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (403, "The store refuses access to the source."),
        (404, "The source does not exist in its store."),
        (410, "The source could not be reached."),
    ],
)
def test_an_object_that_is_not_given_out_is_a_service_that_says_so(
    server: RangeServer, status: int, sentence: str
) -> None:
    url = server.put("a.tif", (DEMO / "elevation.tif").read_bytes())
    server.refuses = status
    with client_of({"name": "far", "source": url}) as client:
        answer = client.get("/tiles/far/0/0/0.png")
        assert (answer.status_code, answer.text) == (502, sentence)
        said = client.get(f"/{EXPORT}").json()["error"]
        assert said["details"] == [sentence]
        assert url not in answer.text + str(said)


@pytest.mark.parametrize("trouble", ["refuses", "short"])
def test_trouble_in_the_middle_is_an_error_and_passes(server: RangeServer, trouble: str) -> None:
    url = server.put("a.tif", (DEMO / "bluemarble.tif").read_bytes())
    with client_of({"name": "far", "source": url}) as client:
        z, x, y = middle_tile(client)
        setattr(server, trouble, 403 if trouble == "refuses" else 1000)
        started = time.monotonic()
        answer = client.get(f"/tiles/far/{z}/{x}/{y}.png")
        assert (answer.status_code, answer.text) == (502, "The source could not be read.")
        assert time.monotonic() - started < 20
        setattr(server, trouble, 0)
        assert client.get(f"/tiles/far/{z}/{x}/{y}.png").status_code == 200


def test_an_object_that_changes_is_opened_anew(server: RangeServer) -> None:
    url = server.put("a.tif", (DEMO / "bluemarble.tif").read_bytes())
    with (
        client_of({"name": "far", "source": url}) as client,
        client_of(Path(DEMO / "elevation.tif")) as plain,
    ):
        z, x, y = middle_tile(client)
        server.put("a.tif", (DEMO / "elevation.tif").read_bytes())
        assert client.get(f"/tiles/far/{z}/{x}/{y}.png").status_code == 200
        z, x, y = middle_tile(client)
        expected = plain.get(f"/tiles/elevation/{z}/{x}/{y}.png").content
        assert client.get(f"/tiles/far/{z}/{x}/{y}.png").content == expected
