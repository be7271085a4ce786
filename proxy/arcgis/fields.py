"""Parameters as Esri's clients send them: any case, any of query string, form or multipart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from proxy.arcgis.relaxed import parse_json
from proxy.errors import BadRequest, InvalidParameter, TooLarge
from proxy.web import note_form

#: Bytes of a form, and of one value in it: enough for long geometries and rules.
MAX_FORM, MAX_VALUE = 4 * 1024 * 1024, 2 * 1024 * 1024
MAX_FIELDS = 200

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


class Fields(Mapping[str, str]):
    """Parameters by name without regard to case.

    Blanks around values are gone, an empty value counts as absent, and of repeated names the first stays.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            if text := value.strip():
                self._values.setdefault(name.strip().lower(), text)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str:
        """Value of a parameter, empty where absent."""
        return self._values.get(name.lower(), "")

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
    pairs = list(request.query_params.multi_items())
    if request.method == "POST":
        form = await _form(request)
        note_form(request, form)
        pairs += form
    return Fields(pairs)


async def _form(request: Request) -> list[tuple[str, str]]:
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > MAX_FORM:
            raise TooLarge("The form is too large.")
        return message

    try:
        limited = Request(request.scope, receive)
        form = await limited.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_VALUE)
    except HTTPException as error:
        raise BadRequest("The form cannot be read.") from error
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
