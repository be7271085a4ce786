"""Many source pixels under one target pixel to one value: average, mode, minimum, maximum."""

from __future__ import annotations

from typing import Any

import numpy as np

from proxy.model import Array, Interpolation, Mask


def reduce(data: Array, mask: Mask | None, by: int, how: Interpolation) -> tuple[Array, Mask | None]:
    """Reduce blocks of `by` x `by` samples.

    Args:
        data: (bands, rows x by, columns x by). mask: of the samples, or None.

    Returns:
        Data in its type (averages of integers rounded), and the mask: valid where any sample is.
    """
    bands, height, width = data.shape
    rows, columns = height // by, width // by
    samples = _gathered(data, bands, rows, columns, by)
    valid = None if mask is None else _gathered(mask[None], 1, rows, columns, by)[0]
    good = None if valid is None else valid.any(axis=-1)
    result = _HOW[how](samples, valid)
    if good is not None:
        result[:, ~good] = 0
    return result.astype(data.dtype), None if good is None or good.all() else good


def _gathered(data: Array, bands: int, rows: int, columns: int, by: int) -> Array:
    split = data.reshape(bands, rows, by, columns, by)
    return np.ascontiguousarray(split.transpose(0, 1, 3, 2, 4)).reshape(bands, rows, columns, by * by)


def _average(samples: Array, valid: Mask | None) -> Array:
    wide = np.complex128 if samples.dtype.kind == "c" else np.float64
    if valid is None:
        mean: Array = samples.mean(axis=-1, dtype=wide)
    else:
        total = np.where(valid, samples, samples.dtype.type(0)).sum(axis=-1, dtype=wide)
        mean = total / np.maximum(valid.sum(axis=-1), 1)
    return np.rint(mean) if samples.dtype.kind in "iu" else mean


def _least(samples: Array, valid: Mask | None) -> Array:
    held = samples if valid is None else np.where(valid, samples, _limit(samples.dtype, high=True))
    found: Array = held.min(axis=-1)
    return found


def _greatest(samples: Array, valid: Mask | None) -> Array:
    held = samples if valid is None else np.where(valid, samples, _limit(samples.dtype, high=False))
    found: Array = held.max(axis=-1)
    return found


def _limit(dtype: np.dtype[Any], *, high: bool) -> Any:
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return dtype.type(limits.max if high else limits.min)
    return dtype.type(np.inf if high else -np.inf)


def _mode(samples: Array, valid: Mask | None) -> Array:
    """The most frequent value; of equally frequent ones the least."""
    order = np.argsort(samples, axis=-1, kind="stable")
    values = np.take_along_axis(samples, order, axis=-1)
    counted = np.ones(values.shape, np.int32)
    if valid is not None:
        held = np.take_along_axis(np.broadcast_to(valid, samples.shape), order, axis=-1)
        counted = held.astype(np.int32)
    best, most = values[..., 0].copy(), np.zeros(values.shape[:-1], np.int32)
    run = np.zeros(values.shape[:-1], np.int32)
    for index in range(values.shape[-1]):
        here = values[..., index]
        same = here == values[..., index - 1] if index else np.zeros(here.shape, np.bool_)
        run = np.where(same, run, 0) + counted[..., index]
        better = run > most
        best[better], most[better] = here[better], run[better]
    return best


_HOW = {
    Interpolation.AVERAGE: _average,
    Interpolation.MODE: _mode,
    Interpolation.MIN: _least,
    Interpolation.MAX: _greatest,
}
