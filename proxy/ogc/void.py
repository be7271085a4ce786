"""Which pixels lie beyond the area that a coordinate reference system is valid for."""

from __future__ import annotations

import math

import cv2
import numpy as np

from proxy.crs import WEB_MERCATOR, WGS84, transformer
from proxy.errors import BadRequest
from proxy.model import Array, Grid, Mask

#: Pixels between two places that are tried where the edge of the area is not a straight line.
STEP = 8
#: Half the side of the square of Web Mercator, in metres, and a share of it by which edges may be rounded.
HALF, ROUNDING = math.pi * 6378137.0, 1e-9
#: Pixels by which a place may miss itself, on its way to longitude and latitude and back.
MISS = 1.0


def beyond(grid: Grid) -> Mask:
    """True where the middle of a pixel is no place on the earth: (rows, columns).

    Straight edges (degrees, Web Mercator) are exact. Elsewhere a place counts as valid where it comes back
    from longitude and latitude to itself, tried at every eighth pixel.
    """
    crs = grid.crs
    if crs.is_geographic or crs == WEB_MERCATOR:
        limit_x, limit_y = (180.0, 90.0) if crs.is_geographic else (HALF, HALF)
        xs, ys = _middles(grid, 1)
        off_x, off_y = np.abs(xs) > limit_x * (1 + ROUNDING), np.abs(ys) > limit_y * (1 + ROUNDING)
        return np.asarray(off_x[None, :] | off_y[:, None], np.bool_)
    xs, ys = _middles(grid, STEP)
    grid_x, grid_y = np.meshgrid(xs, ys)
    try:
        there, back = transformer(crs, WGS84), transformer(WGS84, crs)
    except BadRequest:
        return np.zeros((grid.height, grid.width), np.bool_)
    again_x, again_y = back.transform(*there.transform(grid_x, grid_y))
    near = np.hypot(again_x - grid_x, again_y - grid_y) < MISS * max(grid.resolution)
    lost = ~(np.isfinite(again_x) & np.isfinite(again_y) & near)
    size = (grid.width, grid.height)
    return np.asarray(cv2.resize(lost.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0, np.bool_)


def _middles(grid: Grid, step: int) -> tuple[Array, Array]:
    """Middles of columns and rows, or of groups of `step` of them."""
    x, y = grid.resolution
    columns = (np.arange(math.ceil(grid.width / step)) + 0.5) * grid.width / math.ceil(grid.width / step)
    rows = (np.arange(math.ceil(grid.height / step)) + 0.5) * grid.height / math.ceil(grid.height / step)
    return grid.extent.xmin + columns * x, grid.extent.ymax - rows * y
