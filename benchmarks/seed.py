"""Tiles a second of processor time: seeded, and asked of a server; then the memory of a large export.

    python benchmarks/seed.py [--service dem/sierra] [--zooms 8-13] [--rounds 3] [--side 8192]

Seeding and asking take turns in one run; the ratios of the rounds are printed. Both render each tile once,
with one thread and nothing kept; starting up and opening the source count on neither side: of the seeding,
what a run of zoom 0 alone takes is subtracted. Linux only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import free_port, replay, server

CONFIG = Path(__file__).parents[1] / "config.yaml"


def run(*options: str) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of processor time and peak megabytes of a command."""
    command = [sys.executable, "-m", "proxy", *options, "--quiet"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def seeded(folder: Path, service: str, zooms: str) -> float:
    """Seconds of processor time of a seeding into a new folder."""
    target = f"dir:{folder}"
    return run("seed", service, "--config", str(CONFIG), "--to", target, "--zooms", zooms, "--threads", "1")[
        1
    ]


def compare(service: str, zooms: str, rounds: int, folder: Path) -> None:
    """Print tiles per second of processor time of both, and the ratio."""
    tiles = folder / "tiles0"
    seeded(tiles, service, zooms)
    paths = [f"/tiles/{service}/{'/'.join(path.parts[-3:])}" for path in sorted(tiles.rglob("*.png"))]
    print(f"{len(paths)} tiles of {service}, zooms {zooms}")
    port = free_port()
    command = [
        sys.executable, "-m", "proxy", "serve", "--config", str(CONFIG), "--port", str(port), "--log-level",
        "error",
    ]  # fmt: skip
    nothing_kept = {"COGPROXY_CACHE__MEMORY_MB": "0", "COGPROXY_RENDER__THREADS": "1"}
    ratios = []
    for number in range(rounds):
        start = seeded(folder / f"start{number}", service, "0")
        spent = seeded(folder / f"tiles{number + 1}", service, zooms) - start
        with server(command, port, nothing_kept) as pid:
            replay(pid, port, paths[:1])
            asked = replay(pid, port, paths)
        if asked.failures:
            raise SystemExit(f"{asked.failures} requests failed")
        by_seed, by_server = len(paths) / spent, 1000 / asked.cpu
        ratios.append(by_seed / by_server)
        print(f"  seeded {by_seed:.0f}/s, asked {by_server:.0f}/s of processor time: {ratios[-1]:.2f}")
    print(f"seeding : asking = {statistics.median(ratios):.2f} (median of {rounds})")


def export(service: str, sides: list[int], folder: Path) -> None:
    """Print time and peak memory of exports, a small one first: the difference is what the size costs."""
    for side in sides:
        target = folder / f"{side}.tif"
        seconds, cpu, peak = run(
            "export", service, "--config", str(CONFIG), "--size", f"{side},{side}", "-o", str(target)
        )
        size = target.stat().st_size / 2**20
        print(
            f"export {side} x {side}: {seconds:.1f} s, {cpu:.1f} s of CPU, {size:.0f} MB, peak {peak:.0f} MB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--service", default="dem/sierra")
    parser.add_argument("--zooms", default="8-13")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=8192, help="0: no export")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        compare(given.service, given.zooms, given.rounds, Path(name))
        if given.side:
            export(given.service, [256, given.side], Path(name))


if __name__ == "__main__":
    main()
