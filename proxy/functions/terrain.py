"""Aggregation, voids in elevations, and gradients."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from proxy.functions import cellstats
from proxy.functions.convert import without_nan
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, flag
from proxy.functions.windows import Offset, shifted
from proxy.model import Array, Mask, Raster


class AggregationType(IntEnum):
    """What a block of pixels becomes."""

    MAXIMUM = 2
    MEAN = 3
    MEDIAN = 4
    MINIMUM = 5
    SUM = 9


def aggregate(
    raster: Raster,
    *,
    cell_factor: int = 2,
    aggregation_type: AggregationType = AggregationType.SUM,
    expand_handling: bool = True,
    ignore_no_data: bool = True,
) -> Raster:
    """Blocks of pixels made one value, on the grid of the request.

    Blocks are counted from the origin of the coordinate system, so that they are the same in every request.

    Args:
        raster: any number of bands of any real type.
        cell_factor: pixels of a block along a side. aggregation_type: see the enum.
        expand_handling: accepted; blocks at the edge are whole here.
        ignore_no_data: False for no result where a pixel of the block is invalid.

    Returns:
        float32 bands with their names.
    """
    width, height = raster.cell_size
    first_row = round(-raster.grid.extent.ymax / height)
    first_column = round(raster.grid.extent.xmin / width)
    rows = (first_row + np.arange(raster.grid.height)) % cell_factor
    columns = (first_column + np.arange(raster.grid.width)) % cell_factor
    down, across = np.arange(len(rows)) - rows, np.arange(len(columns)) - columns
    offsets = [(y, x) for y in range(cell_factor) for x in range(cell_factor)]
    valid = None if raster.mask is None or raster.mask.all() else raster.mask
    # The block of a pixel begins up to factor - 1 pixels before it.
    places = [
        np.ix_(np.clip(down + y, 0, len(down) - 1), np.clip(across + x, 0, len(across) - 1))
        for y, x in offsets
    ]
    members = None if valid is None else np.stack([valid[place] for place in places])
    statistic = cellstats.STATISTICS[aggregation_type.name.lower()]
    mask: Mask | None = None
    if members is not None:
        mask = np.asarray(members.any(axis=0) if ignore_no_data else members.all(axis=0))
    with np.errstate(all="ignore"):
        bands = [
            statistic(np.stack([band[place] for place in places]).astype(np.float32), members)
            for band in raster.data
        ]
    data, mask = without_nan(np.stack(bands), mask)
    return raster.with_data(data, mask=mask, band_names=raster.band_names)


#: Widest void that is filled, in pixels.
WIDEST = 64


def elevation_void_fill(raster: Raster, *, max_void_width: int = 0) -> Raster:
    """Fill voids from the valid pixels around them, by inverse squared distance in eight directions.

    A void pixel is filled where valid pixels lie on both sides of it along a row, a column or a diagonal, no
    more than `max_void_width` pixels apart; what only touches the edge of the data is left.

    Args:
        raster: elevations; any number of bands.
        max_void_width: in pixels, at most 64; 0 for that.

    Returns:
        The type of the input with a larger mask.
    """
    if raster.mask is None or raster.mask.all():
        return raster
    widest = max_void_width or WIDEST
    rows, columns = np.nonzero(~raster.mask)
    directions = [(0, 1), (1, 0), (1, 1), (1, -1)]
    total, weights = np.zeros((raster.count, len(rows))), np.zeros(len(rows))
    closed = np.zeros(len(rows), np.bool_)
    for y, x in directions:
        one = _nearest(raster.mask, rows, columns, (y, x), widest)
        two = _nearest(raster.mask, rows, columns, (-y, -x), widest)
        closed |= (one > 0) & (two > 0) & (one + two - 1 <= widest)
        for distance, sign in ((one, 1), (two, -1)):
            here = distance > 0
            weight = np.where(here, 1 / np.maximum(distance * math.hypot(y, x), 1) ** 2, 0.0)
            place = rows + sign * y * distance, columns + sign * x * distance
            total += raster.data[:, place[0], place[1]] * weight
            weights += weight
    data = raster.data.copy()
    found = total[:, closed] / weights[closed]
    found = np.floor(found + 0.5) if data.dtype.kind in "iu" else found
    data[:, rows[closed], columns[closed]] = found
    mask = raster.mask.copy()
    mask[rows[closed], columns[closed]] = True
    return raster.with_data(data, mask=mask, band_names=raster.band_names, statistics=raster.statistics)


def _nearest(valid: Mask, rows: Array, columns: Array, step: Offset, widest: int) -> Array:
    """Steps to the nearest valid pixel in a direction; 0 where there is none within reach."""
    found = np.zeros(len(rows), np.intp)
    open_ = np.arange(len(rows))
    for distance in range(1, widest + 1):
        y, x = rows[open_] + distance * step[0], columns[open_] + distance * step[1]
        inside = (y >= 0) & (x >= 0) & (y < valid.shape[0]) & (x < valid.shape[1])
        open_, y, x = open_[inside], y[inside], x[inside]
        hit = valid[y, x]
        found[open_[hit]] = distance
        open_ = open_[~hit]
        if not len(open_):
            break
    return found


class GradientDimension(IntEnum):
    """Axis of a gradient."""

    X = 0
    Y = 1
    XY = 2


def gradient(raster: Raster, *, gradient_dimension: GradientDimension = GradientDimension.X) -> Raster:
    """Change per unit of length: central differences, eastward for X and northward for Y.

    Args:
        raster: any number of bands of any real type.
        gradient_dimension: XY is the length of both.

    Returns:
        float32 bands, valid where the pixel and its neighbours along the axis are.
    """
    width, height = raster.cell_size
    axes = {GradientDimension.X: ((0, 1),), GradientDimension.Y: ((-1, 0),)}
    steps = axes.get(gradient_dimension, ((0, 1), (-1, 0)))
    mask = raster.mask
    squares = np.zeros(raster.data.shape, np.float32)
    with np.errstate(all="ignore"):
        for y, x in steps:
            length = np.float32(2 * (width if x else height))
            for index, band in enumerate(raster.data.astype(np.float32)):
                after, before = shifted(band, [(y, x), (-y, -x)])
                part = (after - before) / length
                squares[index] = part if len(steps) == 1 else squares[index] + part * part
            if raster.mask is not None:
                after, before = shifted(raster.mask, [(y, x), (-y, -x)])
                mask = (raster.mask if mask is None else mask) & after & before
        data, mask = without_nan(squares if len(steps) == 1 else np.sqrt(squares), mask)
    return raster.with_data(data, mask=mask, band_names=raster.band_names)


FUNCTIONS = (
    Function(
        "aggregate",
        aggregate,
        "Blocks of pixels made one value.",
        (
            INPUT,
            Argument("cell_factor", Kind.INTEGER, 2, minimum=1, maximum=32),
            choice("aggregation_type", AggregationType.SUM),
            flag("expand_handling", True),
            flag("ignore_no_data", True),
        ),
        margin=lambda arguments: int(arguments["cell_factor"]) - 1,
    ),
    Function(
        "elevation_void_fill",
        elevation_void_fill,
        "Voids filled from the pixels around them.",
        (INPUT, Argument("max_void_width", Kind.INTEGER, 0, minimum=0, maximum=WIDEST)),
        margin=lambda arguments: int(arguments["max_void_width"] or WIDEST),
    ),
    Function(
        "gradient",
        gradient,
        "Change per unit of length along an axis.",
        (INPUT, choice("gradient_dimension", GradientDimension.X)),
        margin=1,
    ),
)
