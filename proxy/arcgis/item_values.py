"""The items of a mosaic at one place, and what each of them has there."""

from __future__ import annotations

import dataclasses
import itertools

import shapely

from proxy.arcgis.values import NO_DATA, PixelSize, chosen, values_at
from proxy.catalog.base import Item
from proxy.catalog.turns import repeated, turn_of
from proxy.crs import SpatialReference, transformer
from proxy.errors import SourceFailed
from proxy.functions.tree import Node
from proxy.model import Extent, Grid
from proxy.render.mosaic.candidates import TooManyItems, candidates, order_of, query_of, rule_of
from proxy.render.mosaic.view import view_of
from proxy.selection import MosaicMethod, MosaicRule, Selection
from proxy.services import Service
from proxy.sources.mosaic import MosaicSource


def items_at(
    service: Service,
    place: tuple[float, float],
    crs: SpatialReference,
    selection: Selection,
    size: PixelSize | None,
    limit: int,
) -> list[Item]:
    """Items whose footprint holds a place, topmost first. Blocks.

    Args:
        size: of the pixel around the place in units of the service, which decides what is visible; None for
            native pixels.
        limit: most items.
    """
    source, context = chosen(service, selection)
    if not isinstance(source, MosaicSource):
        return []
    x, y = transformer(crs, source.crs).transform(*place) if crs != source.crs else place
    width, height = size or source.info.pixel_size
    around = Extent(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    view = view_of(Grid(source.crs, around, 1, 1), source.crs, source.info.extent)
    if view.extent is None:
        return []
    wanted = rule_of(source, context.selection)
    try:
        found = iter(candidates(source, wanted, view) or ())
    except TooManyItems:
        query, order = query_of(source, wanted, view), order_of(wanted.mosaic, view)
        found = iter(source.catalog.find(query, order, limit))
    # Footprints end at the edge of the map, or go on beyond it.
    points = shapely.MultiPoint([(each, y) for each in repeated(x, turn_of(source.crs))])
    return list(itertools.islice((item for item in found if item.footprint.intersects(points)), limit))


def item_values(
    service: Service,
    item: Item,
    place: tuple[float, float],
    crs: SpatialReference,
    rule: Node | None,
    size: PixelSize | None,
    selection: Selection,
) -> list[str]:
    """Values of one item at a place; `NoData` where it has none or cannot be read. Blocks."""
    try:
        return values_at(service, place, crs, rule, size, selection=only(item.id, selection))
    except SourceFailed:
        return [NO_DATA] * service.info.band_count


def only(item: int, selection: Selection) -> Selection:
    """The selection of a single item, with the rule that is applied to every item."""
    rule = MosaicRule(MosaicMethod.LOCK, locked=(item,), item_rule=selection.mosaic.item_rule)
    return dataclasses.replace(selection, mosaic=rule, time=None, dimensions=())
