"""Queries as SQL: where the rows come from, and what must be true of them."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from proxy.catalog.attributes import ID
from proxy.catalog.base import Field, FieldType, Query, Value
from proxy.catalog.conditions import TRUE
from proxy.catalog.schema import State, cell
from proxy.catalog.turns import folded, spans, turn_of
from proxy.catalog.where import parse
from proxy.catalog.where_sql import to_sql
from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.selection import DimensionChoice, TimeSpan

_ID = cell(ID)
#: How a footprint stands to the shape that is asked with: `within` it, `contains` it.
RELATIONS: Mapping[str, Any] = {
    "intersects": shapely.intersects,
    "contains": shapely.contains,
    "crosses": shapely.crosses,
    "overlaps": shapely.overlaps,
    "touches": shapely.touches,
    "within": shapely.within,
}
ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True)
class Options:
    """What the configuration says of a catalog.

    Attributes:
        time_field, end_time_field: attributes that hold when an item begins and ends.
        dimensions: attributes by the dimension that they hold, in small letters.
    """

    time_field: str = ""
    end_time_field: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Chosen:
    """Rows of `items`: `SELECT ... FROM {source} WHERE {condition}` with `values`."""

    source: str = "items"
    conditions: list[str] = field(default_factory=list)
    source_values: list[Value] = field(default_factory=list)
    condition_values: list[Value] = field(default_factory=list)

    def need(self, condition: str, *values: Value) -> None:
        """One more condition."""
        self.conditions.append(f"({condition})")
        self.condition_values += values

    @property
    def text(self) -> str:
        """What follows SELECT."""
        return f"FROM {self.source}" + (f" WHERE {' AND '.join(self.conditions)}" if self.conditions else "")

    @property
    def values(self) -> list[Value]:
        """Of the placeholders in `text`."""
        return self.source_values + self.condition_values


def field_of(fields: tuple[Field, ...], name: str) -> Field | None:
    """A field by its name or the listing's, without regard to case; None where there is none."""
    wanted = name.strip().strip('"').lower()
    found = (
        [field for field in fields if wanted in (field.name.lower(), field.alias.lower())] if wanted else []
    )
    # Its own name comes before another's alias.
    return min(found, key=lambda field: field.name.lower() != wanted, default=None)


def needed_field(fields: tuple[Field, ...], name: str, parameter: str) -> Field:
    """A field that has values.

    Raises:
        InvalidParameter: there is none of that name, or it is the shape.
    """
    found = field_of(fields, name)
    if found is None:
        raise InvalidParameter(parameter, f"There is no field '{name[:60]}'.")
    if found.type is FieldType.GEOMETRY:
        raise InvalidParameter(parameter, f"'{found.name}' is a geometry.")
    return found


def times_of(fields: tuple[Field, ...], options: Options) -> tuple[Field | None, Field | None]:
    """The attributes that hold when an item begins and ends; texts are no times."""
    found = [field_of(fields, name) for name in (options.time_field, options.end_time_field)]
    start, end = (None if field is None or field.type is FieldType.TEXT else field for field in found)
    return start, end


def chosen(
    connection: sqlite3.Connection,
    state: State,
    query: Query,
    options: Options,
    locked: tuple[int, ...] | None = None,
) -> Chosen:
    """The rows that meet a query.

    Args:
        connection: asked for the neighbours of values and for footprints, where the query needs them.
        state: of the same snapshot.
        query: what is asked.
        options: which attributes hold times and dimensions.
        locked: ids that the rows come in the order of; they are drawn at every pixel size.

    Raises:
        InvalidParameter: some part of the query cannot be understood.
    """
    rows = Chosen()
    places = _places(state, query)
    if locked is not None:
        rows.source = f"json_each(?) AS locked CROSS JOIN items ON {_ID} = locked.value"
        rows.source_values = [json.dumps(list(dict.fromkeys(locked)))]
    elif places:
        # This way round whatever the planner thinks: the boxes are few, and it does not know.
        boxes, rows.source_values = places[0].boxes(bool(state.cut))
        rows.source = f"({boxes}) AS near CROSS JOIN items ON {_ID} = near.box"
    for place in places if locked is not None else places[1:]:
        boxes, values = place.boxes(bool(state.cut))
        rows.need(f"{_ID} IN ({boxes})", *values)
    for place in places:
        place.exactly(rows, bool(state.cut))
    if query.ids is not None:
        rows.need(f"{_ID} IN (SELECT value FROM json_each(?))", json.dumps(query.ids))
    if query.pixel_size is not None and locked is None:
        rows.need('items."MinPS" <= ? AND items."MaxPS" >= ?', query.pixel_size, query.pixel_size)
    if query.time is not None:
        _in_time(rows, state, query.time, options)
    for choice in query.dimensions:
        _at(rows, connection, state, choice, options)
    condition = parse(query.where, state.fields)
    if condition is not TRUE:
        text, values = to_sql(condition, cell)
        rows.need(text, *values)
    if query.shape is not None and query.relation.lower() != ENVELOPE:
        _related(rows, connection, state, query.shape, query.relation)
    return rows


@dataclass(frozen=True, slots=True)
class _Place:
    """A rectangle on the map, in two where it goes round."""

    ranges: tuple[tuple[float, float], ...]
    extent: Extent
    touching: bool

    def boxes(self, cut: bool) -> tuple[str, list[Value]]:
        """A query of the R*Tree whose only column, `box`, are the items near here, each once."""
        once = "DISTINCT " if cut or len(self.ranges) > 1 else ""
        along = " UNION ALL ".join(
            ["SELECT id FROM boxes WHERE xmax >= ? AND xmin <= ? AND ymax >= ? AND ymin <= ?"]
            * len(self.ranges)
        )
        south, north = self.extent.ymin, self.extent.ymax
        values: list[Value] = [v for pair in self.ranges for v in (*pair, south, north)]
        return f"SELECT {once}id >> 2 AS box FROM ({along})", values

    def exactly(self, rows: Chosen, cut: bool) -> None:
        """Leave out what the R*Tree, whose numbers are short, lets through beside."""
        # A point, or a line along an axis, shares no area with anything.
        less_x = "<=" if self.touching or not self.extent.width else "<"
        less_y = "<=" if self.touching or not self.extent.height else "<"
        rows.need(f"? {less_y} _ymax AND _ymin {less_y} ?", self.extent.ymin, self.extent.ymax)
        along = " OR ".join([f"? {less_x} _xmax AND _xmin {less_x} ?"] * len(self.ranges))
        # The envelope of an item that is cut spans the map; its boxes do not.
        rows.need(f"{along} OR _parts > 1" if cut else along, *(v for pair in self.ranges for v in pair))


def _places(state: State, query: Query) -> list[_Place]:
    """Where the items must be; nowhere in particular where the whole catalog lies within."""
    asked = []
    if query.extent is not None:
        if (
            not all(map(math.isfinite, query.extent.as_tuple()))
            or min(query.extent.width, query.extent.height) < 0
        ):
            raise InvalidParameter("extent", "It is no rectangle.")
        asked.append((query.extent, False))
    if query.shape is not None:
        bounds = tuple(float(value) for value in query.shape.bounds)
        if not all(map(math.isfinite, bounds)):
            raise InvalidParameter("geometry", "It is empty.")
        asked.append((Extent(*bounds), True))
    turn = turn_of(state.crs) if state.crs else None
    return [
        _Place(tuple(spans(extent.xmin, extent.xmax, turn)), extent, touching)
        for extent, touching in asked
        if state.extent is not None and not _covers(extent, state.extent)
    ]


def _covers(outer: Extent, inner: Extent) -> bool:
    west, south = outer.xmin < inner.xmin, outer.ymin < inner.ymin
    return west and south and outer.xmax > inner.xmax and outer.ymax > inner.ymax


def _in_time(rows: Chosen, state: State, span: TimeSpan, options: Options) -> None:
    """Items some of whose time lies in a span; all of them where the catalog has no times."""
    start, end = times_of(state.fields, options)
    if start is None:
        return
    name = cell(start.name)
    last = name if end is None else f"COALESCE({cell(end.name)}, {name})"
    rows.need(f"{name} IS NOT NULL")
    if span.end is not None:
        rows.need(f"{name} <= ?", span.end)
    if span.start is not None:
        rows.need(f"{last} >= ?", span.start)


def _at(
    rows: Chosen, connection: sqlite3.Connection, state: State, choice: DimensionChoice, options: Options
) -> None:
    """Items at places of a dimension."""
    found = needed_field(state.fields, options.dimensions.get(choice.name.lower(), choice.name), "dimensions")
    if found.type is FieldType.TEXT:
        raise InvalidParameter("dimensions", f"'{found.name}' holds texts.")
    name = cell(found.name)
    ranges = [
        (_nearest(connection, name, low),) * 2 if choice.nearest and low == high else (low, high)
        for low, high in choice.values
    ]
    rows.need(
        " OR ".join([f"{name} BETWEEN ? AND ?"] * len(ranges)) or "1", *(v for pair in ranges for v in pair)
    )


def _nearest(connection: sqlite3.Connection, name: str, value: float) -> float:
    found = connection.execute(
        f"SELECT (SELECT MAX({name}) FROM items WHERE {name} <= ?),"
        f" (SELECT MIN({name}) FROM items WHERE {name} >= ?)",
        (value, value),
    ).fetchone()
    return min((v for v in found if v is not None), key=lambda v: abs(v - value), default=value)


def _related(
    rows: Chosen, connection: sqlite3.Connection, state: State, shape: BaseGeometry, relation: str
) -> None:
    """Put the ids of the rows whose footprint stands in a relation in place of all conditions so far."""
    test = RELATIONS.get(relation.lower())
    if test is None:
        raise InvalidParameter("relation", f"There is no relation '{relation[:40]}'.")
    try:
        valid = shape if shape.is_valid else shapely.make_valid(shape)
        on_map = folded(valid, turn_of(state.crs) if state.crs else None)
        asked = on_map[0] if len(on_map) == 1 else shapely.union_all(on_map)
        found = connection.execute(
            f"SELECT id, footprint FROM (SELECT {_ID} AS item {rows.text}) JOIN details ON id = item",
            rows.values,
        ).fetchall()
        shapely.prepare(asked)
        ids = np.fromiter((row[0] for row in found), np.int64, len(found))
        footprints = shapely.from_wkb(np.array([row[1] for row in found], object))
        kept = ids[_tested(test, relation.lower(), footprints, asked)].tolist()
    except ShapelyError as error:
        raise InvalidParameter("geometry", "It cannot be compared with the footprints.") from error
    rows.need(f"{_ID} IN (SELECT value FROM json_each(?))", json.dumps(kept))


def _tested(test: Any, relation: str, footprints: Any, asked: BaseGeometry) -> Any:
    # Only the first argument is used in its prepared form.
    mirrored = {"within": shapely.contains, "contains": shapely.within}.get(relation, test)
    return mirrored(asked, footprints)
