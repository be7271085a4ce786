"""Target pixels to pixels of one level: vectors where the two are separable, else a plane of coordinates.

Coordinates count pixels of the level from its upper left corner: the middle of the first pixel is 0.5.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Mask
from proxy.render.warp.cells import Six, anchor_cells, cells_of, errors, may_reach, ranges
from proxy.render.warp.coordinates import LAST_STEP, Axes, Floats, Nodes, locate

#: Greatest error of interpolated coordinates in pixels, checked with every second node left out: what is
#: used, with all nodes, is about four times better. 0.125 would do for the eye; this keeps nearest equal to
#: GDAL's in 99 of 100 pixels.
TOLERANCE = 0.04
#: Targets of no more pixels than this are not interpolated at all.
ALWAYS_EXACT = 64
#: Pixels by which a coordinate may lie before the first pixel and still count as in it: a place exactly on
#: the antimeridian is a hair's breadth off on both sides.
EDGE = 1e-9
#: Greatest side of a part whose coordinates are looked at one by one to find its window.
SMALL_PART = 64


class Part(NamedTuple):
    """Rows top..bottom and columns left..right of a target, the latter of each excluded."""

    top: int
    left: int
    bottom: int
    right: int


class Hull(NamedTuple):
    """Least and greatest coordinates in a level."""

    x0: float
    y0: float
    x1: float
    y1: float


class Vectors:
    """x (columns,) and y (rows,): exact."""

    #: Parts that are touched lie in the source as a whole.
    within = True

    def __init__(self, x: Floats, y: Floats, limits: tuple[float, float], pitch: tuple[float, float]) -> None:
        self.x, self.y = x, y
        self._limits, self._pitch = limits, pitch

    def touched(self) -> Part | None:
        """The part of the target whose centres lie in the source; all of them do."""
        columns, rows = _run_inside(self.x, self._limits[0]), _run_inside(self.y, self._limits[1])
        if columns is None or rows is None:
            return None
        return Part(rows[0], columns[0], rows[1], columns[1])

    def hull(self, part: Part) -> Hull | None:
        """Range of the coordinates of a part."""
        x, y = self.coordinates(part)
        return Hull(float(x.min()), float(y.min()), float(x.max()), float(y.max()))

    def coordinates(self, part: Part) -> tuple[Floats, Floats]:
        """x (columns,) and y (rows,) of a part."""
        return self.x[part.left : part.right], self.y[part.top : part.bottom]

    def spread(self, part: Part) -> tuple[Floats, Floats]:
        """Level pixels of a target pixel, across and down, over a part."""
        across, down = _slope(self.x, self._pitch[0]), _slope(self.y, self._pitch[1])
        shape = (part.bottom - part.top, part.right - part.left)
        wide = np.broadcast_to(across[part.left : part.right], shape)
        return wide, np.broadcast_to(down[part.top : part.bottom, None], shape)


class Plane:
    """x and y of every pixel, from vectors through a rotated or sheared transform: exact."""

    within = False

    def __init__(self, axes: Axes, six: Six, limits: tuple[float, float]) -> None:
        self._axes, self._six, self._limits = axes, six, limits
        self._size = (len(axes.y), len(axes.x))

    def touched(self) -> Part | None:
        """The part of the target that may lie in the source."""
        there = np.flatnonzero(np.isfinite(self._axes.y))
        if not there.size:
            return None
        whole = Part(int(there[0]), 0, int(there[-1]) + 1, self._size[1])
        return whole if self.hull(whole) else None

    def hull(self, part: Part) -> Hull | None:
        """Range of the coordinates of a part; None where all are outside the source."""
        last = (part.top, part.bottom - 1), (part.left, part.right - 1)
        x, y = _applied(self._six, self._axes.x[None, list(last[1])], self._axes.y[list(last[0]), None])
        return _clipped(x, y, self._limits)

    def coordinates(self, part: Part) -> tuple[Floats, Floats]:
        """x and y, (rows, columns), of a part."""
        along, down = self._axes.x[part.left : part.right], self._axes.y[part.top : part.bottom]
        return _applied(self._six, along[None, :], down[:, None])

    def spread(self, part: Part) -> tuple[Floats, Floats]:
        """Level pixels of a target pixel, across and down, over a part."""
        a, b, _, d, e, _ = (abs(value) for value in self._six)
        along = _slope(self._axes.x, self._axes.pitch[0])[None, part.left : part.right]
        down = _slope(self._axes.y, self._axes.pitch[1])[part.top : part.bottom, None]
        return a * along + b * down, d * along + e * down


class Lattice:
    """x and y of every pixel, between nodes, or from PROJ in cells where that is not exact enough.

    A cell is two by two meshes. Its middle nodes tell how wrong interpolation between its corners is; in
    cells that fail, every pixel is computed, unless they lie nowhere near the source.
    """

    def __init__(self, nodes: Nodes, six: Six, limits: tuple[float, float], tolerance: float) -> None:
        self._nodes, self._six, self._limits = nodes, six, limits
        self._size = (nodes.grid.height, nodes.grid.width)
        x, y = _applied(six, nodes.x, nodes.y)
        failed = ~(np.maximum(errors(x), errors(y)) <= tolerance)
        if nodes.grid.width * nodes.grid.height <= ALWAYS_EXACT:
            failed[:] = True
        self.exact = failed
        self._empty = np.zeros_like(failed)
        self._sound = not failed.any()
        if not self._sound:
            self._empty = failed & ~self._near(x, y, failed)
            self.exact = failed & ~self._empty
            lost = ~(np.isfinite(x) & np.isfinite(y))
            x, y = np.where(lost, 0.0, x), np.where(lost, 0.0, y)
        self._x, self._y = x, y
        #: True where the whole target is known to lie in the source.
        self.within = self._sound and _lies_within(x, y, limits)
        self._last: tuple[Part, tuple[Floats, Floats]] | None = None

    @property
    def exact_pixels(self) -> int:
        """Pixels that PROJ is to be asked for; at most those of the target."""
        some = int(np.count_nonzero(self.exact)) * 4 * self._nodes.step**2
        return min(some, self._size[0] * self._size[1])

    def touched(self) -> Part | None:
        """The part of the target that may lie in the source."""
        whole = Part(0, 0, *self._size)
        if self.within:
            return whole
        low_x, high_x = ranges(self._x)
        low_y, high_y = ranges(self._y)
        width, height = self._limits
        touched = (high_x >= -EDGE) & (low_x <= width) & (high_y >= -EDGE) & (low_y <= height)
        touched = (touched & ~self._empty) | self.exact
        if not touched.any():
            return None
        rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
        top, bottom = self._pixels_of(rows, self._size[0])
        left, right = self._pixels_of(columns, self._size[1])
        return Part(top, left, bottom, right) if top < bottom and left < right else None

    def hull(self, part: Part) -> Hull | None:
        """Range of the coordinates of a part; None where all are outside the source."""
        if not self._sound or max(part.bottom - part.top, part.right - part.left) <= SMALL_PART:
            x, y = self.coordinates(part)
            with np.errstate(invalid="ignore"):
                inside = (x >= -EDGE) & (x <= self._limits[0]) & (y >= -EDGE) & (y <= self._limits[1])
            return _clipped(x[inside], y[inside], self._limits) if inside.any() else None
        rows, columns = self._node_slice(part.top, part.bottom), self._node_slice(part.left, part.right)
        return _clipped(self._x[rows, columns], self._y[rows, columns], self._limits)

    def coordinates(self, part: Part) -> tuple[Floats, Floats]:
        """x and y, (rows, columns), of a part; NaN where there are none. The same however parts are cut."""
        if self._last is not None and self._last[0] == part:
            return self._last[1]
        x, y = self._interpolated(self._x, part), self._interpolated(self._y, part)
        if not self._sound:
            self._repair(x, y, part)
        self._last = part, (x, y)
        return x, y

    def spread(self, part: Part) -> tuple[Floats, Floats]:
        """Level pixels of a target pixel, across and down, over a part: of its bounding box."""
        x, y = self.coordinates(Part(part.top - 1, part.left - 1, part.bottom + 1, part.right + 1))
        return _box(x), _box(y)

    def _near(self, x: Floats, y: Floats, failed: Mask) -> Mask:
        """Cells that may hold pixels of the source, as far as their nodes tell."""
        near = failed & may_reach(x, self._limits[0]) & may_reach(y, self._limits[1])
        if not np.isfinite(x).all():
            near[anchor_cells(self._nodes, failed.shape, self._limits, self._six)] = True
        return near

    def _pixels_of(self, cells: NDArray[np.intp], size: int) -> tuple[int, int]:
        step = self._nodes.step
        first, last = int(step * (2 * cells[0] - 0.5)), int(step * (2 * cells[-1] + 1.5))
        return max(0, first), min(size, last)

    def _node_slice(self, start: int, stop: int) -> slice:
        step = self._nodes.step
        return slice(_node_before(start, step), _node_before(stop - 1, step) + 2)

    def _interpolated(self, values: Floats, part: Part) -> Floats:
        """Bilinear; `cv2.resize` puts node i at (i + 0.5) steps, hence where the nodes lie."""
        step = self._nodes.step
        rows, columns = self._node_slice(part.top, part.bottom), self._node_slice(part.left, part.right)
        some = np.ascontiguousarray(values[rows, columns])
        size = (some.shape[1] * step, some.shape[0] * step)
        wide = cv2.resize(some, size, interpolation=cv2.INTER_LINEAR)
        top, left = part.top + step - rows.start * step, part.left + step - columns.start * step
        return np.asarray(wide[top : top + part.bottom - part.top, left : left + part.right - part.left])

    def _repair(self, x: Floats, y: Floats, part: Part) -> None:
        rows = cells_of(part.top, part.bottom, self._nodes.step)
        columns = cells_of(part.left, part.right, self._nodes.step)
        empty = self._empty[np.ix_(rows, columns)]
        x[empty], y[empty] = np.nan, np.nan
        where = np.nonzero(self.exact[np.ix_(rows, columns)])
        if len(where[0]):
            places = self._nodes.exact(where[1] + part.left, where[0] + part.top)
            x[where], y[where] = _applied(self._six, *places)


Mapping = Vectors | Plane | Lattice


def mapping(place: Axes | Nodes, six: Six, limits: tuple[float, float], tolerance: float) -> Mapping:
    """Target pixels to pixels of a level.

    Meshes are refined until their error is within bounds, or until it is cheaper to compute the rest exactly.

    Args:
        six: source coordinates to pixels of the level.
        limits: columns and rows of the level.
        tolerance: in pixels of the level.
    """
    if isinstance(place, Axes):
        a, b, c, d, e, f = six
        if b or d:
            return Plane(place, six, limits)
        pitch = abs(a) * place.pitch[0], abs(e) * place.pitch[1]
        return Vectors(a * place.x + c, e * place.y + f, limits, pitch)
    lattice = Lattice(place, six, limits, tolerance)
    while place.step > LAST_STEP and lattice.exact_pixels > 4 * place.x.size:
        finer = locate(place.grid, place.crs, place.step // 2)
        assert isinstance(finer, Nodes)
        place = finer
        lattice = Lattice(place, six, limits, tolerance)
    return lattice


def _applied(six: Six, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    a, b, c, d, e, f = six
    if not (b or d):
        return a * x + c, e * y + f
    return a * x + b * y + c, d * x + e * y + f


def _slope(values: Floats, pitch: float) -> Floats:
    if len(values) < 2:
        return np.full(len(values), pitch)
    return np.abs(np.gradient(values))


def _box(values: Floats) -> Floats:
    along = np.abs(values[1:-1, 2:] - values[1:-1, :-2])
    return np.asarray((along + np.abs(values[2:, 1:-1] - values[:-2, 1:-1])) / 2)


def _run_inside(values: Floats, limit: float) -> tuple[int, int] | None:
    inside = np.flatnonzero((values >= -EDGE) & (values < limit))
    return (int(inside[0]), int(inside[-1]) + 1) if inside.size else None


def _clipped(x: Floats, y: Floats, limits: tuple[float, float]) -> Hull | None:
    hull = Hull(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    width, height = limits
    if not (hull.x1 >= -EDGE and hull.y1 >= -EDGE and hull.x0 <= width and hull.y0 <= height):
        return None
    low_x, low_y = max(hull.x0, 0.0), max(hull.y0, 0.0)
    return Hull(low_x, low_y, max(low_x, min(hull.x1, width)), max(low_y, min(hull.y1, height)))


def _lies_within(x: Floats, y: Floats, limits: tuple[float, float]) -> bool:
    return bool(x.min() >= 0 and x.max() < limits[0] and y.min() >= 0 and y.max() < limits[1])


def _node_before(pixel: int, step: int) -> int:
    return math.floor((pixel + 0.5) / step + 0.5)
