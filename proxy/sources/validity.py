"""Which pixels have a value, told by the values themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from proxy.model import Array, Mask


def valid_by_value(data: Array, nodata: float) -> Mask:
    """Pixels with a value: those where any band differs from `nodata`.

    Floats are compared at their own precision, since a declared -3.4e38 is seldom written exactly.
    """
    if np.isnan(nodata):
        return _negated(np.isnan(data))
    if data.dtype.kind in "fc":
        with np.errstate(over="ignore"):
            limit = data.dtype.type(nodata)
        tolerance = 1e-6 if data.dtype in ("float32", "complex64") else 1e-12
        return _negated(np.isclose(data, limit, rtol=tolerance, atol=0.0))
    if not float(nodata).is_integer() or not _fits(nodata, data.dtype):
        return np.ones(data.shape[1:], np.bool_)
    return _negated(np.equal(data, int(nodata)))


def bands_valid(data: Array, gap: float) -> Mask:
    """Values of each band, (bands, rows, columns), that are finite and not `gap`."""
    valid = np.stack([valid_by_value(band[None], gap) for band in data])
    return valid & np.isfinite(data) if data.dtype.kind == "f" else valid


def _negated(matches: Array) -> Mask:
    valid: Mask = np.logical_not(matches.all(axis=0))
    return valid


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max)
