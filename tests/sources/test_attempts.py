from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from obstore.exceptions import (
    GenericError,
    InvalidPathError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from proxy.errors import CannotRead
from proxy.sources import attempts
from proxy.sources.attempts import BUDGET, TRIES, is_missing, is_refused, sentence, tried, tried_async


class Clock:
    """Time that passes only when it is slept or worked away."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(attempts, "time", found)
    # The longest pause each time.
    monkeypatch.setattr(attempts.random, "uniform", lambda low, high: high)
    return found


class Work:
    """Fails with the errors it is given, one a time, then succeeds; each try takes `seconds`."""

    def __init__(self, clock: Clock, *errors: BaseException, seconds: float = 0.0) -> None:
        self.clock, self.errors, self.seconds, self.tries = clock, list(errors), seconds, 0

    def __call__(self) -> str:
        self.tries += 1
        self.clock.now += self.seconds
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_what_works_is_tried_once(clock: Clock) -> None:
    work = Work(clock)
    assert tried(work) == "done"
    assert (work.tries, clock.pauses) == (1, [])


def test_what_may_pass_is_tried_again_after_pauses_that_double(clock: Clock) -> None:
    work = Work(clock, OSError("reset"), GenericError("503 SlowDown"), ConnectionError("broken"))
    assert tried(work) == "done"
    assert work.tries == TRIES == 4
    assert clock.pauses == [0.1, 0.2, 0.4]


def test_the_last_error_is_the_one_that_is_raised(clock: Clock) -> None:
    work = Work(clock, *(OSError(str(number)) for number in range(9)))
    with pytest.raises(OSError, match=r"^3$"):
        tried(work)
    assert work.tries == TRIES


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("gone"),
        PermissionError("no"),
        InvalidPathError("//"),
        NotFoundError("no such key"),
        NotSupportedError("ranges"),
        PermissionDeniedError("403"),
        PreconditionError("412"),
        UnauthenticatedError("401"),
        CannotRead("it has changed"),
        GenericError("<Code>ExpiredToken</Code>"),
        GenericError("<Code>InvalidAccessKeyId</Code>"),
        GenericError("<Code>SignatureDoesNotMatch</Code>"),
    ],
    ids=lambda error: f"{type(error).__name__}-{error}",
)
def test_what_another_try_cannot_mend_is_not_tried_again(clock: Clock, error: Exception) -> None:
    work = Work(clock, error)
    with pytest.raises(type(error)):
        tried(work)
    assert (work.tries, clock.pauses) == (1, [])


def test_no_try_begins_after_the_budget(clock: Clock) -> None:
    work = Work(clock, *(OSError("slow") for _ in range(9)), seconds=BUDGET * 0.6)
    with pytest.raises(OSError, match="slow"):
        tried(work)
    # The second try ends beyond the budget: there is no third.
    assert work.tries == 2


def test_a_pause_beyond_the_budget_is_not_waited_for(clock: Clock) -> None:
    work = Work(clock, OSError("a"), OSError("b"))
    with pytest.raises(OSError, match=r"^a$"):
        tried(work, budget=0.05)
    assert clock.pauses == []


def test_an_interrupt_is_let_through(clock: Clock) -> None:
    work = Work(clock, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        tried(work)
    assert work.tries == 1


@pytest.mark.parametrize(
    ("error", "check", "expected"),
    [
        (PermissionDeniedError("x"), is_refused, "The store refuses access to the source."),
        (GenericError("status 400: ExpiredToken"), is_refused, "The store refuses access to the source."),
        (GenericError("AccessDenied"), is_refused, "The store refuses access to the source."),
        (
            GenericError("Server returned non-2xx status code: 403 Forbidden"),
            is_refused,
            "The store refuses access to the source.",
        ),
        (OSError("HTTP response code: 401"), is_refused, "The store refuses access to the source."),
        (OSError("HTTP Error 403: Forbidden"), is_refused, "The store refuses access to the source."),
        (NotFoundError("x"), is_missing, "The source does not exist in its store."),
        (FileNotFoundError("x"), is_missing, "The source does not exist in its store."),
    ],
)
def test_errors_are_told_apart(
    error: Exception, check: Callable[[BaseException], bool], expected: str
) -> None:
    assert check(error)
    assert sentence(error) == expected


def test_other_errors_say_nothing_of_the_store() -> None:
    error = GenericError("error sending request for url (http://10.0.0.1/secret)")
    assert not is_refused(error)
    named = GenericError(
        "Error performing GET https://host/20240401_403.tif in 401.403ms: error sending request"
    )
    assert not is_refused(named)
    assert not is_missing(error)
    assert sentence(error) == "The source could not be reached."


def test_on_an_event_loop_the_same_holds(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pause(seconds: float) -> None:
        clock.sleep(seconds)

    monkeypatch.setattr(attempts.asyncio, "sleep", pause)

    async def run(work: Work) -> str:
        async def once() -> str:
            return work()

        return await tried_async(once)

    work = Work(clock, OSError("reset"), OSError("reset"))
    assert asyncio.run(run(work)) == "done"
    assert clock.pauses == [0.1, 0.2]
    final = Work(clock, NotFoundError("no such key"))
    with pytest.raises(NotFoundError):
        asyncio.run(run(final))
    assert final.tries == 1
