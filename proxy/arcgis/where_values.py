"""Values and truth in the conditions of a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from proxy.arcgis.errors import CannotComplete

Row = Mapping[str, Any]
Expression = Callable[[Row], Any]

#: Characters of a value that LIKE looks at; a pattern may have a tenth of them.
MATCHED = 2000


class Unreadable(CannotComplete):
    """The condition is not in the part of SQL that is understood."""


def combined(calculate: Callable[[Any, Any], Any], left: Expression, right: Expression) -> Expression:
    """Arithmetic; unknown where a part is no number, or the result is none."""

    def value(row: Row) -> Any:
        a, b = left(row), right(row)
        if not isinstance(a, int | float) or not isinstance(b, int | float):
            return None
        try:
            return calculate(a, b)
        except (ZeroDivisionError, OverflowError):
            return None

    return value


def compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    """A comparison; unknown where a part is, or where text meets a number."""
    if left is None or right is None or isinstance(left, str) is not isinstance(right, str):
        return None
    return compare(left, right)


def any_(values: Any) -> bool | None:
    """`OR` over three values."""
    found = [_truth(value) for value in values]
    return True if True in found else None if None in found else False


def all_(values: Any) -> bool | None:
    """`AND` over three values."""
    found = [_truth(value) for value in values]
    return False if False in found else None if None in found else True


def not_(value: Any) -> bool | None:
    """`NOT` over three values."""
    truth = _truth(value)
    return None if truth is None else not truth


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def like(left: Expression, pattern: str, escape: str) -> Expression:
    """`LIKE` with `%` and `_`."""
    signs = _signs(pattern, escape)

    def test(row: Row) -> bool | None:
        value = left(row)
        return None if value is None else _matches(str(value)[:MATCHED], signs)

    return test


def _signs(pattern: str, escape: str) -> list[tuple[str, bool]]:
    """Characters of a pattern, each with whether it stands for itself."""
    if len(pattern) > MATCHED // 10:
        raise Unreadable
    found: list[tuple[str, bool]] = []
    characters = iter(pattern)
    for character in characters:
        if escape and character == escape[:1]:
            found.append((next(characters, ""), True))
        else:
            found.append((character, character not in "%_"))
    return found


def _matches(text: str, signs: list[tuple[str, bool]]) -> bool:
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


def milliseconds(text: str) -> float:
    """Milliseconds since 1970 of a date in ISO 8601; UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
