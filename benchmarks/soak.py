"""A soak on loopback: a bucket that is slow and fails, workers that are killed, Redis that is restarted.

`python benchmarks/soak.py --requests 200000 --clients 64`. Every picture is compared by its hash with that of
a calm server that reads the same files from disk. Needs `redis-server` and the packages of the tests. Ends
with status 1 where a picture was wrong or a request got stuck.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "proxy" / "demo"
FILES = {
    "world": "bluemarble.tif",
    "dem": "elevation.tif",
    "scene": "sentinel2.tif",
    "cover": "landcover.tif",
}
#: Seconds after which a request counts as stuck.
STUCK = 60.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def store(pipe: Any, latency: float, share: float) -> None:
    """The bucket, in a process of its own; the pipe tells its address and takes the wish for its counts."""
    sys.path.insert(0, str(ROOT))
    import logging

    from tests.s3 import put, s3_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3_server() as front:
        put(front, "rasters", {name: (DEMO / name).read_bytes() for name in FILES.values()})
        front.latency, front.share = latency, share
        front.kinds = ("slowdown", "reset", "truncate", "error")
        pipe.send(front.url)
        pipe.recv()
        pipe.send((front.requests, front.troubled))


def addresses(count: int, seed: int = 5) -> list[str]:
    """Tiles and exports of all services; those in front are asked for most."""
    import morecantile

    sys.path.insert(0, str(ROOT))
    from rasterio import open as opened
    from rasterio.warp import transform_bounds

    rng = random.Random(seed)
    tms = morecantile.tms.get("WebMercatorQuad")
    found: list[str] = []
    boxes = {}
    for service, name in FILES.items():
        with opened(DEMO / name) as file:
            boxes[service] = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    while len(found) < count:
        service = rng.choice(list(FILES))
        west, south, east, north = boxes[service]
        south, north = max(south, -80), min(north, 80)
        lon, lat = rng.uniform(west, east), rng.uniform(south, north)
        if rng.random() < 0.85:
            zoom = rng.randint(2, 6) if service == "world" else rng.randint(8, 13)
            tile = tms.tile(lon, lat, zoom)
            ending = rng.choice(["png", "png", "png", "jpg", "webp"])
            found.append(f"/tiles/{service}/{zoom}/{tile.x}/{tile.y}.{ending}")
        else:
            side = (east - west) * rng.uniform(0.02, 0.4)
            box = f"{lon},{lat},{lon + side},{lat + side}"
            kind = rng.choice(["png32", "jpgpng", "tiff", "lerc"])
            found.append(
                f"/arcgis/rest/services/{service}/ImageServer/exportImage?f=image&bbox={box}&bboxSR=4326"
                f"&size=256,256&format={kind}"
            )
    return list(dict.fromkeys(found))


def config(port: int, services: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"server": {"port": port, "host": "127.0.0.1"}, "services": services, **more}


def serve(folder: Path, name: str, settings: dict[str, Any], workers: int = 1) -> subprocess.Popen[bytes]:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(settings))
    log = (folder / f"{name}.log").open("wb")
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(path), "--workers", str(workers)]
    command += ["--log-level", "error"]
    return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def redis(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    # Small, so that the bucket is asked again and again.
    command += ["--maxmemory", "8mb", "--maxmemory-policy", "allkeys-lru"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def workers_of(parent: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
    children = [int(line) for line in found.stdout.split()]
    return [pid for pid in children if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]


def resident(pids: list[int]) -> float:
    """Megabytes of the processes together."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Connection:
    """The least of an HTTP client that keeps its connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, bytes]:
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader is not None
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), body

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@dataclass
class Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    done: int = 0


def digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=12).digest()


async def ready(port: int, path: str = "/healthz") -> None:
    for _ in range(600):
        connection = Connection(port)
        try:
            status, _ = await connection.get(path)
            if status == 200:
                return
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            connection.close()
        await asyncio.sleep(0.1)
    raise SystemExit(f"no server at port {port}")


async def truth(port: int, paths: list[str]) -> dict[str, bytes]:
    await ready(port)
    known: dict[str, bytes] = {}
    left = iter(paths)

    async def one() -> None:
        connection = Connection(port)
        for path in left:
            status, body = await connection.get(path)
            assert status == 200, (path, status, body[:200])
            known[path] = digest(body)
        connection.close()

    await asyncio.gather(*(one() for _ in range(4)))
    return known


async def client(
    port: int, paths: list[str], known: dict[str, bytes], tally: Tally, total: int, seed: int
) -> None:
    rng = random.Random(seed)
    connection = Connection(port)
    while tally.done < total:
        tally.done += 1
        # A Zipf walk: few addresses get most of the requests.
        path = paths[min(len(paths) - 1, int(rng.paretovariate(0.4)) - 1)]
        started = time.monotonic()
        try:
            status, body = await asyncio.wait_for(connection.get(path), STUCK)
        except TimeoutError:
            tally.outcomes["stuck"] += 1
            connection.close()
            continue
        except (OSError, asyncio.IncompleteReadError):
            tally.outcomes["connection lost"] += 1
            connection.close()
            await asyncio.sleep(0.05)
            continue
        tally.slowest = max(tally.slowest, time.monotonic() - started)
        if status != 200:
            tally.outcomes[f"status {status}"] += 1
        elif digest(body) == known[path]:
            tally.outcomes["right"] += 1
        else:
            tally.outcomes["wrong"] += 1
            tally.wrong.append(path)
    connection.close()


async def soak(arguments: argparse.Namespace, folder: Path, bucket: str) -> int:
    paths = addresses(arguments.addresses)
    calm_port, port, redis_port = free_port(), free_port(), free_port()
    calm_services = [{"name": name, "source": str(DEMO / file)} for name, file in FILES.items()]
    calm = serve(folder, "calm", config(calm_port, calm_services))
    try:
        known = await truth(calm_port, paths)
    finally:
        calm.terminate()
        calm.wait()
    print(f"{len(known)} addresses known from files on disk", flush=True)
    keeper = redis(folder, redis_port)
    profile = {"endpoint": bucket, "region": "us-east-1", "access_key_id": "a", "secret_access_key": "b"}
    services = [
        {"name": name, "source": f"s3://rasters/{file}", "credentials": "own"} for name, file in FILES.items()
    ]
    cache = {
        "memory_mb": 8,
        "disk": str(folder / "tier"),
        "disk_mb": 16,
        "redis": f"redis://127.0.0.1:{redis_port}/0",
        "revalidate": 5,
    }
    settings = config(port, services, credentials={"own": profile}, cache=cache, render={"block_cache_mb": 4})
    server = serve(folder, "soak", settings, workers=2)
    kills = restarts = 0
    tally = Tally()
    try:
        await ready(port)
        clients = [
            asyncio.create_task(client(port, paths, known, tally, arguments.requests, seed))
            for seed in range(arguments.clients)
        ]
        shown, next_trouble, memory = 0, arguments.requests // (arguments.troubles + 1), []
        began = time.monotonic()
        while any(not each.done() for each in clients):
            await asyncio.sleep(0.5)
            if tally.done >= next_trouble * (kills + restarts + 1) and kills + restarts < arguments.troubles:
                if (kills + restarts) % 2 == 0:
                    if workers := workers_of(server.pid):
                        os.kill(workers[0], signal.SIGKILL)
                    kills += 1
                else:
                    keeper.kill()
                    keeper.wait()
                    await asyncio.sleep(1)
                    keeper = redis(folder, redis_port)
                    restarts += 1
            if tally.done - shown >= arguments.requests // 20:
                shown = tally.done
                memory.append(resident(workers_of(server.pid)))
                print(f"{shown:8d} requests  {memory[-1]:7.1f} MB  {dict(tally.outcomes)}", flush=True)
        await asyncio.gather(*clients)
        seconds = time.monotonic() - began
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        keeper.kill()
        keeper.wait()
    print(
        f"{kills} workers killed, Redis restarted {restarts} times, {seconds:.0f} s, "
        f"slowest {tally.slowest:.1f} s"
    )
    half = memory[len(memory) // 2 :]
    growth = (half[-1] / half[0] - 1) * 100 if len(half) > 1 else 0.0
    print(f"memory over the second half {growth:+.1f} %")
    print(f"outcomes {dict(tally.outcomes)}")
    if tally.wrong:
        print("wrong:", *tally.wrong[:5], sep="\n  ")
    return 1 if tally.outcomes["wrong"] or tally.outcomes["stuck"] else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--addresses", type=int, default=3000)
    parser.add_argument("--latency", type=float, default=0.02, help="of the bucket, in seconds")
    parser.add_argument("--faults", type=float, default=0.02, help="share of the bucket's answers")
    parser.add_argument("--troubles", type=int, default=8, help="worker kills and Redis restarts")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=store, args=(there, arguments.latency, arguments.faults), daemon=True
    )
    process.start()
    try:
        status = asyncio.run(soak(arguments, folder, here.recv()))
        here.send("done")
        requests, troubled = here.recv()
        print(f"the bucket answered {requests} reads, {troubled} of them with trouble")
    finally:
        process.terminate()
        process.join()
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
