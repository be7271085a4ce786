"""Names of headers as documents write them.

HTTP leaves the case of names open, and uvicorn writes them small. Some programs, test suites of the Open
Geospatial Consortium among them, look for `Content-Type` letter by letter.
"""

from __future__ import annotations

from starlette.types import Message, Send


class _Spelled(bytes):
    """A name that stays as it is where the server makes names small."""

    def lower(self) -> bytes:
        """The name itself."""
        return self


_CONTENT_TYPE = _Spelled(b"Content-Type")


def spelled(send: Send) -> Send:
    """Send answers with `Content-Type` spelled so."""

    async def passed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            named = [(_CONTENT_TYPE if name == b"content-type" else name, value) for name, value in headers]
            message = {**message, "headers": named}
        await send(message)

    return passed
