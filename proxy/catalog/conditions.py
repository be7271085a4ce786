"""A condition on attributes as a tree, and its test of a row. `where_sql` writes the same tree as SQL.

Logic has three values: what compares with NULL, or text with a number, is unknown, and a row is taken only
where its condition is true. Arithmetic is that of 64-bit floats in both.
"""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from proxy.catalog.base import Value
from proxy.catalog.moments import shifted

Row = Mapping[str, Value]
DAY = 86_400_000


class Kind(Enum):
    """What a value is. Dates are numbers."""

    NUMBER = auto()
    TEXT = auto()
    NULL = auto()


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Value


@dataclass(frozen=True, slots=True)
class Now:
    """The present in milliseconds since 1970, or the beginning of its day in UTC; whole months later."""

    day: bool
    months: int = 0

    def value(self) -> int:
        """The moment at this moment."""
        present = int(time.time() * 1000)
        return shifted(present - present % DAY if self.day else present, self.months)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute, by the name of its field."""

    name: str
    kind: Kind
    date: bool = False


@dataclass(frozen=True, slots=True)
class Cased:
    """A text with its ASCII letters made large or small."""

    text: Term
    upper: bool


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+`, `-`, `*` or `/` of two numbers; unknown where the result is no number."""

    sign: str
    left: Term
    right: Term


Term = Constant | Now | Attribute | Cased | Arithmetic


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither true nor false for every row."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`=`, `<>`, `<`, `<=`, `>` or `>=` of two values of one kind."""

    sign: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value among others of its kind, or NULL."""

    value: Term
    choices: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """A text that fits a pattern: characters, each with whether it stands for itself, else `%` or `_`."""

    text: Term
    signs: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """Nothing is there. Never unknown."""

    value: Term


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """`AND` of all, or `OR` of any."""

    parts: tuple[Condition, ...]
    any: bool


Condition = Unknown | Compared | OneOf | Like | IsNull | Not | Both
#: Holds for every row.
TRUE = IsNull(Constant(None))

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
#: ASCII only, as in SQLite.
_LARGE = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def kind_of(term: Term) -> Kind:
    """What a term gives where it gives anything."""
    match term:
        case Constant(value):
            return Kind.NULL if value is None else Kind.TEXT if isinstance(value, str) else Kind.NUMBER
        case Attribute(_, kind):
            return kind
        case Cased():
            return Kind.TEXT
    return Kind.NUMBER


def holds(condition: Condition, row: Row) -> bool:
    """Whether a condition is true for a row of attributes by field name."""
    return _truth(condition, row) is True


def _truth(condition: Condition, row: Row) -> bool | None:
    match condition:
        case Compared(sign, left, right):
            return _compared(_COMPARISONS[sign], _value(left, row), _value(right, row))
        case Both(parts, any_):
            return _joined((_truth(part, row) for part in parts), decisive=any_)
        case Not(inner):
            truth = _truth(inner, row)
            return None if truth is None else not truth
        case OneOf(value, choices):
            found = _value(value, row)
            return _joined(
                (_compared(operator.eq, found, _value(choice, row)) for choice in choices), decisive=True
            )
        case Like(text, signs):
            found = _value(text, row)
            return _matches(found, signs) if isinstance(found, str) else None
        case IsNull(value):
            return _value(value, row) is None
    return None


def _compared(compare: Callable[[Any, Any], bool], left: Value, right: Value) -> bool | None:
    if left is None or right is None or isinstance(left, str) is not isinstance(right, str):
        return None
    return compare(left, right)


def _joined(values: Iterable[bool | None], decisive: bool) -> bool | None:
    unknown = False
    for value in values:
        if value is decisive:
            return decisive
        unknown |= value is None
    return None if unknown else not decisive


def _value(term: Term, row: Row) -> Value:
    match term:
        case Constant(value):
            return value
        case Attribute(name):
            found = row.get(name)
            return None if isinstance(found, float) and math.isnan(found) else found
        case Cased(text, upper):
            inner = _value(text, row)
            return inner.translate(_LARGE if upper else _SMALL) if isinstance(inner, str) else None
        case Arithmetic(sign, left, right):
            return _calculated(sign, _value(left, row), _value(right, row))
        case Now():
            return term.value()


def _calculated(sign: str, left: Value, right: Value) -> float | None:
    if left is None or right is None or isinstance(left, str) or isinstance(right, str):
        return None
    try:
        found = _ARITHMETIC[sign](float(left), float(right))
    except (ZeroDivisionError, OverflowError):
        return None
    return None if math.isnan(found) else found


def _matches(text: str, signs: tuple[tuple[str, bool], ...]) -> bool:
    """Whether a text fits a pattern. Goes back no farther than to the last `%`."""
    place = sign = 0
    star: tuple[int, int] | None = None
    while place < len(text):
        wanted, literal = signs[sign] if sign < len(signs) else ("", True)
        if not literal and wanted == "%":
            star = sign, place
            sign += 1
        elif (not literal and wanted == "_") or wanted == text[place]:
            place, sign = place + 1, sign + 1
        elif star is not None:
            sign, place = star[0] + 1, star[1] + 1
            star = star[0], place
        else:
            return False
    return all(rest == ("%", False) for rest in signs[sign:])
