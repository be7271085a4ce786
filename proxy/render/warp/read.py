"""Read a source on any grid: coordinates, level, windows, values. The only way pixels are warped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, Grid, Interpolation, Mask
from proxy.render.warp.area import collect, shrink, thin
from proxy.render.warp.cells import Six
from proxy.render.warp.coordinates import Axes, Floats, Nodes, locate, period, runs
from proxy.render.warp.lattice import EDGE, TOLERANCE, Mapping, Vectors, mapping
from proxy.render.warp.plan import Task, View, tasks, view_of
from proxy.render.warp.resample import bilinear, cubic, nearest
from proxy.render.warp.source import PixelSource

#: Distance of target centres from the centres of level pixels, in pixels, below which the grids are the same.
ALIGNED = 1e-3
#: Coordinates are rounded to 1/512 pixel: at this offset that is what float32 can tell apart, so that places
#: counted from the start of any window are the same.
_ROUNDING = np.float32(3 << 13)

#: Turns to either side of the first that a world is repeated; it is a few pixels wide by then.
MOST_TURNS = 32

_COLLECTED = (Interpolation.AVERAGE, Interpolation.MODE, Interpolation.MIN, Interpolation.MAX)
_ORDERED = (Interpolation.MODE, Interpolation.MIN, Interpolation.MAX)


def read_grid(
    source: PixelSource,
    target: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    *,
    budget: int | None = None,
    check: Callable[[], None] | None = None,
) -> tuple[Array, Mask | None]:
    """Read bands of a source on a grid.

    Where the grid is a level's own (centres less than 0.001 pixels apart, also upside down) the pixels are
    returned as they are, whatever the interpolation. Nearest is the pixel that holds the centre. Where a
    target pixel is larger than the level's, bilinear and cubic shrink by area first; average, mode, minimum
    and maximum take the pixels under the target pixel, and equal nearest elsewhere. Values that are not
    finite count as invalid.

    Args:
        bands: zero-based.
        budget: most source pixels of a band that may be read.
        check: called before each part is read; what it raises ends the work.

    Returns:
        Data (bands, height, width) in the source's type, perhaps the very array that the source returned, and
        the mask (height, width), None where all are valid. A pixel is valid where its centre lies in the
        source and valid pixels have at least half of the weight; outside the source the data are 0.

    Raises:
        ReadBudgetExceeded: more than `budget` source pixels of a band would be read.
        BadRequest: there is no transformation between the systems.
    """
    place = locate(target, source.crs)
    if interpolation in _ORDERED and source.dtype.kind == "c":
        interpolation = Interpolation.NEAREST
    view = view_of(source.levels, place, interpolation)
    if interpolation in _COLLECTED and max(view.ratio) <= 1 + ALIGNED:
        interpolation = Interpolation.NEAREST
    work = [
        (where, task)
        for where in _pieces(place, view, period(source.crs))
        for task in tasks(where, view, interpolation, budget)
    ]
    reading = _Reading(source, bands, view, interpolation, check)
    if len(work) == 1 and work[0][1].part == (0, 0, target.height, target.width):
        return reading.block(*work[0])
    return _assembled(reading, work, (len(bands), target.height, target.width))


def _pieces(place: Axes | Nodes, view: View, turn: float) -> Iterator[Mapping]:
    """The mapping, once for every whole turn that brings the target over the source."""
    tolerance = TOLERANCE / max(view.across.value, view.down.value)
    a, b, c, d, e, f = view.six
    if not turn:
        # A jump lies in between, where x closes on itself without being known to.
        for whole in runs(place) if isinstance(place, Axes) and not (b or d) else (place,):
            yield mapping(whole, view.six, view.limits, tolerance)
        return
    for count in _turns(place, view, turn):
        shifted: Six = (a, b, c + count * turn * a, d, e, f + count * turn * d)
        yield mapping(place, shifted, view.limits, tolerance)


def _turns(place: Axes | Nodes, view: View, turn: float) -> range:
    level = view.level
    corners = [(level.transform * at)[0] for at in ((0, 0), (level.width, 0), (0, level.height))]
    corners.append((level.transform * (level.width, level.height))[0])
    if isinstance(place, Axes):
        low, high = float(place.x.min()), float(place.x.max())
    else:
        low, high = place.about - turn / 2, place.about + turn / 2
    first = max(math.ceil((min(corners) - high) / turn), -MOST_TURNS)
    return range(first, min(math.floor((max(corners) - low) / turn), MOST_TURNS) + 1)


def _assembled(
    reading: _Reading, work: list[tuple[Mapping, Task]], shape: tuple[int, int, int]
) -> tuple[Array, Mask | None]:
    data = np.zeros(shape, reading.dtype)
    mask = np.zeros(shape[1:], np.bool_)
    for where, task in work:
        values, valid = reading.block(where, task)
        area = slice(task.part.top, task.part.bottom), slice(task.part.left, task.part.right)
        if valid is None and not mask[area].any():
            data[:, *area], mask[area] = values, True
            continue
        free = ~mask[area] if valid is None else valid & ~mask[area]
        np.copyto(data[:, *area], values, where=free)
        mask[area] |= free
    return data, None if mask.all() else mask


class _Reading:
    """Parts of one read."""

    def __init__(
        self,
        source: PixelSource,
        bands: tuple[int, ...],
        view: View,
        interpolation: Interpolation,
        check: Callable[[], None] | None,
    ) -> None:
        self._check = check
        self.dtype = source.dtype
        self._source, self._bands, self._view = source, bands, view
        self._interpolation = interpolation

    def block(self, where: Mapping, task: Task) -> tuple[Array, Mask | None]:
        """Data and mask of one part of the target."""
        if self._check is not None:
            self._check()
        data, mask = self._pixels(task)
        x, y = where.coordinates(task.part)
        if isinstance(where, Vectors) and (same := _same_grid(x, y, task, data, mask)):
            return _finished(*same, None)
        inside = None if where.within else self._inside(x, y)
        if inside is not None:
            x, y = _kept(x, y, inside)
        if self._interpolation is Interpolation.NEAREST:
            return _finished(*_nearest(data, mask, x, y, task.origin), inside)
        if self._interpolation in _COLLECTED:
            return _finished(*self._collected(data, mask, where, task), inside)
        kernel = bilinear if self._interpolation is Interpolation.BILINEAR else cubic
        places = _maps(x, y, task.origin)
        if data.dtype.kind != "c":
            return _finished(*kernel(data, mask, *places), inside)
        pair, valid = kernel(_parted(data), mask, *places)
        return _finished(_joined(pair, data.dtype), valid, inside)

    def _pixels(self, task: Task) -> tuple[Array, Mask | None]:
        view = self._view
        data, mask = self._source.read(view.index, self._bands, task.window)
        if data.dtype.kind in "fc":
            good = np.isfinite(data)
            if not good.all():
                finite: Mask = np.asarray(good.all(axis=0))
                mask = finite if mask is None else finite & mask
        if mask is not None and mask.all():
            mask = None
        if view.across.value == view.down.value == 1:
            return data, mask
        if data.dtype.kind == "c":
            pair, mask = shrink(_parted(data), mask, view.across, view.down)
            return _joined(pair, data.dtype), mask
        if self._interpolation in _COLLECTED:
            return thin(data, mask, view.across, view.down, self._interpolation)
        return shrink(data, mask, view.across, view.down)

    def _inside(self, x: Floats, y: Floats) -> Mask | None:
        width, height = self._view.limits
        if x.min() >= 0 and x.max() < width and y.min() >= 0 and y.max() < height:
            return None
        with np.errstate(invalid="ignore"):
            return np.asarray((x >= -EDGE) & (x < width) & (y >= -EDGE) & (y < height))

    def _collected(self, data: Array, mask: Mask | None, where: Mapping, task: Task) -> tuple[Array, Mask]:
        x, y = where.coordinates(task.part)
        if x.ndim == 1:
            shape = (len(y), len(x))
            x, y = np.broadcast_to(x, shape), np.broadcast_to(y[:, None], shape)
        across, down = where.spread(task.part)
        # Where coordinates jump, at a pole or the edge of a map, their differences say nothing of the size.
        half_x = np.fmin(across, 2 * self._view.ratio[0] + 1) / 2
        half_y = np.fmin(down, 2 * self._view.ratio[1] + 1) / 2
        column, row = task.origin
        box = x - half_x - column, y - half_y - row, x + half_x - column, y + half_y - row
        return collect(data, mask, box, self._interpolation)


def _same_grid(
    x: Floats, y: Floats, task: Task, data: Array, mask: Mask | None
) -> tuple[Array, Mask | None] | None:
    """The pixels as they are, where every target centre is the centre of one, in order or flipped."""
    column, row = x[0] - 0.5 - task.origin[0], y[0] - 0.5 - task.origin[1]
    down = 1 if len(y) < 2 or y[1] > y[0] else -1
    if max(abs(column - round(column)), abs(row - round(row))) > ALIGNED:
        return None
    if not (_counts(x, 1) and _counts(y, down)):
        return None
    first, top = round(column), round(row)
    low = top if down > 0 else top - len(y) + 1
    area = slice(low, low + len(y)), slice(first, first + len(x))
    values = data[:, *area][:, ::down]
    return np.ascontiguousarray(values), None if mask is None else mask[area][::down]


def _counts(values: Floats, step: int) -> bool:
    away = values - values[0] - step * np.arange(len(values))
    return bool(np.abs(away).max() <= ALIGNED)


def _kept(x: Floats, y: Floats, inside: Mask) -> tuple[Floats, Floats]:
    return np.where(inside, x, 0.0), np.where(inside, y, 0.0)


def _nearest(
    data: Array, mask: Mask | None, x: Floats, y: Floats, origin: tuple[int, int]
) -> tuple[Array, Mask | None]:
    # Truncation is floor: coordinates inside the source are not below -EDGE.
    columns, rows = x.astype(np.intp) - origin[0], y.astype(np.intp) - origin[1]
    if x.ndim > 1:
        return nearest(data, mask, columns, rows)
    picked = data.take(rows, axis=1).take(columns, axis=2)
    return picked, None if mask is None else mask.take(rows, axis=0).take(columns, axis=1)


def _maps(x: Floats, y: Floats, origin: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places from the centre of the first pixel of a window, (rows, columns)."""
    along, down = _rounded(x, origin[0]), _rounded(y, origin[1])
    if x.ndim > 1:
        return along, down
    shape = (len(y), len(x))
    return np.broadcast_to(along, shape).copy(), np.broadcast_to(down[:, None], shape).copy()


def _rounded(values: Floats, origin: int) -> NDArray[np.float32]:
    places = (values + (float(_ROUNDING) - origin - 0.5)).astype(np.float32)
    places -= _ROUNDING
    return places


def _parted(data: Array) -> Array:
    return np.concatenate([data.real, data.imag])


def _joined(pair: Array, dtype: np.dtype[np.complexfloating]) -> Array:
    count = len(pair) // 2
    out = np.empty((count, *pair.shape[1:]), dtype)
    out.real, out.imag = pair[:count], pair[count:]
    return out


def _finished(data: Array, mask: Mask | None, inside: Mask | None) -> tuple[Array, Mask | None]:
    """Masked outside the source, where the data are 0."""
    if inside is not None:
        data *= inside.astype(data.dtype) if data.dtype.kind in "iu" else 1
        mask = inside if mask is None else mask & inside
        if data.dtype.kind not in "iu":
            data[:, ~inside] = 0
    return data, None if mask is None or mask.all() else mask
