"""Attribute tables: rows that say what the values of a band mean, attached or used as a map of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.errors import InvalidRule
from proxy.functions.color import colormap_of
from proxy.functions.remap import remap
from proxy.functions.signature import INPUT, Argument, Function, Kind, fold
from proxy.functions.values import number_of
from proxy.model import AttributeTable, Colormap, Raster

#: Most rows and most fields of a table.
ROWS, FIELDS = 65536, 256


def table_of(value: object) -> AttributeTable:
    """Read a list of rows (mappings), or an object whose `features` hold `attributes`.

    Raises:
        ValueError: it is neither, has no row, or more than `ROWS`.
    """
    if isinstance(value, AttributeTable):
        return value
    if isinstance(value, Mapping):
        own = {fold(str(key)): part for key, part in value.items()}
        value = own.get("features", own.get("rows"))
    if not isinstance(value, list | tuple) or not 0 < len(value) <= ROWS:
        raise ValueError(f"A table is a list of 1 to {ROWS} rows.")
    rows = [_attributes(row) for row in value]
    fields = tuple(dict.fromkeys(name for row in rows for name in row))[:FIELDS]
    return AttributeTable(fields, tuple(tuple(row.get(name) for name in fields) for row in rows))


def _attributes(row: object) -> dict[str, Any]:
    if isinstance(row, Mapping) and isinstance(row.get("attributes"), Mapping):
        row = row["attributes"]
    if not isinstance(row, Mapping):
        raise ValueError("A row of a table is an object.")
    plain = (str, int, float)
    return {str(key): part if isinstance(part, plain) else None for key, part in row.items()}


def column(table: AttributeTable, name: str, path: str) -> tuple[Any, ...]:
    """Members of a field, by a name without regard to case.

    Raises:
        InvalidRule: there is no such field.
    """
    known = [fold(field) for field in table.fields]
    if fold(name) not in known:
        raise InvalidRule(path, f"The table has no field '{name[:80]}'.")
    place = known.index(fold(name))
    return tuple(row[place] for row in table.rows)


def table_colors(table: AttributeTable) -> Colormap | None:
    """Colormap of the fields Value, Red, Green, Blue and, if there is one, Alpha; None without them."""
    known = {fold(field): place for place, field in enumerate(table.fields)}
    if not {"value", "red", "green", "blue"} <= set(known):
        return None
    rows = []
    for row in table.rows:
        names = ("value", "red", "green", "blue")
        found = [number_of(row[known[name]]) for name in names]
        alpha = number_of(row[known["alpha"]]) if "alpha" in known else 255
        if None not in found:
            value, *rgb = (int(part) for part in found if part is not None)
            red, green, blue = (min(max(part, 0), 255) for part in rgb)
            rows.append((value, red, green, blue, 255 if alpha is None else min(max(int(alpha), 0), 255)))
    return colormap_of(tuple(rows)) if rows else None


def attach(raster: Raster, *, table: AttributeTable) -> Raster:
    """Attach an attribute table; fields Red, Green and Blue colour the values of its field Value.

    Args:
        raster: pixels stay as they are.
        table: rows with a field Value.

    Returns:
        The raster with the table, and with its colours where it has them and there is one band.
    """
    colors = table_colors(table) if raster.count == 1 and raster.pixel_type.is_integer else None
    return raster.with_data(
        raster.data,
        attributes=table,
        colormap=colors or raster.colormap,
        band_names=raster.band_names,
        statistics=raster.statistics,
        nodata=raster.nodata,
    )


def lookup(raster: Raster, *, field: str) -> Raster:
    """Replace values by what a field of the attribute table holds for them.

    Args:
        raster: one band with an attribute table; see `attach`.
        field: a field of numbers.

    Returns:
        One band of the smallest type that holds them, float32 for fractions; values that are not in the
        table are invalid.

    Raises:
        InvalidRule: there is no table, no such field, or it holds no numbers.
    """
    if raster.attributes is None:
        raise InvalidRule("raster", "It has no attribute table.")
    values = column(raster.attributes, "value", "raster")
    return by_columns(raster, values, values, column(raster.attributes, field, "field"), "field")


def by_columns(
    raster: Raster,
    low: tuple[Any, ...],
    high: tuple[Any, ...],
    output: tuple[Any, ...],
    path: str,
    **more: Any,
) -> Raster:
    """Remap from the columns of a table; rows without numbers are left out."""
    rows = [[number_of(part) for part in row] for row in zip(low, high, output, strict=True)]
    good = [[part for part in row if part is not None] for row in rows if None not in row]
    if not good:
        raise InvalidRule(path, "The field holds no numbers.")
    ranges = tuple(float(end) for row in good for end in row[:2])
    return remap(raster, input_ranges=ranges, output_values=tuple(float(row[2]) for row in good), **more)


FUNCTIONS = (
    Function(
        "table",
        attach,
        "An attribute table, with its colours, beside the values.",
        (
            INPUT,
            Argument(
                "table",
                Kind.JSON,
                None,
                ("attribute_table_as_record_set", "attribute_table"),
                required=True,
                convert=table_of,
            ),
        ),
        aliases=("attribute_table",),
    ),
    Function(
        "lookup",
        lookup,
        "A field of the attribute table in place of the values.",
        (INPUT, Argument("field", Kind.TEXT, "", ("lookup_field",), required=True)),
        bands=lambda arguments, count: (0,),
    ),
)
