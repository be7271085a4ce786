"""A server that starts while its bucket is down serves what it and others have kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO
from tests.doors import client_of
from tests.processes import PATIENCE, Cogproxy, free_port, until
from tests.range_server import RangeServer, range_server
from tests.redis_server import RedisServer, redis_server
from tests.s3 import profile, put, s3_server
from tests.sources.cube.build import DEPTH, OCEAN

TILE, OTHER = "/tiles/far/7/21/49.png", "/tiles/far/8/43/99.png"
SERVICE = "/arcgis/rest/services/far/ImageServer"
EXPORT = f"{SERVICE}/exportImage?bbox=-118.9,37.1,-118.5,37.5&bboxSR=4326&f=image"
NEW_EXPORT = f"{SERVICE}/exportImage?bbox=-118.9,37.1,-118.5,37.3&bboxSR=4326&f=image"
DOCUMENTS = (
    "/tiles/far/tilejson.json", f"{SERVICE}?f=json", f"{SERVICE}/rasterFunctionInfos?f=json", "/wmts/far",
    "/wms?service=WMS&request=GetCapabilities", "/ogc/collections/far?f=json",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are waited for, however busy the machine."""
    monkeypatch.setattr("proxy.cache.notes.SECONDS", PATIENCE)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def started(stack: ExitStack, folder: Path, config: dict[str, Any]) -> Cogproxy:
    server = Cogproxy(folder, {"state": str(folder / "state"), **config})
    stack.callback(server.stop)
    server.start()
    return server


def metric(server: Cogproxy, name: str) -> float:
    lines = server.get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_restart_with_the_bucket_down_serves_all_that_is_kept(
    stack: ExitStack, tmp_path: Path, workers: int
) -> None:
    port, content = free_port(), (DEMO / "elevation.tif").read_bytes()
    config = {
        "server": {"workers": workers},
        "cache": {"disk": str(tmp_path / "pictures"), "revalidate": 0.1},
        "services": [{"name": "far", "source": f"http://127.0.0.1:{port}/dem.tif"}],
    }
    with range_server(port=port) as bucket:
        bucket.put("dem.tif", content, '"one"')
        server = started(stack, tmp_path, config)
        pictures = {path: server.get(path) for path in (TILE, EXPORT)}
        documents = {path: server.get(path).body for path in DOCUMENTS}
        assert {answer.status for answer in pictures.values()} == {200}
        server.stop()

    server.start()
    for path, before in pictures.items():
        now = server.get(path)
        assert (now.status, now.body, now.headers["etag"]) == (200, before.body, before.headers["etag"])
        assert "stale-if-error" in now.headers["cache-status"]
        assert now.headers["warning"].startswith("110 ")
        assert server.get(path, If_None_Match=before.headers["etag"]).status == 304
    for path, body in documents.items():
        assert server.get(path).body == body, path
    missing = server.get(OTHER)
    assert (missing.status, missing.body) == (502, b"The source could not be reached.")
    assert server.get(NEW_EXPORT).json()["error"]["details"] == ["The source could not be reached."]
    until(lambda: metric(server, "cogproxy_services_stale") == workers)
    assert server.get("/readyz").json()["stale"] == ["far"]

    # It is back, with another object: what is shown from then on is made of that one.
    with range_server(port=port) as bucket:
        bucket.put("dem.tif", content, '"two"')
        until(lambda: metric(server, "cogproxy_services_stale") == 0)
        assert server.get(OTHER).status == 200
        fresh = server.get(TILE)
        assert fresh.status == 200
        assert fresh.headers["etag"] != pictures[TILE].headers["etag"]
        assert "warning" not in fresh.headers
        assert server.get("/readyz").json()["stale"] == []


def test_s3_that_is_down_at_the_start(stack: ExitStack, tmp_path: Path) -> None:
    with s3_server() as front:
        put(front, "rasters", {"dem.tif": (DEMO / "elevation.tif").read_bytes()})
        config = {
            "cache": {"disk": str(tmp_path / "pictures"), "revalidate": 0.1},
            "credentials": {"store": profile(front, secret_access_key="quite-secret")},
            "services": [{"name": "far", "source": "s3://rasters/dem.tif", "credentials": "store"}],
        }
        server = started(stack, tmp_path, config)
        before = server.get(TILE)
        assert before.status == 200
        server.stop()
    server.start()
    now = server.get(TILE)
    assert (now.status, now.body) == (200, before.body)
    assert "stale-if-error" in now.headers["cache-status"]
    kept = [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"quite-secret" in path.read_bytes() for path in kept)

    # Whoever reads with other credentials, or of another place, has not seen it.
    for change in ({"credentials": None}, {"credentials": "other"}, {"source": "s3://rasters/other.tif"}):
        server.stop()
        profiles = config["credentials"] | {"other": {"anonymous": True, "endpoint": front.url}}
        server.write(credentials=profiles, services=[config["services"][0] | change])
        server.start()
        assert server.get(TILE).status == 502


@pytest.fixture
def bucket() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as running:
        yield running


def settings(folder: Path, **cache: Any) -> dict[str, Any]:
    return {"cache": {"disk": str(folder / "pictures"), "revalidate": 0.1, **cache}, "state": str(folder)}


def test_damaged_and_foreign_notes_are_none(bucket: RangeServer, tmp_path: Path) -> None:
    url = bucket.put("dem.tif", (DEMO / "elevation.tif").read_bytes())
    far = {"name": "far", "source": url}
    with client_of(far, **settings(tmp_path)) as client:
        assert client.get(TILE).status_code == 200
    bucket.refuses = 410
    entries = [path for path in (tmp_path / "pictures" / "entries").rglob("*") if path.is_file()]
    whole = {path: path.read_bytes() for path in entries}
    with client_of(far, **settings(tmp_path)) as client:
        assert client.get(TILE).status_code == 200
    for damage in (  # type: ignore[assignment]
        lambda data: data[: len(data) // 2],
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"",
        lambda data: max(whole.values(), key=len),
    ):
        for path, data in whole.items():
            path.write_bytes(damage(data))
        with client_of(far, **settings(tmp_path)) as client:
            answer = client.get(TILE)
            assert (answer.status_code, answer.text) == (502, "The source could not be reached.")


def test_what_was_seen_too_long_ago_or_is_gone_is_not_served(bucket: RangeServer, tmp_path: Path) -> None:
    url = bucket.put("dem.tif", (DEMO / "elevation.tif").read_bytes())
    brief = {"name": "far", "source": url, "cache": {"stale_if_error": 0}}
    with client_of(brief, **settings(tmp_path)) as client:
        assert client.get(TILE).status_code == 200
    bucket.refuses = 410
    with client_of(brief, **settings(tmp_path)) as client:
        assert client.get(TILE).status_code == 502

    far = {"name": "far", "source": url}
    bucket.refuses = 0
    with client_of(far, **settings(tmp_path)) as client:
        assert client.get(TILE).status_code == 200
    for status in (404, 410):
        # Once the store has said that it is gone, it stays so.
        bucket.refuses = status
        with client_of(far, **settings(tmp_path)) as client:
            assert client.get(TILE).status_code == 502


def test_machines_remember_in_redis(bucket: RangeServer, redis: RedisServer, tmp_path: Path) -> None:
    far = {"name": "far", "source": bucket.put("dem.tif", (DEMO / "elevation.tif").read_bytes())}
    cache = {"disk": "off", "redis": redis.url}
    with client_of(far, **settings(tmp_path / "one", **cache)) as client:
        before = client.get(TILE)
        document = client.get(f"{SERVICE}?f=json").json()
    assert before.status_code == 200
    bucket.refuses = 410
    # Another machine: it has nothing on its disk.
    with client_of(far, **settings(tmp_path / "two", **cache)) as client:
        now = client.get(TILE)
        assert (now.status_code, now.content) == (200, before.content)
        assert "stale-if-error" in now.headers["cache-status"]
        assert client.get(f"{SERVICE}?f=json").json() == document
    assert not (tmp_path / "two").exists()


def test_a_store_that_does_not_answer_is_not_waited_for(bucket: RangeServer, tmp_path: Path) -> None:
    url = bucket.put("dem.tif", (DEMO / "elevation.tif").read_bytes())
    with client_of({"name": "far", "source": url}, **settings(tmp_path)) as client:
        assert client.get(TILE).status_code == 200
    bucket.hold = threading.Event()
    with client_of({"name": "far", "source": url}, **settings(tmp_path)) as client:
        assert "stale-if-error" in client.get(TILE).headers["cache-status"]
        bucket.hold.set()
        until(lambda: client.get(OTHER).status_code == 200)
        assert "stale" not in client.get(TILE).headers["cache-status"]


def test_a_cube_is_remembered_with_its_slices(bucket: RangeServer, tmp_path: Path) -> None:
    cube = {"name": "far", "source": bucket.put("cube.nc", OCEAN.read_bytes())}
    lock = '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[2]}'
    rules = ('{"where":"StdZ<-50"}', lock, '{"fids":[999]}')
    tiles = [f"/tiles/far/0/0/0.png?{DEPTH}={value}" for value in (0, 100)]
    whole = f"{SERVICE}/exportImage?bbox=-180,-80,180,80&bboxSR=4326&f=image"
    tiles += [f"{whole}&mosaicRule={rule}" for rule in rules]
    asked = ("multidimensionalInfo?", "query?where=StdZ<-50&outFields=*&", "2?", "query?where=StdY=1&")
    documents = [f"{SERVICE}/{what}f=json" for what in asked]
    with client_of(cube, **settings(tmp_path)) as client:
        before = [client.get(path) for path in tiles]
        known = [client.get(path).json() for path in documents]
    assert {answer.status_code for answer in before} == {200}
    assert len({answer.content for answer in before}) == len(tiles)
    assert known[1]["features"]
    bucket.refuses = 410
    with client_of(cube, **settings(tmp_path)) as client:
        assert [client.get(path).content for path in tiles] == [answer.content for answer in before]
        assert [client.get(path).json() for path in documents] == known
        assert client.get(f"/tiles/far/0/0/0.png?{DEPTH}=7777").status_code == 400
        # A rule that means another slice is none of the pictures that are kept.
        other = client.get(f'{whole}&mosaicRule={{"where":"StdZ>-50 AND StdZ<0"}}')
        assert other.json()["error"]["details"] == ["The source could not be reached."]


def test_a_mosaic_keeps_its_colours_while_its_items_are_out_of_reach(
    bucket: RangeServer, tmp_path: Path
) -> None:
    url = bucket.put("dem.tif", (DEMO / "elevation.tif").read_bytes())
    mosaic = {"name": "far", "mosaic": {"source": [url]}}
    with client_of(mosaic, **settings(tmp_path)) as client:
        before = client.get(TILE)
        document = client.get(f"{SERVICE}?f=json").json()
    assert before.status_code == 200
    bucket.refuses = 410
    with client_of(mosaic, **settings(tmp_path)) as client:
        now = client.get(TILE)
        assert (now.status_code, now.content) == (200, before.content)
        assert client.get(f"{SERVICE}?f=json").json() == document
