"""Which pixels of a picture an item may fill, told by its footprint."""

from __future__ import annotations

import cv2
import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from proxy.crs import SpatialReference, transformer
from proxy.model import Grid, Mask
from proxy.render.warp.coordinates import period

#: Longest side of the plan on which footprints are drawn; larger pictures are drawn smaller.
LARGEST = 512
#: Parts of a side of the picture, in units of the mosaic, into which edges are cut where systems differ.
STEPS = 32
#: Fractional bits of the corners that are drawn.
SHIFT = 4

Rings = list[NDArray[np.int32]]


class Plan:
    """The picture as a plan on which footprints are drawn, at most `LARGEST` pixels a side."""

    def __init__(self, grid: Grid, crs: SpatialReference, largest: int = LARGEST) -> None:
        self.grid, self.crs = grid, crs
        scale = max(1.0, max(grid.width, grid.height) / largest)
        self.width, self.height = (max(1, round(side / scale)) for side in (grid.width, grid.height))
        self._same = grid.crs == crs

    def empty(self) -> Mask:
        """No pixel."""
        return np.zeros((self.height, self.width), np.bool_)

    def drawn(self, shape: BaseGeometry, edge: int = 0) -> Mask:
        """Pixels under a shape of the mosaic; `edge` pixels more on both sides of its outline."""
        rings = self.rings(shape)
        plan = np.zeros((self.height, self.width), np.uint8)
        if rings is None:
            return np.ones((self.height, self.width), np.bool_)
        if rings:
            cv2.fillPoly(plan, rings, 1, shift=SHIFT)
            if edge:
                cv2.polylines(plan, rings, True, 1, thickness=2 * edge + 1, shift=SHIFT)
        return plan.view(np.bool_)

    def rings(self, shape: BaseGeometry) -> Rings | None:
        """Corners in pixels with `SHIFT` fractional bits; None where some cannot be placed."""
        if not self._same:
            longest = max(shape.bounds[2] - shape.bounds[0], shape.bounds[3] - shape.bounds[1])
            if longest > 0:
                shape = shapely.segmentize(shape, longest / STEPS)
        found: Rings = []
        for polygon in shapely.get_parts(shape):
            if polygon.geom_type != "Polygon" or polygon.is_empty:
                continue
            placed = self._placed(polygon)
            if placed is None:
                return None
            for part in placed:
                found += _corners(part)
        return found

    def _placed(self, polygon: shapely.Polygon) -> list[BaseGeometry] | None:
        """A polygon in pixels of the plan, once for every turn of the earth that brings it into view."""
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
                x = np.unwrap(x, period=turn)
                if shift is None:
                    shift = np.round((e.center[0] - (x.min() + x.max()) / 2) / turn) * turn
                x = x + shift
            rings.append(np.stack([(x - e.xmin) / x_size - 0.5, (e.ymax - y) / y_size - 0.5], axis=-1))
        whole = shapely.Polygon(rings[0], rings[1:])
        steps = (-turn / x_size, 0.0, turn / x_size) if turn else (0.0,)
        turned = (shapely.affinity.translate(whole, step) if step else whole for step in steps)
        return [_near(one, self.width, self.height) for one in turned]

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
        return np.round(corners[near] * (1 << SHIFT)).astype(np.int32)

    def gaps(self, filled: Mask) -> Mask:
        """Pixels of the plan that hold one of the picture that is not yet filled."""
        empty = np.logical_not(filled).view(np.uint8)
        if empty.shape == (self.height, self.width):
            return empty.view(np.bool_)
        found = cv2.resize(empty * np.uint8(255), (self.width, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(found > 0)


def widened(plan: Mask, pixels: int) -> Mask:
    """A plan with its areas grown by some pixels."""
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return np.asarray(cv2.dilate(plan.view(np.uint8), kernel).view(np.bool_))


def _near(shape: BaseGeometry, width: int, height: int) -> BaseGeometry:
    """What lies within a picture's length of it: OpenCV counts in 32 bits."""
    margin = 4 * max(width, height, 64)
    x0, y0, x1, y1 = shape.bounds
    if x0 > -margin and y0 > -margin and x1 < width + margin and y1 < height + margin:
        return shape
    if x1 < 0 or y1 < 0 or x0 > width or y0 > height:
        return shapely.Polygon()
    return shapely.clip_by_rect(shape, -margin, -margin, width + margin, height + margin)


def _corners(shape: BaseGeometry) -> Rings:
    return [
        np.round(shapely.get_coordinates(ring) * (1 << SHIFT)).astype(np.int32)
        for polygon in shapely.get_parts(shape)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]
