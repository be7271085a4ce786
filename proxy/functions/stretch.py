"""Stretch: numbers of any kind to a displayable range.

    minimum + (v - lo) / (hi - lo) * (maximum - minimum), clipped to minimum..maximum

The cut-offs lo and hi of each band, by type:

- NONE: pixels stay as they are; with gamma, integers up to 16 bits are bent within the range of their type.
- MINIMUM_MAXIMUM: min and max.
- STANDARD_DEVIATION: mean -+ n deviations, within min and max.
- PERCENT_CLIP: the values below and above which `min_percent` and `max_percent` of the pixels lie.
- HISTOGRAM_EQUALIZATION: no cut-offs; the share of pixels up to and including the bin of v, floored.
- SIGMOID: an S curve about the mean, see `curves.sigmoid`.

Statistics are, in this order: those of the valid pixels at hand where `dra`; the argument; those of the
raster. Without a histogram PERCENT_CLIP and HISTOGRAM_EQUALIZATION behave as MINIMUM_MAXIMUM. Without any
statistics integers up to 16 bits use the range of their type, other numbers those of the pixels at hand.
Rules and formulas as published for, and measured in, Esri's client.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np

from proxy.functions.convert import convert
from proxy.functions.curves import Curve, automatic_gamma, equalizing, linear, sigmoid, with_gamma
from proxy.functions.histograms import percentile, statistics_of
from proxy.functions.pixels import by_table, evenly_spread, every_value, narrowest, strips, working_type
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, flag, number, numbers
from proxy.model import Array, BandStatistics, Histogram, PixelType, Raster


class StretchType(IntEnum):
    """How the numbers are spread; codes 7 and 8 of other products are not offered."""

    NONE = 0
    STANDARD_DEVIATION = 3
    HISTOGRAM_EQUALIZATION = 4
    MINIMUM_MAXIMUM = 5
    PERCENT_CLIP = 6
    SIGMOID = 9
    STANDARD_DEVIATIONS = 3
    STDDEV = 3
    HISTOGRAM_EQUALIZE = 4
    EQUALIZE = 4
    MIN_MAX = 5


Rows = tuple[tuple[float | None, ...], ...]

_FROM_HISTOGRAM = (StretchType.HISTOGRAM_EQUALIZATION, StretchType.PERCENT_CLIP)


def stretch(
    raster: Raster,
    *,
    stretch_type: StretchType = StretchType.NONE,
    minimum: float = 0.0,
    maximum: float = 255.0,
    number_of_standard_deviations: float = 2.0,
    statistics: Rows = (),
    histograms: tuple[Histogram, ...] = (),
    dra: bool = False,
    min_percent: float = 0.25,
    max_percent: float = 0.5,
    use_gamma: bool = False,
    gamma: tuple[float, ...] = (),
    compute_gamma: bool = False,
    sigmoid_strength_level: int = 2,
    estimate_stats_histogram: bool = False,
    output_type: PixelType | None = None,
) -> Raster:
    """Spread the numbers of each band over `minimum`..`maximum`; see the module for the formulas.

    Args:
        raster: any number of bands of any real type.
        stretch_type: how the cut-offs are found. minimum: of the result. maximum: of the result.
        number_of_standard_deviations: of STANDARD_DEVIATION.
        statistics: rows (min, max, mean, deviation), one a band; the last one counts for further bands.
        histograms: one a band, in place of those of the raster.
        dra: True to look at the pixels at hand; neighbouring tiles then differ.
        min_percent: of PERCENT_CLIP. max_percent: of PERCENT_CLIP.
        use_gamma: apply `gamma`, one a band, or what `compute_gamma` finds from the mean of each band.
        gamma: see `use_gamma`; the last one counts for further bands. compute_gamma: see `use_gamma`.
        sigmoid_strength_level: 1..6, steepness of SIGMOID.
        estimate_stats_histogram: accepted; has no effect.
        output_type: of the result; None for the smallest integer that holds `minimum`..`maximum`.

    Returns:
        The bands, integers rounded half up; statistics hold the range `minimum`..`maximum`.
    """
    if stretch_type == StretchType.NONE:
        if not use_gamma:
            return raster if output_type is None else convert(raster, output_type)
        minimum, maximum = _own_range(raster)
        output_type = output_type or raster.pixel_type
    target = output_type or narrowest(minimum, maximum)
    gammas = (() if compute_gamma else gamma or ()) if use_gamma else (1.0,)
    data = np.empty(raster.data.shape, target.dtype)
    for index in range(raster.count):
        known = _statistics(raster, index, stretch_type, statistics, histograms, dra)
        low, high = _cut_offs(stretch_type, known, number_of_standard_deviations, min_percent, max_percent)
        curve = linear(low, high, minimum, maximum)
        if stretch_type == StretchType.SIGMOID:
            curve = sigmoid(known, sigmoid_strength_level, minimum, maximum)
        elif stretch_type == StretchType.HISTOGRAM_EQUALIZATION and known.histogram is not None:
            curve = equalizing(known.histogram, minimum, maximum)
        own = gammas[min(index, len(gammas) - 1)] if gammas else automatic_gamma(known)
        curve = with_gamma(curve, own, minimum, maximum)
        _bend(raster.data[index], curve, data[index], target, curve.rounding)
    spread = evenly_spread(minimum, maximum, raster.count)
    return raster.with_data(data, statistics=spread, band_names=raster.band_names)


def _own_range(raster: Raster) -> tuple[float, float]:
    if raster.pixel_type.is_integer and raster.pixel_type.bits <= 16:
        return raster.pixel_type.range
    found = [_at_hand(raster, index, False) for index in range(raster.count)]
    return min(band.minimum for band in found), max(band.maximum for band in found)


def _statistics(
    raster: Raster, index: int, method: StretchType, rows: Rows, histograms: tuple[Histogram, ...], dra: bool
) -> BandStatistics:
    """Statistics of one band by the order of `stretch`."""
    if method == StretchType.NONE:
        low, high = _own_range(raster)
        return evenly_spread(low, high)[0]
    if dra:
        return _at_hand(raster, index, method in _FROM_HISTOGRAM)
    own = raster.statistics[index] if raster.statistics else None
    if rows:
        own = statistics_from_row(rows[min(index, len(rows) - 1)], own)
    if own is None:
        own = _unknown(raster, index, method)
    if not histograms:
        return own
    histogram = histograms[min(index, len(histograms) - 1)]
    return BandStatistics(own.minimum, own.maximum, own.mean, own.stddev, histogram=histogram)


def statistics_from_row(row: tuple[float | None, ...], own: BandStatistics | None) -> BandStatistics | None:
    """Statistics of a row (min, max, mean, deviation); `own` where its ends are missing."""
    low, high, mean, deviation = (*row, None, None, None, None)[:4]
    if low is None or high is None:
        return own
    mean = (low + high) / 2 if mean is None else mean
    # Without a deviation the whole range is used.
    deviation = high - low if deviation is None else deviation
    return BandStatistics(low, high, mean, deviation, histogram=own.histogram if own else None)


def _unknown(raster: Raster, index: int, method: StretchType) -> BandStatistics:
    if raster.pixel_type.is_integer and raster.pixel_type.bits <= 16:
        low, high = raster.pixel_type.range
        return BandStatistics(low, high, (low + high) / 2, high - low)
    return _at_hand(raster, index, method in _FROM_HISTOGRAM)


def _at_hand(raster: Raster, index: int, with_histogram: bool) -> BandStatistics:
    found = statistics_of(raster.data[index], raster.mask, with_histogram)
    return found or BandStatistics(0.0, 0.0, 0.0, 0.0)


def _cut_offs(
    method: StretchType, band: BandStatistics, deviations: float, min_percent: float, max_percent: float
) -> tuple[float, float]:
    low, high = band.minimum, band.maximum
    if method == StretchType.STANDARD_DEVIATION:
        reach = deviations * band.stddev
        return max(low, band.mean - reach), min(high, band.mean + reach)
    if method == StretchType.PERCENT_CLIP and band.histogram is not None:
        # The bins of whole numbers reach half a number beyond them.
        ends = percentile(band.histogram, min_percent), percentile(band.histogram, 100 - max_percent)
        return max(low, min(ends)), min(high, max(ends))
    return low, high


def _bend(band: Array, curve: Curve, out: Array, target: PixelType, rounding: float) -> None:
    """Write `curve` of a band to `out`: through a table for narrow integers, else strip by strip."""
    finish = _finisher(target, rounding)
    # float32 cannot hold the greatest 32-bit integers.
    work = np.float64 if target.is_integer and target.bits > 16 else working_type(band.dtype)
    every = every_value(band, only_bytes=curve.is_linear)
    if every is not None:
        out[...] = by_table(finish(curve.of(every.astype(work))), band)
        return
    with np.errstate(all="ignore"):
        for rows in strips(*band.shape):
            out[rows] = finish(curve.of(band[rows].astype(work)))


def _finisher(target: PixelType, rounding: float) -> Callable[[Array], Array]:
    """Last step from floats to the type of the result, in place."""
    if not target.is_integer:
        return lambda values: values.astype(target.dtype, copy=False)
    low, high = target.range

    def finish(values: Array) -> Array:
        values += values.dtype.type(rounding)
        # NaN under the mask has no integer.
        np.clip(np.floor(values, out=values), low, high, out=values)
        return values.astype(target.dtype)

    return finish


def histograms_of(value: Any) -> tuple[Histogram, ...]:
    """Histograms from objects with min, max and counts.

    Raises:
        ValueError: they are none.
    """
    rows = value if isinstance(value, list | tuple) else [value]
    try:
        return tuple(
            Histogram(float(row["min"]), float(row["max"]), tuple(int(count) for count in row["counts"]))
            for row in rows
        )
    except (KeyError, TypeError) as error:
        raise ValueError("A histogram is an object with min, max and counts.") from error


FUNCTIONS = (
    Function(
        "stretch",
        stretch,
        "Numbers of any kind spread over a displayable range.",
        (
            INPUT,
            choice("stretch_type", StretchType.NONE, "type", "method"),
            number("minimum", 0.0, "min"),
            number("maximum", 255.0, "max"),
            number("number_of_standard_deviations", 2.0, "number_of_standard_deviation", minimum=0),
            Argument("statistics", Kind.ROWS, ()),
            Argument("histograms", Kind.JSON, (), convert=histograms_of),
            flag("dra", False),
            number("min_percent", 0.25, minimum=0, maximum=100),
            number("max_percent", 0.5, minimum=0, maximum=100),
            flag("use_gamma"),
            numbers("gamma", minimum=0.01, maximum=100),
            flag("compute_gamma"),
            Argument("sigmoid_strength_level", Kind.INTEGER, 2, minimum=1, maximum=6),
            flag("estimate_stats_histogram"),
        ),
        typed=True,
    ),
)
