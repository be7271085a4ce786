"""Remote sources that change, vanish and come back; purges; several workers that share a tier."""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from starlette.testclient import TestClient

from proxy.upkeep import cancelled
from tests.conftest import RasterMaker
from tests.doors import client_of
from tests.range_server import RangeServer, range_server
from tests.redis_server import redis_server
from tests.s3 import Front, profile, put

ROOT = Path(__file__).parents[1]
VALUES = (40, 90, 140, 220)
BLOCKS = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
#: Left to GDAL, which reads it through its own cache of remote bytes.
LEFT_TO_GDAL = {"tiled": True, "blockxsize": 128, "blockysize": 128, "interleave": "band", "nbits": 7}
TILE = "/tiles/far/thumbnail.png?size=64"
TOKEN = "the administrator's token"


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def solid(make: RasterMaker, value: int, **profile: object) -> bytes:
    """A file of one value, on a map that tiles reach; the size in bytes is nearly the same for all."""
    data = np.full((3, 512, 512), value, np.uint8)
    # Noise in one band, so that blocks lie apart from one another and from the header.
    data[2] = np.random.default_rng(1).integers(0, 100, (512, 512), np.uint8)
    place = Affine(20, 0, 0, 0, -20, 0)
    return make(f"{value}.tif", data, crs="EPSG:3857", transform=place, **profile).read_bytes()


def red(content: bytes) -> set[int]:
    """Values of the first band where the picture is not transparent."""
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
    return set(np.unique(picture[..., 0][picture[..., 3] > 0]).tolist())


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def export(number: int, side: int = 3000) -> str:
    """A picture of its own for every number."""
    west, south = number * 37 % 6000, -9000 + number * 53 % 5000
    query = f"bbox={west},{south},{west + side},{south + side}&size=90,90&format=png32&f=image&bandIds=0,0,0"
    return f"/arcgis/rest/services/far/ImageServer/exportImage?{query}"


def service(client: TestClient, name: str = "far") -> Any:
    return client.app.state.registry.get(name)  # type: ignore[attr-defined]


#: Stores that run in a process of their own: GDAL holds the interpreter's lock while it looks through the
#: directories of a file, so that a server in the same process could not answer it.
STORES = {
    "http": """
import pathlib, sys
from tests.range_server import range_server

class Folder(dict):
    def get(self, path, default=None):
        content = (pathlib.Path(sys.argv[1]) / path.lstrip("/")).read_bytes()
        return content, f'"{hash(content) & 0xFFFFFFFFFF:x}"'

with range_server() as server:
    server.objects = Folder()
    print(server.url, flush=True)
    sys.stdin.read()
""",
    "s3": """
import sys
from tests.s3 import s3_server

with s3_server() as front:
    print(front.url, flush=True)
    sys.stdin.read()
""",
}


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[tuple[Callable[[bytes], str], dict[str, Any]]]:
    """What stores the object and gives its URL, and the settings that reading it takes."""
    command = [sys.executable, "-c", STORES[kind], str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()

        def put_file(content: bytes) -> str:
            (folder / "fresh").write_bytes(content)
            (folder / "fresh").replace(folder / "a.tif")
            return f"{url}/a.tif"

        def put_object(content: bytes) -> str:
            put(Front(url=url), "bucket", {"a.tif": content})
            return "s3://bucket/a.tif"

        if kind == "http":
            yield put_file, {}
        else:
            yield put_object, {"credentials": {"mine": profile(Front(url=url))}}
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@pytest.mark.parametrize("kind", ["blocks", "gdal"])
@pytest.mark.parametrize("where", ["http", "s3"])
def test_an_object_replaced_under_load_is_never_mixed_and_soon_the_new_one(
    make_raster: RasterMaker, tmp_path: Path, where: str, kind: str
) -> None:
    layout = BLOCKS if kind == "blocks" else LEFT_TO_GDAL
    values = [value // 2 for value in VALUES]
    versions = {value: solid(make_raster, value, **layout) for value in values}
    numbers = itertools.count()
    wrong: list[str] = []
    seen: list[tuple[float, int]] = []
    stop = threading.Event()
    with ExitStack() as stack:
        (tmp_path / "store").mkdir()
        store, settings = stack.enter_context(store_of(where, tmp_path / "store"))
        far = {"name": "far", "source": store(versions[values[0]]), "cache": {"revalidate": 0.3}}
        far |= {"credentials": "mine"} if settings else {}
        client = stack.enter_context(client_of(far, render={"threads": 2}, **settings))

        def ask() -> None:
            while not stop.is_set():
                answer = client.get(export(next(numbers)))
                found = red(answer.content) if answer.headers["content-type"] == "image/png" else set()
                if len(found) != 1 or not found <= set(values):
                    wrong.append(f"{answer.status_code} {found or answer.text[:200]}")
                    continue
                seen.append((time.monotonic(), found.pop()))

        assert client.get(export(next(numbers))).status_code == 200
        assert service(client).info.way == ("blocks" if kind == "blocks" else "window")
        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            try:
                for value in [*values[1:], values[0]]:
                    store(versions[value])
                    until(lambda v=value: [found for _, found in seen[-12:]] == [v] * 12, 60)  # type: ignore[misc]
            finally:
                stop.set()
            for future in asking:
                future.result(120)
    assert wrong == []
    assert {value for _, value in seen} == set(values)


def test_no_request_waits_for_the_version_of_a_source_that_is_open(
    server: RangeServer, make_raster: RasterMaker
) -> None:
    url = server.put("a.tif", solid(make_raster, 40, **BLOCKS))
    with client_of({"name": "far", "source": url, "cache": {"revalidate": 0.1}}) as client:
        assert client.get(TILE).status_code == 200
        held = threading.Event()
        server.hold = held
        try:
            before = len(server.log)
            until(lambda: len(server.log) > before)
            # A look is on its way and will not come back before it is let go.
            for _ in range(5):
                assert client.get(TILE).headers["cache-status"] == "cogproxy; hit"
        finally:
            server.hold = None
            held.set()


def test_an_idle_source_is_looked_at_too(server: RangeServer, make_raster: RasterMaker) -> None:
    url = server.put("a.tif", solid(make_raster, 40, **BLOCKS))
    with client_of({"name": "far", "source": url}, cache={"revalidate": 0.2}) as client:
        first = client.get(TILE)
        server.put("a.tif", solid(make_raster, 90, **BLOCKS))
        version = service(client).source.info.version
        until(lambda: service(client).source.info.version != version)
        second = client.get(TILE)
        assert (red(first.content), red(second.content)) == ({40}, {90})
        assert first.headers["etag"] != second.headers["etag"]


def test_a_bucket_that_is_down_is_served_from_what_is_known_and_said_so(
    server: RangeServer, make_raster: RasterMaker
) -> None:
    url = server.put("a.tif", solid(make_raster, 40, **BLOCKS))
    with client_of({"name": "far", "source": url, "cache": {"revalidate": 0.1}}) as client:
        fine = client.get(TILE)
        assert "warning" not in fine.headers
        server.refuses = 403
        until(lambda: service(client).is_lost)
        stale = client.get(TILE)
        assert (stale.status_code, stale.content) == (200, fine.content)
        assert stale.headers["cache-status"] == "cogproxy; hit; detail=stale-if-error"
        assert stale.headers["warning"].startswith("110 ")
        assert "111 " in stale.headers["warning"]
        assert "max-age=60," in stale.headers["cache-control"]
        again = client.get(TILE, headers={"If-None-Match": fine.headers["etag"]})
        assert again.status_code == 304
        # The blocks are known, so that other pictures of them can be made as well.
        other = client.get("/tiles/far/thumbnail.png?size=65")
        assert other.headers["cache-status"] == "cogproxy; fwd=miss; detail=miss-stale-if-error"
        server.refuses = 0
        until(lambda: not service(client).is_lost)
        assert "warning" not in client.get(TILE).headers
        assert client.get(TILE).headers["cache-status"] == "cogproxy; hit"


def test_what_is_known_is_served_no_longer_than_allowed(
    server: RangeServer, make_raster: RasterMaker
) -> None:
    url = server.put("a.tif", solid(make_raster, 40, **BLOCKS))
    settings = {"revalidate": 0.1, "stale_if_error": 0}
    with client_of({"name": "far", "source": url, "cache": settings}) as client:
        assert client.get(TILE).status_code == 200
        server.refuses = 403
        until(lambda: client.get(TILE).status_code == 502)


def test_an_object_that_was_deleted_is_gone_after_a_second_look(
    server: RangeServer, make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.sources.watch.TROUBLE_SECONDS", 0.3)
    url = server.put("a.tif", solid(make_raster, 40, **BLOCKS))
    with client_of({"name": "far", "source": url, "cache": {"revalidate": 0.3}}) as client:
        assert client.get(TILE).status_code == 200
        kept = server.objects.pop("/a.tif")
        until(lambda: service(client).is_lost)
        server.objects["/a.tif"] = kept
        until(lambda: not service(client).is_lost)
        assert client.get(TILE).status_code == 200
        del server.objects["/a.tif"]
        until(lambda: client.get(TILE).status_code == 502)


def test_pictures_of_a_worker_are_hits_in_the_next(make_raster: RasterMaker, tmp_path: Path) -> None:
    path = tmp_path / "far.tif"
    path.write_bytes(solid(make_raster, 40, **BLOCKS))
    settings = {"cache": {"disk": str(tmp_path / "tier")}}
    with client_of(path, **settings) as client:
        first = client.get(TILE)
        assert first.headers["cache-status"] == "cogproxy; fwd=miss; detail=miss"
        assert client.get(TILE).headers["cache-status"] == "cogproxy; hit"
    with client_of(path, **settings) as client:
        second = client.get(TILE)
        assert second.headers["cache-status"] == "cogproxy; hit; detail=disk"
        assert (second.content, second.headers["etag"]) == (first.content, first.headers["etag"])
        assert client.get(TILE).headers["cache-status"] == "cogproxy; hit"
    # Settings that decide the pixels are part of the name.
    with client_of({"name": "far", "source": str(path), "nodata": 40}, **settings) as client:
        other = client.get(TILE)
        assert other.headers["cache-status"] == "cogproxy; fwd=miss; detail=miss"
        assert other.content != first.content


def test_a_purge_reaches_the_other_workers(
    server: RangeServer, make_raster: RasterMaker, tmp_path: Path
) -> None:
    url = server.put("a.tif", solid(make_raster, 40, **BLOCKS), etag='"always the same"')
    settings = {"cache": {"disk": str(tmp_path / "tier")}, "server": {"admin_token": TOKEN}}
    far = {"name": "far", "source": url}
    with client_of(far, **settings) as one, client_of(far, **settings) as other:
        old = [client.get(TILE) for client in (one, other, one, other)]
        assert {answer.content for answer in old} == {old[0].content}
        server.put("a.tif", solid(make_raster, 90, **BLOCKS), etag='"always the same"')
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = one.post("/admin/purge", json={"service": "far"}, headers=headers)
        assert (answer.status_code, answer.json()["purged"]) == (200, ["far"])
        new = one.get(TILE)
        assert red(new.content) == {90}
        assert new.headers["etag"] != old[0].headers["etag"]
        until(lambda: other.get(TILE).content == new.content)
        assert other.get(TILE).headers["etag"] == new.headers["etag"]
        # A browser that holds the old one is given the new one.
        asked = other.get(TILE, headers={"If-None-Match": old[0].headers["etag"]})
        assert asked.status_code == 200


def test_a_purge_of_an_area_leaves_the_rest(make_raster: RasterMaker, tmp_path: Path) -> None:
    path = tmp_path / "far.tif"
    path.write_bytes(solid(make_raster, 40, **BLOCKS))
    with client_of(path, server={"admin_token": TOKEN}) as client:
        near, far = "/tiles/far/14/8192/8192.png", "/tiles/far/14/8195/8195.png"
        for tile in (near, far, near, far):
            client.get(tile)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        order = {"service": "far", "bbox": [0.001, -0.02, 0.002, -0.01], "zooms": "12-16"}
        assert client.post("/admin/purge", json=order, headers=headers).status_code == 200
        assert client.get(far).headers["cache-status"] == "cogproxy; hit"
        assert client.get(near).headers["cache-status"] == "cogproxy; fwd=miss; detail=miss"
        assert client.get(near).headers["cache-status"] == "cogproxy; hit"


def test_a_redis_that_is_killed_and_comes_back_costs_no_request(
    make_raster: RasterMaker, tmp_path: Path
) -> None:
    pytest.importorskip("redis")
    path = tmp_path / "far.tif"
    path.write_bytes(solid(make_raster, 40, **BLOCKS))
    tiles = [f"/tiles/far/15/{16384 + x}/{16384 + y}.png" for x in range(6) for y in range(6)]
    with redis_server(tmp_path) as redis, ExitStack() as stack:
        settings = {"cache": {"redis": redis.url, "redis_seconds": 5.0}}
        one, other = (stack.enter_context(client_of(path, **settings)) for _ in range(2))
        truth = {tile: one.get(tile).content for tile in tiles}
        tier = one.app.state.renderer.tiers.shared[0].tier  # type: ignore[attr-defined]
        until(lambda: tier.counters.writes == len(tiles))
        assert [other.get(tile).headers["cache-status"] for tile in tiles[:9]] == [
            "cogproxy; hit; detail=redis"
        ] * 9
        redis.kill()
        for tile in tiles[9:]:
            answer = other.get(tile)
            assert (answer.status_code, answer.content) == (200, truth[tile])
            assert answer.headers["cache-status"] == "cogproxy; fwd=miss; detail=miss"
        counters = other.app.state.renderer.tiers.shared[0].tier.counters  # type: ignore[attr-defined]
        assert counters.errors
        redis.start()
        numbers = itertools.count(64)

        def is_used_again() -> bool:
            path = f"/tiles/far/thumbnail.png?size={next(numbers)}"
            one.get(path)
            return "redis" in other.get(path).headers["cache-status"]

        until(is_used_again, 60)


def test_a_long_link_is_answered_by_any_worker(make_raster: RasterMaker, tmp_path: Path) -> None:
    path = tmp_path / "far.tif"
    path.write_bytes(solid(make_raster, 40, **BLOCKS))
    random = np.random.default_rng(3).integers(0, 255, (256, 4))
    table = [[value, *map(int, color[1:])] for value, color in enumerate(random)]
    rule = str({"rasterFunction": "Colormap", "rasterFunctionArguments": {"Colormap": table}}).replace(
        "'", '"'
    )
    form = {"bbox": "0,-9000,9000,0", "size": "64,64", "format": "png", "f": "json", "bandIds": "0"}
    form["renderingRule"] = rule
    settings = {"cache": {"disk": str(tmp_path / "tier")}, "server": {"secret": "shared by the workers"}}
    with client_of(path, **settings) as one, client_of(path, **settings) as other:
        made = one.post("/arcgis/rest/services/far/ImageServer/exportImage", data=form).json()
        assert len(made["href"].rpartition("/")[2]) < 40
        here, there = one.get(made["href"]), other.get(made["href"])
        assert here.status_code == there.status_code == 200
        assert here.content == there.content
        forged = made["href"].replace("_ags_", "_ags_A", 1).replace(".png", "")[:-1] + ".png"
        assert other.get(forged).status_code == 404


def test_a_task_that_loses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.upkeep.CANCEL_SECONDS", 0.01)
    lost = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost.append(1)
                if len(lost) == 3:
                    raise

    async def scene() -> None:
        task = asyncio.ensure_future(stubborn())
        await asyncio.sleep(0)
        await cancelled([task])
        assert task.cancelled()

    asyncio.run(scene())
    assert len(lost) == 3
