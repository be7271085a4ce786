"""The row of remap: ranges given as lists, or as the columns of a table."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from proxy.errors import InvalidRule
from proxy.functions.remap import remap
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, flag, number, numbers
from proxy.functions.tables import by_columns, column, table_of
from proxy.model import AttributeTable, PixelType, Raster


class RemapTableType(IntEnum):
    """How a table is read; both ways give the same values here."""

    LIST = 0
    TABLE = 1


def remap_by_any(
    raster: Raster,
    *,
    use_table: bool = False,
    table: AttributeTable | None = None,
    input_field: str = "",
    input_max_field: str = "",
    output_field: str = "",
    remap_table_type: RemapTableType = RemapTableType.TABLE,
    geometries: None = None,
    output_type: PixelType | None = None,
    **ranges: Any,
) -> Raster:
    """Give every value of a range one new value; see `proxy.functions.remap.remap`.

    Args:
        raster: its first band is used.
        use_table: True to take the ranges from `table`.
        table: rows; `input_field` is the value, or the least one where `input_max_field` names the end of the
            range, which is outside; `output_field` is the new value.
        input_field: see `table`. input_max_field: see `table`. output_field: see `table`.
        remap_table_type: accepted; has no effect. geometries: refused.
        output_type: see `remap`. ranges: arguments of `remap`.
    """
    if not use_table and (table is None or ranges.get("input_ranges")):
        return remap(raster, output_type=output_type, **ranges)
    if table is None:
        raise InvalidRule("table", "It must be given.")
    low = column(table, input_field, "input_field")
    high = column(table, input_max_field, "input_max_field") if input_max_field else low
    output = column(table, output_field, "output_field")
    kept = {key: part for key, part in ranges.items() if key not in ("input_ranges", "output_values")}
    return by_columns(raster, low, high, output, "output_field", output_type=output_type, **kept)


def _no_geometries(value: object) -> None:
    if value:
        raise ValueError("Remapping inside geometries is not offered; clip the result instead.")


FUNCTIONS = (
    Function(
        "remap",
        remap_by_any,
        "Ranges of values to new values.",
        (
            INPUT,
            numbers("input_ranges", longest=131072),
            numbers("output_values", longest=65536),
            numbers("no_data_ranges", longest=131072),
            flag("allow_unmatched"),
            number("replacement_value", None),
            flag("use_table"),
            Argument("table", Kind.JSON, None, convert=table_of),
            Argument("input_field", Kind.TEXT, ""),
            Argument("input_max_field", Kind.TEXT, ""),
            Argument("output_field", Kind.TEXT, ""),
            choice("remap_table_type", RemapTableType.TABLE),
            Argument("geometries", Kind.JSON, None, convert=_no_geometries),
        ),
        bands=lambda arguments, count: (0,),
        typed=True,
    ),
)
