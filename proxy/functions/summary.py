"""Statistics of a band as services keep and tell them."""

from __future__ import annotations

import dataclasses

import numpy as np

from proxy.functions.histograms import mode_of, statistics_of, valid_values
from proxy.model import Array, BandStatistics, Histogram, Mask, PixelType

BINS = 256


def summary(band: Array, mask: Mask | None, pixel_type: PixelType) -> BandStatistics:
    """Statistics of one band, with median, mode and a histogram of `BINS` bins.

    Args:
        band: (rows, columns), any real or complex type; complex numbers count by their modulus.
        mask: True where valid, None for all.
        pixel_type: of the source: 8-bit types get one histogram bin for each value, from -0.5 to 255.5.

    Returns:
        Zeros and no histogram where no pixel is valid.
    """
    found = statistics_of(band, mask)
    if found is None:
        return BandStatistics(0.0, 0.0, 0.0, 0.0)
    values = valid_values(band, mask)
    low, high = found.minimum, found.maximum
    eight_bit = pixel_type.bits <= 8 and low >= 0
    edges = (-0.5, 255.5) if eight_bit else (low, high if high > low else low + 1.0)
    counts = np.histogram(values.astype(np.float64, copy=False), BINS, edges)[0]
    histogram = Histogram(*edges, tuple(counts.tolist()))
    median, mode = float(np.median(values)), mode_of(values, histogram)
    return dataclasses.replace(found, histogram=histogram, median=median, mode=mode)
