"""Tiles of a mosaic, ours beside rio-tiler's `mosaic_reader`, on the same items in the same order.

    python benchmarks/mosaic.py FILE... [--tiles N] [--rounds N] [--operation first|mean]

Both sides get the items that meet a tile from our catalog, so that the difference is the reading and putting
together of pixels; ours asks the catalog inside the measured time as well. Tiles and sides are interleaved,
medians of the tiles' best rounds are compared. rio-tiler opens the files for each tile, as its users do, and
once more with its readers kept open.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import morecantile
from rio_tiler.io import Reader
from rio_tiler.models import ImageData
from rio_tiler.mosaic import mosaic_reader
from rio_tiler.mosaic.methods.defaults import FirstMethod, MeanMethod

from proxy.app import read_renderings
from proxy.catalog.base import Query
from proxy.config import parse
from proxy.crs import WEB_MERCATOR, WGS84, transform_bounds
from proxy.listing.builder import refresh_now
from proxy.model import Extent, Grid, Interpolation
from proxy.render.context import ReadContext
from proxy.render.reader import read_raster
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.services import Registry
from proxy.sources.mosaic import MosaicSource

TMS = morecantile.tms.get("WebMercatorQuad")


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tiles", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--operation", choices=("first", "mean"), default="first")
    arguments = parser.parse_args()
    paths = [str(path.resolve()) for path in arguments.files]
    with tempfile.TemporaryDirectory() as state:
        service = {"name": "mosaic", "mosaic": {"source": paths, "method": "none"}}
        config = parse({"state": state, "services": [service]}, {})
        catalog = refresh_now(config.services[0], config)
        source = Registry(config, read_renderings).get("mosaic").source
        assert isinstance(source, MosaicSource)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        print(f"{len(catalog)} items, {arguments.operation}")
        compare(source, arguments)


class Sides:
    """One tile, read in each way.

    Args:
        readers: of rio-tiler, kept open from tile to tile.
    """

    def __init__(
        self,
        source: MosaicSource,
        tile: morecantile.Tile,
        operation: MosaicOperation,
        readers: dict[str, Reader],
    ) -> None:
        self.source, self.tile, self.operation, self.readers = source, tile, operation, readers
        bounds = TMS.xy_bounds(tile)
        self.extent = Extent(bounds.left, bounds.bottom, bounds.right, bounds.top)
        self.bands = tuple(range(min(3, source.info.band_count)))
        self.chosen = source.normalised(Selection(MosaicRule(MosaicMethod.NONE, operation)))
        inner = transform_bounds(self.extent.as_tuple(), WEB_MERCATOR, source.crs)
        items = source.catalog.find(Query(extent=Extent(*inner)))
        self.assets = [item.assets[0].href for item in items]

    def ours(self) -> object:
        """Catalog, items and pixels."""
        grid = Grid(WEB_MERCATOR, self.extent, 256, 256)
        context = ReadContext(selection=self.chosen)
        return read_raster(self.source, grid, self.bands, Interpolation.BILINEAR, context)

    def opened(self) -> object:
        """rio-tiler, opening the files."""
        return self._theirs(self._open)

    def kept(self) -> object:
        """rio-tiler with files that are open already."""
        return self._theirs(self._keep)

    def _theirs(self, read: Callable[[str], ImageData]) -> object:
        method = FirstMethod() if self.operation is MosaicOperation.FIRST else MeanMethod()
        return mosaic_reader(self.assets, read, threads=os.cpu_count() or 1, pixel_selection=method)

    def _open(self, asset: str) -> ImageData:
        with Reader(asset) as reader:
            return self._read(reader)

    def _keep(self, asset: str) -> ImageData:
        if asset not in self.readers:
            self.readers[asset] = Reader(asset)
        return self._read(self.readers[asset])

    def _read(self, reader: Reader) -> ImageData:
        x, y, z = self.tile
        indexes = tuple(band + 1 for band in self.bands)
        return reader.tile(x, y, z, indexes=indexes, resampling_method="bilinear")


def compare(source: MosaicSource, arguments: argparse.Namespace) -> None:
    """Print the medians over the tiles."""
    operation = MosaicOperation(arguments.operation)
    readers: dict[str, Reader] = {}
    times: dict[str, list[float]] = {"ours": [], "rio-tiler": [], "rio-tiler, kept open": []}
    for tile in tiles(source, arguments.tiles):
        sides = Sides(source, tile, operation, readers)
        ways = dict(zip(times, (sides.ours, sides.opened, sides.kept), strict=True))
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                best[name] = min(best[name], time.perf_counter() - began)
        for name, seconds in best.items():
            times[name].append(seconds)
    base = statistics.median(times["ours"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<24}{median * 1000:9.2f} ms a tile{median / base:8.1f} times ours")


def tiles(source: MosaicSource, count: int) -> list[morecantile.Tile]:
    """Tiles over the data at the zoom of its pixels and two below it, drawn with a fixed seed."""
    bounds = source.info.geographic_bounds
    assert bounds is not None
    native = transform_bounds(source.info.extent.as_tuple(), source.crs, WGS84)
    zoom = TMS.zoom_for_res((native[2] - native[0]) * 111_320 / source.info.width)
    found = [tile for z in range(max(0, zoom - 2), zoom + 1) for tile in TMS.tiles(*bounds, [z])]
    return random.Random(7).sample(found, min(count, len(found)))


if __name__ == "__main__":
    main()
