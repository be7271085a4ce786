"""Conversion between pixel types."""

from __future__ import annotations

import numpy as np

from proxy.model import Array, Mask, PixelType, Raster


def convert(
    raster: Raster, target: PixelType, *, beyond_is_nodata: bool = False, truncate: bool = False
) -> Raster:
    """Pixels in another type.

    Args:
        raster: any number of bands of any type.
        target: type of the result; complex numbers become their modulus in a real one.
        beyond_is_nodata: values outside the range of `target` become invalid, instead of clamped.
        truncate: floats are cut toward zero, instead of rounded half away from zero.

    Returns:
        The raster with its names and statistics, and its colormap where 16 bits hold its values; NaN and
        infinity are invalid in an integer.
    """
    if raster.pixel_type is target:
        return raster
    data, mask = raster.data, raster.mask
    with np.errstate(all="ignore"):
        if data.dtype.kind == "c" and not target.is_complex:
            data = np.abs(data)
        if target.is_integer:
            data, mask = _whole(data, mask, target, truncate)
        if not target.is_complex:
            data, mask = _within(data, mask, target, beyond_is_nodata)
        data = data.astype(target.dtype)
    nodata = raster.nodata
    if nodata is not None and not _representable(nodata, target):
        nodata = None
    return raster.with_data(
        data,
        mask=mask,
        band_names=raster.band_names,
        colormap=raster.colormap if target.is_integer and target.bits <= 16 else None,
        statistics=raster.statistics,
        nodata=nodata,
    )


def without_nan(data: Array, mask: Mask | None) -> tuple[Array, Mask | None]:
    """Zeros in place of NaN and infinity; a pixel where any band had one is invalid."""
    if data.dtype.kind not in "fc":
        return data, mask
    finite = np.isfinite(data)
    if np.all(finite):
        return data, mask
    good = np.all(finite, axis=0)
    return np.where(finite, data, data.dtype.type(0)), good if mask is None else mask & good


def _whole(data: Array, mask: Mask | None, target: PixelType, truncate: bool) -> tuple[Array, Mask | None]:
    if data.dtype.kind != "f":
        return data, mask
    data, mask = without_nan(data, mask)
    if target.bits > 16:
        # float32 cannot hold the greatest 32-bit integers.
        data = data.astype(np.float64)
    return np.trunc(data if truncate else data + np.copysign(data.dtype.type(0.5), data)), mask


def _within(
    data: Array, mask: Mask | None, target: PixelType, beyond_is_nodata: bool
) -> tuple[Array, Mask | None]:
    if target.bits >= 8 and np.can_cast(data.dtype, target.dtype):
        return data, mask
    low, high = target.range
    if beyond_is_nodata:
        good = np.all((data >= low) & (data <= high), axis=0)
        mask = good if mask is None else mask & good
    if data.dtype.kind in "iu":
        limits = np.iinfo(data.dtype)
        low, high = max(int(low), int(limits.min)), min(int(high), int(limits.max))
    return np.clip(data, low, high), mask


def _representable(value: float, target: PixelType) -> bool:
    if not target.is_integer:
        return True
    low, high = target.range
    return float(value).is_integer() and low <= value <= high
