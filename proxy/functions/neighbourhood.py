"""Statistics of neighbourhoods of any shape."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions import cellstats
from proxy.functions.convert import without_nan
from proxy.functions.signature import (
    INPUT,
    Argument,
    Arguments,
    Function,
    Kind,
    choice,
    flag,
    number,
    numbers,
)
from proxy.functions.windows import Offset, any_valid, box, reach, windowed
from proxy.model import Mask, Raster


class NeighborhoodType(IntEnum):
    """Shape of a neighbourhood."""

    RECTANGLE = 1
    CIRCLE = 2
    ANNULUS = 3
    WEDGE = 4
    IRREGULAR = 5


class FocalStatistic(IntEnum):
    """What is found in a neighbourhood."""

    MAJORITY = 1
    MAXIMUM = 2
    MEAN = 3
    MEDIAN = 4
    MINIMUM = 5
    MINORITY = 6
    RANGE = 7
    STD = 8
    SUM = 9
    VARIETY = 10
    PERCENTILE = 12


_NAMES = {FocalStatistic.STD: "deviation"}


def focal(
    raster: Raster,
    *,
    neighborhood_type: NeighborhoodType = NeighborhoodType.RECTANGLE,
    width: int = 3,
    height: int = 3,
    inner_radius: float = 1.0,
    outer_radius: float = 3.0,
    radius: float = 3.0,
    start_angle: float = 0.0,
    end_angle: float = 90.0,
    neighborhood_values: tuple[float, ...] = (),
    statistic_type: FocalStatistic = FocalStatistic.MEAN,
    percentile: float = 90.0,
    no_data_policy: bool = True,
) -> Raster:
    """A statistic of the pixels of a neighbourhood of any shape.

    Args:
        raster: any number of bands of any real type.
        neighborhood_type: RECTANGLE of `width` by `height`; CIRCLE of `radius`; ANNULUS between
            `inner_radius` and `outer_radius`; WEDGE of `radius` between `start_angle` and `end_angle`,
            counterclockwise from east; IRREGULAR where `neighborhood_values`, `height` rows of `width`, are
            not 0. Radii count pixels.
        width: see above. height: see above. inner_radius: see above. outer_radius: see above.
        radius: see above. start_angle: degrees. end_angle: degrees. neighborhood_values: see above.
        statistic_type: see the enum. percentile: of PERCENTILE.
        no_data_policy: True to leave invalid pixels out, False for no result where there is one.

    Returns:
        float32 bands with their names.
    """
    offsets = _shape(
        neighborhood_type, width, height, inner_radius, outer_radius, radius, start_angle, end_angle,
        neighborhood_values,
    )  # fmt: skip
    name = _NAMES.get(statistic_type, statistic_type.name.lower())
    wanted = cellstats.percentile(percentile, True) if name == "percentile" else cellstats.STATISTICS[name]
    valid = None if raster.mask is None or raster.mask.all() else raster.mask
    mask: Mask | None = None
    if valid is not None:
        mask = any_valid(valid, offsets) if no_data_policy else ~any_valid(~valid, offsets)
    with np.errstate(all="ignore"):
        bands = [windowed(band.astype(np.float32), valid, offsets, wanted) for band in raster.data]
    data, mask = without_nan(np.stack(bands), mask)
    return raster.with_data(data, mask=mask, band_names=raster.band_names)


#: Most pixels of a neighbourhood.
MOST = 2601


def _shape(
    kind: NeighborhoodType, width: int, height: int, inner: float, outer: float, radius: float, start: float,
    end: float, values: tuple[float, ...],
) -> tuple[Offset, ...]:  # fmt: skip
    if kind == NeighborhoodType.RECTANGLE:
        found = box(height, width)
    elif kind == NeighborhoodType.IRREGULAR:
        if len(values) != width * height:
            raise InvalidRule("neighborhood_values", f"{width * height} numbers are needed.")
        found = tuple(offset for offset, value in zip(box(height, width), values, strict=True) if value)
    else:
        far = outer if kind == NeighborhoodType.ANNULUS else radius
        near = inner if kind == NeighborhoodType.ANNULUS else 0.0
        side = 2 * int(far) + 1
        found = tuple((y, x) for y, x in box(side, side) if near <= math.hypot(y, x) <= far)
        if kind == NeighborhoodType.WEDGE:
            span = (end - start) % 360 or 360.0
            angles = ((math.degrees(math.atan2(-y, x)) - start) % 360 for y, x in found)
            found = tuple(o for o, angle in zip(found, angles, strict=True) if angle <= span or o == (0, 0))
    if not 0 < len(found) <= MOST:
        raise InvalidRule("neighborhood_type", f"A neighbourhood has 1 to {MOST} pixels.")
    return found


def _focal_margin(a: Arguments) -> int:
    return reach(
        _shape(
            a["neighborhood_type"], a["width"], a["height"], a["inner_radius"], a["outer_radius"],
            a["radius"], a["start_angle"], a["end_angle"], a["neighborhood_values"],
        )
    )  # fmt: skip


def _side(name: str) -> Argument:
    return Argument(name, Kind.INTEGER, 3, minimum=1, maximum=51)


FUNCTIONS = (
    Function(
        "focal",
        focal,
        "A statistic of a neighbourhood of any shape.",
        (
            INPUT,
            choice("neighborhood_type", NeighborhoodType.RECTANGLE),
            _side("width"),
            _side("height"),
            number("inner_radius", 1.0, minimum=0, maximum=25),
            number("outer_radius", 3.0, minimum=1, maximum=25),
            number("radius", 3.0, minimum=1, maximum=25),
            number("start_angle", 0.0),
            number("end_angle", 90.0),
            numbers("neighborhood_values", longest=MOST),
            choice("statistic_type", FocalStatistic.MEAN),
            number("percentile", 90.0, minimum=0, maximum=100),
            flag("no_data_policy", True),
        ),
        margin=_focal_margin,
        aliases=("focal_statistics",),
    ),
)
