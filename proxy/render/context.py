"""What goes with one reading of pixels: its limits, what it is about, what it has left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from proxy.errors import DeadlinePassed, ReadBudgetExceeded
from proxy.selection import EVERYTHING, Selection


class Abandoned(Exception):
    """Nobody waits for this work any more. Never reaches a caller."""


class Meter:
    """Counts the source pixels of one picture over all its items. Safe in several threads."""

    def __init__(self, budget: int | None) -> None:
        self._budget = budget
        self._spent = 0
        self._lock = threading.Lock()

    def spend(self, pixels: int) -> None:
        """Count pixels of a band that are about to be read.

        Raises:
            ReadBudgetExceeded: they are more than are left.
        """
        with self._lock:
            self._spent += pixels
            if self._budget is not None and self._spent > self._budget:
                raise ReadBudgetExceeded(
                    f"The request would read more than the {self._budget} source pixels that are allowed."
                )


@dataclass(slots=True)
class ReadContext:
    """One for each render.

    Attributes:
        budget: most source pixels of a band that may be read at once, None for no limit.
        selection: which items, which slice.
        deadline: on the monotonic clock, None for none; `seconds` is what it was set to.
        abandoned: set when nobody waits any more.
        missing: items that belonged in the result and could not be read: (name, public reason).
        stages: name, begin and end of each stage that was gone through, on the clock of `perf_counter`.
        used: items that gave pixels, in order: (id, name).
        meter: what the items of a mosaic have read so far; None outside a mosaic.
    """

    budget: int | None = None
    selection: Selection = EVERYTHING
    deadline: float | None = None
    seconds: float = 0.0
    abandoned: threading.Event | None = None
    missing: dict[str, str] = field(default_factory=dict)
    stages: list[tuple[str, float, float]] = field(default_factory=list)
    used: dict[int, str] = field(default_factory=dict)
    meter: Meter | None = None

    def check(self) -> None:
        """Called between the steps of the work.

        Raises:
            DeadlinePassed: it has taken too long.
            Abandoned: nobody waits any more.
        """
        if self.abandoned is not None and self.abandoned.is_set():
            raise Abandoned
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise DeadlinePassed(self.seconds)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One stage of the work: begins with a `check`, and its time is noted.

        Raises:
            DeadlinePassed, Abandoned: as `check` does.
        """
        self.check()
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.stages.append((name, begin, time.perf_counter()))
