"""The places along a dimension, and which of them a choice means."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proxy.errors import InvalidParameter
from proxy.selection import DimensionChoice, TimeSpan
from proxy.sources.base import Dimension
from proxy.sources.dimensions import extent_text

Floats = NDArray[np.float64]
Found = NDArray[np.intp]

#: How far a value may lie from that of a slice and still be it, in spacings: texts round.
SAME = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A dimension, ready to be searched.

    Attributes:
        values: (n,) as in the dimension. ranges: (n, 2), None where the source gives none.
        spacing: median distance of neighbours, 0 for a single one.
    """

    dimension: Dimension
    values: Floats
    ranges: Floats | None
    spacing: float

    def default(self, among: Found | None = None) -> int:
        """Index that stands for several: of times the latest, else the first in the order of the file."""
        found = np.arange(len(self.values)) if among is None else among
        if self.dimension.kind == "time":
            return int(found[self.values[found].argmax()])
        return int(found.min())

    def chosen(self, choice: DimensionChoice) -> Found:
        """Indices that a choice means, in rising order; the nearest one where it asks for that.

        Raises:
            InvalidParameter: there is none, and the choice does not ask for the nearest, or all lie far away.
        """
        found = np.unique(np.concatenate([self._within(low, high) for low, high in choice.values]))
        if found.size:
            return found
        if choice.nearest:
            return np.array([self._nearest(*choice.values[0])])
        raise self._refused()

    def during(self, time: TimeSpan) -> Found:
        """Indices of the steps in a span of time, or of the nearest where there is none in it.

        Raises:
            InvalidParameter: it lies beyond all steps.
        """
        low = -math.inf if time.start is None else float(time.start)
        high = math.inf if time.end is None else float(time.end)
        found = self._within(low, high)
        return found if found.size else np.array([self._nearest(low, high)])

    def _within(self, low: float, high: float) -> Found:
        slack = SAME * self.spacing if self.spacing else SAME * max(1.0, abs(low))
        found = np.flatnonzero((self.values >= low - slack) & (self.values <= high + slack))
        if found.size or self.ranges is None:
            return found
        begin, end = self.ranges[:, 0], self.ranges[:, 1]
        # Where one range ends and the next begins, the place belongs to the next.
        return np.flatnonzero((begin <= high) & (low < end))

    def _nearest(self, low: float, high: float) -> int:
        away = np.maximum(np.maximum(self.values - high, low - self.values), 0.0)
        reach = self._reach()
        if high < reach[0] or low > reach[1]:
            raise self._refused()
        return self.default(np.flatnonzero(away == away.min()))

    def _reach(self) -> tuple[float, float]:
        """The ends, half a spacing further."""
        low, high = float(self.values.min()), float(self.values.max())
        if self.ranges is not None:
            low, high = min(low, float(self.ranges.min())), max(high, float(self.ranges.max()))
        return low - self.spacing / 2, high + self.spacing / 2

    def _refused(self) -> InvalidParameter:
        return InvalidParameter(
            self.dimension.name,
            f"There are {extent_text(self.dimension)}."
            if len(self.values) > 1
            else f"There is only {extent_text(self.dimension)}.",
        )


def steps_of(dimension: Dimension) -> Steps:
    """A dimension with its values as arrays."""
    values = np.array(dimension.values, np.float64)
    ranges = np.array(dimension.ranges, np.float64) if dimension.ranges else None
    gaps = np.abs(np.diff(np.sort(values)))
    return Steps(dimension, values, ranges, float(np.median(gaps)) if gaps.size else 0.0)
