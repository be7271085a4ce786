"""Where the pixels of a target grid lie in the system of a source.

Three ways, the cheapest that is right: axes (x depends on the column alone, y on the row alone: exact), and
nodes of a coarse mesh, between which `proxy.render.warp.lattice` interpolates under a checked error, or asks
PROJ for every pixel.

Coordinates of systems that close on themselves (longitude, Web Mercator's x) run on beyond a full turn: they
are continuous over the target, and whole turns are added where the pixels of the source are sought.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference, transformer
from proxy.model import Grid

Floats = NDArray[np.float64]

#: Target pixels between the nodes of the first mesh, and of the finest.
FIRST_STEP, LAST_STEP = 32, 4
#: Part of the whole range by which x may change along a column, or y along a row, of separable systems.
SEPARABLE = 1e-9
#: Radius of Web Mercator's sphere in metres, and metres in a degree of its equator.
RADIUS = 6378137.0
DEGREE = math.pi * RADIUS / 180.0

_LONGITUDE_LATITUDE = (WGS84, SpatialReference("OGC:CRS84"))
#: Projections whose inverse has one answer or none; the inverse of others is checked by going back.
_SOUND = ("mercator", "lambert", "stereographic", "albers", "polar", "krovak", "new zealand map grid")


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Exact source coordinates: x (columns,) and y (rows,), NaN where there are none.

    Attributes:
        pitch: source units of a target pixel along x and y, over the whole grid.
    """

    x: Floats
    y: Floats
    pitch: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Source coordinates at the nodes of a mesh, NaN where there are none.

    Node i of an axis lies at `step * (i - 0.5)` target pixels from the upper left; their number is odd.

    Attributes:
        about: x from which no coordinate is further than half a turn; 0 where x does not close on itself.
    """

    grid: Grid
    crs: SpatialReference
    step: int
    x: Floats
    y: Floats
    about: float

    def exact(self, columns: NDArray[np.intp], rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Source coordinates of the centres of some target pixels, from PROJ."""
        x, y = _placed(self.grid, columns + np.float64(0.5), rows + np.float64(0.5))
        x, y = _projected(self.grid, self.crs, x, y)
        return _turned(x, self.about, period(self.crs)), y


def period(crs: SpatialReference) -> float:
    """Length of a full turn in x, 0 for systems that have none."""
    if crs.is_geographic:
        return 2 * math.pi / float(crs.pyproj.axis_info[0].unit_conversion_factor)
    return 2 * math.pi * RADIUS if crs == WEB_MERCATOR else 0.0


@lru_cache(maxsize=64)
def locate(grid: Grid, crs: SpatialReference, step: int = FIRST_STEP) -> Axes | Nodes:
    """Source coordinates of the centres of a grid; remembered, since scenes of a mosaic share them.

    Raises:
        BadRequest: there is no transformation between the two systems.
    """
    if step == FIRST_STEP and (axes := _closed_form(grid, crs)):
        return axes
    nodes = _nodes(grid, crs, step)
    if step == FIRST_STEP and _is_separable(nodes):
        return _measured(grid, crs)
    return nodes


def _closed_form(grid: Grid, crs: SpatialReference) -> Axes | None:
    width, height = grid.width, grid.height
    x, y = _placed(grid, _half_way(width), _half_way(height))
    along, down = grid.resolution
    lonlat = grid.crs in _LONGITUDE_LATITUDE
    if grid.crs == crs or (lonlat and crs in _LONGITUDE_LATITUDE):
        return Axes(x, y, (along, down))
    if grid.crs == WEB_MERCATOR and crs in _LONGITUDE_LATITUDE:
        with np.errstate(over="ignore"):  # far beyond the poles is at the poles
            return _axes(x / DEGREE, np.degrees(np.arctan(np.sinh(y / RADIUS))), along / DEGREE)
    if lonlat and crs == WEB_MERCATOR:
        y = np.where(np.abs(y) < 90, y, np.nan)
        return _axes(x * DEGREE, RADIUS * np.arcsinh(np.tan(np.radians(y))), along * DEGREE)
    return None


def runs(axes: Axes) -> Iterator[Axes]:
    """The axes, once for every run of x without a jump, and NaN beside it.

    Seen from a map that is centred elsewhere, a cylindrical one jumps from its right edge to its left.
    """
    steps = np.diff(axes.x)
    good = steps[np.isfinite(steps)]
    forward = np.sign(np.median(good)) if good.size else 1.0
    with np.errstate(invalid="ignore"):
        jumps = np.flatnonzero(steps * forward < 0) + 1
    if not jumps.size:
        yield axes
        return
    for start, stop in itertools.pairwise([0, *jumps.tolist(), len(axes.x)]):
        x = np.full_like(axes.x, np.nan)
        x[start:stop] = axes.x[start:stop]
        yield dataclasses.replace(axes, x=x)


def _axes(x: Floats, y: Floats, pitch: float) -> Axes:
    down = np.abs(np.diff(y))
    return Axes(x, y, (pitch, float(down[len(down) // 2]) if len(down) else pitch))


def _half_way(size: int) -> Floats:
    return np.arange(size, dtype=np.float64) + 0.5


def _placed(grid: Grid, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    along, down = grid.resolution
    return grid.extent.xmin + columns * along, grid.extent.ymax - rows * down


def _projected(grid: Grid, crs: SpatialReference, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """By PROJ, NaN where there is no answer or where it does not lead back."""
    there_x, there_y = transformer(grid.crs, crs).transform(x, y)
    lost = ~(np.isfinite(there_x) & np.isfinite(there_y))
    if not _is_sound(grid.crs):
        back_x, back_y = transformer(crs, grid.crs).transform(there_x, there_y)
        along, down = grid.resolution
        lost |= ~((np.abs(back_x - x) <= along) & (np.abs(back_y - y) <= down))
    if lost.any():
        there_x, there_y = np.where(lost, np.nan, there_x), np.where(lost, np.nan, there_y)
    return there_x, there_y


@lru_cache(maxsize=256)
def _is_sound(crs: SpatialReference) -> bool:
    operation = crs.pyproj.coordinate_operation
    if crs.is_geographic or operation is None:
        return True
    return any(name in operation.method_name.lower() for name in _SOUND)


def _nodes(grid: Grid, crs: SpatialReference, step: int) -> Nodes:
    along, down = _node_places(grid.width, step), _node_places(grid.height, step)
    x, y = _placed(grid, along, down)
    mesh = np.broadcast_arrays(x[None, :], y[:, None])
    x, y = _projected(grid, crs, *mesh)
    about = 0.0
    if turn := period(crs):
        about = _about(x)
        x = _turned(x, about, turn)
    return Nodes(grid, crs, step, x, y, about)


def _node_places(size: int, step: int) -> Floats:
    count = math.ceil((size + 1) / step + 0.5) + 1
    return step * (np.arange(count + (count + 1) % 2, dtype=np.float64) - 0.5)


def _about(x: Floats) -> float:
    middle = float(x[x.shape[0] // 2, x.shape[1] // 2])
    if math.isfinite(middle):
        return middle
    finite = x[np.isfinite(x)]
    return float(finite[finite.size // 2]) if finite.size else 0.0


def _turned(x: Floats, about: float, turn: float) -> Floats:
    return x if not turn else x - turn * np.rint((x - about) / turn)


def _is_separable(nodes: Nodes) -> bool:
    x, y = nodes.x, nodes.y
    if not (np.isfinite(x[0]).all() and np.isfinite(y[:, 0]).all()):
        return False
    slack_x, slack_y = SEPARABLE * np.ptp(x[0]), SEPARABLE * np.ptp(y[:, 0])
    return bool((np.abs(x - x[0]) <= slack_x).all() and (np.abs(y - y[:, :1]) <= slack_y).all())


def _measured(grid: Grid, crs: SpatialReference) -> Axes:
    """Axes of systems that are separable, by PROJ along the middle row and the middle column."""
    width, height = grid.width, grid.height
    columns = np.concatenate([_half_way(width), np.full(height, width / 2)])
    rows = np.concatenate([np.full(width, height / 2), _half_way(height)])
    x, y = _projected(grid, crs, *_placed(grid, columns, rows))
    along = x[:width]
    if turn := period(crs):
        along = np.unwrap(along, period=turn)
    pitch = float(np.abs(np.median(np.diff(along)))) if width > 1 else grid.resolution[0]
    return _axes(along, y[width:], pitch)
