"""Coordinates along the map to cells of a regular grid, from west to east and from north to south."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from proxy.crs import SpatialReference

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

#: How far a coordinate may lie from an even spacing, in cells: rounded ones do.
TOLERANCE = 0.1
#: Cells of the regular grid to those of the source, along an axis of uneven spacing: beyond it nearest
#: neighbours would be copies mostly.
FINEST = 8
TURN = 360.0


class Unplaceable(ValueError):
    """The coordinates make no grid; the message says why, in public words."""


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Cells along one direction of the map.

    Attributes:
        start: outer edge of the first cell: west, or north.
        step: to the next cell: positive eastwards, negative southwards.
        indices: position in the source of every cell.
    """

    start: float
    step: float
    indices: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the cells of a variable lie."""

    crs: SpatialReference
    x: Axis
    y: Axis

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.x.indices)

    @property
    def height(self) -> int:
        """Rows."""
        return len(self.y.indices)

    @property
    def transform(self) -> Affine:
        """Cell corners to coordinates, north up."""
        return Affine(self.x.step, 0.0, self.x.start, 0.0, self.y.step, self.y.start)


def eastwards(
    values: NDArray[Any], name: str, bounds: NDArray[Any] | None = None, turns: bool = False
) -> Axis:
    """Axis of eastings or longitudes.

    Args:
        values: (n,), in either direction.
        bounds: (n, 2), edges of the cells; only looked at where there is one cell.
        turns: longitudes in degrees: they may jump by 360 within, a full turn is cut open near -180 and
            anything less begins between -180 and 180.

    Raises:
        Unplaceable: the values are not in order, or too uneven.
    """
    numbers = np.asarray(values, np.float64)
    if turns and numbers.size > 1:
        numbers = np.unwrap(numbers, period=TURN)
    axis = _axis(numbers, name, bounds, turns)
    return _around(axis) if turns else axis


def southwards(values: NDArray[Any], name: str, bounds: NDArray[Any] | None = None) -> Axis:
    """Axis of northings or latitudes; see `eastwards`."""
    axis = _axis(np.asarray(values, np.float64), name, bounds, False)
    count = len(axis.indices)
    return Axis(axis.start + count * axis.step, -axis.step, axis.indices[::-1])


def _axis(values: Floats, name: str, bounds: NDArray[Any] | None, turns: bool) -> Axis:
    """Cells in rising order."""
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise Unplaceable(f"the coordinates along '{name}' have gaps")
    if values.size == 1:
        return _single(values, name, bounds)
    gaps = np.diff(values)
    if not ((gaps > 0).all() or (gaps < 0).all()):
        raise Unplaceable(f"the coordinates along '{name}' are not in order")
    order = np.arange(values.size)
    if gaps[0] < 0:
        values, order = values[::-1], order[::-1]
    if turns and values.size > 2 and abs(values[-1] - values[0] - TURN) < TOLERANCE * abs(gaps[0]):
        # The first meridian is repeated at the end.
        values, order = values[:-1], order[:-1]
    step = (values[-1] - values[0]) / (values.size - 1)
    if turns and abs(values.size * step - TURN) < TOLERANCE * step:
        step = TURN / values.size
    away = np.abs(values - values[0] - step * np.arange(values.size)).max()
    if away <= TOLERANCE * step:
        return Axis(float(values[0] - step / 2), float(step), order)
    return _evened(values, order, name)


def _single(values: Floats, name: str, bounds: NDArray[Any] | None) -> Axis:
    if bounds is None or np.size(bounds) != 2:
        raise Unplaceable(f"there is one cell along '{name}', and nothing says how wide it is")
    low, high = sorted(float(edge) for edge in np.ravel(bounds))
    if not (math.isfinite(low) and high > low):
        raise Unplaceable(f"there is one cell along '{name}', and nothing says how wide it is")
    return Axis(low, high - low, np.zeros(1, np.intp))


def _evened(values: Floats, order: Indices, name: str) -> Axis:
    """Cells of the smallest spacing, each the nearest of the source's."""
    gaps = np.diff(values)
    low, high = values[0] - gaps[0] / 2, values[-1] + gaps[-1] / 2
    wanted = (high - low) / gaps.min()
    if wanted > FINEST * values.size:
        ends = f"{gaps.min():g} to {gaps.max():g}"
        raise Unplaceable(f"the coordinates along '{name}' are spaced too unevenly, by {ends}")
    count = math.ceil(wanted - 1e-9)
    step = (high - low) / count
    centers = low + (np.arange(count) + 0.5) * step
    nearest = np.searchsorted((values[1:] + values[:-1]) / 2, centers)
    return Axis(float(low), float(step), order[nearest])


def _around(axis: Axis) -> Axis:
    """Longitudes where maps expect them."""
    count = len(axis.indices)
    if abs(count * axis.step - TURN) > TOLERANCE * axis.step:
        turns = math.floor((axis.start + TURN / 2) / TURN)
        return Axis(axis.start - turns * TURN, axis.step, axis.indices)
    shift = round((-TURN / 2 - axis.start) / axis.step)
    start = axis.start + shift * axis.step
    return Axis(start, axis.step, np.roll(axis.indices, -(shift % count)))
