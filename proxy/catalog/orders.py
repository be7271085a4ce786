"""Orders as SQL. NULL comes last in any direction; what is equal is in order of ZOrder, then of id."""

from __future__ import annotations

import json
import math
import sqlite3

import shapely

from proxy.catalog.attributes import ID
from proxy.catalog.base import Field, FieldType, Order, Query, Value
from proxy.catalog.choosing import needed_field
from proxy.catalog.moments import milliseconds
from proxy.catalog.schema import State, cell
from proxy.errors import InvalidParameter
from proxy.selection import MosaicMethod

_ID = cell(ID)
_DISTANCE = '(items."CenterX" - ?) * (items."CenterX" - ?) + (items."CenterY" - ?) * (items."CenterY" - ?)'
_TIES = f'items."ZOrder" ASC NULLS LAST, {_ID}'
#: Most fields of an order.
FIELDS = 50

Terms = tuple[str, list[Value]]


def ordered(connection: sqlite3.Connection, state: State, query: Query, order: Order) -> Terms:
    """What follows ORDER BY, and its values.

    Args:
        connection: asked for the seamlines at the centre.
        state: of the same snapshot.
        query: its extent gives the centre where the order names none.
        order: the order; `by` comes before the method.

    Raises:
        InvalidParameter: a field is not known, or a value cannot be compared with it.
    """
    if order.by:
        return _by_fields(state, query, order), []
    way = "ASC" if order.ascending else "DESC"
    match order.method:
        case MosaicMethod.NONE:
            return f"{_ID} {way}", []
        case MosaicMethod.LOCK:
            return f"locked.key {way}", []
        case MosaicMethod.ATTRIBUTE:
            text, values = _by_difference(state, query, order, way)
        case MosaicMethod.NORTHWEST:
            extent = state.extent
            text, values = _from((extent.xmin, extent.ymax) if extent else (0.0, 0.0), way)
        case MosaicMethod.SEAMLINE if state.seamlines:
            center = _center(state, query, order)
            # Those whose line does not hold the centre come after, by distance.
            inside = f"{_ID} IN (SELECT value FROM json_each(?)) {'DESC' if order.ascending else 'ASC'}"
            text, values = _from(center, way)
            text, values = f"{inside}, {text}", [_around(connection, center), *values]
        case _:
            text, values = _from(_center(state, query, order), way)
    return f"{text}, {_TIES}", values


def _sorted(field: Field, query: Query, way: str) -> str:
    # An index gives the first rows at once, unless few rows meet a condition; then all of them are looked up.
    # A look at every row in turn, which the sign forces, takes a fifth of that.
    return f"{'+' if query.where.strip() else ''}{cell(field.name)} {way} NULLS LAST"


def _by_fields(state: State, query: Query, order: Order) -> str:
    if len(order.by) > FIELDS:
        raise InvalidParameter("order", f"It has more than {FIELDS} fields.")
    terms = [
        _sorted(needed_field(state.fields, name, "order"), query, "ASC" if ascending else "DESC")
        for name, ascending in order.by
    ]
    return ", ".join((*terms, _ID))


def _from(center: tuple[float, float], way: str) -> Terms:
    x, y = center
    return f"{_DISTANCE} {way}", [x, x, y, y]


def _center(state: State, query: Query, order: Order) -> tuple[float, float]:
    if order.center is not None:
        if not all(map(math.isfinite, order.center)):
            raise InvalidParameter("center", "It is no point.")
        return order.center
    extent = query.extent or state.extent
    return (0.0, 0.0) if extent is None else extent.center


def _by_difference(state: State, query: Query, order: Order, way: str) -> Terms:
    field = needed_field(state.fields, order.sort_field, "sort_field")
    name = cell(field.name)
    base = base_value(field, order.sort_value)
    if base is None:
        # The difference from the least value, or from the greatest, is the order of the values.
        return _sorted(field, query, way), []
    if field.type is FieldType.TEXT:
        return f"({name} <> ?) {way} NULLS LAST, {name} {way}", [base]
    # Whole numbers far apart have a difference that is none.
    return f"ABS(CAST({name} AS REAL) - ?) {way} NULLS LAST", [base]


def base_value(field: Field, value: float | str | None) -> float | str | None:
    """The base value in the type of its field; None where there is none."""
    if value is None or value == "":
        return None
    if field.type is FieldType.TEXT:
        return str(value)
    if isinstance(value, str):
        value = _number(field, value)
    if not math.isfinite(value):
        raise InvalidParameter("sort_value", "It is no number.")
    return float(value)


def _number(field: Field, text: str) -> float:
    try:
        # Four digits are a year to people, and a moment of 1970 to clients that send milliseconds.
        if field.type is FieldType.DATE and not text.strip().lstrip("+-").replace(".", "", 1).isdigit():
            return float(milliseconds(text))
        return float(text)
    except ValueError:
        what = "date" if field.type is FieldType.DATE else "number"
        raise InvalidParameter("sort_value", f"'{text[:40]}' is no {what}.") from None


def _around(connection: sqlite3.Connection, center: tuple[float, float]) -> str:
    """Ids, as JSON, of the items whose seamline holds a point; the footprint where there is no seamline.

    A seamline lies within the footprint, so that the boxes of the footprints find it.
    """
    x, y = center
    rows = connection.execute(
        "SELECT id, COALESCE(seamline, footprint) FROM details WHERE id IN"
        " (SELECT id >> 2 FROM boxes WHERE xmin <= ? AND xmax >= ? AND ymin <= ? AND ymax >= ?)",
        (x, x, y, y),
    ).fetchall()
    if not rows:
        return "[]"
    inside = shapely.intersects_xy(shapely.from_wkb([row[1] for row in rows]), x, y)
    return json.dumps([row[0] for row, within in zip(rows, inside, strict=True) if within])
