"""Signals and the configuration file: when to read the configuration again, and when to stop."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from watchfiles import awatch

log = logging.getLogger(__name__)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def on_reload(reload: Callable[[], None]) -> None:
    """Call `reload` on the event loop for each SIGHUP. Without effect where signals are not to be had."""
    if _is_main() and hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)


def on_stop(seconds: float, announce: Callable[[], None]) -> None:
    """Put a while between SIGTERM and what the server does about it.

    Args:
        seconds: of the while. announce: called at its beginning.
    """
    if not _is_main() or not seconds:
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)

    def told(number: int, frame: FrameType | None) -> None:
        def begin() -> None:
            announce()
            loop.call_later(seconds, lambda: before(number, frame) if callable(before) else None)

        # A second time means at once.
        signal.signal(signal.SIGTERM, before)
        loop.call_soon_threadsafe(begin)

    signal.signal(signal.SIGTERM, told)


async def watching(file: Path, changed: Callable[[], Any]) -> None:
    """Call `changed` at once, and whenever the text of a file has become another, however it was replaced."""
    known = digest(file)
    # It may have become another since it was read.
    await changed()
    # The folder is watched: editors and orchestrators put a new file in place of the old one.
    async for _ in awatch(file.parent, recursive=False):
        found = digest(file)
        if found is not None and found != known:
            known = found
            log.info("%s has changed", file.name)
            await changed()


def digest(file: Path) -> bytes | None:
    """Hash of a file's text; None while there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return None
