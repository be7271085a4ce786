"""Which items may contribute to a picture, in the order in which they lie over one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import Item, Order, Query
from proxy.errors import ReadBudgetExceeded
from proxy.render.mosaic.view import View
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.sources.mosaic import MosaicSource

#: Items asked of the catalog at a time, and looked at for one picture.
PAGE, MOST = 100, 2000


class TooManyItems(ReadBudgetExceeded):
    """More items than are allowed would be needed."""

    def __init__(self, allowed: int) -> None:
        super().__init__(
            f"More than the {allowed} items that one picture may be drawn from lie in view; "
            "zoom in, or choose some of them."
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """The items in view.

    Attributes:
        query: those that may contribute. order: topmost first.
        last: the lowest is to be seen, so that they are gone through from the end.
        locked: they are named one by one, and drawn as far as is allowed.
        first: the first page where it has been asked for already.
    """

    source: MosaicSource
    query: Query
    order: Order
    last: bool
    locked: bool
    first: tuple[Item, ...] | None = None

    def __iter__(self) -> Iterator[Item]:
        """Items in the order in which they are applied, at most `MOST`, asked for page by page."""
        if self.last:
            yield from self._reversed()
            return
        for offset in range(0, MOST, PAGE):
            page: Sequence[Item]
            if offset == 0 and self.first is not None:
                page = self.first
            else:
                page = self.source.catalog.find(self.query, self.order, PAGE, offset)
            yield from page
            if len(page) < PAGE:
                return

    def meeting(self, ground: BaseGeometry) -> Candidates:
        """Those whose footprint meets a shape of the mosaic within the view."""
        query = dataclasses.replace(self.query, extent=None, shape=ground)
        return dataclasses.replace(self, query=query, first=None)

    def _reversed(self) -> Iterator[Item]:
        end = self.source.catalog.count(self.query)
        for stop in range(end, max(0, end - MOST), -PAGE):
            start = max(0, stop - PAGE)
            yield from reversed(self.source.catalog.find(self.query, self.order, stop - start, start))


def rule_of(source: MosaicSource, selection: Selection) -> Selection:
    """The selection with the defaults of the service, whether they have been filled in or not."""
    mosaic = selection.mosaic
    return source.normalised(selection) if mosaic.method is None or mosaic.operation is None else selection


def candidates(source: MosaicSource, selection: Selection, view: View) -> Candidates | None:
    """Items in view of a selection with its defaults; None where the picture lies beside the data.

    Items out of their visible range are left out. Where none of those in view is within it, all of them are
    candidates, as long as they are few enough to be drawn.

    Raises:
        TooManyItems: the pixels are coarser than those of the items, and many are in view.
        InvalidParameter: the filter cannot be understood.
    """
    if view.extent is None:
        return None
    rule = selection.mosaic
    query = query_of(source, selection, view)
    order = order_of(rule, view)
    last = rule.operation is MosaicOperation.LAST
    if rule.method is MosaicMethod.LOCK:
        return Candidates(source, query, order, last, True)
    allowed = source.settings.max_items
    if view.pixel_size > source.coarsest and source.catalog.count(query) > allowed:
        raise TooManyItems(allowed)
    visible = dataclasses.replace(query, pixel_size=view.pixel_size)
    if first := source.catalog.find(visible, order, PAGE):
        return Candidates(source, visible, order, last, False, tuple(first))
    if source.catalog.count(query) > allowed:
        raise TooManyItems(allowed)
    return Candidates(source, query, order, last, False)


def query_of(source: MosaicSource, selection: Selection, view: View) -> Query:
    """What a selection asks of the catalog, without regard to visible ranges."""
    rule = selection.mosaic
    ids = rule.ids
    if rule.method is MosaicMethod.LOCK:
        locked = set(rule.locked)
        ids = tuple(sorted(locked if ids is None else locked & set(ids)))
    return Query(
        where=rule.where,
        ids=ids,
        extent=view.extent if view.shape is None else None,
        shape=view.shape,
        time=selection.time,
        dimensions=selection.dimensions,
    )


def order_of(rule: MosaicRule, view: View) -> Order:
    """The order of a rule with its defaults, seen from the middle of a view."""
    assert rule.method is not None
    return Order(
        method=rule.method,
        ascending=rule.ascending,
        center=rule.viewpoint or view.center,
        sort_field=rule.sort_field,
        sort_value=rule.sort_value,
        locked=rule.locked,
    )


def is_plain(source: MosaicSource, selection: Selection) -> bool:
    """True for a selection that chooses what the service shows of itself."""
    return selection == source.normalised(Selection())
