"""Statistics of several rasters as those of one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from proxy.functions.histograms import percentile
from proxy.functions.summary import BINS, bin_edges
from proxy.model import BandStatistics, Histogram
from proxy.sources.base import Statistics


def merged(parts: Sequence[Statistics]) -> Statistics:
    """Statistics band by band of all pixels that some rasters' statistics are of.

    Minimum, maximum, mean, deviation and count are exact. Histograms of the same bins are summed, others are
    spread over `BINS` bins between the least and the greatest value as if each bin were evenly filled; median
    and mode are those of the histogram.

    Args:
        parts: statistics of each raster, all with as many bands; bands without valid pixels do not count.
    """
    return tuple(_band([part for part in band if part.count]) for band in zip(*parts, strict=True))


def _band(parts: Sequence[BandStatistics]) -> BandStatistics:
    if not parts:
        return BandStatistics(0.0, 0.0, 0.0, 0.0)
    count = sum(part.count for part in parts)
    mean = math.fsum(part.mean * (part.count / count) for part in parts)
    spread = math.fsum((part.stddev**2 + (part.mean - mean) ** 2) * (part.count / count) for part in parts)
    low, high = min(part.minimum for part in parts), max(part.maximum for part in parts)
    histogram = _histogram([part.histogram for part in parts if part.histogram is not None], low, high)
    median = mode = None
    if histogram is not None:
        median = percentile(histogram, 50.0)
        width = (histogram.maximum - histogram.minimum) / len(histogram.counts)
        mode = histogram.minimum + (int(np.argmax(histogram.counts)) + 0.5) * width
    return BandStatistics(low, high, mean, math.sqrt(spread), count, histogram, median, mode)


def _histogram(parts: Sequence[Histogram], low: float, high: float) -> Histogram | None:
    if not parts:
        return None
    edges = {(part.minimum, part.maximum, len(part.counts)) for part in parts}
    if len(edges) == 1:
        counts = np.sum([part.counts for part in parts], axis=0)
        return Histogram(parts[0].minimum, parts[0].maximum, tuple(counts.tolist()))
    ends = bin_edges(low, high)
    places = np.linspace(*ends, BINS + 1)
    # The ends hold everything, whatever the rounding of the places.
    places[0], places[-1] = min(ends[0], low), max(ends[1], high)
    total = np.zeros(BINS + 1)
    for part in parts:
        own = np.linspace(part.minimum, part.maximum, len(part.counts) + 1)
        total += np.interp(places, own, np.concatenate([[0], np.cumsum(part.counts)]))
    # Rounded as sums, so that none is lost.
    counts = np.diff(np.round(total)).astype(np.int64)
    return Histogram(*ends, tuple(counts.tolist()))
