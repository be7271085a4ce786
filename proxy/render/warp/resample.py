"""Values at coordinates of a window: nearest, bilinear, cubic, with the mask as weights.

A result is valid where valid pixels have at least half of the bilinear weight, and is the weighted mean of
these alone: nodata neither bleeds into its neighbours nor gnaws at them. (GDAL asks whether the nearest pixel
is valid: the same along straight edges, more ragged at corners.) Beyond the outermost centres the edge is
repeated; what lies outside the source altogether is the caller's matter.

Precision: coordinates come in steps of 1/512 pixel. 8 and 16 bit integers and float32 are interpolated by
OpenCV in float32 (before its version 5 with weights in steps of 1/32), all other types by numpy in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, Mask

# Renders run side by side; each call keeps to its own thread.
cv2.setNumThreads(1)

Floats32 = NDArray[np.float32]
Indexes = NDArray[np.intp]

#: Types that OpenCV interpolates without rounding what comes in.
_NATIVE = tuple(np.dtype(name) for name in ("uint8", "uint16", "float32"))
#: Bilinear weight from which nothing but valid pixels take part.
_WHOLE = 1 - 1e-5


def working(data: Array) -> Array:
    """The narrowest of float32 and float64 that holds every value of a type."""
    narrow = data.dtype.itemsize <= 2 or data.dtype == np.float32
    return data.astype(np.float32 if narrow else np.float64, copy=False)


def rounded(values: Array, dtype: np.dtype[Any]) -> Array:
    """Values in a type; integers rounded to the nearest and kept within range."""
    if values.dtype == dtype:
        return values
    if dtype.kind in "iu" and values.dtype.kind == "f":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
    return values.astype(dtype)


def by_channels(data: Array, change: Callable[[Array], Array]) -> Array:
    """Apply an OpenCV function that treats channels alike to bands, up to four at a time.

    Never two: OpenCV interpolates two channels with weights in steps of 1/32.
    """
    if len(data) == 1:
        return change(np.ascontiguousarray(data[0]))[None]
    parts: list[Array] = []
    while len(parts) < len(data):
        left = len(data) - len(parts)
        count = 4 if left >= 4 and left != 6 else 3 if left >= 3 else 1
        bands = data[len(parts) : len(parts) + count]
        if count == 1:
            parts.append(change(np.ascontiguousarray(bands[0])))
        else:
            parts += cv2.split(change(cv2.merge(list(bands))))
    return np.stack(parts)


def nearest(data: Array, mask: Mask | None, columns: Indexes, rows: Indexes) -> tuple[Array, Mask | None]:
    """The pixels at whole columns and rows, each (rows, columns); what is outside is arbitrary."""
    flat = rows * data.shape[2]
    flat += columns
    picked = data.reshape(len(data), -1).take(flat, axis=1, mode="clip")
    return picked, None if mask is None else mask.ravel().take(flat, mode="clip")


def bilinear(data: Array, mask: Mask | None, x: Floats32, y: Floats32) -> tuple[Array, Mask | None]:
    """Between the four nearest centres.

    Args:
        data: (bands, rows, columns). mask: (rows, columns) or None.
        x, y: (rows, columns); 0 is the centre of the first pixel.

    Returns:
        Data in its type, integers rounded, and the mask, None where there was none.
    """
    if mask is None:
        return _linear(data, x, y), None
    held = np.where(mask, data, data.dtype.type(0))
    weight = cv2.remap(mask.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out, valid = _linear(held, x, y), weight >= 0.5
    edge = np.flatnonzero(valid & (weight < _WHOLE))
    if edge.size:
        values = _weighted(held, mask, x.ravel()[edge], y.ravel()[edge])
        out.reshape(len(data), -1)[:, edge] = rounded(values, data.dtype)
    return out, valid


def _linear(data: Array, x: Floats32, y: Floats32) -> Array:
    wide = working(data) if data.dtype not in _NATIVE else data
    if wide.dtype == np.float64:
        values = _weighted(wide, None, x.ravel(), y.ravel())
        return rounded(values.reshape(len(data), *x.shape), data.dtype)
    return rounded(by_channels(wide, lambda planes: _remapped(planes, x, y)), data.dtype)


def _remapped(planes: Array, x: Floats32, y: Floats32) -> Array:
    return np.asarray(cv2.remap(planes, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _weighted(data: Array, mask: Mask | None, x: Floats32, y: Floats32) -> Array:
    """Weighted means of valid pixels, float64 (bands, places), of places (places,)."""
    columns, across = _parts(x, data.shape[2])
    rows, down = _parts(y, data.shape[1])
    flat = data.reshape(len(data), -1)
    total: Array | None = None
    weights: Array | None = None
    for row, part_y in zip(rows, down, strict=True):
        for column, part_x in zip(columns, across, strict=True):
            index = row * data.shape[2] + column
            weight = part_x * part_y
            if mask is not None:
                weight = weight * mask.ravel().take(index)
            term = flat.take(index, axis=1) * weight
            total = term if total is None else total + term
            weights = weight if weights is None else weights + weight
    assert total is not None
    assert weights is not None
    return total if mask is None else np.asarray(total / np.maximum(weights, 1e-9))


def _parts(places: Floats32, size: int) -> tuple[tuple[Indexes, Indexes], tuple[Array, Array]]:
    inside = np.clip(places.astype(np.float64), 0, size - 1)
    first = np.minimum(inside.astype(np.intp), max(size - 2, 0))
    part = inside - first
    return (first, np.minimum(first + 1, size - 1)), (1 - part, part)


def cubic(data: Array, mask: Mask | None, x: Floats32, y: Floats32) -> tuple[Array, Mask | None]:
    """Between sixteen centres, Catmull-Rom (a = -0.5): GDAL's cubic, not OpenCV's (a = -0.75).

    Where one of the sixteen is invalid the value is the bilinear one. Args and returns: as `bilinear`.
    """
    held = data if mask is None else np.where(mask, data, data.dtype.type(0))
    columns, rows = np.floor(x), np.floor(y)
    across, down = _catmull_rom(x - columns), _catmull_rom(y - rows)
    # The window gains two pixels on each side, so tap k of place i is pixel i + 1 + k.
    place = np.stack([columns + 1, rows + 1], axis=-1).astype(np.int16)
    smooth = np.stack([_sixteen(plane, place, across, down) for plane in working(held)])
    if mask is None:
        return rounded(smooth, data.dtype), None
    value, valid = bilinear(data, mask, x, y)
    hurt = cv2.dilate(_bordered((~mask).astype(np.uint8)), np.ones((4, 4), np.uint8), anchor=(0, 0))
    broken = cv2.remap(hurt, place, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) > 0
    return np.where(broken, value, rounded(smooth, data.dtype)), valid


def _sixteen(plane: Array, place: Array, across: list[Array], down: list[Array]) -> Array:
    plane = _bordered(plane)
    total = np.zeros(place.shape[:2], plane.dtype)
    for row in range(4):
        line = np.zeros(place.shape[:2], plane.dtype)
        for column in range(4):
            shifted = plane[row : plane.shape[0] - 3 + row, column : plane.shape[1] - 3 + column]
            tap = cv2.remap(shifted, place, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            tap *= across[column]
            line += tap
        line *= down[row]
        total += line
    return total


def _bordered(plane: Array) -> Array:
    return np.asarray(cv2.copyMakeBorder(plane, 2, 2, 2, 2, cv2.BORDER_REPLICATE))


def _catmull_rom(t: Floats32) -> list[Array]:
    square = t * t
    cube = square * t
    return [
        square - (cube + t) / 2,
        1.5 * cube - 2.5 * square + 1,
        2 * square + (t - 3 * cube) / 2,
        (cube - square) / 2,
    ]
