"""Parameters of a request by name, from its query string and its form, read within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from proxy.errors import BadRequest, TooLarge
from proxy.security.visit import PARAMETER, present
from proxy.web import note_form

#: Bytes of a form, and of one value in it: enough for long geometries, rules and styles.
MAX_FORM, MAX_VALUE = 4 * 1024 * 1024, 2 * 1024 * 1024
MAX_FIELDS = 200


class Named(Mapping[str, str]):
    """Texts by name without regard to case."""

    def __init__(self, values: dict[str, str]) -> None:
        """Take values under names in small letters."""
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str:
        """Value of a parameter, empty where absent."""
        return self._values.get(name.lower(), "")


async def request_pairs(request: Request) -> list[tuple[str, str]]:
    """Parameters of a request: those of the query string first, then those of a form.

    Raises:
        TooLarge: the form is beyond all reason.
        BadRequest: the form is damaged.
    """
    pairs = list(request.query_params.multi_items())
    return pairs + await form_pairs(request) if request.method == "POST" else pairs


async def form_pairs(request: Request) -> list[tuple[str, str]]:
    """Names and texts of a form, urlencoded or multipart, in their order; files are left out.

    Raises:
        TooLarge: the form is beyond all reason.
        BadRequest: the form is damaged.
    """
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
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    note_form(request, pairs)
    present(next((value.strip() for name, value in pairs if name.strip().lower() == PARAMETER), ""))
    return pairs
