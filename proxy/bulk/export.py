"""Exports beyond the limits of one request: block after block into a GeoTIFF, in bounded memory."""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.io import DatasetWriter
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window as RasterioWindow

from proxy.bulk.run import in_threads, on_cluster
from proxy.bulk.work import Job, worker_of
from proxy.crs import SpatialReference
from proxy.errors import CannotRead, InvalidParameter, Unsupported
from proxy.model import Extent, Grid, PixelType, Raster, RenderRequest, Window
from proxy.render.context import ReadContext
from proxy.render.pipeline import displayed, render_raster
from proxy.services import Service

#: Pixels along the side of a block that is rendered at once; a multiple of the blocks of the file.
BLOCK = 1024
#: Side of the blocks in the file.
TILE = 512
#: Most pixels of an export: what a TIFF and a patient user can hold.
MOST_PIXELS = 1 << 40

#: Compressions of pictures, with the numbers of 8-bit bands that they take.
PICTURES = {"jpeg": (1, 3), "webp": (3, 4)}
COMPRESSIONS = ("deflate", "lzw", "zstd", "jpeg", "webp", "lerc", "none")


@dataclass(frozen=True, slots=True)
class Order:
    """What is exported.

    Attributes:
        request: whose grid is the whole export; its format does not count.
        display: colours instead of numbers.
        compression: of the blocks, one of `COMPRESSIONS`.
        optimized: a Cloud Optimized GeoTIFF with overviews; else a plain tiled one.
    """

    request: RenderRequest
    display: bool = False
    compression: str = "deflate"
    optimized: bool = True


def grid_for(
    crs: SpatialReference,
    extent: Extent,
    size: tuple[int, int] | None,
    resolution: tuple[float, float] | None,
) -> Grid:
    """Pixels over an extent: so many, or so large. These grow the extent to whole ones, right and below.

    Raises:
        InvalidParameter: neither or both are given, or it is more than a file can hold.
    """
    if (size is None) == (resolution is None):
        raise InvalidParameter("size", "Give either a size or a resolution.")
    if size is not None:
        grid = Grid(crs, extent, *size)
    else:
        assert resolution is not None
        x, y = resolution
        width = max(1, math.ceil(extent.width / x - 1e-9))
        height = max(1, math.ceil(extent.height / y - 1e-9))
        grown = Extent(extent.xmin, extent.ymax - height * y, extent.xmin + width * x, extent.ymax)
        grid = Grid(crs, grown, width, height)
    if grid.width * grid.height > MOST_PIXELS:
        raise InvalidParameter("size", f"{grid.width} x {grid.height} pixels are too many.")
    return grid


def blocks(grid: Grid, side: int = BLOCK) -> Iterator[Window]:
    """Windows that cover a grid, row by row from the upper left."""
    for row in range(0, grid.height, side):
        for column in range(0, grid.width, side):
            yield Window(column, row, min(side, grid.width - column), min(side, grid.height - row))


def part(grid: Grid, window: Window) -> Grid:
    """The grid of a window; its edges lie where those of the whole grid do."""
    x, y = grid.resolution
    extent = Extent(
        grid.extent.xmin + window.column * x,
        grid.extent.ymax - (window.row + window.height) * y,
        grid.extent.xmin + (window.column + window.width) * x,
        grid.extent.ymax - window.row * y,
    )
    return Grid(grid.crs, extent, window.width, window.height)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Dask cluster whose workers open the service by themselves.

    Attributes:
        address: of its scheduler, or `local`.
        config: the configuration of the service as JSON, secrets included.
        renderings: reads the renderings of a configuration; sent by its name.
    """

    address: str
    config: str
    renderings: Any


def rendered_block(order: Order, service: Service, window: Window) -> tuple[Raster, int]:
    """One block of an export, and the number of items of a mosaic that it lacks."""
    context = ReadContext(service.source_pixels)
    piece = replace(order.request, grid=part(order.request.grid, window))
    with np.errstate(all="ignore"):
        source = service.source.at(order.request.selection)
        raster = render_raster(service, source, piece, context)
        if order.display:
            raster = displayed(service, source, piece, raster)
    return raster, len(context.missing)


def _on_worker(order: Order, cluster: Cluster, window: Window) -> tuple[Raster, int]:
    job = Job(cluster.config, order.request.service, None, "WebMercatorQuad", "png")
    return rendered_block(order, worker_of(job, cluster.renderings).service, window)


def export(
    service: Service,
    order: Order,
    target: Path,
    *,
    threads: int = 0,
    cluster: Cluster | None = None,
    advanced: Callable[[int], None] = lambda _: None,
) -> int:
    """Write an export. Blocks until it is there; the file appears when it is whole.

    Args:
        threads: of this process, 0 for one for each core.
        cluster: renders the blocks in place of threads.
        advanced: told the number of pixels that are written.

    Returns:
        Number of blocks that lack items of a mosaic.

    Raises:
        ProxyError: a block cannot be rendered; nothing is left behind.
    """
    chosen = service.source.normalised(order.request.selection)
    order = replace(order, request=replace(order.request, selection=chosen))
    windows = blocks(order.request.grid)
    results = (
        in_threads(partial(rendered_block, order, service), windows, threads)
        if cluster is None
        else on_cluster(_on_worker, (order, cluster), windows, cluster.address)
    )
    missing = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        plain = Path(folder) / "plain.tif"
        writer: _Writer | None = None
        try:
            for window, result in results:
                if isinstance(result, BaseException):
                    raise result
                raster, lost = result
                missing += bool(lost)
                if writer is None:
                    writer = _Writer(plain, order.request.grid, raster, order)
                writer.write(window, raster)
                advanced(window.width * window.height)
        finally:
            if writer is not None:
                writer.close()
        whole = Path(folder) / "whole.tif"
        _finished(plain, whole, order)
        whole.replace(target)
    return missing


class _Writer:
    """Blocks of rasters into one tiled file; the first tells types and bands."""

    def __init__(self, path: Path, grid: Grid, first: Raster, order: Order) -> None:
        self._lock = threading.Lock()
        counts = PICTURES.get(order.compression)
        if counts is not None and (first.data.dtype != np.uint8 or first.count not in counts):
            raise Unsupported(
                f"Compressed as {order.compression}, files hold {counts[0]} or {counts[1]} bands of 8 bits: "
                "choose bands with --bands, colours with --display, or another compression."
            )
        self._nodata = None if order.display else first.nodata
        self._count = first.count
        profile: dict[str, Any] = {
            "driver": "GTiff",
            "width": grid.width,
            "height": grid.height,
            "count": first.count,
            "dtype": _stored(first),
            "crs": grid.crs.wkt,
            "transform": grid.transform,
            "tiled": True,
            "blockxsize": TILE,
            "blockysize": TILE,
            "compress": "zstd" if order.optimized else order.compression,
            "bigtiff": "IF_SAFER",
            "sparse_ok": True,
            "nodata": self._nodata,
        }
        self._file: DatasetWriter
        self._environment = rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True)
        with self._environment:
            self._file = rasterio.open(path, "w", **profile)
        if first.colormap is not None and first.count == 1 and first.data.dtype == np.uint8:
            entries = {value: (r, g, b, a) for value, r, g, b, a in first.colormap.entries}
            self._file.write_colormap(1, entries)
        for index, name in enumerate(first.band_names, 1):
            self._file.set_band_description(index, name)

    def write(self, window: Window, raster: Raster) -> None:
        if raster.count != self._count:
            raise CannotRead("The rule gives another number of bands in different places.")
        data = raster.data.astype(self._file.dtypes[0], copy=False)
        area = RasterioWindow(window.column, window.row, window.width, window.height)
        with self._lock, self._environment:
            if self._nodata is not None and raster.mask is not None:
                data = np.where(raster.mask, data, np.asarray(self._nodata).astype(data.dtype))
            self._file.write(data, window=area)
            if self._nodata is None:
                self._file.write_mask(raster.valid(), window=area)

    def close(self) -> None:
        with self._environment:
            self._file.close()


def _stored(raster: Raster) -> str:
    # GDAL's TIFF driver has no booleans and no half floats; 64-bit integers are not known by every reader.
    return PixelType.of(raster.data.dtype).dtype.name


def _finished(plain: Path, whole: Path, order: Order) -> None:
    if not order.optimized:
        plain.replace(whole)
        return
    options: dict[str, Any] = {
        "driver": "COG",
        "compress": order.compression.upper(),
        "blocksize": TILE,
        "bigtiff": "IF_SAFER",
        "num_threads": "ALL_CPUS",
    }
    with rasterio.open(plain) as source:
        labelled = bool(source.colorinterp and source.colorinterp[0].name == "palette")
        options["overview_resampling"] = "NEAREST" if labelled else "AVERAGE"
        if order.compression not in ("jpeg", "webp", "none"):
            options["predictor"] = "YES" if order.compression != "lerc" else "NO"
    try:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            copy_raster(plain, whole, **options)
    except rasterio.errors.RasterioError as error:
        raise Unsupported(f"The file cannot be written with {order.compression}.") from error
