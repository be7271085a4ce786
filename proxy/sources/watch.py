"""What is known of a remote source between looks: when it was seen, since when it cannot be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

#: Seconds before a source that is out of reach is looked at again, unless it is looked at more often anyhow.
TROUBLE_SECONDS = 5.0
#: Looks in a row that must find an object missing, or no raster, before it is believed.
BAD_LOOKS = 2


class Watch:
    """Times of looks at a source.

    Attributes:
        looked: moment of the last look.
        lost: moment since which looks fail, None while they do not.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.looked = float("-inf")
        self.lost: float | None = None
        self._bad = 0
        # Spread, so that the services of a server do not ask for their versions all at once.
        self._spread = random.uniform(0.9, 1.0)

    def age(self) -> float:
        """Seconds since the last look."""
        return self._clock() - self.looked

    def is_due(self, seconds: float) -> bool:
        """True when `seconds` have passed since the last look, fewer where the last one failed."""
        if self.lost is not None:
            seconds = min(seconds, TROUBLE_SECONDS)
        return self.age() >= seconds * self._spread

    def lost_for(self) -> float:
        """Seconds for which looks have failed."""
        return 0.0 if self.lost is None else self._clock() - self.lost

    def begin(self) -> None:
        """A look begins."""
        self.looked = self._clock()

    def seen(self) -> bool:
        """A look has found a source; True where it had been lost."""
        was_lost = self.lost is not None
        self.lost, self._bad = None, 0
        return was_lost

    def lose(self, seconds: float) -> None:
        """Begin with a source that was out of reach, and last seen so long ago."""
        self.lost = self._clock() - seconds

    def missed(self, *, bad: bool) -> bool:
        """A look has failed; a `bad` one has found no source. True where that is to be believed."""
        self._bad += bad
        if self.lost is None:
            self.lost = self._clock()
        return self._bad >= BAD_LOOKS
