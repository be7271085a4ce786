"""Tiles of slices of cubes, beside rio-tiler's reader of xarray.

    python benchmarks/cube.py FOLDER [--rounds N]

FOLDER holds `coads_sst.nc`, `ocean_atlas_temp_time_depth.nc`, `ostia_monthly.nc`, `olci_ocean_colour.zarr`
as far as they are there; without it the file of the tests is taken. Needs rioxarray.

Of each file tiles of several slices are read as numbers, bilinear, in turns: by this project, with its blocks
forgotten before every tile and with them kept; by `rio_tiler.io.xarray.XarrayReader` on a data set that stays
open, and on one that is opened for each tile, as a server that keeps nothing does. Printed are the medians of
CPU milliseconds a tile, and how many times as long the other takes. Last comes the median difference of
values that both have, which for bilinear between cells is that of two warpers.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import morecantile
import numpy as np
import rioxarray  # noqa: F401
import xarray as xr
from rio_tiler.io.xarray import XarrayReader

from proxy.app import read_renderings
from proxy.config import parse
from proxy.crs import WEB_MERCATOR
from proxy.model import Extent, Grid, Interpolation
from proxy.render.reader import read_raster
from proxy.selection import DimensionChoice, Selection
from proxy.services import Registry, Service
from proxy.sources.blocks.cache import shared_cache

MATRICES = morecantile.tms.get("WebMercatorQuad")
SMALL = Path(__file__).parents[1] / "tests" / "data"


@dataclass(frozen=True)
class File:
    """A file, and what rioxarray has to be told of it."""

    name: str
    variable: str
    x: str
    y: str
    engine: str
    tiles: tuple[tuple[int, int, int], ...]


FILES = (
    File("coads_sst.nc", "SST", "COADSX", "COADSY", "h5netcdf", ((0, 0, 0), (2, 1, 1), (4, 9, 6))),
    File(
        "ocean_atlas_temp_time_depth.nc", "TEMP", "XAX_SUBSET", "YAX_SUBSET", "h5netcdf",
        ((0, 0, 0), (2, 1, 1), (4, 7, 8)),
    ),
    File(
        "ocean_temperature.nc", "TEMP", "XAX_SUBSET", "YAX_SUBSET", "h5netcdf",
        ((0, 0, 0), (2, 1, 1), (4, 7, 8)),
    ),
    File(
        "ostia_monthly.nc", "surface_temperature", "longitude", "latitude", "h5netcdf",
        ((0, 0, 0), (3, 3, 4), (5, 4, 16)),
    ),
    File(
        "olci_ocean_colour.zarr", "conc_chl", "lon", "lat", "zarr",
        ((6, 32, 21), (8, 128, 84), (10, 514, 338)),
    ),
)  # fmt: skip


def other(file: File, path: Path) -> xr.DataArray:
    """The variable as servers on rioxarray prepare it."""
    options: dict[str, Any] = {"consolidated": True} if file.engine == "zarr" else {}
    data = xr.open_dataset(path, engine=file.engine, decode_times=False, **options)[file.variable]
    data = data.rename({file.x: "x", file.y: "y"})
    if float(data.x.max()) > 180:
        data = data.assign_coords(x=(data.x + 180) % 360 - 180).sortby("x")
    return data.rio.write_crs("EPSG:4326")


def their_tile(data: xr.DataArray, index: dict[str, int], tile: tuple[int, int, int]) -> np.ma.MaskedArray:
    z, x, y = tile
    with XarrayReader(data.isel(index)) as reader:
        return np.ma.masked_invalid(reader.tile(x, y, z, tilesize=256, reproject_method="bilinear").array)


def their_tile_anew(file: File, path: Path, index: dict[str, int], tile: tuple[int, int, int]) -> Any:
    with other(file, path) as data:
        return their_tile(data, index, tile)


def grid_of(tile: tuple[int, int, int]) -> Grid:
    z, x, y = tile
    return Grid(WEB_MERCATOR, Extent(*MATRICES.xy_bounds(morecantile.Tile(x, y, z))), 256, 256)


def our_tile(service: Service, index: dict[str, int], variable: str, tile: tuple[int, int, int]) -> Any:
    (found,) = [each for each in service.info.variables if each.name == variable]
    chosen = {each.name.lower(): each.values[index[each.name]] for each in found.dimensions}
    source = service.source
    part = source.at(selected(variable, chosen))
    raster = read_raster(part, grid_of(tile), (0,), Interpolation.BILINEAR)
    return np.ma.MaskedArray(raster.data, ~np.broadcast_to(raster.valid(), raster.data.shape))


def selected(variable: str, values: dict[str, float]) -> Selection:
    choices = tuple(DimensionChoice(name, ((value, value),)) for name, value in sorted(values.items()))
    return Selection(variable=variable, dimensions=choices)


def clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU milliseconds, and the result."""
    before = time.process_time()
    result = work()
    return (time.process_time() - before) * 1000, result


def compare(file: File, path: Path, rounds: int) -> None:
    config = parse({"services": [{"name": "cube", "source": str(path)}]}, {})
    service = Registry(config, read_renderings).get("cube")
    (variable,) = [each for each in service.info.variables if each.name == file.variable]
    sizes = {each.name: len(each.values) for each in variable.dimensions}
    opened = other(file, path)
    columns: dict[str, list[float]] = {"cold": [], "warm": [], "open": [], "anew": []}
    differences: list[float] = []
    for turn in range(rounds):
        index = {name: turn * 7 % size for name, size in sizes.items()}
        for tile in file.tiles:
            ours = partial(our_tile, service, index, file.variable, tile)
            shared_cache().drop(lambda key: True)
            columns["cold"].append(clocked(ours)[0])
            spent, mine = clocked(ours)
            columns["warm"].append(spent)
            spent, theirs = clocked(partial(their_tile, opened, index, tile))
            columns["open"].append(spent)
            columns["anew"].append(clocked(partial(their_tile_anew, file, path, index, tile))[0])
            both = np.ma.abs(mine.astype(np.float64) - theirs).compressed()
            differences += [float(np.median(both))] if both.size else []
    cold, warm, kept, anew = (statistics.median(values) for values in columns.values())
    print(
        f"{file.name:32}{cold:9.2f}{warm:9.2f}{kept:11.2f}{anew:11.2f}"
        f"{kept / cold:9.1f}x{kept / warm:8.1f}x{anew / warm:8.1f}x{statistics.median(differences):12.3g}"
    )


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("folder", nargs="?", type=Path, default=SMALL)
    parser.add_argument("--rounds", type=int, default=12)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{'file':32}{'cold ms':>9}{'warm ms':>9}{'xarray ms':>11}{'anew ms':>11}"
        f"{'cold':>10}{'warm':>9}{'anew':>9}{'difference':>12}"
    )
    for file in FILES:
        path = given.folder / file.name
        if path.exists():
            compare(file, path, given.rounds)


if __name__ == "__main__":
    main()
