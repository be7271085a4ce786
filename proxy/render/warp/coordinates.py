"""Where the pixels of a target grid lie in a source: PROJ at few places, interpolated under a checked error.

Coordinates count native source pixels from the upper left corner, so the middle of the first pixel is 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from proxy.crs import WEB_MERCATOR, SpatialReference, transformer
from proxy.model import Grid

Floats = NDArray[np.float64]

#: Greatest error of interpolated coordinates, in source pixels, or in target pixels where those are larger.
TOLERANCE = 0.05
#: Cells a side of the first coarse grid, and the least pixels of a cell before every pixel is computed.
FIRST_CELLS, LEAST_CELL = 8, 4
#: Deviation, in source pixels, below which a column has one x and a row one y.
SEPARABLE = 1e-6


@dataclass(frozen=True, slots=True)
class Separable:
    """x depends on the column alone and y on the row alone: exact."""

    x: Floats
    y: Floats

    def rows(self, start: int, stop: int) -> tuple[Floats, Floats]:
        """x (columns,) and y (stop - start,)."""
        return self.x, self.y[start:stop]

    def ranges(self, start: int, stop: int) -> tuple[float, float, float, float]:
        """Least and greatest x and y over some rows; NaN where nothing is finite."""
        return (*_range(self.x), *_range(self.y[start:stop]))

    @property
    def scale(self) -> tuple[float, float]:
        """Median native pixels in a target pixel, along columns and rows."""
        return _step(self.x), _step(self.y)


@dataclass(frozen=True, slots=True)
class Mesh:
    """Nodes (rows, columns) at given target positions, interpolated in between."""

    x: Floats
    y: Floats
    columns: Floats
    lines: Floats
    width: int

    def rows(self, start: int, stop: int) -> tuple[Floats, Floats]:
        """x and y, each (stop - start, columns), the same for a row however the rows are cut."""
        return self._spread(self.x, start, stop), self._spread(self.y, start, stop)

    def ranges(self, start: int, stop: int) -> tuple[float, float, float, float]:
        """Least and greatest x and y over some rows; NaN where nothing is finite."""
        low = max(0, int(np.searchsorted(self.lines, start + 0.5, side="right")) - 1)
        high = int(np.searchsorted(self.lines, stop - 0.5, side="left")) + 1
        return (*_range(self.x[low:high]), *_range(self.y[low:high]))

    @property
    def scale(self) -> tuple[float, float]:
        """Median native pixels in a target pixel, along columns and rows."""
        across = np.hypot(np.diff(self.x, axis=1), np.diff(self.y, axis=1)) / np.diff(self.columns)
        down = np.hypot(np.diff(self.x, axis=0), np.diff(self.y, axis=0)) / np.diff(self.lines)[:, None]
        return _median(across), _median(down)

    def _spread(self, nodes: Floats, start: int, stop: int) -> Floats:
        if len(self.columns) == self.width and np.array_equal(self.lines, np.arange(len(nodes)) + 0.5):
            return nodes[start:stop]
        column, part = _places(self.columns, _centres(0, self.width))
        wide = nodes[:, column] * (1 - part) + nodes[:, column + 1] * part
        line, part = _places(self.lines, _centres(start, stop))
        share = part[:, None]
        return wide[line] * (1 - share) + wide[line + 1] * share


Coordinates = Separable | Mesh


def locate(target: Grid, crs: SpatialReference, transform: Affine, width: int, height: int) -> Coordinates:
    """Native source coordinates of the centres of a target grid.

    Args:
        target: the grid to fill.
        crs: of the source. transform: native pixel corner to `crs`. width, height: of the native level.

    Raises:
        BadRequest: there is no transformation between the two systems.
    """
    project = _Projection(target, crs, transform, width, height)
    separable = _separable(project)
    return separable if separable is not None else _mesh(project)


class _Projection:
    """Target pixel positions to native source coordinates, by PROJ where the systems differ."""

    def __init__(
        self, target: Grid, crs: SpatialReference, transform: Affine, width: int, height: int
    ) -> None:
        self.target = target
        self._forward = target.transform
        self._inverse = ~transform
        self._transformer = None if target.crs == crs else transformer(target.crs, crs)
        self._period = period(crs)
        self._cut = 0.0
        self._source = (0.0, float(width), 0.0, float(height))
        if self._period:
            corners = [(transform @ place)[0] for place in ((0, 0), (width, 0), (0, height), (width, height))]
            low, high = min(corners), max(corners)
            # The turn is cut in the middle of what the source does not cover.
            self._cut = low - max(0.0, self._period - (high - low)) / 2

    @property
    def straight(self) -> bool:
        """True where no map projection lies between."""
        return self._transformer is None

    def at(self, columns: Floats, lines: Floats) -> tuple[Floats, Floats]:
        """Source coordinates of target positions, NaN where there are none."""
        forward, inverse = self._forward, self._inverse
        x = forward.a * columns + forward.c
        y = forward.e * lines + forward.f
        if self._transformer is not None:
            x, y = np.broadcast_arrays(x, y)
            x, y = self._transformer.transform(x, y)
            lost = ~(np.isfinite(x) & np.isfinite(y))
            if lost.any():
                x, y = np.where(lost, np.nan, x), np.where(lost, np.nan, y)
        x = self._wrapped(x)
        if inverse.b == 0 and inverse.d == 0:
            return inverse.a * x + inverse.c, inverse.e * y + inverse.f
        return inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f

    def _wrapped(self, x: Floats) -> Floats:
        if not self._period:
            return x
        beyond = (x < self._cut) | (x >= self._cut + self._period)
        if not beyond.any():
            return x
        return np.where(beyond, self._cut + np.mod(x - self._cut, self._period), x)


def period(crs: SpatialReference) -> float:
    """Length of a full turn in x, 0 for systems that have none."""
    if crs.is_geographic:
        return 2 * math.pi / float(crs.pyproj.axis_info[0].unit_conversion_factor)
    return 2 * math.pi * 6378137.0 if crs == WEB_MERCATOR else 0.0


def _separable(project: _Projection) -> Separable | None:
    width, height = project.target.width, project.target.height
    columns, lines = np.linspace(0.5, width - 0.5, 5), np.linspace(0.5, height - 0.5, 5)
    x, y = project.at(columns[None, :], lines[:, None])
    x, y = np.broadcast_arrays(x, y) if x.ndim == y.ndim else (x, y)
    x, y = np.broadcast_to(x, (5, 5)), np.broadcast_to(y, (5, 5))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    if np.ptp(x, axis=0).max() > SEPARABLE or np.ptp(y, axis=1).max() > SEPARABLE:
        return None
    middle_line, middle_column = np.full(width, height / 2), np.full(height, width / 2)
    along, _ = project.at(_centres(0, width), middle_line)
    _, down = project.at(middle_column, _centres(0, height))
    return Separable(np.broadcast_to(along, (width,)), np.broadcast_to(down, (height,)))


def _mesh(project: _Projection) -> Mesh:
    width, height = project.target.width, project.target.height
    cells = FIRST_CELLS
    while True:
        columns, lines = _nodes(width, cells), _nodes(height, cells)
        x, y = project.at(columns[None, :], lines[:, None])
        mesh = Mesh(x, y, columns, lines, width)
        if len(columns) == width and len(lines) == height:
            return mesh
        if _error(project, mesh) <= TOLERANCE:
            return mesh
        cells *= 2
        if max(width, height) / cells < LEAST_CELL:
            cells = max(width, height)


def _centres(start: int, stop: int) -> Floats:
    return np.arange(start, stop, dtype=np.float64) + 0.5


def _nodes(size: int, cells: int) -> Floats:
    if cells >= size - 1:
        return _centres(0, size)
    return np.linspace(0.5, size - 0.5, cells + 1)


def _error(project: _Projection, mesh: Mesh) -> float:
    """Greatest error at the middles of the cells; infinite where only some corners exist."""
    if not (np.isfinite(mesh.x).all() and np.isfinite(mesh.y).all()):
        return 0.0 if np.isnan(mesh.x).all() and _nothing(project, mesh) else math.inf
    columns = (mesh.columns[1:] + mesh.columns[:-1]) / 2
    lines = (mesh.lines[1:] + mesh.lines[:-1]) / 2
    x, y = project.at(columns[None, :], lines[:, None])
    if not np.isfinite(x).all():
        return math.inf
    off_x = np.abs(x - _middles(mesh.x)).max()
    off_y = np.abs(y - _middles(mesh.y)).max()
    return float(max(off_x, off_y) / max(1.0, min(mesh.scale)))


def _nothing(project: _Projection, mesh: Mesh) -> bool:
    # A grid of which no node exists may still hold something between them when it is large.
    columns = np.linspace(0.5, mesh.width - 0.5, 33)
    lines = np.linspace(0.5, project.target.height - 0.5, 33)
    x, _ = project.at(columns[None, :], lines[:, None])
    return not bool(np.isfinite(x).any())


def _middles(nodes: Floats) -> Floats:
    return np.asarray((nodes[1:, 1:] + nodes[1:, :-1] + nodes[:-1, 1:] + nodes[:-1, :-1]) / 4)


def _places(nodes: Floats, at: Floats) -> tuple[NDArray[np.intp], Floats]:
    index = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, max(0, len(nodes) - 2))
    if len(nodes) == 1:
        return np.zeros(len(at), np.intp), np.zeros(len(at))
    return index, (at - nodes[index]) / (nodes[index + 1] - nodes[index])


def _range(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)


def _step(values: Floats) -> float:
    return _median(np.abs(np.diff(values))) if values.size > 1 else 1.0


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 1.0
