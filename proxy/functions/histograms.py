"""Statistics and histograms of the pixels at hand, and what is read from a histogram."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, BandStatistics, Histogram, Mask, PixelType

#: Bins of a histogram of numbers that are not narrow integers.
BINS = 2048

#: Types that OpenCV sums up directly.
_MEASURABLE = frozenset({"uint8", "int8", "uint16", "int16", "int32", "float32", "float64"})


def statistics_of(band: Array, mask: Mask | None, with_histogram: bool = False) -> BandStatistics | None:
    """Statistics of the valid pixels of (rows, columns); None where there are none.

    Args:
        band: any type, see `valid_values`.
        mask: True where valid, None where all are.
        with_histogram: unit bins for integers up to 16 bits, else `BINS` bins from minimum to maximum.
    """
    values = valid_values(band, mask)
    if not values.size:
        return None
    plain = values if values.dtype.name in _MEASURABLE else values.astype(np.float64)
    mean, deviation = (float(found.item()) for found in cv2.meanStdDev(plain.reshape(-1, 1)))
    low, high = float(values.min()), float(values.max())
    histogram = histogram_of(values, low, high) if with_histogram else None
    return BandStatistics(low, high, mean, deviation, int(values.size), histogram)


def valid_values(band: Array, mask: Mask | None) -> Array:
    """Values that count, as a flat array: valid, finite, of complex numbers their modulus."""
    values: Array = band.ravel() if mask is None else band[mask]
    if values.dtype.kind == "c":
        values = np.abs(values)
    if values.dtype.kind != "f":
        return values
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def mode_of(values: Array, histogram: Histogram) -> float:
    """The value that occurs most often, the least of several; the middle of the fullest bin for floats."""
    if values.dtype.kind not in "iu":
        fullest = int(np.argmax(histogram.counts))
        width = (histogram.maximum - histogram.minimum) / len(histogram.counts)
        return histogram.minimum + (fullest + 0.5) * width
    if values.dtype.itemsize <= 2:
        low = int(values.min())
        return float(low + int(np.bincount(values.astype(np.int32) - low).argmax()))
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def histogram_of(values: Array, low: float, high: float) -> Histogram:
    """Histogram of a flat array between its least and its greatest value."""
    pixel_type = PixelType.of(values.dtype)
    if pixel_type.is_integer and pixel_type.bits <= 16:
        counts = np.bincount(values.astype(np.int32) - int(low), minlength=int(high - low) + 1)
        return Histogram(low - 0.5, high + 0.5, tuple(counts.tolist()))
    scale = BINS / (high - low) if high > low else 0.0
    bins = np.minimum(((values - values.dtype.type(low)) * scale).astype(np.int32), BINS - 1)
    return Histogram(low, high, tuple(np.bincount(bins, minlength=BINS).tolist()))


def shares(histogram: Histogram) -> NDArray[np.float64]:
    """Share of the pixels up to and including each bin, rising to 1; zeros for an empty histogram."""
    summed = np.cumsum(np.array(histogram.counts, np.float64))
    return summed / summed[-1] if len(summed) and summed[-1] > 0 else np.zeros(len(summed))


def percentile(histogram: Histogram, percent: float) -> float:
    """Value below which `percent` of the pixels lie, taking each bin as evenly filled."""
    below = np.concatenate([[0.0], shares(histogram)])
    edges = np.linspace(histogram.minimum, histogram.maximum, len(below))
    # Where the share stands still the value is not unique: the one nearer the middle is wanted.
    share = percent / 100
    found = np.searchsorted(below, share, "right" if percent < 50 else "left")
    place = int(np.clip(found, 1, len(below) - 1))
    before, after = below[place - 1], below[place]
    along = (share - before) / (after - before) if after > before else 0.0
    return float(edges[place - 1] + np.clip(along, 0, 1) * (edges[place] - edges[place - 1]))
