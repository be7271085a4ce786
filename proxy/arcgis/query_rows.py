"""What a query does to rows once they are chosen: order, distinct values, statistics of groups."""

from __future__ import annotations

import statistics as stats
from collections.abc import Callable, Mapping
from typing import Any

from proxy.arcgis.fields import Fields
from proxy.arcgis.items import chosen_fields
from proxy.arcgis.respond import Document
from proxy.errors import InvalidParameter

Rows = list[dict[str, Any]]

#: Most statistics of one query.
STATISTICS = 50


def ordered(fields: Fields, rows: Rows, known: list[Document]) -> Rows:
    """Rows by `orderByFields`: names with ASC or DESC; what has no value comes last.

    Args:
        fields: parameters.
        rows: attributes by name.
        known: fields of the rows, as documents.

    Raises:
        InvalidParameter: there is no such field or direction.
    """
    for part in reversed([part for part in fields.text("orderByFields").split(",") if part.strip()]):
        name, _, direction = part.strip().rpartition(" ")
        if direction.upper() not in ("ASC", "DESC"):
            name, direction = part.strip(), "ASC"
        field = _field(name, "orderByFields", known)
        known = [row for row in rows if row.get(field) is not None]
        known.sort(key=lambda row: row[field], reverse=direction.upper() == "DESC")
        rows = known + [row for row in rows if row.get(field) is None]
    return rows


def _field(name: str, parameter: str, known: list[Document]) -> str:
    found = chosen_fields(name, [field["name"] for field in known], parameter)
    if len(found) != 1:
        raise InvalidParameter(parameter)
    return found[0]


def distinct(rows: Rows, columns: list[str]) -> Rows:
    """The first row of each combination of values."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        seen.setdefault(tuple(row.get(name) for name in columns), row)
    return list(seen.values())


def statistics(fields: Fields, rows: Rows, known: list[Document]) -> tuple[Rows, list[Document]]:
    """`outStatistics` of the groups that `groupByFieldsForStatistics` makes, and the fields of the answer.

    Raises:
        InvalidParameter: a statistic or field is not known.
    """
    asked = fields.json("outStatistics")
    if not isinstance(asked, list) or not 0 < len(asked) <= STATISTICS:
        raise InvalidParameter("outStatistics")
    wanted = [_definition(one, known) for one in asked]
    text = fields.text("groupByFieldsForStatistics")
    names = [field["name"] for field in known]
    keys = chosen_fields(text, names, "groupByFieldsForStatistics") if text else []
    groups: dict[tuple[Any, ...], Rows] = {} if keys else {(): rows}
    for row in rows if keys else ():
        groups.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    found = []
    for values, members in groups.items():
        result = dict(zip(keys, values, strict=True))
        for kind, field, output in wanted:
            result[output] = _computed(kind, [row.get(field) for row in members])
        found.append(result)
    return found, [field for field in known if field["name"] in keys] + [
        {"name": output, "type": _type(kind, field, known), "alias": output, "domain": None}
        for kind, field, output in wanted
    ]


def _definition(value: Any, known: list[Document]) -> tuple[str, str, str]:
    if not isinstance(value, Mapping):
        raise InvalidParameter("outStatistics")
    members = {str(key).lower(): str(member) for key, member in value.items()}
    kind = members.get("statistictype", "").lower()
    if kind not in _KINDS:
        raise InvalidParameter("outStatistics", "There is no such statisticType.")
    field = _field(members.get("onstatisticfield", ""), "outStatistics", known)
    return kind, field, (members.get("outstatisticfieldname") or f"{kind.upper()}_{field}")[:128]


def _type(kind: str, field: str, known: list[Document]) -> str:
    if kind == "count":
        return "esriFieldTypeInteger"
    own: str = next(each["type"] for each in known if each["name"] == field)
    return own if kind in ("min", "max") and not own.endswith("OID") else "esriFieldTypeDouble"


def _computed(kind: str, values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    if kind == "count":
        return len(known)
    if kind not in ("min", "max"):
        known = [value for value in known if isinstance(value, int | float)]
    return _KINDS[kind](known) if known else None


def _of_two(function: Callable[[list[float]], float]) -> Callable[[list[float]], float | None]:
    return lambda values: function(values) if len(values) > 1 else None


_KINDS: dict[str, Callable[[Any], Any]] = {
    "count": len,
    "sum": sum,
    "min": min,
    "max": max,
    "avg": stats.fmean,
    "stddev": _of_two(stats.stdev),
    "var": _of_two(stats.variance),
}
