"""A selection of a mosaic in the one way of writing it, with the defaults of the service filled in."""

from __future__ import annotations

import dataclasses
import math
import re

from proxy.catalog.base import Catalog, Order, Query
from proxy.catalog.choosing import field_of
from proxy.config import MosaicConfig
from proxy.errors import InvalidParameter
from proxy.selection import DimensionChoice, MosaicMethod, MosaicRule, Selection, TimeSpan
from proxy.sources.base import Dimension, SourceInfo

#: Items that a rule may name.
MOST_IDS = 10_000
#: Filters that every item passes.
EVERY = re.compile(r"\s*(1\s*=\s*1)?\s*")


def canonical(selection: Selection, catalog: Catalog, info: SourceInfo, settings: MosaicConfig) -> Selection:
    """Everything that decides which items are drawn in which order, and nothing that does not.

    Raises:
        InvalidParameter: the filter, a field or a dimension cannot be understood.
    """
    if selection.variable and selection.variable.lower() not in {v.name.lower() for v in info.variables}:
        raise InvalidParameter("variable", f"There is no variable '{selection.variable[:60]}'.")
    dimensions = [found for choice in selection.dimensions for found in _dimension(choice, info)]
    return Selection(
        mosaic=_rule(selection.mosaic, catalog, settings),
        time=None if catalog.time is None else _within(selection.time, catalog.time),
        dimensions=tuple(sorted(dimensions, key=lambda choice: choice.name)),
    )


def _rule(rule: MosaicRule, catalog: Catalog, settings: MosaicConfig) -> MosaicRule:
    method = rule.method or settings.method
    operation = rule.operation or settings.operation
    ascending, by, value = rule.ascending, rule.sort_field, rule.sort_value
    if rule.method is None:
        # The order is the service's own as a whole.
        ascending = settings.ascending if rule.ascending else not settings.ascending
    if method is MosaicMethod.ATTRIBUTE:
        if not by:
            by, value = settings.sort_field, settings.sort_value if value is None else value
        field = field_of(catalog.fields, by)
        if field is None:
            raise InvalidParameter("mosaic", f"There is no attribute '{by[:60]}' to sort by.")
        by = field.name
    if method is MosaicMethod.VIEWPOINT and rule.viewpoint is None:
        # Without a point it is where the view is.
        method = MosaicMethod.CENTER
    if max(len(rule.ids or ()), len(rule.locked)) > MOST_IDS:
        raise InvalidParameter("mosaic", f"It names more than {MOST_IDS} items.")
    where = "" if EVERY.fullmatch(rule.where) else rule.where.strip()
    found = dataclasses.replace(
        rule,
        method=method,
        operation=operation,
        ascending=ascending,
        where=where,
        ids=None if rule.ids is None else tuple(sorted(set(rule.ids))),
        locked=tuple(dict.fromkeys(rule.locked)) if method is MosaicMethod.LOCK else (),
        sort_field=by if method is MosaicMethod.ATTRIBUTE else "",
        sort_value=value if method is MosaicMethod.ATTRIBUTE else None,
        viewpoint=rule.viewpoint if method is MosaicMethod.VIEWPOINT else None,
    )
    if found.locked and not catalog.find(Query(ids=found.locked), limit=1):
        # Of several some may have gone since; of none there would be a picture of nothing.
        raise InvalidParameter("mosaic", f"There is no item {', '.join(map(str, found.locked[:5]))}.")
    # The catalog says what is wrong with the filter or the order.
    order = Order(method, sort_field=found.sort_field, sort_value=found.sort_value)
    catalog.find(Query(where=where), order, limit=0)
    return found


def _within(span: TimeSpan | None, known: tuple[int, int]) -> TimeSpan | None:
    """None for a span that holds all moments of the mosaic."""
    if span is None:
        return None
    start = None if span.start is None or span.start <= known[0] else span.start
    end = None if span.end is None or span.end >= known[1] else span.end
    if start is None and end is None and not span.is_instant:
        return None
    return span


def _dimension(choice: DimensionChoice, info: SourceInfo) -> list[DimensionChoice]:
    known = {d.name.lower(): d for variable in info.variables for d in variable.dimensions}
    dimension = known.get(choice.name.lower())
    if dimension is None:
        names = ", ".join(d.name for d in known.values())
        why = f"The dimensions are {names}." if names else "The mosaic has no dimensions."
        raise InvalidParameter(choice.name[:60], why)
    if not all(math.inf > high >= low > -math.inf or low < high for low, high in choice.values):
        raise InvalidParameter(dimension.name, "A range ends before it begins.")
    values = tuple(sorted(set(_nearest(choice, dimension))))
    return [DimensionChoice(dimension.name, values)] if values else []


def _nearest(choice: DimensionChoice, dimension: Dimension) -> tuple[tuple[float, float], ...]:
    if not choice.nearest or not dimension.values:
        return choice.values
    found = []
    for low, high in choice.values:
        if low != high:
            found.append((low, high))
            continue
        value = min(dimension.values, key=lambda known: abs(known - low))
        found.append((value, value))
    return tuple(found)
