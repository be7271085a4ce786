"""Filters against the speckle of radar images."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from proxy.functions.convert import without_nan
from proxy.functions.signature import INPUT, Function, choice, number
from proxy.functions.windows import box, box_sum, shifted
from proxy.model import Array, Mask, Raster


class SpeckleFilter(IntEnum):
    """Filters against the speckle of radar images."""

    LEE = 0
    ENHANCED_LEE = 1
    FROST = 2
    KUAN = 3
    GAMMA_MAP = 4


class FilterSize(IntEnum):
    """Size of the window."""

    SIZE_3X3 = 0
    SIZE_5X5 = 1
    SIZE_7X7 = 2
    SIZE_9X9 = 3
    SIZE_11X11 = 4


class NoiseModel(IntEnum):
    """How noise meets the signal."""

    MULTIPLICATIVE = 0
    ADDITIVE = 1
    ADDITIVE_AND_MULTIPLICATIVE = 2


def speckle(
    raster: Raster,
    *,
    filter_type: SpeckleFilter = SpeckleFilter.LEE,
    filter_size: FilterSize = FilterSize.SIZE_3X3,
    noise_model: NoiseModel = NoiseModel.MULTIPLICATIVE,
    noise_var: float = 0.0,
    additive_noise_mean: float = 0.0,
    multiplicative_noise_mean: float = 1.0,
    n_looks: float = 1.0,
    damp_factor: float = 1.0,
) -> Raster:
    """Smooth speckle, less where the window has structure.

    With mean m, variance s^2 and Ci = s / m in the window, and Cu = 1 / sqrt(looks):

    LEE m + (v - m) (1 - Cu^2 / Ci^2), with the weight s^2 / (s^2 + noise) for ADDITIVE noise; KUAN the same
    with that weight over 1 + Cu^2; ENHANCED_LEE with exp(-damping (Ci - Cu) / (Cmax - Ci)), the mean below Cu
    and the pixel above Cmax = sqrt(1 + 2 / looks); FROST the mean weighted by exp(-damping Ci^2 distance);
    GAMMA_MAP the root of Lopes et al. (1990), with Cmax = sqrt(2) Cu.

    Args:
        raster: intensities or amplitudes; any number of bands.
        filter_type: see above. filter_size: of the window. noise_model: of LEE; others are multiplicative.
        noise_var: variance of ADDITIVE noise; of multiplicative noise in place of 1 / looks where not 0.
        additive_noise_mean: taken off ADDITIVE noise. multiplicative_noise_mean: divides m of LEE.
        n_looks: number of looks. damp_factor: damping.

    Returns:
        float32 bands. An invalid centre stays so; invalid neighbours are left out.
    """
    size = 3 + 2 * int(filter_size)
    valid = None if raster.mask is None or raster.mask.all() else raster.mask
    noise = noise_var or 1 / n_looks
    bands = []
    with np.errstate(all="ignore"):
        for band in raster.data:
            value = np.nan_to_num(band.astype(np.float64))
            mean, variance = _moments(value, valid, size)
            if filter_type == SpeckleFilter.FROST:
                bands.append(_frost(value, valid, size, variance / mean**2, damp_factor))
            elif filter_type == SpeckleFilter.LEE and noise_model == NoiseModel.ADDITIVE:
                level = mean - additive_noise_mean
                bands.append(level + (value - mean) * variance / (variance + noise_var))
            else:
                mean = mean / multiplicative_noise_mean
                bands.append(_filtered(filter_type, value, mean, variance, noise, damp_factor))
        # A window of one value has no noise.
        data = np.where(np.isfinite(np.stack(bands)), np.stack(bands), raster.data).astype(np.float32)
    data, mask = without_nan(data, raster.mask)
    return raster.with_data(data, mask=mask, band_names=raster.band_names)


def _moments(value: Array, valid: Mask | None, size: int) -> tuple[Array, Array]:
    inside = value if valid is None else np.where(valid, value, 0.0)
    number = np.float64(size**2) if valid is None else box_sum(valid.astype(np.float64), size)
    mean = box_sum(inside, size) / number
    return mean, np.maximum(box_sum(inside * inside, size) / number - mean * mean, 0.0)


def _filtered(
    kind: SpeckleFilter, value: Array, mean: Array, variance: Array, noise: float, damping: float
) -> Array:
    own = np.sqrt(variance) / mean
    if kind in (SpeckleFilter.LEE, SpeckleFilter.KUAN):
        weight = np.maximum(1 - noise / own**2, 0) / (1 + noise if kind == SpeckleFilter.KUAN else 1)
        return np.asarray(np.where(own == 0, mean, mean + (value - mean) * weight))
    least = math.sqrt(noise)
    if kind == SpeckleFilter.ENHANCED_LEE:
        most = math.sqrt(1 + 2 * noise)
        weight = np.exp(-damping * (own - least) / (most - own))
        between = mean * weight + value * (1 - weight)
    else:
        most = math.sqrt(2) * least
        alpha = (1 + noise) / (own**2 - noise)
        b = alpha - 1 / noise - 1
        between = (b * mean + np.sqrt(mean**2 * b**2 + 4 * alpha / noise * value * mean)) / (2 * alpha)
    return np.where(own <= least, mean, np.where(own >= most, value, between))


def _frost(value: Array, valid: Mask | None, size: int, share: Array, damping: float) -> Array:
    offsets = box(size, size)
    total, weights = np.zeros_like(value), np.zeros_like(value)
    known = np.ones(value.shape, np.bool_) if valid is None else valid
    for (y, x), near, counts in zip(offsets, shifted(value, offsets), shifted(known, offsets), strict=True):
        weight = np.exp(-damping * share * math.hypot(y, x)) * counts
        total += np.where(counts, near, 0.0) * weight
        weights += weight
    return total / weights


FUNCTIONS = (
    Function(
        "speckle",
        speckle,
        "Speckle of radar images smoothed.",
        (
            INPUT,
            choice("filter_type", SpeckleFilter.LEE),
            choice("filter_size", FilterSize.SIZE_3X3),
            choice("noise_model", NoiseModel.MULTIPLICATIVE),
            number("noise_var", 0.0, minimum=0),
            number("additive_noise_mean", 0.0),
            number("multiplicative_noise_mean", 1.0, minimum=0.001),
            number("n_looks", 1.0, minimum=0.1),
            number("damp_factor", 1.0, minimum=0),
        ),
        margin=lambda arguments: 1 + int(arguments["filter_size"]),
    ),
)
