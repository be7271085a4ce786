"""A mosaic on any grid: which items, in which order, and how they are put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from proxy.catalog.base import Item
from proxy.errors import CannotRead
from proxy.model import Array, AttributeTable, Colormap, Extent, Grid, Interpolation, Mask, Raster
from proxy.render.context import Meter, ReadContext
from proxy.render.mosaic.blend import WIDTH
from proxy.render.mosaic.candidates import TooManyItems, candidates, is_plain, rule_of
from proxy.render.mosaic.choice import Chosen, chosen
from proxy.render.mosaic.cover import Plan
from proxy.render.mosaic.fetch import Faults, Fetcher, Wanted
from proxy.render.mosaic.layers import Layer, clipped, layer_of, read_item
from proxy.render.mosaic.operations import MIXING, Stack, stack
from proxy.render.mosaic.view import view_of
from proxy.selection import MosaicMethod, MosaicOperation, Selection
from proxy.sources.item import ItemSource
from proxy.sources.location import locate
from proxy.sources.mosaic import MosaicSource

#: Values of a picture, over all bands, that are put together at a time.
STRIP_VALUES = 1 << 23

#: Evaluates the item rule over all bands of an item on a grid.
EvaluateItem = Callable[[ItemSource, Grid, ReadContext], Raster]


@dataclasses.dataclass(frozen=True, slots=True)
class _Job:
    """What is the same for all parts of a picture."""

    source: MosaicSource
    bands: tuple[int, ...]
    interpolation: Interpolation
    operation: MosaicOperation
    selection: Selection
    context: ReadContext
    evaluate: EvaluateItem | None
    faults: Faults

    def read(self, item: Item, grid: Grid, context: ReadContext) -> Layer:
        """One item on a grid. Runs in several threads."""
        opened = self.source.open(item)
        if self.source.item_rule is None or self.evaluate is None:
            layer = read_item(opened, grid, self.bands, self.interpolation, context)
        else:
            layer = layer_of(self.evaluate(opened, grid, context))
            dtype = self.source.info.pixel_type.dtype
            layer = dataclasses.replace(layer, data=layer.data[list(self.bands)].astype(dtype, copy=False))
        along = self.selection.mosaic.method is MosaicMethod.SEAMLINE
        return clipped(layer, item, grid, self.source.crs) if along else layer


def read_mosaic(
    source: MosaicSource,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext,
    evaluate_item: EvaluateItem | None = None,
) -> Raster:
    """Read zero-based bands of a mosaic on a grid, as `read_layer` does.

    Returns:
        Data in the type of the mosaic, its nodata value where there is nothing, 0 where it has none, but
        NaN in a band that a pixel lacks while it has others. A pixel is valid where any of its bands is.
    """
    layer = read_layer(source, grid, bands, interpolation, context, evaluate_item)
    source = source.at(context.selection)
    info = source.info
    data, valid = layer.data, layer.valid
    mask = np.asarray(valid.any(axis=0))
    if info.nodata is not None and not valid.all():
        data = np.where(valid, data, np.asarray(info.nodata).astype(data.dtype))
    elif info.gap is not None and len(valid) > 1:
        data = np.where(mask & ~valid, np.asarray(info.gap).astype(data.dtype), data)
    single = bands == (0,)
    table = info.attribute_table if single else None
    return Raster(
        data,
        None if mask.all() else mask,
        grid,
        tuple(info.band_names[band] for band in bands),
        (layer.colormap or info.colormap) if single else None,
        None,
        info.nodata,
        None if table is None else AttributeTable(tuple(name for name, _ in table.columns), table.rows),
    )


def read_layer(
    source: MosaicSource,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext,
    evaluate_item: EvaluateItem | None = None,
) -> Layer:
    """Read zero-based bands of a mosaic on a grid.

    Every item is read on the grid as a raster of its own, by the rules of `read_grid`: its own CRS,
    overviews, nodata value and mask. Then they are put together pixel by pixel in `proxy.render.
    mosaic.operations`. The first operation reads no further than until every pixel is filled.

    Args:
        bands: of the mosaic, or of the result of its item rule.
        context: the budget counts the pixels of all items; what cannot be read is noted there.
        evaluate_item: needed where the selection has an item rule.

    Returns:
        Data in the type of the mosaic, 0 where invalid. A palette is never mixed: operations that make new
        values give the first instead.

    Raises:
        TooManyItems: more items would have to be read than the service allows.
        ReadBudgetExceeded: more source pixels would be read than the context allows.
        CannotRead: no item can be read, or one cannot and the service is strict.
    """
    selection = rule_of(source, context.selection)
    source = source.at(selection)
    info = source.info
    view = view_of(grid, source.crs, source.catalog.extent or info.extent)
    plain = source.overview is not None and is_plain(source, selection)
    if plain and view.pixel_size > source.coarsest:
        return _overview(source, grid, bands, interpolation, context)
    operation = selection.mosaic.operation or MosaicOperation.FIRST
    if info.colormap is not None and bands == (0,):
        interpolation = unmixed(interpolation)
        operation = MosaicOperation.FIRST if operation in MIXING else operation
    try:
        found = candidates(source, selection, view)
        plan = Plan(grid, source.crs)
        items, spares = (
            ([], 0) if found is None else chosen(found, plan, operation, source.settings.max_items)
        )
    except TooManyItems:
        if not plain:
            raise
        return _overview(source, grid, bands, interpolation, context)
    context = dataclasses.replace(context, meter=context.meter or Meter(context.budget))
    job = _Job(source, bands, interpolation, operation, selection, context, evaluate_item, Faults())
    return _composed(job, plan, items, spares)


def unmixed(interpolation: Interpolation) -> Interpolation:
    """The interpolation that a palette gets in place of one that makes new values."""
    blends = (Interpolation.BILINEAR, Interpolation.CUBIC, Interpolation.AVERAGE)
    return Interpolation.NEAREST if interpolation in blends else interpolation


def _composed(job: _Job, plan: Plan, items: list[Chosen], spares: int) -> Layer:
    """All items as one layer on the grid of a plan; a palette where all share it."""
    parts, planes = [], []
    colormaps: set[Colormap | None] = set()
    for strip in strips(plan.grid, len(job.bands)):
        data, valid, found = _strip(job, plan, strip, items, spares)
        colormaps |= found
        parts.append(data)
        planes.append(valid)
        _judge(job, items)
    count = max(len(valid) for valid in planes)
    planes = [np.broadcast_to(valid, (count, *valid.shape[1:])) for valid in planes]
    colormap = colormaps.pop() if len(colormaps) == 1 else None
    if len(parts) == 1:
        return Layer(parts[0], planes[0], colormap)
    return Layer(np.concatenate(parts, axis=1), np.concatenate(planes, axis=1), colormap)


def _strip(
    job: _Job, whole: Plan, strip: Grid, items: list[Chosen], spares: int
) -> tuple[Array, Mask, set[Colormap | None]]:
    margin = WIDTH if job.operation is MosaicOperation.BLEND else 0
    grid = strip.grown(margin)
    plan = whole
    if grid != whole.grid or (whole.width, whole.height) != (grid.width, grid.height):
        plan = Plan(grid, job.source.crs, largest=max(grid.width, grid.height))
    info = job.source.info
    shape = len(job.bands), grid.height, grid.width
    result: Stack = stack(job.operation, len(job.bands), shape[1:], info.pixel_type)
    size = int(np.prod(shape)) * info.pixel_type.dtype.itemsize
    fetcher = Fetcher(job.source, job.context, lambda item, own: job.read(item, grid, own), size, job.faults)

    def gaps() -> Mask | None:
        return None if result.filled is None else ~result.filled

    colormaps = set()
    for item, layer in fetcher.layers(_wanted(job, items, plan), gaps, spares):
        if result.add(layer):
            job.context.used[item.id] = item.name
        colormaps.add(layer.colormap)
    data, valid = result.result()
    if margin:
        data, valid = data[:, margin:-margin, margin:-margin], valid[:, margin:-margin, margin:-margin]
    return data, valid, colormaps


def _wanted(job: _Job, items: list[Chosen], plan: Plan) -> Iterator[Wanted]:
    for one in items:
        # A single item is read whatever its footprint says.
        cover = ~plan.empty() if len(items) == 1 else plan.covered(one.item.footprint)
        if cover.any():
            remote = any(locate(asset.href).is_remote for asset in one.item.assets)
            yield Wanted.new(one.item, cover, one.spare, remote, job.context)


def strips(grid: Grid, bands: int) -> Iterator[Grid]:
    """A grid in strips from the top, so that what is put together at a time stays small."""
    rows = max(256, STRIP_VALUES // max(1, grid.width * bands))
    if rows >= grid.height:
        yield grid
        return
    height = grid.resolution[1]
    for row in range(0, grid.height, rows):
        count = min(rows, grid.height - row)
        top = grid.extent.ymax - row * height
        extent = Extent(grid.extent.xmin, top - count * height, grid.extent.xmax, top)
        yield Grid(grid.crs, extent, grid.width, count)


def _judge(job: _Job, items: list[Chosen]) -> None:
    """Raise where what is missing is too much."""
    failed = job.faults.failed
    if failed and (job.source.settings.strict or not job.faults.read):
        names = [one.item.name for one in items if one.item.id in failed]
        listed = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
        reason = next(iter(failed.values()))
        raise CannotRead(f"Items of the mosaic could not be read: {listed}. {reason}")


def _overview(
    source: MosaicSource,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext,
) -> Layer:
    assert source.overview is not None
    if source.info.colormap is not None:
        interpolation = unmixed(interpolation)
    return read_item(source.overview, grid, bands, interpolation, context)
