"""Plain values of query strings: numbers, flags, colours."""

from __future__ import annotations

import math
import re

from PIL import ImageColor

from proxy.errors import InvalidParameter
from proxy.ogc.compose import RGB
from proxy.ogc.wms.colors import color as hexadecimal
from proxy.xyz.params import whole_number

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
#: Of a whole number that is written as a decimal one.
_ZEROS = re.compile(r"\.0*$")


def number(text: str, name: str) -> float:
    """A finite number.

    Raises:
        InvalidParameter: it is none.
    """
    text = text.strip()
    value = float(text) if _NUMBER.fullmatch(text) and len(text) < 100 else math.nan
    if not math.isfinite(value):
        raise InvalidParameter(name, f"'{text[:40]}' is no number.")
    return value


def positive(text: str, name: str) -> float | None:
    """A number above 0; None for an empty text."""
    if not text.strip():
        return None
    value = number(text, name)
    if value <= 0:
        raise InvalidParameter(name, "It is a number above 0.")
    return value


def pixels(text: str, name: str) -> int | None:
    """A whole number above 0; None for an empty text."""
    if not text.strip():
        return None
    value = whole_number(_ZEROS.sub("", text.strip()))
    if not value:
        raise InvalidParameter(name, "It is a whole number above 0.")
    return value


def numbers(text: str, name: str, counts: tuple[int, ...]) -> tuple[float, ...]:
    """Finite numbers with commas between them.

    Args:
        counts: how many there may be.
    """
    found = tuple(number(part, name) for part in text.split(","))
    if len(found) not in counts:
        raise InvalidParameter(name, f"It has {' or '.join(map(str, counts))} numbers, not {len(found)}.")
    return found


def flag(text: str, name: str) -> bool | None:
    """`true` or `false` in any case; None for an empty text."""
    wanted = text.strip().lower()
    if not wanted:
        return None
    if wanted not in ("true", "false"):
        raise InvalidParameter(name, "It is true or false.")
    return wanted == "true"


def color(text: str, name: str) -> RGB | None:
    """`0xRRGGBB`, `RRGGBB`, `#RRGGBB` or the name of a web colour in any case; None for an empty text."""
    wanted = text.strip().lower()
    if not wanted:
        return None
    found = hexadecimal(str(ImageColor.colormap.get(wanted, wanted)))
    if found is None:
        raise InvalidParameter(name, "It is 0xRRGGBB, or the name of a web colour.")
    return found
