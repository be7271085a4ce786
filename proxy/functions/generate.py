"""Rasters that are made, not read."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from proxy.functions.pixels import narrowest
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, number
from proxy.model import Array, Raster


def constant(raster: Raster, *, constant: tuple[float, ...] = (0.0,), raster_info: Any = None) -> Raster:
    """The same numbers everywhere.

    Args:
        raster: gives the place alone.
        constant: one number a band. raster_info: accepted; the request decides.

    Returns:
        The smallest integer type that holds the numbers, float32 for fractions; valid everywhere.
    """
    whole = all(float(value).is_integer() for value in constant)
    dtype = narrowest(min(constant), max(constant)).dtype if whole else np.dtype(np.float32)
    values = np.array(constant, dtype)[:, None, None]
    return raster.with_data(np.broadcast_to(values, (len(constant), *raster.data.shape[1:])), mask=None)


class Distribution(IntEnum):
    """How the numbers are spread."""

    UNIFORM = 1
    INTEGER = 2
    NORMAL = 3
    EXPONENTIAL = 4


def random(
    raster: Raster,
    *,
    distribution: Distribution = Distribution.UNIFORM,
    minimum: float = 0.0,
    maximum: float = 1.0,
    mean: float = 0.0,
    standard_deviation: float = 1.0,
    seed: int = 1,
    raster_info: Any = None,
) -> Raster:
    """Random numbers that belong to places: a pixel of a size has the same number in every request.

    Args:
        raster: gives the place alone.
        distribution: see the enum.
        minimum: of UNIFORM and INTEGER. maximum: of these; INTEGER includes it.
        mean: of NORMAL, and of EXPONENTIAL where it is not 0. standard_deviation: of NORMAL.
        seed: another seed gives other numbers. raster_info: accepted; the request decides.

    Returns:
        One float32 band, int32 for INTEGER; valid everywhere.
    """
    share = _shares(raster, seed)
    if distribution == Distribution.UNIFORM:
        data = minimum + share * (maximum - minimum)
    elif distribution == Distribution.INTEGER:
        data = np.minimum(np.floor(minimum + share * (maximum - minimum + 1)), maximum)
    elif distribution == Distribution.NORMAL:
        # Box and Muller 1958.
        turn = np.cos(2 * np.pi * _shares(raster, seed + 1))
        data = mean + standard_deviation * np.sqrt(-2 * np.log(1 - share)) * turn
    else:
        data = -np.log(1 - share) * (mean or 1.0)
    dtype = np.int32 if distribution == Distribution.INTEGER else np.float32
    return raster.with_data(data.astype(dtype)[None], mask=None)


def _shares(raster: Raster, seed: int) -> Array:
    """Numbers in [0, 1) from the place of each pixel, mixed as in splitmix64 (Steele et al. 2014)."""
    width, height = raster.cell_size
    extent = raster.grid.extent
    columns = round(extent.xmin / width) + np.arange(raster.grid.width, dtype=np.int64)
    rows = round(-extent.ymax / height) + np.arange(raster.grid.height, dtype=np.int64)
    with np.errstate(over="ignore"):
        place = (columns.astype(np.uint64)[None, :] << np.uint64(32)) ^ rows.astype(np.uint64)[:, None]
        mixed = place + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def raster_item(raster: Raster) -> Raster:
    """The raster of the service, or the item that the rule names in place of it."""
    return raster


def _anything(value: object) -> None:
    return None


_INFO = Argument("raster_info", Kind.JSON, None, convert=_anything)

FUNCTIONS = (
    Function(
        "constant",
        constant,
        "The same numbers everywhere.",
        (INPUT, Argument("constant", Kind.NUMBERS, (0.0,), longest=64), _INFO),
    ),
    Function(
        "random",
        random,
        "Random numbers that belong to places.",
        (
            INPUT,
            choice("distribution", Distribution.UNIFORM),
            number("minimum", 0.0, "minimum_uniform", "minimum_integer", "min"),
            number("maximum", 1.0, "maximum_uniform", "maximum_integer", "max"),
            number("mean", 0.0, "mean_normal", "mean_exponential"),
            number("standard_deviation", 1.0, "standard_deviation_normal", minimum=0),
            Argument("seed", Kind.INTEGER, 1, minimum=0, maximum=2**31),
            _INFO,
        ),
    ),
    Function("raster_item", raster_item, "The raster itself, or an item of a mosaic.", (INPUT,)),
)
