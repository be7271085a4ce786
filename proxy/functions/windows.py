"""The pixels around every pixel, as shifted views of a padded band.

Sums are taken view by view, so that every pixel goes through the same operations wherever it lies in the
array, and tiles meet without seams. Beyond the array the outermost pixels are repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from proxy.errors import TooLarge
from proxy.functions.cellstats import Statistic
from proxy.model import Array, Mask

Offset = tuple[int, int]

#: Values held at a time while a statistic is found.
WORKING_SET = 2_000_000
#: Pixels times neighbours of one band: some twenty seconds of work.
MOST_WORK = 5_000_000_000


def box(rows: int, columns: int) -> tuple[Offset, ...]:
    """Offsets (row, column) of a window in reading order; an even one reaches one further up and left."""
    down = range(-(rows // 2), rows - rows // 2)
    across = range(-(columns // 2), columns - columns // 2)
    return tuple(product(down, across))


def reach(offsets: Sequence[Offset]) -> int:
    """Greatest distance of an offset along a row or a column."""
    return max((max(abs(y), abs(x)) for y, x in offsets), default=0)


def check_work(band: Array, offsets: Sequence[Offset]) -> None:
    """Raise `TooLarge` where looking at so many neighbours of every pixel would take minutes."""
    height, width = band.shape
    if height * width * len(offsets) > MOST_WORK:
        raise TooLarge(f"{len(offsets)} neighbours of each of {width} x {height} pixels are too many.")


def shifted(band: Array, offsets: Sequence[Offset]) -> Iterator[Array]:
    """For each offset the band of the neighbours there, views of (rows, columns).

    Raises:
        TooLarge: it would take minutes.
    """
    check_work(band, offsets)
    height, width = band.shape
    edge = reach(offsets)
    padded = np.pad(band, edge, mode="edge")
    for y, x in offsets:
        yield padded[edge + y : edge + y + height, edge + x : edge + x + width]


def weighted(band: Array, valid: Mask | None, offsets: Sequence[Offset], weights: Sequence[float]) -> Array:
    """Sum of the neighbours by their weights, in the type of `band`; invalid ones count as the centre."""
    found = np.zeros_like(band)
    part = np.empty_like(band)
    gaps = iter(()) if valid is None else shifted(~valid, offsets)
    for view, weight in zip(shifted(band, offsets), weights, strict=True):
        gap = next(gaps, None)
        if not weight:
            continue
        np.multiply(view if gap is None else np.where(gap, band, view), band.dtype.type(weight), out=part)
        found += part
    return found


def box_sum(band: Array, size: int) -> Array:
    """Sum over `size` x `size` pixels in the type of `band`."""
    across = sum(shifted(band, [(0, x) for _, x in box(1, size)]))
    return np.asarray(sum(shifted(np.asarray(across), [(y, 0) for y, _ in box(size, 1)])))


def any_valid(valid: Mask, offsets: Sequence[Offset]) -> Mask:
    """True where a neighbour is valid."""
    found = np.zeros_like(valid)
    for view in shifted(valid, offsets):
        found |= view
    return found


def windowed(band: Array, valid: Mask | None, offsets: Sequence[Offset], statistic: Statistic) -> Array:
    """A statistic of the valid neighbours of every pixel; arbitrary where there is none.

    Raises:
        TooLarge: it would take minutes.
    """
    check_work(band, offsets)
    out = np.empty(band.shape, band.dtype)
    edge = reach(offsets)
    padded = np.pad(band, edge, mode="edge")
    known = None if valid is None else np.pad(valid, edge, mode="edge")
    height, width = band.shape
    step = max(1, WORKING_SET // (len(offsets) * max(1, width)))
    for top in range(0, height, step):
        bottom = min(top + step, height)
        places = [
            (slice(edge + y + top, edge + y + bottom), slice(edge + x, edge + x + width)) for y, x in offsets
        ]
        stack = np.stack([padded[place] for place in places])
        counted = None if known is None else np.stack([known[place] for place in places])
        out[top:bottom] = statistic(stack, counted)
    return out
