"""Functions that leave the pixels as they are and change what is known about them."""

from __future__ import annotations

import dataclasses
from enum import IntEnum
from typing import Any

from proxy.functions.signature import INPUT, Argument, Function, Kind, choice
from proxy.functions.stretch import histograms_of, statistics_from_row
from proxy.model import BandStatistics, Histogram, Raster

Rows = tuple[tuple[float | None, ...], ...]


class ResamplingType(IntEnum):
    """How a pixel is found between others, by published codes."""

    NEAREST_NEIGHBOR = 0
    BILINEAR = 1
    CUBIC = 2
    MAJORITY = 3
    BILINEAR_PLUS = 4
    BILINEAR_GAUSS_BLUR = 5
    BILINEAR_GAUSS_BLUR_PLUS = 6
    AVERAGE = 7
    MINIMUM = 8
    MAXIMUM = 9
    VECTOR_AVERAGE = 10


def statistics_histogram(
    raster: Raster, *, statistics: Rows = (), histograms: tuple[Histogram, ...] = ()
) -> Raster:
    """Give the functions that follow other statistics and histograms; pixels stay as they are.

    Args:
        raster: any type.
        statistics: rows (min, max, mean, deviation), one a band; the last one counts for further bands.
        histograms: one a band; likewise.

    Returns:
        The raster with these statistics, and its own where none are given.
    """
    known = raster.statistics or (None,) * raster.count
    bands = [_of_band(index, own, statistics, histograms) for index, own in enumerate(known)]
    found = tuple(band for band in bands if band is not None)
    return dataclasses.replace(raster, statistics=found) if len(found) == raster.count else raster


def _of_band(
    index: int, own: BandStatistics | None, rows: Rows, histograms: tuple[Histogram, ...]
) -> BandStatistics | None:
    if rows:
        own = statistics_from_row(rows[min(index, len(rows) - 1)], own)
    if not histograms:
        return own
    histogram = histograms[min(index, len(histograms) - 1)]
    if own is None:
        low, high = histogram.minimum, histogram.maximum
        own = BandStatistics(low, high, (low + high) / 2, (high - low) / 12**0.5)
    return dataclasses.replace(own, histogram=histogram)


def resample(
    raster: Raster,
    *,
    resampling_type: ResamplingType = ResamplingType.NEAREST_NEIGHBOR,
    input_cellsize: Any = None,
    output_cellsize: Any = None,
) -> Raster:
    """The raster as it is: pixels have been resampled to the grid of the request before any function runs.

    Args:
        raster: any type.
        resampling_type: accepted; how pixels are resampled is asked for beside the rule.
        input_cellsize: accepted; has no effect. output_cellsize: accepted; the request decides.
    """
    return raster


def _anything(value: object) -> None:
    return None


FUNCTIONS = (
    Function(
        "statistics_histogram",
        statistics_histogram,
        "Other statistics and histograms for the functions that follow.",
        (
            INPUT,
            Argument("statistics", Kind.ROWS, ()),
            Argument("histograms", Kind.JSON, (), ("histogram",), convert=histograms_of),
        ),
        aliases=("statistics_histograms", "statistics_and_histogram"),
    ),
    Function(
        "resample",
        resample,
        "The raster as it is: the request decides how it is resampled.",
        (
            INPUT,
            choice("resampling_type", ResamplingType.NEAREST_NEIGHBOR, "resample_type"),
            Argument("input_cellsize", Kind.JSON, None, convert=_anything),
            Argument("output_cellsize", Kind.JSON, None, convert=_anything),
        ),
    ),
)
