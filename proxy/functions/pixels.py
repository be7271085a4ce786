"""Small steps on pixels that many functions share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from proxy.model import Array, BandStatistics, Mask, PixelType

#: Pixels worked on at a time: a few float32 buffers of this size stay in the cache of a core.
STRIP = 65536

_INTEGERS = (
    PixelType.UINT8,
    PixelType.INT8,
    PixelType.UINT16,
    PixelType.INT16,
    PixelType.UINT32,
    PixelType.INT32,
)


def strips(height: int, width: int) -> Iterator[slice]:
    """Runs of rows that together cover `height`, each of about `STRIP` pixels."""
    step = max(1, STRIP // max(1, width))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def joined(*masks: Mask | None) -> Mask | None:
    """Valid where every mask is; None where no mask is given."""
    found: Mask | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found & mask
    return found


def working_type(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    """Float that carries `dtype` without loss: float32 up to 16 bits and for itself, else float64."""
    return np.float64 if dtype.itemsize > 2 and dtype != np.float32 else np.float32


def every_value(band: Array, only_bytes: bool = False) -> Array | None:
    """All values that pixels of an 8- or 16-bit integer can have, for `by_table`; None where no table pays.

    Args:
        band: the pixels that are to be looked up.
        only_bytes: True where a table of 65,536 values is not worth it.
    """
    bits = band.dtype.itemsize * 8
    if band.dtype.kind not in "iu" or bits > 16 or (bits == 16 and (only_bytes or band.size <= 2**16)):
        return None
    return np.arange(2**bits).astype(f"uint{bits}").view(band.dtype)


def by_table(table: Array, band: Array) -> Array:
    """What `table`, made from `every_value`, holds for each pixel."""
    index = band.view(f"uint{band.dtype.itemsize * 8}")
    if index.dtype == np.uint8 and table.dtype == np.uint8:
        return np.asarray(cv2.LUT(np.ascontiguousarray(index), table))
    return np.asarray(table[index])


def narrowest(low: float, high: float) -> PixelType:
    """Smallest pixel type that holds all whole numbers of a range; float32 beyond 32 bits."""
    for candidate in _INTEGERS:
        least, greatest = candidate.range
        if least <= low and high <= greatest:
            return candidate
    return PixelType.FLOAT32


def evenly_spread(minimum: float, maximum: float, count: int = 1) -> tuple[BandStatistics, ...]:
    """Statistics of which only the range is known: mean and deviation are those of an even spread."""
    middle, deviation = (minimum + maximum) / 2, (maximum - minimum) / 12**0.5
    return (BandStatistics(minimum, maximum, middle, deviation),) * count
