from __future__ import annotations

import pytest

from proxy.errors import TooManyRequests
from proxy.security.throttle import Attempts, Bucket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_what_is_in_it_and_fills_again() -> None:
    clock = Clock()
    bucket = Bucket(2.0, 3, clock)
    for _ in range(3):
        bucket.take()
    with pytest.raises(TooManyRequests) as caught:
        bucket.take()
    assert caught.value.retry_after == 1
    clock.now += 0.5
    bucket.take()
    with pytest.raises(TooManyRequests):
        bucket.take()
    clock.now += 1000
    for _ in range(3):
        bucket.take()
    with pytest.raises(TooManyRequests):
        bucket.take()


def test_a_slow_bucket_says_how_long() -> None:
    bucket = Bucket(0.1, 1, Clock())
    bucket.take()
    with pytest.raises(TooManyRequests) as caught:
        bucket.take()
    assert caught.value.retry_after == 10


def test_waits_double_after_the_free_attempts() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(3):
        attempts.begin({"a": 3})
    waits = []
    for _ in range(4):
        with pytest.raises(TooManyRequests) as caught:
            attempts.begin({"a": 3, "b": 3})
        waits.append(caught.value.retry_after)
        clock.now += caught.value.retry_after
        attempts.begin({"a": 3})
    assert waits == [1, 2, 4, 8]
    attempts.begin({"b": 3})


def test_success_takes_back_its_own_attempt_only() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    attempts.begin({"a": 1})
    clock.now += 2
    attempts.begin({"a": 1})
    attempts.succeeded({"a": 1})
    clock.now -= 2
    with pytest.raises(TooManyRequests):
        attempts.begin({"a": 1})
    clock.now += 10_000
    for _ in range(50):
        attempts.begin({"b": 1})
        attempts.succeeded({"b": 1})
