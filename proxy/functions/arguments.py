"""Readers of argument values: tolerant of spelling, strict about meaning.

Each takes whatever JSON or YAML gave and returns a hashable value, or raises ValueError with a reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

E = TypeVar("E", bound=IntEnum)

#: Most rows of an explicit colormap.
COLORMAP_ROWS = 65_536

_SEPARATOR = re.compile(r"[\s,;]+")


def folded(name: str) -> str:
    """A name as it is compared: lower case, without blanks, underscores and hyphens."""
    return re.sub(r"[\s_\-]+", "", name).lower()


def number(value: Any) -> float:
    """A finite number, also from text."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError("a number is expected") from None
    if not math.isfinite(found):
        raise ValueError("a finite number is expected")
    return found


def between(low: float, high: float) -> Callable[[Any], float]:
    """A number within limits, ends included."""

    def read(value: Any) -> float:
        found = number(value)
        if not low <= found <= high:
            raise ValueError(f"a number from {low:g} to {high:g} is expected")
        return found

    return read


def integer(value: Any) -> int:
    """A whole number, also from text or from a float without fraction."""
    found = number(value)
    if not found.is_integer():
        raise ValueError("a whole number is expected")
    return int(found)


def boolean(value: Any) -> bool:
    """True or false, also as 1 and 0, yes and no, in any case."""
    text = str(value).strip().lower()
    if text in ("true", "1", "yes", "1.0"):
        return True
    if text in ("false", "0", "no", "none", "", "0.0"):
        return False
    raise ValueError("true or false is expected")


def text(value: Any) -> str:
    """Short text."""
    if not isinstance(value, str | int | float) or len(str(value)) > 4000:
        raise ValueError("text is expected")
    return str(value)


def listed(value: Any) -> list[Any]:
    """A list, also from text with blanks or commas between the items, or from a single item."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return [item for item in _SEPARATOR.split(value.strip("[](){} ")) if item]
    return [value]


def numbers(value: Any) -> tuple[float, ...]:
    """A list of finite numbers."""
    return tuple(number(item) for item in listed(value))


def integers(value: Any) -> tuple[int, ...]:
    """A list of whole numbers."""
    return tuple(integer(item) for item in listed(value))


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts; items may hold blanks when a real list is given."""
    return tuple(text(item) for item in listed(value))


def choice(kind: type[E], names: dict[str, E] | None = None) -> Callable[[Any], E]:
    """A member of an enumeration, by code, numeric text or name."""
    known = {folded(member.name): member for member in kind}
    known.update({folded(name): member for name, member in (names or {}).items()})

    def read(value: Any) -> E:
        if isinstance(value, str) and folded(value) in known:
            return known[folded(value)]
        try:
            return kind(integer(value))
        except ValueError:
            options = ", ".join(f"{member.value} ({member.name.lower()})" for member in kind)
            raise ValueError(f"one of {options} is expected") from None

    return read


def rows(width: int, most: int = COLORMAP_ROWS) -> Callable[[Any], tuple[tuple[float, ...], ...]]:
    """A table of numbers with at least `width` columns in each row; a flat list is cut into rows."""

    def read(value: Any) -> tuple[tuple[float, ...], ...]:
        items = listed(value)
        if items and not isinstance(items[0], list | tuple | dict):
            if len(items) % width:
                raise ValueError(f"rows of {width} numbers are expected")
            items = [items[at : at + width] for at in range(0, len(items), width)]
        if len(items) > most:
            raise ValueError(f"at most {most} rows are allowed")
        found = tuple(numbers(item) for item in items)
        if any(len(row) < width for row in found):
            raise ValueError(f"rows of {width} numbers are expected")
        return found

    return read


def statistics_rows(value: Any) -> tuple[tuple[float, ...], ...]:
    """Rows of minimum, maximum, mean and standard deviation, each a list or an object."""
    items = listed(value)
    keys = ("min", "max", "mean", "standarddeviation")
    plain = [
        [{folded(str(k)): v for k, v in item.items()}.get(key, 0) for key in keys]
        if isinstance(item, dict)
        else item
        for item in items
    ]
    found = rows(2, 4096)(plain)
    return tuple((*row, *(0.0,) * (4 - len(row)))[:4] for row in found)
