"""How often: buckets of requests, and waits after wrong passwords."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable, Mapping

from cachetools import TTLCache

from proxy.errors import TooManyRequests

#: Seconds that wrong passwords are remembered, and how many callers are.
MEMORY_SECONDS, MOST_CALLERS = 900, 65536


class Bucket:
    """`burst` requests at once, `rate` a second on average.

    For one thread, the event loop's.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left = float(burst)
        self._seen = clock()

    def take(self) -> None:
        """Take one request out.

        Raises:
            TooManyRequests: none is left; it says when there will be.
        """
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._seen) * self._rate)
        self._seen = now
        if self._left < 1:
            raise TooManyRequests(max(1, math.ceil((1 - self._left) / self._rate)))
        self._left -= 1


class Attempts:
    """Failures of callers. Beyond a number of them each further one doubles the wait, from one second on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: TTLCache[Hashable, tuple[int, float]] = TTLCache(
            MOST_CALLERS, MEMORY_SECONDS, timer=clock
        )

    def begin(self, callers: Mapping[Hashable, int]) -> None:
        """Count an attempt as failed before it is looked at: many at once must not all be free.

        Args:
            callers: each with its number of failures that are free.

        Raises:
            TooManyRequests: one of them has to wait; it says for how long. Nothing is counted.
        """
        left = max((self._wait(caller, free) for caller, free in callers.items()), default=0.0)
        if left > 0:
            raise TooManyRequests(math.ceil(left))
        for caller in callers:
            count, _ = self._failures.get(caller, (0, 0.0))
            self._failures[caller] = count + 1, self._clock()

    def succeeded(self, callers: Iterable[Hashable]) -> None:
        """Take back what `begin` has counted; failures before it stay."""
        for caller in callers:
            count, last = self._failures.get(caller, (0, 0.0))
            if count > 1:
                self._failures[caller] = count - 1, last
            else:
                self._failures.pop(caller, None)

    def _wait(self, caller: Hashable, free: int) -> float:
        count, last = self._failures.get(caller, (0, 0.0))
        over = count - free
        return 0.0 if over < 0 else last + min(MEMORY_SECONDS, 2.0 ** min(over, 20)) - self._clock()
