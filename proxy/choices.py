"""Texts that choose a time, a slice or items, in the spelling that all doors but Esri's share.

A time is an instant (`2018-05-01`, `2018-05-01T10:30:00Z`, epoch milliseconds) or an interval: `start/end`
with `..` or nothing for an open end, or `start,end` in epoch milliseconds with `null`. A date of less
precision than a second is the interval that it covers: `2018-05` is the whole of May.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from proxy.errors import InvalidParameter
from proxy.selection import (
    DimensionChoice,
    MosaicMethod,
    MosaicOperation,
    MosaicRule,
    Selection,
    TimeSpan,
)
from proxy.services import Service
from proxy.sources.base import Dimension, SourceInfo, Variable

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d)(?:[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)"
    r"(?::?(?P<second>\d\d)(?P<fraction>\.\d{1,9})?)?)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d{1,17}(\.\d+)?", re.ASCII)
_OPEN = frozenset({"", "..", "null"})


def time_span(text: str, name: str = "time") -> TimeSpan | None:
    """A time as it is written in requests; None for nothing, and for an interval that is open at both ends.

    Raises:
        InvalidParameter: it has none of the forms above, or ends before it begins.
    """
    text = text.strip()
    separator = "/" if "/" in text else ","
    parts = [part.strip() for part in text.split(separator)]
    if len(parts) > 2:
        raise InvalidParameter(name, "It is one moment, or a start and an end.")
    pair = separator == "," and len(parts) == 2
    spans = [None if part.lower() in _OPEN else _covered(part, name, pair) for part in parts]
    first, last = spans[0], spans[-1]
    start, end = first and first[0], last and last[1]
    if start is None and end is None:
        return None
    if start is not None and end is not None and start > end:
        raise InvalidParameter(name, "It ends before it begins.")
    return TimeSpan(start, end)


def _covered(text: str, name: str, pair: bool) -> tuple[int, int]:
    """First and last millisecond of a moment. Plain numbers are milliseconds, but for dates alone."""
    if _NUMBER.fullmatch(text) and (pair or not re.fullmatch(r"\d{4}|\d{6}|\d{8}", text, re.ASCII)):
        moment = math.floor(float(text))
        return moment, moment
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise InvalidParameter(name, "Use ISO 8601, such as 2018-05-01T10:30:00Z, or epoch milliseconds.")
    given = {key: value for key, value in match.groupdict().items() if value is not None}
    numbers = {
        key: int(given[key]) for key in ("year", "month", "day", "hour", "minute", "second") if key in given
    }
    try:
        start = datetime(**({"month": 1, "day": 1} | numbers), tzinfo=UTC)
        start += timedelta(seconds=float(given.get("fraction", 0))) - _offset(given.get("zone", "Z"))
        return _milliseconds(start), _milliseconds(_end(start, numbers))
    except (ValueError, OverflowError):
        raise InvalidParameter(name, "There is no such moment.") from None


def _offset(zone: str) -> timedelta:
    if zone.upper() == "Z":
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))


def _end(start: datetime, given: Container[str]) -> datetime:
    if "second" in given:
        return start
    last = timedelta(milliseconds=-1)
    if "minute" in given:
        return start + timedelta(minutes=1) + last
    if "hour" in given:
        return start + timedelta(hours=1) + last
    if "day" in given:
        return start + timedelta(days=1) + last
    if "month" in given:
        following = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
        return start.replace(year=following[0], month=following[1]) + last
    return start.replace(year=start.year + 1) + last


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def iso(milliseconds: float) -> str:
    """A moment in ISO 8601, to the second where that is exact.

    Raises:
        OverflowError: it lies outside the years 1 to 9999.
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    form = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=form) + "Z"


#: Most ids of one rule.
MOST_IDS = 10_000

#: Members of a mosaic rule as configurations and query strings write it.
RULE_MEMBERS = (
    "method",
    "operation",
    "ascending",
    "where",
    "ids",
    "locked",
    "sort_field",
    "sort_value",
    "viewpoint",
)


def mosaic_rule(value: Mapping[str, Any], name: str = "mosaic") -> MosaicRule:
    """A mosaic rule from a mapping with members of `RULE_MEMBERS`.

    Raises:
        InvalidParameter: a member is unknown or has no meaning.
    """
    unknown = [key for key in value if key not in RULE_MEMBERS]
    if unknown:
        raise InvalidParameter(
            name, f"Its members are {', '.join(RULE_MEMBERS)}; not '{str(unknown[0])[:40]}'."
        )
    try:
        ids, viewpoint = value.get("ids"), value.get("viewpoint")
        found = MosaicRule(
            MosaicMethod(value["method"]) if value.get("method") else None,
            MosaicOperation(value["operation"]) if value.get("operation") else None,
            _flag(value.get("ascending", True)),
            _text(value.get("where")),
            None if ids is None else _ids(ids),
            _ids(value.get("locked") or []),
            _text(value.get("sort_field")),
            _base(value.get("sort_value")),
            None if viewpoint is None else (float(viewpoint[0]), float(viewpoint[1])),
        )
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        raise InvalidParameter(name, "A member has no meaning.") from None
    if found.method is MosaicMethod.LOCK and not found.locked:
        raise InvalidParameter(name, "The method 'lock' needs ids in 'locked'.")
    return found


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise ValueError(value)
    return value or ""


def _ids(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_IDS:
        raise ValueError(value)
    if not all(type(item) is int for item in value):
        raise ValueError(value)
    return tuple(value)


def _base(value: object) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return value


#: Names of a query that choose, beside those of dimensions.
CHOICES = frozenset({"time", "mosaic", "item", "variable", "slice"})


def selection(service: Service, query: Mapping[str, str]) -> Selection:
    """The choice in a query string: `time`, `mosaic`, `item`, `variable`, `slice`, and dimensions by name.

    Names are read without regard to case. `mosaic` is the name of a configured rule or a rule as JSON; `item`
    is one id or several, drawn in that order; `slice` counts from 0 over the variables and their dimensions,
    the last dimension fastest.

    Raises:
        InvalidParameter: a value has no meaning.
    """
    given = {name.lower(): value.strip() for name, value in query.items() if value.strip()}
    info = service.info
    rule = _chosen_rule(service, given)
    variable, dimensions = given.get("variable", ""), _dimensions(info, given)
    if "slice" in given:
        variable, dimensions = slice_of(info, given["slice"])
    return Selection(rule, time_span(given.get("time", "")), variable, dimensions)


def _chosen_rule(service: Service, given: Mapping[str, str]) -> MosaicRule:
    if "item" in given:
        parts = [part.strip() for part in given["item"].split(",")]
        if len(parts) > MOST_IDS or not all(re.fullmatch(r"-?\d{1,40}", part, re.ASCII) for part in parts):
            raise InvalidParameter("item", "It is the id of an item, or several after commas.")
        return MosaicRule(MosaicMethod.LOCK, locked=tuple(map(int, parts)))
    text = given.get("mosaic", "")
    if not text:
        return MosaicRule()
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidParameter("mosaic", "It is not JSON.") from None
        return mosaic_rule(value)
    named = service.config.mosaic.rules if service.config.mosaic else {}
    found = next((rule for name, rule in named.items() if name.lower() == text.lower()), None)
    if found is not None:
        return mosaic_rule(found.model_dump(exclude_unset=True))
    if text.lower() not in list(MosaicMethod):
        raise InvalidParameter("mosaic", f"There is no mosaic rule '{text[:40]}'.")
    return mosaic_rule({"method": text.lower()})


def variable_of(info: SourceInfo, name: str, parameter: str = "variable") -> Variable | None:
    """Variable by name without regard to case, the default for an empty one; None where there are none.

    Raises:
        InvalidParameter: there is none of that name; the error names the `parameter`.
    """
    if not info.variables:
        return None
    found = [variable for variable in info.variables if variable.name.lower() == name.lower()]
    if name and not found:
        raise InvalidParameter(parameter, f"There is no variable '{name[:60]}'.")
    return found[0] if found else info.variables[0]


def _dimensions(info: SourceInfo, given: Mapping[str, str]) -> tuple[DimensionChoice, ...]:
    variable = variable_of(info, given.get("variable", ""))
    found = []
    for dimension in variable.dimensions if variable else ():
        text = next(
            (given[name] for name in sorted(names_of(dimension)) if name in given and name != "time"), None
        )
        if text is not None:
            found.append(dimension_choice(dimension.name, dimension.kind, text))
    return tuple(sorted(found, key=lambda choice: choice.name))


def names_of(dimension: Dimension) -> set[str]:
    """Names, in small letters, by which a query means a dimension."""
    names = {dimension.name.lower(), dimension.name.lower().removeprefix("std")}
    if dimension.kind == "vertical":
        names |= {"elevation", "z", "stdz"}
    if dimension.kind == "time":
        names.add("stdtime")
    return names


def dimension_choice(name: str, kind: str, text: str) -> DimensionChoice:
    """Values on a dimension: numbers or `low/high`, several after commas; moments where its kind is `time`.

    Raises:
        InvalidParameter: a value is neither.
    """
    values = []
    for part in text.split(","):
        if kind == "time":
            span = time_span(part, name)
            low = -math.inf if span is None or span.start is None else float(span.start)
            high = math.inf if span is None or span.end is None else float(span.end)
            values.append((low, high))
            continue
        try:
            ends = [float(end) for end in part.split("/")]
        except ValueError:
            raise InvalidParameter(name, "It is a number, or low/high.") from None
        if len(ends) > 2 or not all(map(math.isfinite, ends)):
            raise InvalidParameter(name, "It is a number, or low/high.")
        values.append((min(ends), max(ends)))
    return DimensionChoice(name, tuple(values), nearest=len(values) == 1 and values[0][0] == values[0][1])


def slice_count(info: SourceInfo) -> int:
    """Number of slices of all variables."""
    return sum(math.prod(len(d.values) for d in variable.dimensions) for variable in info.variables)


def slice_of(info: SourceInfo, text: str) -> tuple[str, tuple[DimensionChoice, ...]]:
    """Variable and dimensions of a slice by its number: variables in order, the last dimension fastest.

    Raises:
        InvalidParameter: there is no such slice.
    """
    number = int(text) if re.fullmatch(r"\d{1,12}", text, re.ASCII) else -1
    if number >= 0:
        for variable in info.variables:
            count = math.prod(len(d.values) for d in variable.dimensions)
            if number < count:
                return variable.name, _slice_dimensions(variable, number)
            number -= count
    if not info.variables:
        raise InvalidParameter("slice", "There are no slices.")
    raise InvalidParameter("slice", f"There are slices 0 to {slice_count(info) - 1}.")


def _slice_dimensions(variable: Variable, number: int) -> tuple[DimensionChoice, ...]:
    found = []
    for dimension in reversed(variable.dimensions):
        number, index = divmod(number, len(dimension.values))
        value = dimension.values[index]
        found.append(DimensionChoice(dimension.name, ((value, value),)))
    return tuple(sorted(found, key=lambda choice: choice.name))
