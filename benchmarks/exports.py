"""Exports of 400, 1024 and 4096 pixels a side beside titiler's nearest equal: server CPU and peak memory.

    python benchmarks/exports.py [--rounds N]

One worker each, warmed up; rounds are interleaved, each with a slightly shifted extent so that nothing is
cached.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import rasterio
import yaml
from rasterio.warp import transform_bounds
from run import DEMO, NDVI, TITILER, VISIBLE
from servers import free_port, replay, resident_mb, server

KINDS = [
    ("RGB", "sentinel2.tif", VISIBLE, "bidx=3&bidx=2&bidx=1&rescale=700,4000"),
    ("hillshade", "elevation.tif", {"function": "hillshade"}, "algorithm=hillshade"),
    (
        "NDVI + colormap",
        "sentinel2.tif",
        NDVI,
        "expression=(b4-b3)/(b4%2Bb3)&rescale=-1,1&colormap_name=rdylgn",
    ),
]


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        listed = [
            {"name": f"s{i}", "source": str(DEMO / name), "renderings": [{"name": "r", "rule": rule}]}
            for i, (_, name, rule, _) in enumerate(KINDS)
        ]
        config.write_text(yaml.safe_dump({"services": listed}))
        ours, theirs = free_port(), free_port()
        command = [sys.executable, "-m", "proxy", "serve", "--config", str(config), "--port", str(ours)]
        mine = stack.enter_context(server([*command, "--log-level", "error"], ours)), ours
        command = [sys.executable, "-m", "uvicorn", "titiler.application.main:app", "--port", str(theirs)]
        other = (
            stack.enter_context(
                server([*command, "--no-access-log", "--log-level", "error"], theirs, TITILER)
            ),
            theirs,
        )
        print(f"load {os.getloadavg()[0]:.1f}; CPU ms for one picture")
        for size in (400, 1024, 4096):
            for index, kind in enumerate(KINDS):
                compare(index, kind, size, mine, other, rounds if size < 4096 else min(rounds, 2))
        print(f"resident: ours {resident_mb(mine[0]):.0f} MB, titiler {resident_mb(other[0]):.0f} MB")


def compare(
    index: int, kind: tuple[str, str, object, str], size: int, mine: tuple[int, int], other: tuple[int, int],
    rounds: int,
) -> None:  # fmt: skip
    """Print the medians of one kind and size."""
    label, name, _, theirs = kind
    source = quote(str(DEMO / name), safe="")
    with rasterio.open(DEMO / name) as file:
        west, south, east, north = transform_bounds(file.crs, "EPSG:3857", *file.bounds)
    costs: tuple[list[float], list[float]] = ([], [])
    failures = 0
    for round_ in range(rounds + 1):
        inset = (east - west) * (0.1 + 0.003 * round_)
        side = min(east - west, north - south) - 2 * inset
        box = f"{west + inset},{south + inset},{west + inset + side},{south + inset + side}"
        addresses = (
            f"/arcgis/rest/services/s{index}/ImageServer/exportImage?bbox={box}&bboxSR=3857&imageSR=3857"
            f"&size={size},{size}&format=png32&interpolation=RSP_BilinearInterpolation&f=image",
            f"/cog/bbox/{box}/{size}x{size}.png?url={source}&coord_crs=EPSG:3857&dst_crs=EPSG:3857"
            f"&resampling=bilinear&reproject=bilinear&{theirs}",
        )
        for which, (target, address) in enumerate(zip((mine, other), addresses, strict=True)):
            done = replay(*target, [address])
            failures += done.failures
            if round_:
                costs[which].append(done.cpu)
    first, second = statistics.median(costs[0]), statistics.median(costs[1])
    note = f"  {failures} failed" if failures else ""
    print(
        f"{size:>5} {label:<18}{first:>9.0f}{second:>10.0f}{second / max(first, 1):>7.1f}x{note}", flush=True
    )


if __name__ == "__main__":
    main()
