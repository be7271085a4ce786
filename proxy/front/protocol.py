"""HTTP with bounds on a request before any door sees it: bytes of its head, seconds until it is whole.

Without them a client that never comes to an end of its headers fills the memory, and connections on which
nothing comes, or from which nothing is taken, are kept for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of address and headers together, and seconds that the rest of a request may take.
MOST_HEAD, REQUEST_SECONDS = 256 << 10, 60.0
#: Bytes of a body for which there is a second more: a slow line is no attack.
SLOWEST = 4096
#: Bytes that frame one byte of a body, at most: those of a chunk of its own, and some room.
FRAME = 8
#: Looks at a connection within that time.
LOOKS = 4


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests are bounded; a new one has to bring its first request as quickly.

    What a request costs by it is a comparison for each piece that comes in: time is looked at now and then.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Bytes of the request that came after the piece in which it began, and those of its body.
        self._bytes = self._body = 0
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
        before = self.scope
        super().data_received(data)
        if self.scope is not before:
            # The piece in which a request begins may hold the end of what was before it.
            self._bytes = self._body = 0
            return
        self._bytes += len(data)
        # Beside headers, those that follow a body in chunks, what is written into the chunks, empty lines.
        if self._bytes > MOST_HEAD + FRAME * self._body and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large", b"The address and headers are too long.")

    def on_body(self, body: bytes) -> None:
        """Some bytes of a body."""
        self._body += len(body)
        super().on_body(body)

    def _in_head(self) -> bool:
        # The method is filled in with the end of the head.
        return self.scope is None or "method" not in self.scope

    def _answers(self) -> bool:
        """True while an answer is being made."""
        return self.cycle is not None and not self.cycle.response_complete

    def _unfinished(self) -> object:
        """What is waited for: as many bytes of answers to be taken, or what is still to come.

        None while it is the server's turn. Answers are written whole, so that their bytes become fewer.
        """
        if unread := self.transport.get_write_buffer_size():
            return unread
        if self._in_head() or not self._answers():
            # With keep-alive the next request, which the rest of a body that nobody reads may come before.
            begun: object = self.scope
            return begun or self
        return self.cycle if self.cycle.more_body and not self.flow.read_paused else None

    def _look_at(self) -> None:
        now, awaited = self.loop.time(), self._unfinished()
        is_unread = isinstance(awaited, int)
        if self.transport.is_closing() and not is_unread:
            return
        is_same = awaited is self._awaited or (is_unread and awaited == self._awaited)
        if awaited is None or not is_same:
            self._awaited, self._since = awaited, now
        elif now - self._since >= REQUEST_SECONDS + self._body / SLOWEST:
            if is_unread:
                self.transport.abort()
            else:
                self._refuse(b"408 Request Timeout", b"The request did not come in time.")
            return
        self._look = self.loop.call_later(REQUEST_SECONDS / LOOKS, self._look_at)

    def _refuse(self, status: bytes, sentence: bytes) -> None:
        """Close, with a word to who has begun a request and waits for nothing before it.

        A browser that has opened a connection ahead would take a word for the answer to what it asks next.
        """
        if self.scope is not None and self._in_head() and not self._answers():
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
