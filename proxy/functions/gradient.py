"""Horn's sums over 3 x 3 pixels, strip by strip; see `proxy.functions.surface` for formulas and nodata."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from proxy.functions.pixels import strips
from proxy.model import Array, Mask, Raster

Kernel = Callable[[Array, Array], Array]


def over_surface(raster: Raster, kernel: Kernel, dtype: np.dtype[np.generic]) -> tuple[Array, Mask | None]:
    """Run a function of Horn's sums over the first band.

    Args:
        raster: elevations; any real type.
        kernel: from gx and gy, float32 of any equal shape, to values of that shape.
        dtype: of the result; integers are cut toward zero.

    Returns:
        (rows, columns) of `dtype`, and the mask of the result.
    """
    band = raster.data[0].astype(np.float32, copy=False)
    padded = cv2.copyMakeBorder(np.ascontiguousarray(band), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = band.shape
    out = np.empty((height, width), dtype)
    # Under the mask may lie anything, NaN included.
    with np.errstate(all="ignore"):
        for rows in strips(height, width):
            out[rows] = kernel(*_gradients(padded[rows.start : rows.stop + 2]))
        if raster.mask is None or raster.mask.all():
            return out, None
        return out, _around_gaps(padded, raster.mask, kernel, out)


def _gradients(block: Array) -> tuple[Array, Array]:
    """(gx, gy) of the inner pixels of a block."""
    middle = block[1:-1]
    columns = block[:-2] + block[2:]
    columns += middle
    columns += middle
    gx = columns[:, 2:] - columns[:, :-2]
    middle = block[:, 1:-1]
    rows = block[:, :-2] + block[:, 2:]
    rows += middle
    rows += middle
    return gx, rows[2:] - rows[:-2]


def _around_gaps(padded: Array, valid: Mask, kernel: Kernel, out: Array) -> Mask:
    """Correct pixels with one invalid neighbour in `out`; returns the mask of the result."""
    gaps = np.ascontiguousarray(~valid).view(np.uint8)
    missing = cv2.boxFilter(gaps, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE)
    rows, columns = np.nonzero(valid & (missing == 1))
    if rows.size:
        near = cv2.copyMakeBorder(gaps, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        windows = np.empty((3, rows.size * 3), np.float32)
        centre = padded[rows + 1, columns + 1]
        for y in range(3):
            for x in range(3):
                place = (rows + y, columns + x)
                windows[y, x::3] = np.where(near[place] != 0, centre, padded[place])
        gx, gy = _gradients(windows)
        out[rows, columns] = kernel(gx[0, ::3], gy[0, ::3])
    return np.asarray(valid & (missing <= 1), np.bool_)
