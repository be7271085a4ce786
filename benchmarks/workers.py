"""Cold tiles a second with one worker and with two, and who holds the interpreter lock meanwhile.

    python benchmarks/workers.py [--tiles N] [--rounds N]

Four clients ask at once. With py-spy installed, the shares of the samples in which a thread holds the lock
are printed by function for one worker.
"""

from __future__ import annotations

import argparse
import collections
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from memory import BOXES, tile
from servers import free_port, replay, server


def walk(count: int, seed: int) -> list[str]:
    """Different tiles of the demo for every seed."""
    import random

    rng = random.Random(seed)
    found = []
    for _ in range(count):
        name = rng.choice(("dem/sierra", "sentinel2", "bluemarble"))
        west, south, east, north = BOXES[name]
        zoom = rng.randint(3, 6) if name == "bluemarble" else rng.randint(12, 15)
        x, y = tile(rng.uniform(west, east), rng.uniform(south, north), zoom)
        found.append(f"/tiles/{name}/{zoom}/{x}/{y}.png?quality={1 + seed % 99}")
    return found


def rate(workers: int, addresses: list[str], spy: bool = False) -> float:
    """Tiles a second, four clients at a time, after a short warm-up."""
    port = free_port()
    command = [sys.executable, "-m", "proxy", "serve", "--port", str(port), "--workers", str(workers)]
    with server([*command, "--log-level", "error"], port) as pid:
        time.sleep(2)
        replay(pid, port, walk(20, 1))
        watch = _spy(pid) if spy else None
        began = time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda part: replay(pid, port, addresses[part::4]), range(4)))
        seconds = time.perf_counter() - began
        if watch is not None:
            _report(*watch)
    return len(addresses) / seconds


def _spy(pid: int) -> tuple[subprocess.Popen[bytes], Path]:
    out = Path(tempfile.mkdtemp(), "stacks")
    command = [
        "py-spy",
        "record",
        "--gil",
        "-d",
        "8",
        "-r",
        "250",
        "-f",
        "raw",
        "-o",
        str(out),
        "--pid",
        str(pid),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), out


def _report(watch: subprocess.Popen[bytes], out: Path) -> None:
    watch.wait(30)
    leaves: collections.Counter[str] = collections.Counter()
    for line in out.read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        leaves[stack.split(";")[-1].split(":")[0]] += int(count)
    total = sum(leaves.values())
    print(f"a thread holds the lock in {total} of {8 * 250} samples; by function:")
    for name, count in leaves.most_common(12):
        print(f"  {count / total * 100:5.1f} %  {name}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    if shutil.which("py-spy"):
        rate(1, walk(4000, 77), spy=True)
    found: dict[int, list[float]] = {1: [], 2: []}
    for round_ in range(arguments.rounds):
        for workers, rates in found.items():
            rates.append(rate(workers, walk(arguments.tiles, 2 + round_)))
    one, two = statistics.median(found[1]), statistics.median(found[2])
    print(f"one worker {one:.0f} tiles/s, two {two:.0f} tiles/s: {two / one:.2f}x")


if __name__ == "__main__":
    main()
