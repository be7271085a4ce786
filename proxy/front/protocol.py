"""HTTP with bounds on a request before any door sees it: bytes of its head, seconds until it is whole.

Without them a client that never comes to an end of its headers fills the memory, and connections on which
nothing comes are kept for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of address and headers together, and seconds from the first byte of a request to its last.
MOST_HEAD, REQUEST_SECONDS = 256 << 10, 60.0
#: Looks at a connection within these seconds.
LOOKS = 4


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests are bounded. A new one has to bring its first request as quickly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Moment at which the request that is not whole yet began.
        self._began: float | None = None
        self._head: int | None = 0
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection is there."""
        super().connection_made(transport)
        self._began = self.loop.time()
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        super().connection_lost(exc)
        if self._look is not None:
            self._look.cancel()

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or of several."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > MOST_HEAD and not self.transport.is_closing():
                self._refuse(b"431 Request Header Fields Too Large", b"The address and headers are too long.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._began, self._head = self.loop.time(), 0

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is whole."""
        self._began = None
        super().on_message_complete()

    def _look_later(self) -> None:
        self._look = self.loop.call_later(REQUEST_SECONDS / LOOKS, self._look_at)

    def _look_at(self) -> None:
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            # It is the server that does not read.
            self._began = self._began and self.loop.time()
        elif self._began is not None and self.loop.time() - self._began >= REQUEST_SECONDS:
            if self._head is None:
                self.transport.close()
            else:
                self._refuse(b"408 Request Timeout", b"The request did not come in time.")
            return
        self._look_later()

    def _refuse(self, status: bytes, sentence: bytes) -> None:
        lines = (
            b"HTTP/1.1 " + status,
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Length: %d" % len(sentence),
            b"Cache-Control: no-store",
            b"Connection: close",
            b"",
            sentence,
        )
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()
