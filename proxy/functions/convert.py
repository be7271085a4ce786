"""Conversion between pixel types."""

from __future__ import annotations

import numpy as np

from proxy.model import Array, Mask, PixelType, Raster


def convert(raster: Raster, target: PixelType) -> Raster:
    """Pixels in another type: floats are rounded half away from zero, values beyond the range are clamped.

    NaN becomes invalid where the target has no NaN; complex numbers become their modulus where the target
    is real.
    """
    if raster.pixel_type is target:
        return raster
    data, mask = raster.data, raster.mask
    if data.dtype.kind == "c" and not target.is_complex:
        data = np.abs(data)
    if target.is_integer:
        if data.dtype.kind == "f":
            data, mask = without_nan(data, mask)
            data = np.trunc(data + np.copysign(data.dtype.type(0.5), data))
        data = _clamped(data, *target.range)
    elif target is PixelType.FLOAT32 and data.dtype == np.float64:
        data = np.clip(data, *target.range)
    nodata = raster.nodata
    if nodata is not None and not _representable(nodata, target):
        nodata = None
    return raster.with_data(
        data.astype(target.dtype),
        mask=mask,
        band_names=raster.band_names,
        colormap=raster.colormap if target.is_integer and target.bits <= 16 else None,
        statistics=raster.statistics,
        nodata=nodata,
    )


def without_nan(data: Array, mask: Mask | None) -> tuple[Array, Mask | None]:
    """Zeros in place of NaN and infinity; a pixel where any band had one is invalid."""
    finite = np.isfinite(data)
    if finite.all():
        return data, mask
    good = finite.all(axis=0)
    return np.where(finite, data, data.dtype.type(0)), good if mask is None else mask & good


def _clamped(data: Array, low: float, high: float) -> Array:
    if data.dtype.kind == "f":
        return np.clip(data, low, high)
    limits = np.iinfo(data.dtype)
    return np.clip(data, max(int(low), limits.min), min(int(high), limits.max))


def _representable(value: float, target: PixelType) -> bool:
    if not target.is_integer:
        return True
    low, high = target.range
    return float(value).is_integer() and low <= value <= high
