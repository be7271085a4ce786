"""Cells of a mesh: two by two meshes, whose middle nodes tell how wrong interpolation between corners is."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proxy.crs import SpatialReference, transformer
from proxy.model import Mask
from proxy.render.warp.coordinates import Floats, Nodes

#: x' = a x + b y + c, y' = d x + e y + f.
Six = tuple[float, float, float, float, float, float]


def errors(v: Floats) -> Floats:
    """Greatest difference between the middle nodes of cells and what their corners say; NaN if any is."""
    corners = v[::2, ::2]
    across = np.abs(v[::2, 1::2] - (corners[:, 1:] + corners[:, :-1]) / 2)
    down = np.abs(v[1::2, ::2] - (corners[1:] + corners[:-1]) / 2)
    sums = corners[:, 1:] + corners[:, :-1]
    middle = np.abs(v[1::2, 1::2] - (sums[1:] + sums[:-1]) / 4)
    edges = np.maximum(np.maximum(across[1:], across[:-1]), np.maximum(down[:, 1:], down[:, :-1]))
    return np.asarray(np.maximum(edges, middle))


def ranges(v: Floats) -> tuple[Floats, Floats]:
    """Least and greatest of the nine nodes of every cell."""
    rows_low = np.minimum(np.minimum(v[:-1:2], v[1::2]), v[2::2])
    rows_high = np.maximum(np.maximum(v[:-1:2], v[1::2]), v[2::2])
    low = np.minimum(np.minimum(rows_low[:, :-1:2], rows_low[:, 1::2]), rows_low[:, 2::2])
    high = np.maximum(np.maximum(rows_high[:, :-1:2], rows_high[:, 1::2]), rows_high[:, 2::2])
    return low, high


def may_reach(values: Floats, limit: float) -> Mask:
    """Cells whose nodes lie around 0..limit, or that may bend so far; none where no node exists."""
    lost = ~np.isfinite(values)
    low, _ = ranges(np.where(lost, np.inf, values))
    _, high = ranges(np.where(lost, -np.inf, values))
    _, torn = ranges(lost.astype(np.float64))
    some = low <= high
    margin = np.where(some, high - low, 0.0) * np.where(torn > 0, 4.0, 1.0) + 1.0
    return np.asarray(some & (low - margin <= limit) & (high + margin >= 0))


def cells_of(start: int, stop: int, step: int) -> NDArray[np.intp]:
    """The cell of every pixel from `start` to `stop`, along one axis."""
    return np.floor((np.arange(start, stop) + 0.5 + step / 2) / (2 * step)).astype(np.intp)


def anchor_cells(
    nodes: Nodes, shape: tuple[int, ...], limits: tuple[float, float], six: Six
) -> tuple[slice, slice]:
    """Rows and columns of cells around what the source itself says about its place in the target."""
    x, y = _anchors(nodes.crs, nodes.grid.crs, six, limits)
    if not len(x):
        return slice(0, 0), slice(0, 0)
    along, down = nodes.grid.resolution
    columns = ((x - nodes.grid.extent.xmin) / along + nodes.step / 2) / (2 * nodes.step)
    rows = ((nodes.grid.extent.ymax - y) / down + nodes.step / 2) / (2 * nodes.step)
    return _around(rows, shape[0]), _around(columns, shape[1])


def _around(places: Floats, size: int) -> slice:
    # On a grid of hardly any extent they are as good as infinitely far away.
    low, high = np.clip([places.min(), places.max()], -1.0, float(size))
    return slice(max(0, math.floor(low) - 1), max(0, min(size, math.floor(high) + 2)))


@lru_cache(maxsize=256)
def _anchors(
    crs: SpatialReference, target: SpatialReference, six: Six, limits: tuple[float, float]
) -> tuple[Floats, Floats]:
    a, b, c, d, e, f = six
    scale = a * e - b * d
    across, down = np.meshgrid(np.linspace(0, limits[0], 9), np.linspace(0, limits[1], 9))
    across, down = across - c, down - f
    x, y = transformer(crs, target).transform(
        (e * across - b * down) / scale, (a * down - d * across) / scale
    )
    good = np.isfinite(x) & np.isfinite(y)
    return x[good], y[good]
