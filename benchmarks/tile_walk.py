"""Replay a walk over tiles against this server and titiler, on the same files in the same run.

    pip install titiler.application && python benchmarks/tile_walk.py FILE... [--tiles N] [--rounds N]

Both servers run with one worker on loopback. The walk is the same for both: tiles over the data at several
zooms, shuffled with a fixed seed. Rounds are interleaved and the servers are started anew for each, so that
every `cold` pass is cold; `warm` repeats the walk. CPU is user + system time of the server process.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import morecantile
import rasterio
from rasterio.warp import transform_bounds
from servers import Pass, free_port, replay, server

DEMO = [Path(__file__).parents[1] / "proxy" / "demo" / name for name in ("bluemarble.tif", "elevation.tif")]


def walk(path: Path, count: int) -> list[tuple[int, int, int]]:
    """Tiles that touch the data, from the zoom of the whole to one past native, shuffled."""
    tms = morecantile.tms.get("WebMercatorQuad")
    with rasterio.open(path) as file:
        west, south, east, north = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
        native = tms.zoom_for_res((east - west) * 111_320 / file.width)
    span = max(0, native - 4)
    zooms = range(span, min(native + 2, 22))
    south, north = max(south, -85), min(north, 85)
    tiles = [
        (tile.z, tile.x, tile.y)
        for zoom in zooms
        for tile in _some(list(_limited(tms, (west, south, east, north), zoom)), count // len(zooms) + 1)
    ]
    random.Random(7).shuffle(tiles)
    return tiles[:count]


def _limited(
    tms: morecantile.TileMatrixSet, bounds: tuple[float, ...], zoom: int
) -> Iterator[morecantile.Tile]:
    for index, tile in enumerate(tms.tiles(*bounds, [zoom])):
        if index > 20_000:
            return
        yield tile


def _some(tiles: list[morecantile.Tile], count: int) -> list[morecantile.Tile]:
    return random.Random(5).sample(tiles, min(count, len(tiles)))


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--tiles", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--extension", default="png")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, python {sys.version.split()[0]}")
    print(f"{'file':<44}{'':<6}{'ours ms':>9}{'titiler ms':>12}{'ratio':>8}{'ours/s':>9}{'titiler/s':>11}")
    for path in arguments.files or DEMO:
        compare(path.resolve(), arguments.tiles, arguments.rounds, arguments.extension)


def compare(path: Path, count: int, rounds: int, extension: str) -> None:
    """Print the medians of one file, cold and warm."""
    tiles = walk(path, count)
    name = path.stem
    ours = [f"/tiles/{quote(name)}/{z}/{x}/{y}.{extension}?interpolation=bilinear" for z, x, y in tiles]
    source = quote(str(path), safe="")
    rescale = _rescale(path)
    theirs = [
        f"/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.{extension}?url={source}&resampling=bilinear&reproject=bilinear"
        + rescale
        for z, x, y in tiles
    ]
    found: dict[str, list[Pass]] = {}
    for _ in range(rounds):
        for who, addresses in (("ours", ours), ("titiler", theirs)):
            port = free_port()
            command, environment = _command(who, path, port)
            with server(command, port, environment) as pid:
                found.setdefault(f"{who} cold", []).append(replay(pid, port, addresses))
                found.setdefault(f"{who} warm", []).append(replay(pid, port, addresses))
    for state in ("cold", "warm"):
        mine, other = found[f"ours {state}"], found[f"titiler {state}"]
        if failed := sum(item.failures for item in mine + other):
            print(f"{name}: {failed} requests failed")
        cpu = [statistics.median(item.cpu for item in side) for side in (mine, other)]
        rate = [statistics.median(item.rate for item in side) for side in (mine, other)]
        print(
            f"{name[:43]:<44}{state:<6}{cpu[0]:>9.2f}{cpu[1]:>12.2f}{cpu[1] / max(cpu[0], 1e-3):>7.1f}x"
            f"{rate[0]:>9.0f}{rate[1]:>11.0f}"
        )


def _command(who: str, path: Path, port: int) -> tuple[list[str], dict[str, str]]:
    if who == "ours":
        return [
            sys.executable,
            "-m",
            "proxy",
            "serve",
            str(path),
            "--port",
            str(port),
            "--log-level",
            "error",
        ], {}
    settings = {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_CACHEMAX": "200",
        "VSI_CACHE": "TRUE",
        "VSI_CACHE_SIZE": "5000000",
        "PYTHONWARNINGS": "ignore",
    }
    module = "titiler.application.main:app"
    command = [sys.executable, "-m", "uvicorn", module, "--port", str(port), "--no-access-log"]
    return [*command, "--log-level", "error"], settings


def _rescale(path: Path) -> str:
    with rasterio.open(path) as file:
        if file.dtypes[0] == "uint8":
            return "" if file.count <= 3 else "&bidx=1&bidx=2&bidx=3"
        bands = (1, 2, 3) if file.count >= 3 else (1,)
        look = file.read(bands, out_shape=(len(bands), 256, 256), masked=True)
        low, high = float(look.min()), float(look.max())
        return f"&rescale={low},{high}" + "".join(f"&bidx={band}" for band in bands)


if __name__ == "__main__":
    main()
