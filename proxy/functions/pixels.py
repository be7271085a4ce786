"""Small steps on pixels that many functions share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from proxy.model import Array, BandStatistics, Mask, PixelType, Raster

#: Pixels worked on at a time: a few float32 buffers of this size stay in the cache of a core.
STRIP = 65536

_INTEGERS = (
    PixelType.UINT8,
    PixelType.INT8,
    PixelType.UINT16,
    PixelType.INT16,
    PixelType.UINT32,
    PixelType.INT32,
)


def strips(height: int, width: int) -> Iterator[slice]:
    """Runs of rows that together cover `height`, each of about `STRIP` pixels."""
    step = max(1, STRIP // max(1, width))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def joined(*masks: Mask | None) -> Mask | None:
    """Valid where every mask is; None where no mask is given."""
    found: Mask | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found & mask
    return found


def without_nan(data: Array, mask: Mask | None) -> tuple[Array, Mask | None]:
    """Data (bands, rows, columns) with NaN and infinity made 0 and invalid; unchanged where there are none."""
    if data.dtype.kind not in "fc":
        return data, mask
    finite = np.isfinite(data)
    if finite.all():
        return data, mask
    good = finite.all(axis=0)
    return np.where(finite, data, data.dtype.type(0)), joined(mask, good)


def working_type(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    """Float that carries `dtype` without loss: float32 up to 16 bits and for itself, else float64."""
    return np.float64 if dtype.itemsize > 2 and dtype != np.float32 else np.float32


def narrowest(low: float, high: float) -> PixelType:
    """Smallest pixel type that holds all whole numbers of a range; float32 beyond 32 bits."""
    for candidate in _INTEGERS:
        least, greatest = candidate.range
        if least <= low and high <= greatest:
            return candidate
    return PixelType.FLOAT32


def evenly_spread(minimum: float, maximum: float, count: int = 1) -> tuple[BandStatistics, ...]:
    """Statistics of which only the range is known: mean and deviation are those of an even spread."""
    middle, deviation = (minimum + maximum) / 2, (maximum - minimum) / 12**0.5
    return (BandStatistics(minimum, maximum, middle, deviation),) * count


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
        The raster with its names, colormap and statistics; NaN and infinity are invalid in it.
    """
    if raster.pixel_type is target:
        return raster
    data, mask = raster.data, raster.mask
    if data.dtype.kind == "c" and not target.is_complex:
        data = np.abs(data)
    with np.errstate(all="ignore"):
        data, mask = without_nan(data, mask)
        if not target.is_complex:
            data, mask = _within(data, mask, target, beyond_is_nodata, truncate)
        data = data.astype(target.dtype)
    kept = {"band_names": raster.band_names, "colormap": raster.colormap, "statistics": raster.statistics}
    return raster.with_data(data, mask=mask, **kept)


def _within(
    data: Array, mask: Mask | None, target: PixelType, beyond_is_nodata: bool, truncate: bool
) -> tuple[Array, Mask | None]:
    low, high = target.range
    if data.dtype.kind == "f" and target.is_integer:
        # float32 cannot hold the greatest 32-bit integers.
        data = data.astype(np.float64) if target.bits > 16 else data
        data = np.trunc(data if truncate else data + np.copysign(data.dtype.type(0.5), data))
    if np.can_cast(data.dtype, target.dtype) and target.bits >= 8:
        return data, mask
    if beyond_is_nodata:
        return data, joined(mask, ((data >= low) & (data <= high)).all(axis=0))
    if data.dtype.kind in "iu":
        limits = np.iinfo(data.dtype)
        low, high = max(int(low), int(limits.min)), min(int(high), int(limits.max))
    return np.clip(data, low, high), mask
