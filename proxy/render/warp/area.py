"""Many pixels to one: shrinking by area, and average, mode, minimum, maximum of what lies under a pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, Interpolation, Mask
from proxy.render.warp.plan import Factor
from proxy.render.warp.resample import by_channels, rounded, working

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
Tap = tuple[Indexes, Floats, Floats]

#: Values gathered at a time.
GATHERED = 1 << 21
#: Part of a pixel's length below which it does not lie under a target pixel: coordinates are not that exact.
SLIVER = 0.01

#: Types that OpenCV averages; others go through floats.
_NATIVE = tuple(np.dtype(name) for name in ("uint8", "uint16", "int16", "float32", "float64"))


def shrink(data: Array, mask: Mask | None, across: Factor, down: Factor) -> tuple[Array, Mask | None]:
    """Means over areas, of the valid pixels alone; valid where at least half of the area is.

    Args:
        data: (bands, rows, columns), starting at a multiple of the factors. mask: (rows, columns) or None.

    Returns:
        Data in its type, integers rounded. What the last area lacks repeats the last row or column.
    """
    size, data, mask = _filled_up(data, mask, across, down)
    if mask is None:
        if data.dtype in _NATIVE:
            return by_channels(data, lambda planes: _area(planes, size)), None
        return rounded(by_channels(working(data), lambda planes: _area(planes, size)), data.dtype), None
    weight = _area(mask.astype(np.float32), size)
    valid = weight >= 0.5
    held = working(np.where(mask, data, data.dtype.type(0)))
    total = by_channels(held, lambda planes: _area(planes, size))
    np.divide(total, weight, out=total, where=valid)
    total[:, ~valid] = 0
    return rounded(total, data.dtype), valid


def thin(
    data: Array, mask: Mask | None, across: Factor, down: Factor, how: Interpolation
) -> tuple[Array, Mask | None]:
    """Fewer pixels for `collect` to look at, by whole factors: of areas, or for the mode their middle pixels.

    Args and returns: as `shrink`; `how` is one of `collect`'s.
    """
    if how is Interpolation.AVERAGE:
        return shrink(data, mask, across, down)
    rows, columns = np.arange(0, data.shape[1], down.pixels), np.arange(0, data.shape[2], across.pixels)
    if how is Interpolation.MODE:
        rows = np.minimum(rows + down.pixels // 2, data.shape[1] - 1)
        columns = np.minimum(columns + across.pixels // 2, data.shape[2] - 1)
        picked = np.ix_(rows, columns)
        return data[:, *picked], None if mask is None else mask[picked]
    better, worst = _extremes(how, data.dtype)
    held = data if mask is None else np.where(mask, data, worst)
    held = better.reduceat(better.reduceat(held, rows, axis=1), columns, axis=2)
    if mask is None:
        return held, None
    good = np.add.reduceat(np.add.reduceat(mask, rows, axis=0, dtype=np.intp), columns, axis=1)
    whole = np.outer(np.diff(rows, append=data.shape[1]), np.diff(columns, append=data.shape[2]))
    return held, 2 * good >= whole


def _extremes(how: Interpolation, dtype: np.dtype[Any]) -> tuple[np.ufunc, Any]:
    """Which of two values is kept, and the value that never is."""
    limits: Any = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    if how is Interpolation.MIN:
        return np.minimum, dtype.type(limits.max)
    return np.maximum, dtype.type(limits.min)


def _area(planes: Array, size: tuple[int, int]) -> Array:
    return np.asarray(cv2.resize(planes, size, interpolation=cv2.INTER_AREA))


def _filled_up(
    data: Array, mask: Mask | None, across: Factor, down: Factor
) -> tuple[tuple[int, int], Array, Mask | None]:
    height, width = data.shape[1:]
    columns, rows = -(-width // across.pixels), -(-height // down.pixels)
    pad = (0, rows * down.pixels - height), (0, columns * across.pixels - width)
    if pad[0][1] or pad[1][1]:
        data = np.pad(data, ((0, 0), *pad), mode="edge")
        mask = None if mask is None else np.pad(mask, pad, mode="edge")
    return (columns * across.become, rows * down.become), data, mask


def collect(
    data: Array, mask: Mask | None, box: tuple[Floats, Floats, Floats, Floats], how: Interpolation
) -> tuple[Array, Mask]:
    """One value of the pixels under each target pixel, weighted by the length they share along both axes.

    Args:
        data: (bands, rows, columns). mask: (rows, columns) or None.
        box: left, top, right, bottom of the target pixels in pixels of the data, each (rows, columns).
        how: average, mode (the value with the greatest area, the least of equals), min or max.

    Returns:
        Data in its type, averages of integers rounded; valid where valid pixels have at least half of the
        area that lies inside the data.
    """
    shape = box[0].shape
    limits = (data.shape[2], data.shape[1]) * 2
    # What sticks out holds no pixels: a target pixel may be any number of sources wide.
    sides = [
        np.clip(np.nan_to_num(side, nan=-9.0), 0, most).ravel()
        for side, most in zip(box, limits, strict=True)
    ]
    out = np.zeros((len(data), sides[0].size), data.dtype)
    valid = np.zeros(sides[0].size, np.bool_)
    flat, kept = data.reshape(len(data), -1), None if mask is None else mask.ravel()
    step = _chunk(sides, len(data), how)
    for start in range(0, sides[0].size, step):
        some = slice(start, start + step)
        left, top, right, bottom = (side[some] for side in sides)
        taps = _taps((left, right), (top, bottom), data.shape[1:], kept)
        values, share = _mode(flat, taps) if how is Interpolation.MODE else _FOLDED[how](flat, taps)
        valid[some] = share >= 0.5
        out[:, some] = rounded(values, data.dtype)
    return out.reshape(len(data), *shape), valid.reshape(shape)


def _chunk(sides: list[Floats], bands: int, how: Interpolation) -> int:
    """Target pixels handled at a time."""
    if how is not Interpolation.MODE:
        return GATHERED // 8
    left, top, right, bottom = sides
    return max(1, GATHERED // (bands * int(np.max(right - left) + 2) * int(np.max(bottom - top) + 2)))


def _taps(
    across: tuple[Floats, Floats], down: tuple[Floats, Floats], shape: tuple[int, ...], mask: Mask | None
) -> Iterator[Tap]:
    """Every pixel under the target pixels in turn: its index, and its area with and without the mask."""
    columns = list(_under(*across, shape[1]))
    for row, high in _under(*down, shape[0]):
        for column, wide in columns:
            index, area = row * shape[1] + column, high * wide
            yield index, area if mask is None else area * mask.take(index), area


def _under(low: Floats, high: Floats, size: int) -> Iterator[tuple[Indexes, Floats]]:
    """Pixels from the one under `low`, and the length of each between `low` and `high`."""
    first = np.floor(low)
    for count in range(int(np.max(np.ceil(high) - first, initial=0))):
        place = first + count
        length = np.minimum(high, place + 1) - np.maximum(low, place)
        length[(length < SLIVER) | (place < 0) | (place >= size)] = 0
        if length.any():
            yield np.clip(place, 0, size - 1).astype(np.intp), length


def _shares(good: Floats, whole: Floats) -> Floats:
    return np.divide(good, whole, out=np.zeros_like(good), where=whole > 0)


def _average(flat: Array, taps: Iterator[Tap]) -> tuple[Array, Floats]:
    total: Any = 0.0
    good = whole = np.zeros(1)
    for index, weight, area in taps:
        values = flat.take(index, axis=1)
        if flat.dtype.kind in "fc":
            values = np.where(weight > 0, values, values.dtype.type(0))
        total, good, whole = total + values * weight, good + weight, whole + area
    return np.asarray(total / np.maximum(good, 1e-9)), _shares(good, whole)


def _extreme(flat: Array, taps: Iterator[Tap], how: Interpolation) -> tuple[Array, Floats]:
    better, start = _extremes(how, flat.dtype)
    found: Any = start
    good = whole = np.zeros(1)
    for index, weight, area in taps:
        found = better(found, np.where(weight > 0, flat.take(index, axis=1), start))
        good, whole = good + weight, whole + area
    return np.asarray(found), _shares(good, whole)


def _mode(flat: Array, taps: Iterator[Tap]) -> tuple[Array, Floats]:
    every = list(taps)
    if not every:
        return np.zeros((len(flat), 1), flat.dtype), np.zeros(1)
    values = flat.take(np.stack([index for index, _, _ in every], axis=-1), axis=1)
    weight = np.stack([weight for _, weight, _ in every], axis=-1)
    return _heaviest(values, weight), _shares(
        weight.sum(axis=1), np.sum([area for _, _, area in every], axis=0)
    )


def _heaviest(values: Array, weight: Floats) -> Array:
    """Of (bands, places, taps) the value of greatest weight, the least of equals."""
    order = np.argsort(values, axis=2, kind="stable")
    values = np.take_along_axis(values, order, axis=2)
    area = np.take_along_axis(np.broadcast_to(weight, values.shape), order, axis=2).cumsum(axis=2)
    last = np.ones(values.shape, np.bool_)
    last[:, :, :-1] = values[:, :, 1:] != values[:, :, :-1]
    # Area of a run of equals: what has been summed up at its end, less what had been at the end before.
    before = np.maximum.accumulate(np.where(last, area, 0.0), axis=2)
    area[:, :, 1:] -= before[:, :, :-1]
    # Rounding of the sums must not decide between equals.
    best = np.argmax(np.where(last, np.round(area, 9), -1.0), axis=2)
    return np.asarray(np.take_along_axis(values, best[:, :, None], axis=2)[:, :, 0])


_FOLDED: dict[Interpolation, Callable[[Array, Iterator[Tap]], tuple[Array, Floats]]] = {
    Interpolation.AVERAGE: _average,
    Interpolation.MIN: partial(_extreme, how=Interpolation.MIN),
    Interpolation.MAX: partial(_extreme, how=Interpolation.MAX),
}
