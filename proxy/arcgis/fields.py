"""Parameters as Esri's clients send them: any case, any of query string, form or multipart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from proxy.arcgis.relaxed import parse_json
from proxy.errors import InvalidParameter
from proxy.forms import Named, request_pairs

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


class Fields(Named):
    """Parameters by name without regard to case.

    Blanks around values are gone, an empty value counts as absent, and of repeated names the first stays.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        values: dict[str, str] = {}
        for name, value in pairs:
            if text := value.strip():
                values.setdefault(name.strip().lower(), text)
        super().__init__(values)

    def flag(self, name: str, default: bool = False) -> bool:
        """Truth of a parameter in any of the usual spellings; the default where it says neither."""
        text = self.text(name).lower()
        return True if text in _TRUE else False if text in _FALSE else default

    def number(self, name: str) -> float | None:
        """A finite number, None where absent.

        Raises:
            InvalidParameter: it is something else.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise InvalidParameter(name) from None
        if not math.isfinite(value):
            raise InvalidParameter(name)
        return value

    def json(self, name: str) -> Any:
        """A value in relaxed JSON, None where absent.

        Raises:
            InvalidParameter: it cannot be read.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            return parse_json(text)
        except ValueError as error:
            raise InvalidParameter(name, f"It is not JSON, or too much of it. {error}"[:200]) from None


def numbers(name: str, text: str, separator: str = ",") -> list[float]:
    """Finite numbers from a list in text.

    Raises:
        InvalidParameter: one of them is none.
    """
    try:
        found = [float(part) for part in text.strip("[]() ").split(separator)]
    except ValueError:
        raise InvalidParameter(name) from None
    if not all(map(math.isfinite, found)):
        raise InvalidParameter(name)
    return found


async def fields_of(request: Request) -> Fields:
    """Parameters of a request: those of the query string first, then those of the form.

    Raises:
        TooLarge: the form is beyond all reason.
        BadRequest: the form is damaged.
    """
    return Fields(await request_pairs(request))
