"""Hits, renders and origin requests of people who look at maps: 1, 2 and 4 workers, alone and sharing a tier.

    python benchmarks/hit_ratio.py [--requests N] [--memory MB] [--workers 1 2 4]

Sessions begin at places whose popularity follows Zipf's law, look at a screen of 4 x 3 tiles, and go on by a
step aside or a zoom, as people do; what their browser has seen it does not ask for again. Each session has
connections of its own, so that the kernel spreads them over the workers. The source, a COG of the world made
up here, lies on a range server on loopback, whose requests are counted. Every row replays the same sessions
on a server without a past.
"""

from __future__ import annotations

import argparse
import bisect
import collections
import http.client
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
import yaml
from affine import Affine
from servers import free_port, server

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.range_server import RangeServer, range_server  # noqa: E402

#: Places, exponent of their popularity, steps of a session, tiles of a screen, zooms.
PLACES, EXPONENT, STEPS, SCREEN, ZOOMS = 300, 1.1, 12, (4, 3), (3, 9)
CLIENTS = 4
#: Pixels of a side of the source: tiles of zoom 5.
SIDE = 8192
HALF = 20037508.342789244
HEAD = "workers  shared    hits   memory    disk  renders  origin  req/s"

Tile = tuple[int, int, int]


def world(folder: Path) -> bytes:
    """A COG of noise on a smooth ground, which compresses about as pictures do."""
    rng = np.random.default_rng(5)
    rows = np.sin(np.linspace(0, 40, SIDE))[:, None] + np.sin(np.linspace(0, 55, SIDE))[None]
    path = folder / "world.tif"
    place = Affine(2 * HALF / SIDE, 0, -HALF, 0, -2 * HALF / SIDE, HALF)
    with rasterio.open(
        path, "w", driver="COG", width=SIDE, height=SIDE, count=3, dtype="uint8", crs="EPSG:3857",
        transform=place, compress="jpeg", blocksize=256,
    ) as file:  # fmt: skip
        for band in (1, 2, 3):
            noise = rng.integers(0, 40, (SIDE, SIDE), np.uint8)
            file.write((90 + 40 * rows).astype(np.uint8) + noise, band)
    return path.read_bytes()


def sessions(count: int, seed: int = 1) -> list[list[Tile]]:
    """Tiles that each session asks for, in order, `count` tiles in all."""
    rng = random.Random(seed)
    places = [(rng.uniform(0.05, 0.95), rng.uniform(0.15, 0.8)) for _ in range(PLACES)]
    edges = list(itertools.accumulate(1 / (rank + 1) ** EXPONENT for rank in range(PLACES)))
    found: list[list[Tile]] = []
    total = 0
    while total < count:
        place = places[bisect.bisect_left(edges, rng.uniform(0, edges[-1]))]
        found.append(list(dict.fromkeys(session(rng, *place))))
        total += len(found[-1])
    return found


def session(rng: random.Random, x: float, y: float) -> Iterator[Tile]:
    """Tiles of the screens of one session, from a place in parts of the whole map."""
    zoom = rng.randint(3, 6)
    for _ in range(rng.randint(2, STEPS)):
        side = 2**zoom
        left, top = int(x * side) - SCREEN[0] // 2, int(y * side) - SCREEN[1] // 2
        for down, right in itertools.product(range(SCREEN[1]), range(SCREEN[0])):
            column, row = left + right, top + down
            if 0 <= column < side and 0 <= row < side:
                yield zoom, column, row
        turn = rng.random()
        if turn < 0.45:
            zoom = min(ZOOMS[1], zoom + 1)
        elif turn < 0.6:
            zoom = max(ZOOMS[0], zoom - 1)
        else:
            x = min(0.99, max(0.01, x + rng.choice((-2, -1, 1, 2)) / side))
            y = min(0.9, max(0.1, y + rng.choice((-1, 0, 1)) / side))


def replay(port: int, walks: list[list[Tile]]) -> collections.Counter[str]:
    """Ask for every session's tiles on two connections of its own; how each answer came."""

    def one(walk: list[Tile]) -> collections.Counter[str]:
        ways: collections.Counter[str] = collections.Counter()
        lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=120) for _ in range(2)]
        for number, (zoom, column, row) in enumerate(walk):
            line = lines[number % 2]
            line.request("GET", f"/tiles/world/{zoom}/{column}/{row}.jpg")
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"status {answer.status}")
            _, _, way = answer.headers["Cache-Status"].partition("; ")
            ways[way.rpartition("=")[2] if "detail" in way else "memory"] += 1
        for line in lines:
            line.close()
        return ways

    total: collections.Counter[str] = collections.Counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for ways in pool.map(one, walks):
            total.update(ways)
    return total


def run(
    origin: RangeServer, walks: list[list[Tile]], workers: int, shared: bool, memory: int
) -> tuple[collections.Counter[str], int, float]:
    """How the answers came, the origin's requests, and the seconds it took."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = {
            "server": {"port": port, "workers": workers},
            "cache": {"memory_mb": memory, "disk": f"{folder}/tier" if shared else "off", "disk_mb": 2048},
            "render": {"block_cache_mb": 16},
            "services": [{"name": "world", "source": f"{origin.url}/world.tif"}],
        }
        file = Path(folder, "config.yaml")
        file.write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "proxy", "serve", "--config", str(file), "--log-level", "error"]
        with server(command, port):
            time.sleep(4)
            origin.log.clear()
            began = time.perf_counter()
            ways = replay(port, walks)
            return ways, len(origin.log), time.perf_counter() - began


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=12_000)
    parser.add_argument("--memory", type=int, default=16)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    arguments = parser.parse_args()
    walks = sessions(arguments.requests)
    tiles = [tile for walk in walks for tile in walk]
    best = 1 - len(set(tiles)) / len(tiles)
    print(f"{len(tiles)} requests of {len(walks)} sessions, {len(set(tiles))} different tiles")
    print(f"no cache of any size can have more than {best:.1%} hits")
    print(HEAD)
    with range_server() as origin, tempfile.TemporaryDirectory() as folder:
        origin.put("world.tif", world(Path(folder)))
        for workers, shared in itertools.product(arguments.workers, (False, True)):
            ways, requests, seconds = run(origin, walks, workers, shared, arguments.memory)
            total = ways.total()
            hits = ways["memory"] + ways["disk"] + ways["joined"]
            shares = f"{hits / total:>7.1%} {ways['memory'] / total:>8.1%} {ways['disk'] / total:>7.1%}"
            counts = f"{ways['miss']:>8} {requests:>7} {total / seconds:>6.0f}"
            print(f"{workers:>7}  {'disk' if shared else 'none':<6} {shares} {counts}", flush=True)


if __name__ == "__main__":
    main()
