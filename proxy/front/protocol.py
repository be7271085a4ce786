"""HTTP with bounds on a request before any door sees it: bytes of its head, seconds until it is whole.

Without them a client that never comes to an end of its headers fills the memory, and connections on which
nothing comes are kept for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of address and headers together, and seconds that the rest of a request may take.
MOST_HEAD, REQUEST_SECONDS = 256 << 10, 60.0
#: Looks at a connection within that time.
LOOKS = 4


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests are bounded; a new one has to bring its first request as quickly.

    What a request costs by it is a comparison for each piece that comes in: time is looked at now and then.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = -1
        self._look: asyncio.TimerHandle | None = None
        #: What was not whole at the last look, and since when it is known not to be.
        self._awaited: object = None
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection is there."""
        super().connection_made(transport)
        self._look_at()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        super().connection_lost(exc)
        if self._look is not None:
            self._look.cancel()

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or of several."""
        super().data_received(data)
        if not self._in_head():
            self._head = -1
            return
        # The piece in which a head begins may hold the end of what was before it.
        self._head = 0 if self._head < 0 else self._head + len(data)
        if self._head > MOST_HEAD and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large", b"The address and headers are too long.")

    def _in_head(self) -> bool:
        # The method is filled in with the end of the head.
        return self.scope is None or "method" not in self.scope

    def _unfinished(self) -> object:
        """What of the client is still to come; None while it is the server's turn."""
        if self._in_head():
            begun: object = self.scope
            return begun or self
        cycle = self.cycle
        is_body = cycle is not None and cycle.more_body and not cycle.response_complete
        return cycle if is_body and not self.flow.read_paused else None

    def _look_at(self) -> None:
        if self.transport.is_closing():
            return
        now, awaited = self.loop.time(), self._unfinished()
        if awaited is None or awaited is not self._awaited:
            self._awaited, self._since = awaited, now
        elif now - self._since >= REQUEST_SECONDS:
            if self._in_head():
                self._refuse(b"408 Request Timeout", b"The request did not come in time.")
            else:
                self.transport.close()
            return
        self._look = self.loop.call_later(REQUEST_SECONDS / LOOKS, self._look_at)

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
