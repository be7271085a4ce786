"""The first tile of a cold remote COG, and the next one near it, beside titiler in its recommended settings.

    python benchmarks/remote.py [--latency SECONDS] [--rounds N]

A range server on loopback waits before each answer. Both servers run already; every round names an object
that neither has seen. Figures are medians of wall time as the client sees it, and of the requests that the
object got.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import yaml
from run import DEMO, ROOT, TITILER, VISIBLE, tiles_of
from servers import free_port, replay, server

sys.path.insert(0, str(ROOT))
from tests.range_server import RangeServer, range_server

FILES = ("sentinel2.tif", "elevation.tif", "bluemarble.tif")
REMOTE = {
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MULTIPLEX": "YES",
    "GDAL_HTTP_VERSION": "2",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "CPL_VSIL_CURL_CACHE_SIZE": "200000000",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif",
}
#: The range that numbers are shown in is given to both servers.
RULES = {
    "sentinel2": VISIBLE,
    "elevation": {"function": "stretch", "stretch_type": 5, "statistics": [[0, 4400]]},
}


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.03)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        store = stack.enter_context(range_server(arguments.latency))
        names = [f"{Path(name).stem}{round_}" for name in FILES for round_ in range(arguments.rounds + 1)]
        listed = []
        for name in names:
            content = (DEMO / next(file for file in FILES if name.startswith(Path(file).stem))).read_bytes()
            store.put(f"ours/{name}.tif", content)
            store.put(f"theirs/{name}.tif", content)
            rule = next((rule for stem, rule in RULES.items() if name.startswith(stem)), None)
            renderings = [{"name": "r", "rule": rule}]
            listed.append({"name": name, "source": f"{store.url}/ours/{name}.tif", "renderings": renderings})
        config = Path(folder, "config.yaml")
        config.write_text(yaml.safe_dump({"services": listed, "server": {"open_at_start": False}}))
        ours, theirs = free_port(), free_port()
        command = [sys.executable, "-m", "proxy", "serve", "--config", str(config), "--port", str(ours)]
        mine = stack.enter_context(server([*command, "--log-level", "error"], ours)), ours
        command = [sys.executable, "-m", "uvicorn", "titiler.application.main:app", "--port", str(theirs)]
        other = (
            stack.enter_context(
                server([*command, "--no-access-log", "--log-level", "error"], theirs, TITILER | REMOTE)
            ),
            theirs,
        )
        print(
            f"{'file':<16}{'':<7}{'ours ms':>9}{'requests':>10}{'titiler ms':>12}{'requests':>10}{'ratio':>8}"
        )
        for file in FILES:
            compare(file, store, mine, other, arguments.rounds)


def compare(
    file: str, store: RangeServer, mine: tuple[int, int], other: tuple[int, int], rounds: int
) -> None:
    """Print the medians of one file."""
    stem = Path(file).stem
    tiles = tiles_of(DEMO / file)
    zoom = tiles[0][0]
    first = sorted(tile for tile in tiles if tile[0] == zoom)[len(tiles) // 4]
    following = (zoom, first[1] + 1, first[2])
    choices = {"sentinel2": "&bidx=3&bidx=2&bidx=1&rescale=700,4000", "elevation": "&rescale=0,4400"}
    rescale = choices.get(stem, "")
    found: dict[str, list[tuple[float, int]]] = {}
    for round_ in range(rounds + 1):
        for who, target in (("ours", mine), ("theirs", other)):
            source = f"{store.url}/{who}/{stem}{round_}.tif"
            for step, (z, x, y) in (("first", first), ("next", following)):
                address = (
                    f"/tiles/{stem}{round_}/{z}/{x}/{y}.jpg"
                    if who == "ours"
                    else f"/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.jpg?url={quote(source, safe='')}{rescale}"
                )
                store.log.clear()
                began = time.perf_counter()
                done = replay(*target, [address])
                if done.failures:
                    print(f"{who} failed: {address}")
                if round_:
                    found.setdefault(f"{who} {step}", []).append(
                        (time.perf_counter() - began, len(store.log))
                    )
    for step in ("first", "next"):
        our_time, our_count = (statistics.median(item[i] for item in found[f"ours {step}"]) for i in (0, 1))
        time_, count = (statistics.median(item[i] for item in found[f"theirs {step}"]) for i in (0, 1))
        print(
            f"{stem:<16}{step:<7}{our_time * 1000:>9.0f}{our_count:>10.0f}{time_ * 1000:>12.0f}{count:>10.0f}"
            f"{time_ / our_time:>7.1f}x"
        )


if __name__ == "__main__":
    main()
