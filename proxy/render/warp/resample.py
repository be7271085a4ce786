"""Values at coordinates of a window: nearest, bilinear, cubic, with the mask as weights.

A result is valid where valid pixels have at least half of the weight, and is the weighted mean of these
alone: nodata neither bleeds into its neighbours nor gnaws at them. Coordinates outside the window are the
caller's matter; here they are drawn from the edge.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, Mask

cv2.setNumThreads(1)

#: OpenCV addresses no more than this many pixels a side.
CV_LIMIT = 32_766
#: Types that OpenCV interpolates without rounding positions or values.
_EXACT = (np.dtype("uint8"), np.dtype("uint16"), np.dtype("float32"))

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]


def nearest(data: Array, mask: Mask | None, x: Floats, y: Floats) -> tuple[Array, Mask | None]:
    """The pixel that holds each coordinate: `floor`, as GDAL counts.

    Args:
        data: (bands, rows, columns). mask: (rows, columns) or None.
        x, y: coordinates (rows, columns), or x (columns,) and y (rows,) where they are separable.
    """
    height, width = data.shape[1:]
    columns, rows = _index(x, width), _index(y, height)
    if x.ndim == 1:
        return _taken(data, rows, columns), None if mask is None else _taken(mask[None], rows, columns)[0]
    flat = rows * width + columns
    picked = data.reshape(data.shape[0], -1).take(flat, axis=1)
    return picked, None if mask is None else mask.ravel().take(flat)


def _index(values: Floats, size: int) -> Indexes:
    with np.errstate(invalid="ignore"):
        whole = np.floor(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0))
    return np.clip(whole, 0, size - 1).astype(np.intp)


def _taken(data: Array, rows: Indexes, columns: Indexes) -> Array:
    if _runs(rows) and _runs(columns):
        block = data[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return np.ascontiguousarray(block)
    return data.take(rows, axis=1).take(columns, axis=2)


def _runs(index: Indexes) -> bool:
    return bool(index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all())


def bilinear(data: Array, mask: Mask | None, x: Floats, y: Floats) -> tuple[Array, Mask | None]:
    """Between the four nearest centres. Types that OpenCV would round go through wider ones.

    Args and returns: as `nearest`; integers are rounded to the nearest.
    """
    if data.dtype.kind == "c":
        real, valid = bilinear(data.real, mask, x, y)
        imaginary, _ = bilinear(data.imag, mask, x, y)
        return (real + 1j * imaginary).astype(data.dtype), valid
    if mask is None:
        return _cast(_linear(data, x, y), data.dtype), None
    weight = _linear(mask[None].astype(np.float32), x, y)[0]
    if weight.min() >= 1:
        return _cast(_linear(np.where(mask, data, data.dtype.type(0)), x, y), data.dtype), None
    wide = np.float64 if _needs_double(data.dtype) else np.float32
    total = _linear(np.where(mask, data, data.dtype.type(0)).astype(wide), x, y)
    valid = weight >= 0.5
    np.divide(total, weight, out=total, where=valid)
    total[:, ~valid] = 0
    return _cast(total, data.dtype), valid


def cubic(data: Array, mask: Mask | None, x: Floats, y: Floats) -> tuple[Array, Mask | None]:
    """Between sixteen centres, Catmull-Rom (a = -0.5), as GDAL's cubic convolution.

    Where one of the sixteen is invalid the value is the bilinear one.
    """
    smooth = _cubic(data, x, y)
    if mask is None:
        return _cast(smooth, data.dtype), None
    value, valid = bilinear(data, mask, x, y)
    broken = _cubic((~mask)[None].astype(np.float32), x, y, absolute=True)[0] > 0
    return np.where(broken, value, _cast(np.nan_to_num(smooth), data.dtype)), valid


def _needs_double(dtype: np.dtype[Any]) -> bool:
    return dtype.itemsize >= 4 and dtype != np.float32


def _linear(data: Array, x: Floats, y: Floats) -> Array:
    if _needs_double(data.dtype):
        return _linear_double(data, x, y)
    planes = data if data.dtype in _EXACT else data.astype(np.float32)
    shape = (y.shape[0], x.shape[-1])
    map_x = np.broadcast_to((x - 0.5).astype(np.float32), shape)
    map_y = np.broadcast_to((y - 0.5).astype(np.float32)[:, None] if y.ndim == 1 else (y - 0.5), shape)
    map_x, map_y = np.ascontiguousarray(map_x), np.ascontiguousarray(map_y, np.float32)
    out = np.empty((data.shape[0], *shape), planes.dtype)
    for plane, target in zip(planes, out, strict=True):
        cv2.remap(
            np.ascontiguousarray(plane), map_x, map_y, cv2.INTER_LINEAR, dst=target,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    return out


def _linear_double(data: Array, x: Floats, y: Floats) -> Array:
    left, across = _split(x, data.shape[2])
    above, down = _split(y, data.shape[1])
    if x.ndim == 1:
        above, down = above[:, None], down[:, None]
    right = np.minimum(left + 1, data.shape[2] - 1)
    below = np.minimum(above + 1, data.shape[1] - 1)
    wide = data.astype(np.float64, copy=False)
    top = wide[:, above, left] * (1 - across) + wide[:, above, right] * across
    bottom = wide[:, below, left] * (1 - across) + wide[:, below, right] * across
    return np.asarray(top * (1 - down) + bottom * down)


def _split(values: Floats, size: int) -> tuple[Indexes, Floats]:
    centred = np.clip(np.nan_to_num(values) - 0.5, 0, size - 1)
    whole = np.floor(centred)
    return whole.astype(np.intp), centred - whole


def _cubic(data: Array, x: Floats, y: Floats, absolute: bool = False) -> Array:
    columns, across = _taps(x, data.shape[2], absolute)
    rows, down = _taps(y, data.shape[1], absolute)
    wide = data.astype(np.float64 if _needs_double(data.dtype) else np.float32, copy=False)
    total: Array | None = None
    for row, part_y in zip(rows, down, strict=True):
        line: Array | None = None
        for column, part_x in zip(columns, across, strict=True):
            picked = wide[:, row[:, None], column] if x.ndim == 1 else wide[:, row, column]
            term = picked * part_x.astype(wide.dtype)
            line = term if line is None else line + term
        weight = part_y[:, None] if x.ndim == 1 else part_y
        assert line is not None
        term = line * weight.astype(wide.dtype)
        total = term if total is None else total + term
    assert total is not None
    return total


def _taps(values: Floats, size: int, absolute: bool) -> tuple[list[Indexes], list[Floats]]:
    centred = np.nan_to_num(values) - 0.5
    whole = np.floor(centred)
    t = centred - whole
    weights = [
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
    if absolute:
        weights = [np.abs(weight) for weight in weights]
    places = [np.clip(whole + offset, 0, size - 1).astype(np.intp) for offset in (-1, 0, 1, 2)]
    return places, weights


def _cast(values: Array, dtype: np.dtype[Any]) -> Array:
    if values.dtype == dtype:
        return values
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
    return values.astype(dtype)


def shrink(data: Array, mask: Mask | None, by: int) -> tuple[Array, Mask | None]:
    """Means over blocks of `by` x `by` pixels; a block cut by the edge is the mean of what it has.

    Returns:
        Data in its type, integers rounded, and the mask: valid where at least half of a block is.
    """
    height, width = data.shape[1:]
    rows, columns = -(-height // by), -(-width // by)
    pad = ((0, 0), (0, rows * by - height), (0, columns * by - width))
    wide = np.float64 if _needs_double(data.dtype) else np.float32
    if mask is None and not any(pad[1]) and not any(pad[2]):
        return _cast(_blocks(data, by, wide) / wide(by * by), data.dtype), None
    valid = np.ones((height, width), np.bool_) if mask is None else mask
    weight = _blocks(np.pad(valid[None].astype(wide), pad), by, wide)
    whole = _blocks(np.pad(np.ones((1, height, width), wide), pad), by, wide)
    total = _blocks(np.pad(np.where(valid, data, data.dtype.type(0)), pad), by, wide)
    good = weight[0] * 2 >= whole[0]
    mean = np.divide(total, weight, out=np.zeros_like(total), where=good & (weight > 0))
    return _cast(mean, data.dtype), None if good.all() else good


def _blocks(data: Array, by: int, wide: Any) -> Array:
    bands, height, width = data.shape
    split = data.reshape(bands, height // by, by, width // by, by)
    return np.asarray(split.sum(axis=(2, 4), dtype=wide))
