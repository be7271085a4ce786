"""Statistics over a stack of values: across rasters, or over the pixels of a window.

Every function takes `stack`, (n, ...) of floats, and `valid` of the same shape or None where all count. It
returns the values, (...); where no member is valid they are arbitrary, finite or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from proxy.model import Array, Mask

Valid = Mask | None
Statistic = Callable[[Array, Valid], Array]


def _filled(stack: Array, valid: Valid, value: float) -> Array:
    return stack if valid is None else np.where(valid, stack, stack.dtype.type(value))


def _number(stack: Array, valid: Valid) -> Any:
    if valid is None:
        return stack.dtype.type(len(stack))
    return valid.sum(axis=0, dtype=stack.dtype)


def minimum(stack: Array, valid: Valid) -> Array:
    """Least value."""
    return np.asarray(_filled(stack, valid, np.inf).min(axis=0))


def maximum(stack: Array, valid: Valid) -> Array:
    """Greatest value."""
    return np.asarray(_filled(stack, valid, -np.inf).max(axis=0))


def spread(stack: Array, valid: Valid) -> Array:
    """Greatest minus least value."""
    return maximum(stack, valid) - minimum(stack, valid)


def total(stack: Array, valid: Valid) -> Array:
    """Sum, member by member, so that it does not depend on the shape of the arrays."""
    members = _filled(stack, valid, 0)
    found = members[0].copy()
    for member in members[1:]:
        found += member
    return np.asarray(found)


def mean(stack: Array, valid: Valid) -> Array:
    """Sum over number."""
    return np.asarray(total(stack, valid) / _number(stack, valid))


def deviation(stack: Array, valid: Valid) -> Array:
    """Standard deviation of the whole population."""
    apart = stack - mean(stack, valid)
    apart *= apart
    return np.asarray(np.sqrt(mean(apart, valid)))


def median(stack: Array, valid: Valid) -> Array:
    """Middle value; the mean of the middle two of an even number."""
    ordered, number = _ordered(stack, valid)
    lower, upper = _at(ordered, (number - 1) // 2), _at(ordered, number // 2)
    return np.asarray((lower + upper) / 2)


def lower_median(stack: Array, valid: Valid) -> Array:
    """Middle value; the lower one of an even number."""
    ordered, number = _ordered(stack, valid)
    return _at(ordered, (number - 1) // 2)


def percentile(percent: float, between: bool) -> Statistic:
    """Value below which `percent` of the members lie.

    Args:
        percent: 0..100.
        between: True to interpolate linearly between members, False for the nearest one.
    """

    def found(stack: Array, valid: Valid) -> Array:
        ordered, number = _ordered(stack, valid)
        place = (number - 1) * (percent / 100)
        if not between:
            return _at(ordered, np.floor(place + 0.5).astype(np.intp))
        below = np.floor(place).astype(np.intp)
        low, high = _at(ordered, below), _at(ordered, np.minimum(below + 1, number - 1))
        return np.asarray(low + (high - low) * (place - below).astype(stack.dtype))

    return found


def majority(stack: Array, valid: Valid) -> Array:
    """The most frequent value; the least of several."""
    ordered, number = _ordered(stack, valid)
    best, most = ordered[0].copy(), np.zeros(stack.shape[1:], np.intp)
    for value, length, _ in _runs(ordered, number):
        better = length > most
        best[better], most[better] = value[better], length[better]
    return np.asarray(best)


def minority(stack: Array, valid: Valid) -> Array:
    """The least frequent value; the least of several."""
    ordered, number = _ordered(stack, valid)
    best, least = ordered[0].copy(), np.full(stack.shape[1:], len(stack) + 1, np.intp)
    for value, length, ends in _runs(ordered, number):
        better = ends & (length < least)
        best[better], least[better] = value[better], length[better]
    return np.asarray(best)


def variety(stack: Array, valid: Valid) -> Array:
    """Number of unlike values."""
    ordered, number = _ordered(stack, valid)
    found = np.zeros(stack.shape[1:], stack.dtype)
    for _, _, ends in _runs(ordered, number):
        found += ends
    return found


def _ordered(stack: Array, valid: Valid) -> tuple[Array, Array]:
    """Members by rising value, what does not count last; and how many count, 1 at least."""
    ordered = np.sort(_filled(stack, valid, np.inf), axis=0)
    shape = stack.shape[1:]
    number = np.full(shape, len(stack), np.intp) if valid is None else valid.sum(axis=0, dtype=np.intp)
    return ordered, np.maximum(number, 1)


def _at(ordered: Array, place: Array) -> Array:
    return np.asarray(np.take_along_axis(ordered, np.maximum(place, 0)[None], axis=0)[0])


def _runs(ordered: Array, number: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Of each place: (value, equal values up to and including it that count, whether the run ends here)."""
    length = np.zeros(ordered.shape[1:], np.intp)
    for place, value in enumerate(ordered):
        counts = place < number
        same = (value == ordered[place - 1]) if place else np.zeros(value.shape, np.bool_)
        length = np.where(counts, np.where(same, length + 1, 1), 0)
        last = number == place + 1
        ends = counts & (last | (ordered[min(place + 1, len(ordered) - 1)] != value))
        yield value, length, ends


STATISTICS: Mapping[str, Statistic] = {
    "majority": majority,
    "maximum": maximum,
    "mean": mean,
    "median": median,
    "minimum": minimum,
    "minority": minority,
    "range": spread,
    "deviation": deviation,
    "sum": total,
    "variety": variety,
}
