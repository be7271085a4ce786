"""Cold tiles, beside titiler on the same files in the same run: server CPU for a tile.

    python benchmarks/run.py [--tiles N] [--rounds N] [--data FOLDER]

Both servers run with one worker. Each is asked for one tile of each file before the clock runs; then rounds
are interleaved, every round with tiles that neither has rendered before (another random walk over the data
at the native zoom and the one below). Figures are medians over rounds of the server's user + system time for
a tile. The data set beside the project is used where it is present, else the bundled demo.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import morecantile
import rasterio
import yaml
from rasterio.warp import transform_bounds
from servers import free_port, replay, resident_mb, server

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "proxy" / "demo"
TITILER = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_CACHEMAX": "200",
    "VSI_CACHE": "TRUE",
    "VSI_CACHE_SIZE": "5000000",
    "PYTHONWARNINGS": "ignore",
}
NDVI = [
    {"function": "ndvi", "visible_band_id": 2, "infrared_band_id": 3},
    {"function": "colormap", "colormap_name": "NDVI3"},
]
RGB = {"function": "extract_band", "band_ids": [0, 1, 2]}
VISIBLE = [
    {"function": "extract_band", "band_ids": [2, 1, 0]},
    {"function": "stretch", "stretch_type": "minimum_maximum", "statistics": [[700, 4000]] * 3},
]


@dataclass
class Work:
    """One kind of tile, and how each server is asked for it."""

    label: str
    file: Path
    rule: object
    theirs: str
    extension: str = "png"


def works(data: Path) -> list[Work]:
    """The kinds of tiles, on the large files where they are present."""
    have = data.is_dir()
    naip = data / "mosaic_naip/m_4709963_se_14_1_20120731.tif"
    s2 = (
        data / "multispectral/s2_l1c_t33uuu_20170216_10m_4band_uint16.tif" if have else DEMO / "sentinel2.tif"
    )
    dem = data / "dem/srtm90_whitney_utm11n_float32.tif" if have else DEMO / "elevation.tif"
    marble = DEMO / "bluemarble.tif"
    found = [
        Work("4326 uint8 RGB JPEG", marble, None, ""),
        Work("4326 uint8 RGB JPEG, as jpg", marble, None, "", "jpg"),
        Work("UTM uint16 stretched", s2, VISIBLE, "bidx=3&bidx=2&bidx=1&rescale=700,4000"),
        Work("UTM uint16 NDVI + colormap", s2, NDVI,
             "expression=(b4-b3)/(b4%2Bb3)&rescale=-1,1&colormap_name=rdylgn"),
        Work("DEM hillshade", dem, {"function": "hillshade"}, "algorithm=hillshade"),
    ]  # fmt: skip
    if have:
        found += [
            Work("UTM uint8 RGB deflate", naip, RGB, "bidx=1&bidx=2&bidx=3"),
            Work("UTM uint8 RGB deflate, as jpg", naip, RGB, "bidx=1&bidx=2&bidx=3", "jpg"),
            Work("3857 palette", data / "oddities/palette_3857_7168x8704.tif", None, ""),
            Work("4326 int16 stretched", data / "dem/srtm90_sierra_nevada_4326_int16.tif",
                 {"function": "stretch", "stretch_type": 5, "statistics": [[0, 4400]]}, "rescale=0,4400"),
        ]  # fmt: skip
    return found


def tiles_of(path: Path) -> list[tuple[int, int, int]]:
    """Tiles over the data at the native zoom and the one below, in a fixed random order."""
    tms = morecantile.tms.get("WebMercatorQuad")
    with rasterio.open(path) as file:
        west, south, east, north = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
        metres = (east - west) * 111_320 / file.width
    native = tms.zoom_for_res(metres)
    box = (west, max(south, -84), east, min(north, 84))
    found = []
    for zoom in (native, native - 1):
        for index, tile in enumerate(tms.tiles(*box, [zoom])):
            if index > 5000:
                break
            found.append((tile.z, tile.x, tile.y))
    random.Random(11).shuffle(found)
    return found


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    arguments = parser.parse_args()
    todo = works(arguments.data)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        listed = [
            {"name": f"s{index}", "source": str(work.file), "renderings": [{"name": "r", "rule": work.rule}]}
            for index, work in enumerate(todo)
        ]
        config.write_text(yaml.safe_dump({"services": listed}))
        ours, theirs = free_port(), free_port()
        command = [sys.executable, "-m", "proxy", "serve", "--config", str(config), "--port", str(ours)]
        our_pid = stack.enter_context(server([*command, "--log-level", "error"], ours))
        command = [sys.executable, "-m", "uvicorn", "titiler.application.main:app", "--port", str(theirs)]
        their_pid = stack.enter_context(
            server([*command, "--no-access-log", "--log-level", "error"], theirs, TITILER)
        )
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, python {sys.version.split()[0]}")
        print(f"{'tile':<34}{'resampling':<12}{'ours ms':>9}{'titiler ms':>12}{'ratio':>8}")
        ratios = []
        for index, work in enumerate(todo):
            for resampling in ("nearest", "bilinear"):
                ratios.append(
                    compare(index, work, resampling, (our_pid, ours), (their_pid, theirs), arguments)
                )
        print(f"least ratio {min(ratios):.1f}x, median {statistics.median(ratios):.1f}x")
        print(f"resident: ours {resident_mb(our_pid):.0f} MB, titiler {resident_mb(their_pid):.0f} MB")


def compare(
    index: int, work: Work, resampling: str, ours: tuple[int, int], theirs: tuple[int, int],
    arguments: argparse.Namespace,
) -> float:  # fmt: skip
    """Print the medians of one kind of tile; how many times more titiler needs."""
    source = quote(str(work.file), safe="")
    mine = f"/tiles/s{index}/{{}}/{{}}/{{}}.{work.extension}?interpolation={resampling}"
    other = (
        f"/cog/tiles/WebMercatorQuad/{{}}/{{}}/{{}}.{work.extension}?url={source}&resampling={resampling}"
        f"&reproject={resampling}" + (f"&{work.theirs}" if work.theirs else "")
    )
    tiles = tiles_of(work.file)
    replay(*ours, [mine.format(*tiles[0])])
    replay(*theirs, [other.format(*tiles[0])])
    costs: tuple[list[float], list[float]] = ([], [])
    failures = 0
    for round_ in range(arguments.rounds):
        start = 1 + round_ * arguments.tiles
        part = tiles[start : start + arguments.tiles]
        if len(part) < 5:
            break
        for side, (server_, address) in enumerate(((ours, mine), (theirs, other))):
            done = replay(*server_, [address.format(*tile) for tile in part])
            costs[side].append(done.cpu)
            failures += done.failures
    first, second = statistics.median(costs[0]), statistics.median(costs[1])
    ratio = second / max(first, 1e-3)
    note = f"  {failures} failed" if failures else ""
    print(f"{work.label:<34}{resampling:<12}{first:>9.2f}{second:>12.2f}{ratio:>7.1f}x{note}", flush=True)
    return ratio


if __name__ == "__main__":
    main()
