"""Which pixels of a picture an item may fill, told by its footprint."""

from __future__ import annotations

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from proxy.crs import SpatialReference, transformer
from proxy.functions.polygon import centres_enclosed
from proxy.model import Grid, Mask
from proxy.render.warp.coordinates import period

#: Longest side of the plan on which footprints are drawn; larger pictures are drawn smaller.
LARGEST = 512
#: Parts of a side of the picture, in units of the mosaic, into which edges are cut where systems differ.
STEPS = 32
#: Fractional bits of the corners that are drawn.
SHIFT = 4

Rings = list[NDArray[np.int32]]
Corners = list[NDArray[np.float64]]


class Plan:
    """The picture as a plan on which footprints are drawn, at most `LARGEST` pixels a side."""

    def __init__(self, grid: Grid, crs: SpatialReference, largest: int = LARGEST) -> None:
        self.grid, self.crs = grid, crs
        scale = max(1.0, max(grid.width, grid.height) / largest)
        self.width, self.height = (max(1, round(side / scale)) for side in (grid.width, grid.height))
        self._same = grid.crs == crs
        # By identity, with the shape itself, so that no other one gets its place in memory.
        self._known: dict[int, tuple[BaseGeometry, list[Corners] | None]] = {}

    def empty(self) -> Mask:
        """No pixel."""
        return np.zeros((self.height, self.width), np.bool_)

    def drawn(self, shape: BaseGeometry) -> Mask:
        """Pixels of the plan that a shape of the mosaic touches."""
        plan = np.zeros((self.height, self.width), np.uint8)
        rings = self.rings(shape)
        if rings is None:
            return np.ones((self.height, self.width), np.bool_)
        if rings:
            cv2.fillPoly(plan, rings, 1, shift=SHIFT)
        return plan.view(np.bool_)

    def covered(self, shape: BaseGeometry) -> Mask:
        """Pixels of the plan whose centre lies in a shape: those that a raster there can fill."""
        found = self._corners_once(shape)
        if found is None:
            return np.ones((self.height, self.width), np.bool_)
        rings = [(ring[:, 0], ring[:, 1]) for polygon in found for ring in polygon]
        return centres_enclosed(rings, self.height, self.width)

    def ground(self, pixels: Mask) -> BaseGeometry | None:
        """The shape of the mosaic that some pixels of the plan cover.

        None where it cannot be told: they are none, or some do not exist in the system of the mosaic, or lie
        around half the earth there.
        """
        e = self.grid.extent
        x_size, y_size = e.width / self.width, e.height / self.height
        edges = np.diff(np.pad(pixels.view(np.int8), ((0, 0), (1, 1))), axis=1)
        (rows, left), (_, right) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        top = e.ymax - rows * y_size
        shape = shapely.union_all(
            shapely.box(e.xmin + left * x_size, top - y_size, e.xmin + right * x_size, top)
        )
        if shape.is_empty or self._same:
            return None if shape.is_empty else shape
        dense = shapely.segmentize(shape, max(e.width, e.height) / STEPS)
        x, y = transformer(self.grid.crs, self.crs).transform(*shapely.get_coordinates(dense).T)
        turn = period(self.crs)
        if not (np.isfinite(x).all() and np.isfinite(y).all()) or (turn and np.ptp(x) > turn / 2):
            return None
        return shapely.make_valid(shapely.set_coordinates(dense, np.column_stack((x, y))))

    def rings(self, shape: BaseGeometry) -> Rings | None:
        """Corners in pixels with `SHIFT` fractional bits; None where some cannot be placed."""
        found = self._corners_once(shape)
        if found is None:
            return None
        return [ring for polygon in found for ring in _near(polygon, self.width, self.height)]

    def _corners_once(self, shape: BaseGeometry) -> list[Corners] | None:
        if id(shape) not in self._known:
            self._known[id(shape)] = shape, self._corners(shape)
        return self._known[id(shape)][1]

    def _corners(self, shape: BaseGeometry) -> list[Corners] | None:
        """Corners of each polygon in pixels, once for every turn of the earth that brings it into view."""
        if not self._same:
            longest = max(shape.bounds[2] - shape.bounds[0], shape.bounds[3] - shape.bounds[1])
            if longest > 0:
                shape = shapely.segmentize(shape, longest / STEPS)
        found: list[Corners] = []
        for polygon in shapely.get_parts(shape):
            if polygon.geom_type != "Polygon" or polygon.is_empty:
                continue
            placed = self._placed(polygon)
            if placed is None:
                return None
            found += [[ring + np.array([step, 0.0]) for ring in placed] for step in self._turns(placed)]
        return found

    def _placed(self, polygon: shapely.Polygon) -> Corners | None:
        """Corners of a polygon in pixels, each ring in one piece, the first as near as a turn brings it."""
        e = self.grid.extent
        x_size, y_size = e.width / self.width, e.height / self.height
        turn = period(self.grid.crs)
        rings = []
        shift = None
        for ring in (polygon.exterior, *polygon.interiors):
            x, y = shapely.get_coordinates(ring).T
            if not self._same:
                x, y = transformer(self.crs, self.grid.crs).transform(x, y)
            if not (np.isfinite(x).all() and np.isfinite(y).all()):
                return None
            if turn:
                if np.ptp(x) > turn / 2:
                    x = np.unwrap(x, period=turn)
                if shift is None:
                    shift = np.round((e.center[0] - (x.min() + x.max()) / 2) / turn) * turn
                x = x + shift
            rings.append(np.stack([(x - e.xmin) / x_size - 0.5, (e.ymax - y) / y_size - 0.5], axis=-1))
        return rings

    def _turns(self, placed: Corners) -> tuple[float, ...]:
        """Steps in pixels, whole turns of the earth, that bring a polygon into view."""
        length = period(self.grid.crs) / self.grid.extent.width * self.width
        if not length:
            return (0.0,)
        low, high = float(placed[0][:, 0].min()), float(placed[0][:, 0].max())
        return tuple(
            step for step in (-length, 0.0, length) if low + step < self.width and high + step > -1.0
        )

    def boxes(self, envelopes: NDArray[np.float64]) -> NDArray[np.int32]:
        """Corners of many envelopes (n, 4) in pixels with `SHIFT` fractional bits, (n, 4, 2).

        Those that cannot be placed, or lie more than a picture's length away, are left out.
        """
        xmin, ymin, xmax, ymax = envelopes.T
        x = np.stack([xmin, xmax, xmax, xmin], axis=-1)
        y = np.stack([ymax, ymax, ymin, ymin], axis=-1)
        e = self.grid.extent
        if not self._same:
            x, y = transformer(self.crs, self.grid.crs).transform(x, y)
        if turn := period(self.grid.crs):
            # Each box in one piece, on the turn of the earth nearest to the picture.
            x = x[:, :1] + (x - x[:, :1] + turn / 2) % turn - turn / 2
            x = x + np.round((e.center[0] - x.mean(axis=1, keepdims=True)) / turn) * turn
        columns = (x - e.xmin) / e.width * self.width - 0.5
        rows = (e.ymax - y) / e.height * self.height - 0.5
        corners = np.stack([columns, rows], axis=-1)
        with np.errstate(invalid="ignore"):
            near = (np.abs(corners) < 4 * max(self.width, self.height)).all(axis=(1, 2))
        return _fixed(corners[near])


def widened(plan: Mask, pixels: int) -> Mask:
    """A plan with its areas grown by some pixels."""
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return np.asarray(cv2.dilate(plan.view(np.uint8), kernel).view(np.bool_))


def _near(rings: Corners, width: int, height: int) -> Rings:
    """Corners as OpenCV takes them: it counts in 32 bits, so that what is far away is cut off."""
    margin = 4 * max(width, height, 64)
    low, high = rings[0].min(axis=0), rings[0].max(axis=0)
    if (low > -margin).all() and high[0] < width + margin and high[1] < height + margin:
        return [_fixed(ring) for ring in rings]
    shape = shapely.Polygon(rings[0], rings[1:])
    cut = shapely.clip_by_rect(shape, -margin, -margin, width + margin, height + margin)
    return [
        _fixed(shapely.get_coordinates(ring))
        for polygon in shapely.get_parts(cut)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _fixed(corners: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(corners * (1 << SHIFT)).astype(np.int32)
