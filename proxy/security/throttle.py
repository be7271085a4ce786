"""How often: buckets of requests, and waits after wrong passwords."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable, Mapping

from proxy.errors import TooManyRequests
from proxy.security.counts import CALLERS, RATES, Table, digest

#: Seconds that wrong passwords are remembered.
MEMORY_SECONDS = 900


class Bucket:
    """`burst` requests at once, `rate` a second on average, over all processes that share a table.

    Kept is only the moment at which the bucket will be full again (the generic cell rate algorithm of ATM,
    ITU-T I.371). For one thread of each process.

    Args:
        name: of the bucket in the table.
        clock: the same for all processes, in seconds.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        table: Table | None = None,
        name: Hashable = "",
    ) -> None:
        self._step, self._burst, self._clock = 1 / rate, burst, clock
        self._table = Table(RATES) if table is None else table
        # A bucket of another size is another one.
        self._name = digest((name, rate, burst))

    def take(self) -> None:
        """Take one request out.

        Raises:
            TooManyRequests: none is left; it says when there will be.
        """
        with self._table.held():
            now = self._clock()
            room = self._burst * self._step
            found = self._table.get(self._name)
            full = now if found is None else min(max(found[0], now), now + room)
            full += self._step
            # Sums of many steps round.
            over = full - now - room * (1 + 1e-9)
            if over <= 0:
                self._table.put(self._name, full, full)
        if over > 0:
            raise TooManyRequests(max(1, math.ceil(over - 1e-6)))


class Attempts:
    """Failures of callers. Beyond a number of them each further one doubles the wait, from one second on.

    Args:
        table: that processes share. clock: the same for all of them, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, table: Table | None = None) -> None:
        self._clock = clock
        self._table = Table(CALLERS) if table is None else table

    def begin(self, callers: Mapping[Hashable, int]) -> None:
        """Count an attempt as failed before it is looked at: many at once must not all be free.

        Args:
            callers: each with its number of failures that are free.

        Raises:
            TooManyRequests: one of them has to wait; it says for how long. Nothing is counted.
        """
        with self._table.held():
            left = max((self._wait(caller, free) for caller, free in callers.items()), default=0.0)
            if left <= 0:
                for caller in callers:
                    self._table.put(digest(caller), self._known(caller)[0] + 1, self._clock())
        if left > 0:
            raise TooManyRequests(math.ceil(left))

    def succeeded(self, callers: Iterable[Hashable]) -> None:
        """Take back what `begin` has counted; failures before it stay."""
        with self._table.held():
            for caller in callers:
                count, last = self._known(caller)
                if count > 1:
                    self._table.put(digest(caller), count - 1, last)
                else:
                    self._table.drop(digest(caller))

    def _known(self, caller: Hashable) -> tuple[int, float]:
        """Number of failures that are not forgotten yet, and the moment of the last."""
        found = self._table.get(digest(caller))
        if found is None or self._clock() - found[1] > MEMORY_SECONDS:
            return 0, 0.0
        return int(found[0]), found[1]

    def _wait(self, caller: Hashable, free: int) -> float:
        count, last = self._known(caller)
        over = count - free
        return 0.0 if over < 0 else last + min(MEMORY_SECONDS, 2.0 ** min(over, 20)) - self._clock()
