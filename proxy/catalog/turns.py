"""Systems in which the world goes on beyond its edge: a turn's length, and shapes across the antimeridian."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from proxy.crs import MERCATOR_LIMIT, SpatialReference

Ring = NDArray[np.float64]

#: Words in the names of projections whose meridians are straight, upright and evenly spaced.
_UPRIGHT = ("mercator", "cylindrical", "carree", "miller", "gall")
_TILTED = ("transverse", "oblique")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn around the earth.

    Attributes:
        west: x of the western edge of the map.
        length: of the turn, in units of the system.
        top: greatest y of the map; the least is its opposite.
    """

    west: float
    length: float
    top: float

    @property
    def east(self) -> float:
        """x of the eastern edge of the map."""
        return self.west + self.length


@lru_cache(maxsize=256)
def turn_of(crs: SpatialReference) -> Turn | None:
    """The turn of a system, None where x does not go round: UTM, polar and conic systems."""
    if crs.is_geographic:
        half = math.pi / float(crs.pyproj.axis_info[0].unit_conversion_factor)
        return Turn(-half, 2 * half, half / 2)
    operation, geographic = crs.pyproj.coordinate_operation, crs.pyproj.geodetic_crs
    name = (operation.method_name if operation else "").lower().replace("_", " ")
    if operation is None or geographic is None or any(word in name for word in _TILTED):
        return None
    if not any(word in name for word in _UPRIGHT):
        return None
    of = [float(p.value) for p in operation.params if p.name.lower().startswith("longitude of")]
    middle = of[0] if of else 0.0
    near = 180.0 - 1e-9
    lons, lats = [middle - near, middle + near, middle, middle], [0.0, 0.0, 90.0, MERCATOR_LIMIT]
    try:
        xs, ys = Transformer.from_crs(geographic, crs.pyproj, always_xy=True).transform(lons, lats)
    except ProjError:
        return None
    top = ys[2] if math.isfinite(ys[2]) and abs(ys[2]) < 1e8 and "mercator" not in name else ys[3]
    if not (math.isfinite(xs[0]) and math.isfinite(xs[1]) and xs[0] < xs[1] and math.isfinite(top)):
        return None
    return Turn(xs[0], xs[1] - xs[0], top)


def repeated(x: float, turn: Turn | None) -> list[float]:
    """Where a place lies along x: there, and where whole turns put it on the map or a turn to either side."""
    if turn is None or not math.isfinite(x):
        return [x]
    first = x - math.floor((x - turn.west) / turn.length) * turn.length
    others = {first, first - turn.length, first + turn.length} - {x}
    return [x, *sorted(others, key=lambda other: abs(other - x))]


def jumps(ring: Ring, turn: Turn) -> bool:
    """Whether two neighbouring vertices, (n, 2), lie more than half a turn apart."""
    return bool(np.abs(np.diff(ring[:, 0])).max(initial=0.0) > turn.length / 2)


def unwrapped(ring: Ring, turn: Turn) -> Ring:
    """A closed ring, (n, 2), that goes on beyond the edge of the map rather than jump to the other one.

    Every step goes the short way. A ring around a pole does not close then; it is closed along the pole.
    """
    steps = np.round(np.diff(ring[:, 0]) / turn.length)
    xs = ring[:, 0] - turn.length * np.concatenate(([0.0], np.cumsum(steps)))
    found = np.column_stack((xs, ring[:, 1]))
    if abs(xs[-1] - xs[0]) > turn.length / 2:
        pole = math.copysign(turn.top, float(ring[:, 1].mean()))
        found = np.vstack((found, [[xs[-1], pole], [xs[0], pole], found[0]]))
    return found


def nearby(shape: BaseGeometry, x: float, turn: Turn) -> BaseGeometry:
    """The shape whole turns further, so that its middle is as near to `x` as can be."""
    west, _, east, _ = shape.bounds
    turns = round(((west + east) / 2 - x) / turn.length)
    return moved(shape, -turns * turn.length) if turns else shape


def moved(shape: BaseGeometry, distance: float) -> BaseGeometry:
    """The shape further along x."""
    return shapely.transform(shape, lambda places: places + np.array((distance, 0.0)))


def rejoined(shape: BaseGeometry, turn: Turn | None) -> BaseGeometry:
    """A shape that was cut at the antimeridian as one that goes on beyond the edge of the map.

    Others stay as they are: those of one part, and those with a part from edge to edge.
    """
    parts = list(shapely.get_parts(shape))
    if turn is None or len(parts) < 2:
        return shape
    slack, middle = turn.length * 1e-9, turn.west + turn.length / 2
    west = [part for part in parts if part.bounds[0] <= turn.west + slack]
    east = [part for part in parts if part.bounds[2] >= turn.east - slack]
    if not west or not east or any(part in east for part in west):
        return shape
    here = [part for part in parts if part.bounds[0] + part.bounds[2] > 2 * middle]
    there = [moved(part, turn.length) for part in parts if part.bounds[0] + part.bounds[2] <= 2 * middle]
    return shapely.union_all([*here, *there])


def folded(shape: BaseGeometry, turn: Turn | None) -> list[BaseGeometry]:
    """Parts of a shape on the map, one for each turn that it reaches into; what lies beyond goes round.

    Nothing lies beyond the top and bottom of the map.
    """
    west, south, east, north = shape.bounds
    slack = turn.length * 1e-9 if turn else 0.0
    if turn is None or (
        west >= turn.west - slack
        and east <= turn.east + slack
        and max(-south, north) <= turn.top * (1 + 1e-9)
    ):
        return [shape]
    first = math.floor((west - turn.west) / turn.length + 1e-9)
    last = math.ceil((east - turn.west) / turn.length - 1e-9)
    found = []
    for number in range(first, min(max(last, first + 1), first + 4)):
        start = turn.west + number * turn.length
        part = shapely.intersection(shape, shapely.box(start, -turn.top, start + turn.length, turn.top))
        if not part.is_empty:
            found.append(moved(part, -number * turn.length))
    return found


def spans(west: float, east: float, turn: Turn | None) -> list[tuple[float, float]]:
    """The parts of a range of x that lie on the map, what lies beyond its edges gone round."""
    if turn is None or (west >= turn.west and east <= turn.east):
        return [(west, east)]
    if east - west >= turn.length:
        return [(turn.west, turn.east)]
    turns = math.floor((west - turn.west) / turn.length) * turn.length
    west, east = west - turns, east - turns
    if east <= turn.east:
        return [(west, east)]
    return [(west, turn.east), (turn.west, east - turn.length)]
