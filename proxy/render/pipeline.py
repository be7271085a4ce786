"""One render from end to end: plan, read, functions, finish, encode. Each step is made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import convert
from proxy.functions.stretch import StretchType
from proxy.functions.summary import summary
from proxy.functions.tree import (
    Call,
    Node,
    Source,
    bands_needed,
    evaluate,
    items_needed,
    margin,
    output_of,
    walk,
)
from proxy.model import (
    Extent,
    Grid,
    Interpolation,
    Picture,
    PixelType,
    Raster,
    RenderRequest,
)
from proxy.render.context import ReadContext
from proxy.render.encode import encode
from proxy.render.encode.display import on_background
from proxy.render.finish import apply_nodata, display_choice, for_display, full_scale
from proxy.render.mosaic import EvaluateItem, TooManyItems, draw_footprints
from proxy.render.reader import read_raster
from proxy.selection import EVERYTHING, MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.sources.base import Sliced, Statistics
from proxy.sources.base import Source as AnySource
from proxy.sources.item import ItemSource
from proxy.sources.merging import merged
from proxy.sources.mosaic import MosaicSource
from proxy.sources.sampling import sampled
from proxy.sources.validity import bands_valid

#: Longer side of the look at the whole source that gives the statistics of a rule's result.
LOOK_SIZE = 512
#: The same for each of the items that stand for a mosaic.
ITEM_LOOK_SIZE = 256
#: A single raster is a catalog of one item, which rules may name as `$1`.
ONLY_ITEM = 1


class Subject(Protocol):
    """What the pipeline needs to know of a service."""

    @property
    def source_pixels(self) -> int:
        """Pixels of a band that may be read for one picture."""

    def statistics_of(self, source: AnySource) -> Statistics:
        """Statistics of the bands of a source, which need not be the newest."""

    def remembered(self, version: str, key: object, compute: Callable[[], Statistics]) -> Statistics:
        """Statistics of a result, computed once for each version of the source and each key."""


# Numbers that overflow on the way become nodata or the end of a range; a warning would add nothing.
@np.errstate(all="ignore")
def render_picture(
    service: Subject, source: AnySource, request: RenderRequest, context: ReadContext | None = None
) -> Picture:
    """Render a request. Blocks; safe in several threads.

    Args:
        context: deadline and limits; made here when absent. Its selection is that of the request.

    Raises:
        ProxyError: the request cannot be met; see the errors of each step.
    """
    context = context or ReadContext(service.source_pixels)
    source = source.at(request.selection)
    try:
        raster = render_raster(service, source, request, context)
    except TooManyItems:
        if not _shows_places(request) or not isinstance(source, MosaicSource):
            raise
        outlines = draw_footprints(source, request.grid, request.selection)
        return encode(outlines, request.format, request.options)
    if request.format.is_display:
        with context.stage("finish"):
            raster = displayed(service, source, request, raster)
    with context.stage("encode"):
        picture = encode(raster, request.format, request.options)
    return dataclasses.replace(picture, missing=len(context.missing)) if context.missing else picture


def displayed(service: Subject, source: AnySource, request: RenderRequest, raster: Raster) -> Raster:
    """The result of `render_raster` as the colours of a picture.

    Args:
        source: what was rendered, `Source.at` the request's selection.
    """
    bands = _input_bands(source, request)
    raw = request.rule is None or isinstance(request.rule, Source)
    narrow = request.pixel_type or (source.info.pixel_type if raw else None)
    raster = for_display(
        full_scale(raster, narrow),
        source.info.kind,
        lambda: result_statistics(service, source, request.rule, bands),
    )
    background = request.options.background
    return raster if background is None else on_background(raster, background)


#: Functions whose colours are numbers.
_CODES = frozenset({"terrarium", "terrain_rgb"})


def _shows_places(request: RenderRequest) -> bool:
    """True where outlines can stand for the picture: its colours are looked at, not read as numbers."""
    tree = request.rule or Source()
    coded = any(isinstance(node, Call) and node.function in _CODES for node in walk(tree))
    return request.format.is_display and not coded


def render_raster(
    service: Subject, source: AnySource, request: RenderRequest, context: ReadContext | None = None
) -> Raster:
    """The numbers of a request, before any conversion for display."""
    chosen = _input_bands(source, request)
    context = context or ReadContext(service.source_pixels)
    context.selection = request.selection
    raster = processed(service, source, request.grid, request.rule, chosen, request.interpolation, context)
    if request.pixel_type is not None:
        raster = convert(raster, request.pixel_type)
    if request.nodata is not None:
        raster = apply_nodata(raster, request.nodata)
    return raster


@np.errstate(all="ignore")
def processed(
    service: Subject,
    source: AnySource,
    grid: Grid,
    rule: Node | None,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext | None = None,
) -> Raster:
    """Read what a rule needs on a grid, with the margin that it asks for, and evaluate it.

    Args:
        source: the slice of a cube (`Source.at`), a mosaic, or a raster.
        context: limits and selection; the service's limits and no selection when absent.
    """
    context = context or ReadContext(service.source_pixels)
    tree: Node = Source() if rule is None else rule
    around = margin(tree)
    needed = bands_needed(tree, len(bands))
    if needed == ():
        # A tree of constants looks at nothing, yet its result lies on a raster.
        needed = (0,)
    read = bands if needed is None else tuple(bands[index] for index in needed)
    evaluate_item = _item_rule(service, source.at(context.selection), interpolation)
    with context.stage("read"):
        raster = read_raster(source, grid.grown(around), read, interpolation, context, evaluate_item)
    gap = source.info.gap
    if gap and tree != Source() and raster.count > 1:
        # What is computed of several bands is nothing where one of them is missing. Not so where 0 is nodata,
        # which dark water may have in one band.
        raster = dataclasses.replace(
            raster, mask=raster.valid() & np.asarray(bands_valid(raster.data, gap).all(axis=0))
        )
    if _wants_statistics(tree, raster, tuple(source.info.band_names[band] for band in bands)):
        raster = dataclasses.replace(raster, statistics=_picked(_statistics(service, source), read))
    named = _named(source, tree, raster, read, interpolation, context)
    with context.stage("functions"):
        result = evaluate(tree, raster, needed, named, context.check)
        if around:
            result = dataclasses.replace(result.cropped(around), grid=grid)
    return result


def _item_rule(service: Subject, source: AnySource, interpolation: Interpolation) -> EvaluateItem | None:
    """What applies the item rule of a mosaic to all bands of an item; None where there is none."""
    if not isinstance(source, MosaicSource) or source.item_rule is None:
        return None
    rule = source.item_rule

    def evaluated(item: ItemSource, grid: Grid, context: ReadContext) -> Raster:
        own = dataclasses.replace(context, selection=EVERYTHING, stages=[])
        return processed(service, item, grid, rule, _every(item), interpolation, own)

    return evaluated


def _named(
    source: AnySource,
    tree: Node,
    raster: Raster,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext,
) -> dict[int, Raster]:
    """Rasters of the items that a tree names, where there are such items."""
    wanted = items_needed(tree)
    if not isinstance(source, MosaicSource):
        return dict.fromkeys({ONLY_ITEM} & set(wanted), raster)
    found = {}
    for item in wanted:
        if source.catalog.get(item) is None:
            continue
        rule = MosaicRule(MosaicMethod.LOCK, MosaicOperation.FIRST, locked=(item,))
        alone = dataclasses.replace(context, selection=Selection(rule), used={})
        read = read_raster(source, raster.grid, bands, interpolation, alone)
        found[item] = dataclasses.replace(read, statistics=raster.statistics)
    return found


def _statistics(service: Subject, source: AnySource) -> Statistics:
    """Statistics of the bands that a rule over the source is given."""
    if isinstance(source, MosaicSource) and source.item_rule is not None:
        return result_statistics(service, source, None, _every(source))
    return service.statistics_of(source)


def _wants_statistics(tree: Node, raster: Raster, names: tuple[str, ...]) -> bool:
    """False where nobody looks at them, since finding them reads the whole source once."""
    if isinstance(tree, Source):
        return raster.data.dtype != np.uint8
    if any(isinstance(node, Call) and _looks(node) for node in walk(tree)):
        return True
    # What is not shown as it is will be stretched, by the statistics that came with it.
    try:
        return output_of(tree, raster.pixel_type, len(names), names)[0] is not PixelType.UINT8
    except InvalidRule:
        # The sample lacks what the raster may have, such as an attribute table.
        return True


#: Functions whose result depends on the statistics of the source.
STATISTICS_USERS = frozenset({"stretch", "contour", "shaded_relief", "threshold", "vector_field_renderer"})


def _looks(call: Call) -> bool:
    given = dict(call.arguments)
    if call.function == "stretch":
        clipped = given.get("stretch_type") in (StretchType.PERCENT_CLIP, StretchType.HISTOGRAM_EQUALIZATION)
        return not given.get("dra") and (clipped or not given.get("statistics"))
    return call.function in STATISTICS_USERS


def _input_bands(source: AnySource, request: RenderRequest) -> tuple[int, ...]:
    if request.bands is not None:
        return request.bands
    every = _every(source)
    if request.rule is None or isinstance(request.rule, Source):
        shown = display_choice(source.info.band_names, source.info.color_interpretation, request.format)
        return every if shown is None else shown
    return every


def _every(source: AnySource) -> tuple[int, ...]:
    return tuple(range(source.info.band_count))


def _picked(statistics: Statistics, bands: tuple[int, ...]) -> Statistics:
    return tuple(statistics[band] for band in bands)


def result_statistics(
    service: Subject, source: AnySource, rule: Node | None, bands: tuple[int, ...]
) -> Statistics:
    """Statistics of a rule's result over the whole source, one per band of the result.

    Every tile is stretched by them, and clients are told them, so that both agree; so are all slices of a
    variable, of which a few are looked at.

    Args:
        bands: zero-based source bands that the rule is given.

    Raises:
        ProxyError: as `processed` does.
    """

    def compute() -> Statistics:
        if isinstance(source, MosaicSource):
            return _sampled_statistics(service, source, rule, bands)
        if isinstance(source, Sliced):
            return merged([_summaries(look(service, each, rule, bands)) for each in source.looks()])
        return _summaries(look(service, source, rule, bands))

    return service.remembered(source.info.version, (rule, bands), compute)


def _summaries(raster: Raster) -> Statistics:
    return tuple(summary(band, raster.mask, raster.pixel_type) for band in raster.data)


def _sampled_statistics(
    service: Subject, source: MosaicSource, rule: Node | None, bands: tuple[int, ...]
) -> Statistics:
    """Statistics of a rule's result over the overview of a mosaic, else over a sample of its items."""
    if rule is not None and items_needed(rule):
        # Of no item alone: it names others.
        return _summaries(_look_at_named(service, source, rule, bands))
    if source.overview is not None:
        return _summaries(look(service, source.overview, rule, bands))

    def of_item(item: ItemSource) -> Statistics:
        if source.item_rule is None:
            return _summaries(look(service, item, rule, bands, ITEM_LOOK_SIZE))
        raster = look(service, item, source.item_rule, _every(item), ITEM_LOOK_SIZE)
        names = tuple(raster.band_names[band] for band in bands) if raster.band_names else ()
        given = raster.with_data(raster.data[list(bands)], mask=raster.mask, band_names=names)
        return _summaries(given if rule is None else evaluate(rule, given, None, {}))

    return merged(sampled(source, of_item))


def _look_at_named(service: Subject, source: MosaicSource, rule: Node, bands: tuple[int, ...]) -> Raster:
    """The result of a rule over the items that it names."""
    known = [found.extent for item in items_needed(rule) if (found := source.catalog.get(item)) is not None]
    if not known:
        return look(service, source, rule, bands)
    west, south = (min(values) for values in zip(*((e.xmin, e.ymin) for e in known), strict=True))
    east, north = (max(values) for values in zip(*((e.xmax, e.ymax) for e in known), strict=True))
    grid = overall_grid(source, LOOK_SIZE, Extent(west, south, east, north))
    return processed(service, source, grid, rule, bands, Interpolation.NEAREST)


def look(
    service: Subject, source: AnySource, rule: Node | None, bands: tuple[int, ...], size: int = LOOK_SIZE
) -> Raster:
    """The result of a rule over the whole source, at most `size` pixels a side."""
    return processed(service, source, overall_grid(source, size), rule, bands, Interpolation.NEAREST)


def overall_grid(source: AnySource, size: int = LOOK_SIZE, extent: Extent | None = None) -> Grid:
    """The whole source, or an extent, in the source's own system, at most `size` pixels a side."""
    extent = extent or source.info.extent
    longer = max(extent.width, extent.height)
    width = max(1, min(source.info.width, round(size * extent.width / longer)))
    height = max(1, min(source.info.height, round(size * extent.height / longer)))
    return Grid(source.crs, extent, width, height)
