"""Requests to stores: tried again within a budget where that may help, explained where it does not."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from obstore.exceptions import (
    InvalidPathError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from proxy.errors import ProxyError

T = TypeVar("T")

#: Tries of one range, the first included, and seconds after which no new one begins.
TRIES, BUDGET = 4, 20.0
#: Longest pause before the second try; each further one may be twice as long.
PAUSE = 0.1

#: What another try cannot mend.
FINAL = (
    FileNotFoundError,
    PermissionError,
    InvalidPathError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
_REFUSED = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AccessDenied",
    "InvalidToken",
)
#: As HTTP statuses are told; these digits alone also stand in names of objects and in times.
_STATUS = re.compile(r"\b(?:status|code|error)\b\D{0,12}\b40[13]\b", re.IGNORECASE)

#: Of obstore's own requests: statuses of 5xx and 429, and connections that break before the body.
RETRY_CONFIG: dict[str, Any] = {
    "max_retries": TRIES - 1,
    "retry_timeout": timedelta(seconds=BUDGET),
    "backoff": {
        "init_backoff": timedelta(seconds=PAUSE),
        "max_backoff": timedelta(seconds=2),
        "base": 2.0,
    },
}


def tried(work: Callable[[], T], tries: int = TRIES, budget: float = BUDGET) -> T:
    """Result of `work`, begun again where it fails with what may pass: broken bodies, resets, busy servers.

    Pauses are drawn at random up to a bound that doubles, so that many readers do not come back at once.

    Raises:
        Exception: that of the last try, or the first that is final.
    """
    deadline = time.monotonic() + budget
    for number in range(1, tries + 1):
        try:
            return work()
        except Exception as error:
            pause = _pause(error, number, tries, deadline)
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


async def tried_async(work: Callable[[], Awaitable[T]], tries: int = TRIES, budget: float = BUDGET) -> T:
    """As `tried`, on an event loop."""
    deadline = time.monotonic() + budget
    for number in range(1, tries + 1):
        try:
            return await work()
        except Exception as error:
            pause = _pause(error, number, tries, deadline)
            if pause is None:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def _pause(error: Exception, number: int, tries: int, deadline: float) -> float | None:
    """Seconds before the next try; None where there is none."""
    if isinstance(error, (*FINAL, ProxyError)) or number == tries or is_refused(error):
        return None
    pause = random.uniform(0, PAUSE * 2 ** (number - 1))
    return None if time.monotonic() + pause > deadline else pause


def is_refused(error: BaseException) -> bool:
    """True where the credentials are to blame."""
    if isinstance(error, PermissionError | PermissionDeniedError | UnauthenticatedError):
        return True
    text = str(error)
    return _STATUS.search(text) is not None or any(word in text for word in _REFUSED)


def is_missing(error: BaseException) -> bool:
    """True where the store answers that there is no such object."""
    return isinstance(error, FileNotFoundError | NotFoundError)


def sentence(error: BaseException) -> str:
    """Public sentence why an object cannot be read; details of stores and credentials are for the log."""
    if is_missing(error):
        return "The source does not exist in its store."
    if is_refused(error):
        return "The store refuses access to the source."
    return "The source could not be reached."
