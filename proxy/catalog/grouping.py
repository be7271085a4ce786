"""Statistics of attributes, by groups, as SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from proxy.catalog.base import Field, FieldType, Value
from proxy.catalog.choosing import Chosen, needed_field
from proxy.catalog.schema import cell
from proxy.errors import InvalidParameter

#: Most statistics, and most fields to group by, of one query.
MOST = 50

_COUNT, _MOMENTS = "count", ("stddev", "var")
FUNCTIONS = (_COUNT, "sum", "min", "max", "avg", *_MOMENTS)
_PLAIN = {
    _COUNT: "COUNT({0})",
    "min": "MIN({0})",
    "max": "MAX({0})",
    # Whole numbers would overflow.
    "sum": "SUM(CAST({0} AS REAL))",
    "avg": "AVG({0})",
}
#: Of a sample, as those of databases are; of one value there is none. `m` is the mean of its group.
_SPREAD = "CASE WHEN COUNT({0}) > 1 THEN SUM(({0} - {1}) * ({0} - {1})) / (COUNT({0}) - 1) END"

Asked = Sequence[tuple[str, str, str]]


def statistics(
    connection: sqlite3.Connection,
    fields: tuple[Field, ...],
    rows: Chosen,
    asked: Asked,
    group_by: Sequence[str],
) -> list[dict[str, Value]]:
    """One row a group, in rising order of the groups, under the names of the fields and of the statistics.

    Args:
        connection: of the catalog.
        fields: that there are.
        rows: that count.
        asked: function, field and name in the answer. NULL is left out by every function.
        group_by: fields; without any, one row for all.

    Raises:
        InvalidParameter: a function or field is not known, or there are too many.
    """
    keys = [needed_field(fields, name, "group_by") for name in group_by]
    if not asked or len(asked) > MOST or len(keys) > MOST:
        raise InvalidParameter("statistics", f"Between 1 and {MOST} can be asked for at once.")
    names = [key.name for key in keys] + [out for _, _, out in asked]
    if len(set(names)) < len(names):
        raise InvalidParameter("statistics", "Two results have the same name.")
    wanted = [(_function(function), needed_field(fields, name, "statistics")) for function, name, _ in asked]
    for function, field in wanted:
        if field.type is FieldType.TEXT and function not in (_COUNT, "min", "max"):
            raise InvalidParameter("statistics", f"'{field.name}' holds texts.")
    groups = [cell(key.name) for key in keys]
    source, values = rows.text, rows.values
    means = {field.name: f"_mean{i}" for i, (function, field) in enumerate(wanted) if function in _MOMENTS}
    if means:
        # Against the mean of the group: the difference of great sums would leave nothing of dates.
        over = f"PARTITION BY {', '.join(groups)}" if groups else ""
        inner = ", ".join(f"AVG({cell(name)}) OVER ({over}) AS {mean}" for name, mean in means.items())
        used = dict.fromkeys((*groups, *(cell(field.name) for _, field in wanted)))
        source = f"FROM (SELECT {', '.join(used)}, {inner} {rows.text}) AS items"
    terms = [_term(function, cell(field.name), means.get(field.name, "")) for function, field in wanted]
    text = f"SELECT {', '.join((*groups, *terms))} {source}"
    if groups:
        text += f" GROUP BY {', '.join(groups)} ORDER BY {', '.join(groups)}"
    return [dict(zip(names, row, strict=True)) for row in connection.execute(text, values)]


def _function(name: str) -> str:
    found = name.strip().lower()
    if found not in FUNCTIONS:
        raise InvalidParameter("statistics", f"There is no function '{name[:40]}'.")
    return found


def _term(function: str, name: str, mean: str) -> str:
    if function not in _MOMENTS:
        return _PLAIN[function].format(name)
    spread = _SPREAD.format(name, mean)
    return spread if function == "var" else f"SQRT({spread})"
