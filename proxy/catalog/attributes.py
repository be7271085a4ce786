"""The attributes of items: the standard ones, those of the listing, their names and types."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from proxy.catalog.base import Field, FieldType, ItemRecord, Value
from proxy.catalog.moments import moment_of, of_moment
from proxy.catalog.placing import Placed

ID, SHAPE = "OBJECTID", "Shape"
#: In the order in which image services list them.
STANDARD = (
    Field(ID, FieldType.ID),
    Field(SHAPE, FieldType.GEOMETRY),
    Field("Name", FieldType.TEXT, 200),
    Field("MinPS", FieldType.REAL),
    Field("MaxPS", FieldType.REAL),
    Field("LowPS", FieldType.REAL),
    Field("HighPS", FieldType.REAL),
    Field("Category", FieldType.INTEGER),
    Field("Tag", FieldType.TEXT, 100),
    Field("GroupName", FieldType.TEXT, 100),
    Field("ProductName", FieldType.TEXT, 100),
    Field("CenterX", FieldType.REAL),
    Field("CenterY", FieldType.REAL),
    Field("ZOrder", FieldType.INTEGER),
    Field("Shape_Length", FieldType.REAL),
    Field("Shape_Area", FieldType.REAL),
)
#: Standard attributes that a listing may give itself, by their names in small letters.
GIVEN = {
    field.name.lower(): field
    for field in STANDARD
    if field.name
    in ("MinPS", "MaxPS", "LowPS", "HighPS", "Category", "Tag", "GroupName", "ProductName", "ZOrder")
}
#: Pixels of any size show an item of which nothing else is known.
EVERY_SIZE = 1e9
#: Most attributes beside the standard ones; further ones are left out.
MOST = 200
#: Least length that is told of texts, and levels to which properties within properties are taken.
TEXT_LENGTH, LEVELS = 255, 3

_OTHER = re.compile(r"[^A-Za-z0-9]+")
Found = tuple[Value, FieldType | None]


def computed(record: ItemRecord, placed: Placed) -> dict[str, Value]:
    """The standard attributes without id and shape; what the listing gives of them comes first."""
    finest, coarsest = placed.pixel_sizes
    row: dict[str, Value] = {
        "Name": clean(record.name),
        "MinPS": 0.0,
        "MaxPS": EVERY_SIZE,
        "LowPS": finest,
        "HighPS": coarsest,
        "Category": 1,
        "Tag": "Dataset",
        "GroupName": clean(record.name),
        "ProductName": "",
        "CenterX": placed.center[0],
        "CenterY": placed.center[1],
        "ZOrder": None,
        "Shape_Length": placed.length,
        "Shape_Area": placed.area,
    }
    for name, value in record.properties.items():
        field = GIVEN.get(name.lower())
        found, kind = plain(value, False)
        if field is not None and fits(kind, field.type):
            row[field.name] = float(found) if field.type is FieldType.REAL else found  # type: ignore[arg-type]
    return row


def fits(kind: FieldType | None, wanted: FieldType) -> bool:
    """Whether a value can stand in a field as it is."""
    return kind is wanted or (kind is FieldType.INTEGER and wanted is FieldType.REAL)


def properties_of(record: ItemRecord) -> Iterator[tuple[str, Found]]:
    """Names and plain values of the properties of a listing, without the standard ones that it may give.

    Properties within properties are called `outer.inner`. Lists of plain values are texts, joined by commas;
    other lists are left out.
    """
    yield from _flat("", record.properties, record.dates, LEVELS)


def _flat(
    prefix: str, properties: Mapping[str, Any], dates: frozenset[str], levels: int
) -> Iterator[tuple[str, Found]]:
    for name, value in properties.items():
        full = f"{prefix}{name}"
        if isinstance(value, Mapping):
            if levels > 1:
                yield from _flat(f"{full}.", value, dates, levels - 1)
        elif full.lower() not in GIVEN or not fits(plain(value, False)[1], GIVEN[full.lower()].type):
            yield full, plain(value, full in dates)


def plain(value: Any, is_date: bool) -> Found:
    """A value as it is stored, and its type; None where there is no value."""
    match value:
        case bool():
            return int(value), FieldType.INTEGER
        case int() | float():
            return _number(value, is_date)
        case str():
            return clean(value), FieldType.TEXT
        case datetime():
            return of_moment(value), FieldType.DATE
        case date():
            return of_moment(datetime(value.year, value.month, value.day)), FieldType.DATE
        case list() | tuple() if value and all(isinstance(one, str | int | float) for one in value):
            return clean(", ".join(str(one) for one in value)), FieldType.TEXT
    return None, None


def _number(value: float, is_date: bool) -> Found:
    if isinstance(value, float) and not math.isfinite(value):
        return None, None
    if isinstance(value, int) or is_date:
        whole = round(value)
        if -(2**63) <= whole < 2**63:
            return whole, FieldType.DATE if is_date else FieldType.INTEGER
    try:
        return float(value), FieldType.REAL
    except OverflowError:
        return None, None


def clean(text: str) -> str:
    """A text that SQLite can hold and compare: without NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def widened(first: FieldType, second: FieldType) -> FieldType:
    """Type that holds the values of both."""
    if first is second:
        return first
    if {first, second} <= {FieldType.INTEGER, FieldType.REAL}:
        return FieldType.REAL
    return FieldType.TEXT


def converted(value: Value, kind: FieldType, wanted: FieldType) -> Value:
    """A value in a field that has become wider."""
    if value is None or kind is wanted:
        return value
    if wanted is FieldType.REAL:
        return float(value)
    if kind is FieldType.DATE and not isinstance(value, str):
        try:
            return moment_of(value).isoformat()
        except ValueError:
            return str(value)
    return str(value)


def name_for(original: str, taken: set[str]) -> str:
    """A name of letters, digits and underscores that begins with a letter and is not yet taken.

    Args:
        original: as the listing spells it.
        taken: names in small letters.
    """
    base = _OTHER.sub("_", original).strip("_")[:60]
    if not base or not base[0].isalpha():
        base = f"f_{base}".rstrip("_")
    name, number = base, 0
    while name.lower() in taken:
        number += 1
        name = f"{base}_{number}"
    return name


class Columns:
    """The fields of a catalog as they grow while it is filled."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = list(fields)
        self._index = {(f.alias or f.name).lower(): i for i, f in enumerate(fields) if i >= len(STANDARD)}

    def place(self, original: str, kind: FieldType, length: int) -> tuple[Field | None, Field] | None:
        """The field of a property: as it was (None: it is new) and as it is; None where there is no room."""
        index = self._index.get(original.lower())
        if index is None:
            if len(self.fields) >= len(STANDARD) + MOST:
                return None
            name = name_for(original, {field.name.lower() for field in self.fields})
            new = Field(name, kind, self._length(kind, None, length), "" if name == original else original)
            self._index[original.lower()] = len(self.fields)
            self.fields.append(new)
            return None, new
        old = self.fields[index]
        wider = widened(old.type, kind)
        now = replace(old, type=wider, length=self._length(wider, old.length, length))
        self.fields[index] = now
        return old, now

    @staticmethod
    def _length(kind: FieldType, known: int | None, length: int) -> int | None:
        return max(known or TEXT_LENGTH, length) if kind is FieldType.TEXT else None
