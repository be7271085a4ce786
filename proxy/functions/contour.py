"""Contours of a surface: lines, filled intervals, or the smoothed surface itself."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from proxy.functions.signature import INPUT, Argument, Arguments, Function, Kind, choice, number
from proxy.functions.windows import any_valid, box, shifted, weighted
from proxy.model import Array, Mask, Raster


class ContourType(IntEnum):
    """What is made of the surface."""

    CONTOUR_LINES = 0
    CONTOUR_FILL = 1
    SMOOTH_SURFACE = 2


def contour(
    raster: Raster,
    *,
    contour_type: ContourType = ContourType.CONTOUR_LINES,
    sigma_gaussian: float = 2.5,
    z_base: float = 0.0,
    contour_interval: float = 100.0,
    number_of_contours: int = 0,
    nth_contour_line_in_bold: int = 5,
    z_factor: float = 1.0,
) -> Raster:
    """Contours of a smoothed surface.

    A line runs where a pixel and its neighbour to the right or below lie in different intervals, on the
    higher one; a bold line is three pixels wide. How other products draw lines is not published.

    Args:
        raster: elevations in its first band.
        contour_type: see the enum.
        sigma_gaussian: of the smoothing, in pixels, cut off at three times that; 0 for none.
        z_base: a contour. contour_interval: between contours. number_of_contours: of the range of the
            statistics, in place of the interval where it is not 0 and statistics are known.
        nth_contour_line_in_bold: counted from `z_base`; 0 for none. z_factor: multiplies elevations.

    Returns:
        One float32 band: the elevation of the line, invalid between lines; or the lower end of the interval;
        or the smoothed elevation.
    """
    surface = raster.data[0].astype(np.float32) * np.float32(z_factor)
    valid = None if raster.mask is None or raster.mask.all() else raster.mask
    smooth = _smoothed(surface, valid, sigma_gaussian)
    if contour_type == ContourType.SMOOTH_SURFACE:
        return raster.with_data(smooth[None])
    if number_of_contours and raster.statistics:
        known = raster.statistics[0]
        contour_interval = (known.maximum - known.minimum) * z_factor / number_of_contours or 1.0
    with np.errstate(all="ignore"):
        level = np.floor((smooth - np.float32(z_base)) / np.float32(contour_interval))
    if contour_type == ContourType.CONTOUR_FILL:
        data = level * np.float32(contour_interval) + np.float32(z_base)
        return raster.with_data(np.nan_to_num(data)[None])
    line = _lines(level, raster.valid(), nth_contour_line_in_bold)
    data, mask = line
    data = data * np.float32(contour_interval) + np.float32(z_base)
    return raster.with_data(np.where(mask, data, np.float32(0))[None], mask=mask & raster.valid())


def _smoothed(surface: Array, valid: Mask | None, sigma: float) -> Array:
    if not sigma:
        return surface
    half = math.ceil(3 * sigma)
    places = range(-half, half + 1)
    plain = [math.exp(-0.5 * (place / sigma) ** 2) for place in places]
    weights = [weight / sum(plain) for weight in plain]
    across = weighted(surface, valid, [(0, place) for place in places], weights)
    return weighted(across, valid, [(place, 0) for place in places], weights)


def _lines(level: Array, valid: Mask, bold: int) -> tuple[Array, Mask]:
    """(number of the line, where there is one)."""
    data, found = np.full(level.shape, -np.inf, np.float32), np.zeros(level.shape, np.bool_)
    offsets = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    for near, counts in zip(shifted(level, offsets), shifted(valid, offsets), strict=True):
        # Every line lies on the higher one of two pixels.
        found |= (near < level) & counts & valid
    np.copyto(data, level, where=found)
    if not bold:
        return data, found
    heavy = found & (level % bold == 0)
    wide = any_valid(heavy, box(3, 3)) & ~found
    for near, counts in zip(shifted(level, box(3, 3)), shifted(heavy, box(3, 3)), strict=True):
        np.copyto(data, np.maximum(data, near), where=counts & wide)
    return data, found | wide


def _margin(arguments: Arguments) -> int:
    line = 0 if arguments["contour_type"] != ContourType.CONTOUR_LINES else 2
    reach: int = math.ceil(3 * arguments["sigma_gaussian"])
    return reach + line


FUNCTIONS = (
    Function(
        "contour",
        contour,
        "Contour lines, filled intervals or a smoothed surface.",
        (
            INPUT,
            choice("contour_type", ContourType.CONTOUR_LINES),
            number("sigma_gaussian", 2.5, minimum=0, maximum=20),
            number("z_base", 0.0),
            number("contour_interval", 100.0, minimum=1e-6),
            Argument("number_of_contours", Kind.INTEGER, 0, minimum=0, maximum=1000),
            Argument("nth_contour_line_in_bold", Kind.INTEGER, 5, minimum=0, maximum=1000),
            number("z_factor", 1.0),
        ),
        margin=_margin,
        bands=lambda arguments, count: (0,),
    ),
)
