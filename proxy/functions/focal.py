"""Statistics of the pixels around each pixel."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import cv2
import numpy as np

from proxy.errors import InvalidRule
from proxy.functions import cellstats
from proxy.functions.convert import convert
from proxy.functions.pixels import working_type
from proxy.functions.signature import INPUT, Argument, Arguments, Function, Kind, choice, flag
from proxy.functions.windows import Offset, any_valid, box, reach, windowed
from proxy.model import Array, Mask, PixelType, Raster

#: Most rows and columns of a window; most pixels of one in which values are put in order.
LARGEST, MOST_ORDERED = 101, 961


class StatisticsType(IntEnum):
    """What is found in the window."""

    MIN = 1
    MAX = 2
    MEAN = 3
    STANDARD_DEVIATION = 4
    MEDIAN = 5
    MAJORITY = 6
    MINORITY = 7
    MINIMUM = 1
    MAXIMUM = 2
    STD = 4


_FOUND = {
    StatisticsType.MIN: cellstats.minimum,
    StatisticsType.MAX: cellstats.maximum,
    StatisticsType.MEAN: cellstats.mean,
    StatisticsType.STANDARD_DEVIATION: cellstats.deviation,
    StatisticsType.MEDIAN: cellstats.lower_median,
    StatisticsType.MAJORITY: cellstats.majority,
    StatisticsType.MINORITY: cellstats.minority,
}
_ORDERED = (StatisticsType.MEDIAN, StatisticsType.MAJORITY, StatisticsType.MINORITY)


def statistics(
    raster: Raster,
    *,
    statistics_type: StatisticsType = StatisticsType.MIN,
    kernel_rows: int = 3,
    kernel_columns: int = 3,
    fill_no_data_only: bool = False,
    output_type: PixelType | None = None,
) -> Raster:
    """A statistic of the valid pixels of a window around each pixel.

    Args:
        raster: any number of bands of any real type.
        statistics_type: the deviation is that of the population; the median of an even number is the lower
            one of the middle two; of several majorities or minorities the least value counts.
        kernel_rows: of the window. kernel_columns: of it; an even number reaches further up and left.
        fill_no_data_only: True to leave valid pixels as they are.
        output_type: of the result, cut toward zero; None for the type of the input, as measured in Esri's
            client.

    Returns:
        The bands. A pixel is valid where any of its window is: gaps are filled.
    """
    if statistics_type in _ORDERED and kernel_rows * kernel_columns > MOST_ORDERED:
        raise InvalidRule("kernel_rows", f"A window in which values are ordered has at most {MOST_ORDERED}.")
    offsets = box(kernel_rows, kernel_columns)
    valid = None if raster.mask is None or raster.mask.all() else raster.mask
    work = working_type(raster.data.dtype)
    with np.errstate(all="ignore"):
        data = np.stack(
            [_of_band(band.astype(work), valid, offsets, statistics_type) for band in raster.data]
        )
    if fill_no_data_only:
        data = raster.data.astype(work) if valid is None else np.where(valid, raster.data, data)
    mask = None if valid is None else any_valid(valid, offsets)
    if mask is not None:
        data = np.where(mask, data, work(0))
    result = raster.with_data(data, mask=mask, band_names=raster.band_names)
    return convert(result, output_type or raster.pixel_type, truncate=True)


def _of_band(band: Array, valid: Mask | None, offsets: tuple[Offset, ...], kind: StatisticsType) -> Array:
    if kind in (StatisticsType.MIN, StatisticsType.MAX):
        return extreme(band, valid, offsets, kind == StatisticsType.MAX)
    small = offsets in (box(3, 3), box(5, 5)) and band.dtype == np.float32
    if kind == StatisticsType.MEDIAN and valid is None and small:
        return np.asarray(cv2.medianBlur(np.ascontiguousarray(band), 3 if len(offsets) == 9 else 5))
    return windowed(band, valid, offsets, _FOUND[kind])


def extreme(band: Array, valid: Mask | None, offsets: tuple[Offset, ...], greatest: bool) -> Array:
    """Least or greatest valid value of a window; infinite where there is none."""
    worst = -np.inf if greatest else np.inf
    filled = band if valid is None else np.where(valid, band, band.dtype.type(worst))
    edge = reach(offsets)
    kernel = np.zeros((2 * edge + 1, 2 * edge + 1), np.uint8)
    for y, x in offsets:
        kernel[edge + y, edge + x] = 1
    run = cv2.dilate if greatest else cv2.erode
    return np.asarray(run(np.ascontiguousarray(filled), kernel, borderType=cv2.BORDER_REPLICATE))


def _margin(arguments: Arguments) -> int:
    return reach(box(arguments["kernel_rows"], arguments["kernel_columns"]))


def _side(name: str, *aliases: str) -> Argument:
    limits: dict[str, Any] = {"minimum": 1, "maximum": LARGEST}
    return Argument(name, Kind.INTEGER, 3, aliases, **limits)


FUNCTIONS = (
    Function(
        "statistics",
        statistics,
        "A statistic of the pixels around each pixel.",
        (
            INPUT,
            choice("statistics_type", StatisticsType.MIN, "type"),
            _side("kernel_rows", "rows"),
            _side("kernel_columns", "columns", "cols"),
            flag("fill_no_data_only"),
        ),
        margin=_margin,
        typed=True,
    ),
)
