"""Callers who leave: the work for a request ends when its connection does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EMPTY: Message = {"type": "http.request", "body": b"", "more_body": False}


async def answer_or_leave(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, is_answered: Callable[[], bool]
) -> bool:
    """Call an application; cancel it when the caller leaves. False where he did before the end.

    Args:
        is_answered: True once the whole answer was sent; what the application does after that is left alone.
    """
    watch = _Watch(scope, receive)
    task = asyncio.current_task()
    assert task is not None
    watching = asyncio.ensure_future(watch.until_gone(task, is_answered))
    try:
        await app(scope, watch.receive, send)
    except asyncio.CancelledError:
        # A task that the server itself cancels stays cancelled.
        if not watch.cancelled or task.uncancel():
            raise
        return False
    finally:
        watching.cancel()
    return is_answered() or not watch.gone.is_set()


class _Watch:
    """Reads what the server says of the connection, beside the application."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._is_read = asyncio.Event()
        self._passed_on = False
        self.gone = asyncio.Event()
        self.cancelled = False
        names = {name for name, _ in scope["headers"]}
        if scope["method"] in ("GET", "HEAD") and not names & {b"content-length", b"transfer-encoding"}:
            self._is_read.set()
            self._bodiless = True
        else:
            self._bodiless = False

    async def receive(self) -> Message:
        """What the application is told: the body as it comes, then the end of the connection."""
        if self._bodiless:
            if not self._passed_on:
                self._passed_on = True
                return _EMPTY
        elif not self._is_read.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                self._is_read.set()
            elif not message.get("more_body"):
                self._is_read.set()
            return message
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def until_gone(self, task: asyncio.Task[Any], is_answered: Callable[[], bool]) -> None:
        """Wait for the end of the connection, then cancel the work."""
        await self._is_read.wait()
        while not self.gone.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
        if not is_answered():
            self.cancelled = True
            task.cancel()
