"""Statistics of a band as services keep and tell them."""

from __future__ import annotations

import dataclasses

import numpy as np

from proxy.functions.histograms import mode_of, statistics_of, valid_values
from proxy.model import Array, BandStatistics, Histogram, Mask, PixelType

BINS = 256
#: Values beyond this are not told apart: their differences overflow.
HUGE = 8e307


def summary(
    band: Array, mask: Mask | None, pixel_type: PixelType, nodata: float | None = None
) -> BandStatistics:
    """Statistics of one band, with median, mode and a histogram of `BINS` bins.

    Args:
        band: (rows, columns), any real or complex type; complex numbers count by their modulus.
        mask: True where valid, None for all.
        pixel_type: of the source: 8-bit types get one histogram bin for each value, from -0.5 to 255.5.
        nodata: value that does not count either, as the mask is True where another band has a value.

    Returns:
        Zeros and no histogram where no pixel is valid.
    """
    if nodata is not None:
        counted = np.not_equal(band, nodata)
        mask = counted if mask is None else counted & mask
    found = statistics_of(band, mask)
    if found is None:
        return BandStatistics(0.0, 0.0, 0.0, 0.0)
    values = valid_values(band, mask)
    low, high = found.minimum, found.maximum
    edges = (-0.5, 255.5) if pixel_type.bits <= 8 and low >= 0 else bin_edges(low, high)
    counts = np.histogram(values.astype(np.float64, copy=False), BINS, edges)[0]
    histogram = Histogram(*edges, tuple(counts.tolist()))
    median, mode = float(np.median(values)), mode_of(values, histogram)
    return dataclasses.replace(found, histogram=histogram, median=median, mode=mode)


def bin_edges(low: float, high: float) -> tuple[float, float]:
    """Ends of a histogram that holds both values: far enough apart for bins, near enough to be subtracted."""
    largest = max(abs(low), abs(high))
    if largest > HUGE:
        return -HUGE, HUGE
    least = 2.0 * BINS * float(np.spacing(largest))
    if high > low and high - low >= least:
        return low, high
    return low, low + max(1.0 if high <= low else 0.0, least)
