"""Curves of the stretch: from the value of a pixel to the range of the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from proxy.functions.histograms import shares
from proxy.model import Array, BandStatistics, Histogram

#: Greatest slope of a straight curve.
STEEPEST = 1e30


@dataclass(frozen=True, slots=True)
class Curve:
    """A monotone function of pixel values.

    Attributes:
        of: from a float array, which it may overwrite, to floats within the range of the result.
        is_linear: True where it is cheaper to compute than to look up.
        rounding: added before the result is floored to whole numbers.
    """

    of: Callable[[Array], Array]
    is_linear: bool = False
    rounding: float = 0.5


def linear(low: float, high: float, minimum: float, maximum: float) -> Curve:
    """Straight from `minimum` at `low` to `maximum` at `high`, flat beyond; flat where the two are equal."""
    # A range of next to nothing is a step, not a product of zero and infinity.
    slope = (maximum - minimum) / (high - low) if high > low else 0.0
    scale = max(-STEEPEST, min(slope, STEEPEST))
    least, greatest = min(minimum, maximum), max(minimum, maximum)

    def of(values: Array) -> Array:
        kind = values.dtype.type
        with np.errstate(over="ignore"):
            values -= kind(low)
            values *= kind(scale)
            values += kind(minimum)
        return np.asarray(np.clip(values, least, greatest, out=values))

    return Curve(of, is_linear=True)


def equalizing(histogram: Histogram, minimum: float, maximum: float) -> Curve:
    """Share of the pixels up to and including the bin of a value, times the range."""
    table = minimum + shares(histogram) * (maximum - minimum)
    count = len(table)
    width = (histogram.maximum - histogram.minimum) / count or 1.0

    def of(values: Array) -> Array:
        kind = values.dtype.type
        values -= kind(histogram.minimum)
        values /= kind(width)
        bins = np.clip(np.nan_to_num(np.floor(values)), -1, count - 1).astype(np.intp)
        return np.asarray(np.where(bins < 0, kind(minimum), table.astype(kind)[bins]))

    return Curve(of, rounding=0.0)


def sigmoid(band: BandStatistics, level: int, minimum: float, maximum: float) -> Curve:
    """S curve about the mean, from `minimum` at the least to `maximum` at the greatest value.

    With x and m the value and the mean scaled to 0..1 between least and greatest, s = 2 + 2 level and
    f(t) = 1 / (1 + exp(-t)): (f(s (x - m)) - f(-s m)) / (f(s (1 - m)) - f(-s m)). No formula is published
    for this type; this one is ours.
    """
    span = band.maximum - band.minimum
    if span <= 0:
        return linear(band.minimum, band.maximum, minimum, maximum)
    middle, steep = (band.mean - band.minimum) / span, 2.0 + 2.0 * level
    start, stop = _logistic(-steep * middle), _logistic(steep * (1 - middle))
    scale = (maximum - minimum) / (stop - start)

    def of(values: Array) -> Array:
        kind = values.dtype.type
        x = np.clip((values - kind(band.minimum)) / kind(span), 0, 1)
        raised = 1 / (1 + np.exp(kind(-steep) * (x - kind(middle))))
        return np.asarray((raised - kind(start)) * kind(scale) + kind(minimum))

    return Curve(of)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def with_gamma(curve: Curve, gamma: float, minimum: float, maximum: float) -> Curve:
    """Bend the result of a curve.

    With x the result scaled to 0..1 and R = maximum - minimum: x^(1/g) R + minimum; for g > 1 also times
    1 - R^(-k x), where k = 6.5 + 100 (2 - g)^4 below g = 2 and 6.5 + (g - 2)^2.5 from there on. As measured
    in Esri's client.
    """
    span = maximum - minimum
    if gamma == 1 or span <= 0:
        return curve
    fade = 6.5 + (100 * (2 - gamma) ** 4 if gamma < 2 else (gamma - 2) ** 2.5)

    def of(values: Array) -> Array:
        x = curve.of(values)
        kind = x.dtype.type
        x = (x - kind(minimum)) / kind(span)
        bent = np.power(x, kind(1 / gamma))
        if gamma > 1 and span > 1:
            bent *= 1 - np.power(kind(span), x * kind(-fade))
        return np.asarray(bent * kind(span) + kind(minimum))

    return Curve(of, rounding=curve.rounding)


def automatic_gamma(band: BandStatistics) -> float:
    """Gamma that brings the mean of a band towards the middle.

    With t the mean scaled to 0..255 between least and greatest value: e = t + 45 cos(0.01047 t) below 150,
    t + 17 sin(0.021 t) above; gamma = ln(t / 255) / ln(e / 255) within 0.01..9.9; 1 where t is at an end. As
    published for Esri's client, which takes the mean itself for 8-bit pixels.
    """
    span = band.maximum - band.minimum
    mean = 255 * (band.mean - band.minimum) / span if span > 0 else 0.0
    if not 0 < mean < 255:
        return 1.0
    wanted = mean
    if mean < 150:
        wanted += 45 * math.cos(0.01047 * mean)
    elif mean > 150:
        wanted += 17 * math.sin(0.021 * mean)
    if not 0 < wanted < 255:
        return 1.0
    return min(9.9, max(0.01, math.log(mean / 255) / math.log(wanted / 255)))
