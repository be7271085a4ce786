"""Tolerant reading of argument values: numbers and booleans as text, lists as text, codes by name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Mapping
from enum import IntEnum
from typing import Any

from proxy.functions.signature import Argument, Kind, fold

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0", ""})


def value_of(argument: Argument, value: object) -> Hashable:
    """What an argument that is no raster holds.

    Args:
        argument: its row.
        value: as the caller wrote it: JSON, or text that stands for it.

    Raises:
        ValueError: it does not fit; the message is a public sentence without the name of the argument.
    """
    found: Any = _READERS[argument.kind](argument, value)
    if argument.convert is not None:
        found = argument.convert(found)
    _limited(argument, found)
    return found  # type: ignore[no-any-return]


def number_of(value: object) -> float | int | None:
    """A finite number, also one written as text; None where it is none."""
    if isinstance(value, str):
        try:
            value = float(value) if re.search(r"[^\d+\s-]", value) else int(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or abs(value) > 1e300 or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, bool) else value


def _number(argument: Argument, value: object) -> float:
    found = number_of(value)
    if found is None:
        raise ValueError(f"{_shown(value)} is no number.")
    return float(found)


def _integer(argument: Argument, value: object) -> int:
    found = _number(argument, value)
    if not found.is_integer():
        raise ValueError(f"{_shown(value)} is no whole number.")
    return int(found)


def _boolean(argument: Argument, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int | float) else "?"
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{_shown(value)} is neither true nor false.")


def _text(argument: Argument, value: object) -> str:
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value[: argument.longest])
    found = "" if value is None else str(value)
    if isinstance(value, Mapping) or len(found) > argument.longest:
        raise ValueError(f"It must be a text of at most {argument.longest} characters.")
    return found


def _enum(argument: Argument, value: object) -> IntEnum:
    assert argument.choices is not None
    code = number_of(value)
    try:
        if code is not None:
            return argument.choices(int(code))
    except ValueError:
        pass
    members = {fold(name): member for name, member in argument.choices.__members__.items()}
    if code is None and isinstance(value, str) and fold(value) in members:
        return members[fold(value)]
    known = ", ".join(f"{member.value} {member.name.lower()}" for member in argument.choices)
    raise ValueError(f"{_shown(value)} is none of {known}.")


def _list(argument: Argument, value: object) -> list[object]:
    if value is None:
        return []
    if isinstance(value, str):
        value = value.strip("[] ")
        found: list[object] = list(re.split(r"\s*[,;]\s*|\s+", value)) if value else []
    else:
        found = list(value) if isinstance(value, list | tuple) else [value]
    if len(found) > argument.longest:
        raise ValueError(f"It has more than {argument.longest} members.")
    return found


def _numbers(argument: Argument, value: object) -> tuple[float, ...]:
    # Blank-separated text also occurs inside a list.
    parts = [part for item in _list(argument, value) for part in _list(argument, item)]
    return tuple(_number(argument, part) for part in parts)


def _texts(argument: Argument, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        # Names may hold blanks.
        value = [part.strip() for part in value.split(",") if part.strip()]
    return tuple(_text(argument, part) for part in _list(argument, value))


def _rows(argument: Argument, value: object) -> tuple[tuple[float | None, ...], ...]:
    if isinstance(value, str):
        value = [row for row in value.split(";") if row.strip()]
    rows = _list(argument, value)
    return tuple(
        tuple(None if part is None else _number(argument, part) for part in _list(argument, row))
        for row in rows
    )


def _json(argument: Argument, value: object) -> object:
    return value


_READERS: Mapping[Kind, Callable[[Argument, object], object]] = {
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.TEXT: _text,
    Kind.ENUM: _enum,
    Kind.NUMBERS: _numbers,
    Kind.TEXTS: _texts,
    Kind.ROWS: _rows,
    Kind.JSON: _json,
}


def _limited(argument: Argument, value: object) -> None:
    for part in value if isinstance(value, tuple) else (value,):
        if not isinstance(part, int | float):
            continue
        if argument.minimum is not None and part < argument.minimum:
            raise ValueError(f"{part:g} is less than {argument.minimum:g}.")
        if argument.maximum is not None and part > argument.maximum:
            raise ValueError(f"{part:g} is more than {argument.maximum:g}.")


def _shown(value: object) -> str:
    return f"'{str(value)[:60]}'"
