"""Read a source on any grid: coordinates, level, windows, values. The only way pixels are warped."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from proxy.crs import SpatialReference
from proxy.errors import ReadBudgetExceeded
from proxy.model import Array, Extent, Grid, Interpolation, Level, Mask, Window
from proxy.render.warp.coordinates import Coordinates, Floats, Separable, locate
from proxy.render.warp.plan import choose_level, window_of
from proxy.render.warp.reduce import reduce
from proxy.render.warp.resample import CV_LIMIT, bilinear, cubic, nearest, shrink

#: Target pixels, and source pixels of a band, handled at a time: memory stays bounded for any request.
STRIP_PIXELS, WINDOW_PIXELS = 1 << 20, 1 << 24
#: Distance from pixel centres, in source pixels, within which two grids are taken to be the same.
ALIGNED = 1e-3
#: Ratio of target to level pixels from which bilinear and cubic shrink by area first.
SHRINK_FROM = 1.6
#: Most samples a side that represent the pixels under a target pixel.
MOST_SAMPLES = 16

_BLOCKWISE = (Interpolation.AVERAGE, Interpolation.MODE, Interpolation.MIN, Interpolation.MAX)
_POINTWISE = {Interpolation.NEAREST: nearest, Interpolation.BILINEAR: bilinear, Interpolation.CUBIC: cubic}
_MARGIN = {Interpolation.NEAREST: 0, Interpolation.BILINEAR: 1, Interpolation.CUBIC: 2}


class PixelSource(Protocol):
    """Pixels by level and window; `proxy.sources.raster.RasterSource` is one."""

    crs: SpatialReference
    levels: tuple[Level, ...]
    dtype: np.dtype[Any]

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Data (bands, rows, columns) and the mask, True where valid, None where all are."""


def read_grid(
    source: PixelSource,
    target: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    *,
    budget: int | None = None,
) -> tuple[Array, Mask | None]:
    """Read bands of a source on a grid.

    Where the grid is a level's own pixel grid the pixels are returned as they are, whatever the
    interpolation. Where a target pixel is larger than the level's, bilinear and cubic shrink by area first;
    average, mode, minimum and maximum take the pixels under the target pixel, and equal nearest elsewhere.

    Returns:
        Data (bands, height, width) in the source's type, and the mask (height, width), None where all are
        valid. Outside the source it is invalid and 0.

    Raises:
        ReadBudgetExceeded: more than `budget` source pixels of a band would be read.
        BadRequest: there is no transformation between the systems.
    """
    if interpolation in _BLOCKWISE:
        return _blockwise(source, target, bands, interpolation, budget)
    native = source.levels[0]
    where = locate(target, source.crs, native.transform, native.width, native.height)
    return _Reading(source, target, bands, interpolation, where, budget).run()


def _blockwise(
    source: PixelSource, target: Grid, bands: tuple[int, ...], how: Interpolation, budget: int | None
) -> tuple[Array, Mask | None]:
    native = source.levels[0]
    coarse = locate(target, source.crs, native.transform, native.width, native.height)
    level = source.levels[choose_level(source.levels, coarse.scale)]
    ratio = max(coarse.scale) * level.width / native.width
    by = _samples(ratio)
    if by == 1:
        return _Reading(source, target, bands, Interpolation.NEAREST, coarse, budget).run()
    data = np.zeros((len(bands), target.height, target.width), source.dtype)
    mask = np.zeros((target.height, target.width), np.bool_)
    rows = max(1, STRIP_PIXELS // (target.width * by * by))
    for start in range(0, target.height, rows):
        stop = min(target.height, start + rows)
        fine = _part(target, start, stop, by)
        where = locate(fine, source.crs, native.transform, native.width, native.height)
        reading = _Reading(source, fine, bands, Interpolation.NEAREST, where, budget, level)
        values, valid = reduce(*reading.run(), by, how)
        data[:, start:stop] = values
        mask[start:stop] = True if valid is None else valid
    return data, None if mask.all() else mask


def _samples(ratio: float) -> int:
    whole = round(ratio)
    if whole >= 1 and abs(ratio - whole) < 0.01 * ratio:
        return min(whole, MOST_SAMPLES)
    return min(math.ceil(ratio) + 1, MOST_SAMPLES) if ratio > 1 else 1


def _part(target: Grid, start: int, stop: int, by: int) -> Grid:
    """Some rows of a grid with `by` times as many pixels each way."""
    height = target.resolution[1]
    top = target.extent.ymax - start * height
    extent = Extent(target.extent.xmin, top - (stop - start) * height, target.extent.xmax, top)
    return Grid(target.crs, extent, target.width * by, (stop - start) * by)


class _Reading:
    """One read of one grid, strip by strip."""

    def __init__(
        self,
        source: PixelSource,
        target: Grid,
        bands: tuple[int, ...],
        interpolation: Interpolation,
        where: Coordinates,
        budget: int | None,
        level: Level | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._bands = bands
        self._where = where
        self._budget = budget
        scale = where.scale
        self._index = choose_level(source.levels, scale) if level is None else source.levels.index(level)
        self._level = source.levels[self._index]
        native = source.levels[0]
        self._fx, self._fy = self._level.width / native.width, self._level.height / native.height
        self._interpolation = Interpolation.NEAREST if self._aligned() else interpolation
        ratio = min(scale[0] * self._fx, scale[1] * self._fy)
        self._shrink = 1
        if self._interpolation is not Interpolation.NEAREST and ratio >= SHRINK_FROM:
            self._shrink = max(2, round(ratio))

    def run(self) -> tuple[Array, Mask | None]:
        target = self._target
        data: Array | None = None
        mask: Mask | None = None
        rows = self._strip_rows()
        for start in range(0, target.height, rows):
            stop = min(target.height, start + rows)
            values, valid = self._strip(start, stop)
            if rows >= target.height:
                return values, valid
            if data is None:
                data = np.zeros((len(self._bands), target.height, target.width), self._source.dtype)
                mask = np.zeros((target.height, target.width), np.bool_)
            assert mask is not None
            data[:, start:stop] = values
            mask[start:stop] = True if valid is None else valid
        assert data is not None
        assert mask is not None
        return data, None if mask.all() else mask

    def _aligned(self) -> bool:
        """True where every target centre is the centre of a pixel of the level."""
        if not isinstance(self._where, Separable):
            return False
        x, y = self._where.x * self._fx, self._where.y * self._fy
        return _centred(x) and _centred(y)

    def _strip_rows(self) -> int:
        target = self._target
        rows = max(1, STRIP_PIXELS // target.width)
        spent = self._window(0, target.height)
        if spent is None:
            return target.height
        pixels = spent.width * spent.height
        if self._budget is not None and pixels > self._budget:
            raise ReadBudgetExceeded(
                f"The request would read {pixels} source pixels; at most {self._budget} are allowed."
            )
        if target.height * target.width > STRIP_PIXELS or pixels > WINDOW_PIXELS:
            part = WINDOW_PIXELS / max(pixels, 1)
            return max(1, min(rows, int(target.height * part) or 1))
        return target.height

    def _window(self, start: int, stop: int) -> Window | None:
        x0, x1, y0, y1 = self._where.ranges(start, stop)
        ranges = (x0 * self._fx, x1 * self._fx, y0 * self._fy, y1 * self._fy)
        margin = _MARGIN[self._interpolation] * self._shrink + (self._shrink > 1)
        return window_of(ranges, self._level, margin, self._shrink)

    def _strip(self, start: int, stop: int) -> tuple[Array, Mask | None]:
        shape = (stop - start, self._target.width)
        window = self._window(start, stop)
        if window is None:
            return np.zeros((len(self._bands), *shape), self._source.dtype), np.zeros(shape, np.bool_)
        data, mask = self._pixels(window)
        x, y = self._where.rows(start, stop)
        x, y = x * self._fx, y * self._fy
        inside = self._inside(x, y)
        x, y = (x - window.column) / self._shrink, (y - window.row) / self._shrink
        how = self._interpolation
        if max(data.shape[1:]) > CV_LIMIT:
            # Beyond OpenCV's reach: so wide a window has no bilinear neighbours that matter at that scale.
            how = Interpolation.NEAREST
        values, valid = _POINTWISE[how](data, mask, x, y)
        return _combined(values, valid, inside)

    def _pixels(self, window: Window) -> tuple[Array, Mask | None]:
        if self._shrink == 1:
            return self._source.read(self._index, self._bands, window)
        rows = max(self._shrink, WINDOW_PIXELS // window.width // self._shrink * self._shrink)
        parts, masks = [], []
        for row in range(0, window.height, rows):
            height = min(rows, window.height - row)
            part = Window(window.column, window.row + row, window.width, height)
            data, mask = shrink(*self._source.read(self._index, self._bands, part), self._shrink)
            parts.append(data)
            masks.append(mask)
        if all(mask is None for mask in masks):
            return np.concatenate(parts, axis=1), None
        filled = [
            np.ones(d.shape[1:], np.bool_) if m is None else m for d, m in zip(parts, masks, strict=True)
        ]
        return np.concatenate(parts, axis=1), np.concatenate(filled)

    def _inside(self, x: Floats, y: Floats) -> Mask | None:
        width, height = self._level.width, self._level.height
        with np.errstate(invalid="ignore"):
            in_x, in_y = (x >= 0) & (x < width), (y >= 0) & (y < height)
        if in_x.all() and in_y.all():
            return None
        inside: Mask = in_y[:, None] & in_x if x.ndim == 1 else in_x & in_y
        return inside


def _centred(values: Floats) -> bool:
    away = np.abs(values - np.floor(values) - 0.5)
    steps = np.abs(np.abs(np.diff(values)) - 1)
    return bool(away.max(initial=0.0) <= ALIGNED and steps.max(initial=0.0) <= ALIGNED)


def _combined(values: Array, valid: Mask | None, inside: Mask | None) -> tuple[Array, Mask | None]:
    if inside is not None:
        valid = inside if valid is None else valid & inside
        if values.dtype.kind != "c" and np.isfinite(values).all():
            values = values * inside.astype(values.dtype)
        else:
            values = np.where(inside, values, values.dtype.type(0))
    if valid is None or valid.all():
        return values, None
    return values, valid
