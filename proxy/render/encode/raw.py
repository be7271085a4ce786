"""Raw pixels and a bit mask: BIP and BSQ."""

from __future__ import annotations

import numpy as np

from proxy.errors import Unsupported
from proxy.model import Array, EncodeOptions, Raster


def bip(raster: Raster, options: EncodeOptions) -> bytes:
    """Little-endian pixels with bands interleaved by pixel, then the mask."""
    return np.moveaxis(_values(raster), 0, -1).tobytes() + _mask_bits(raster)


def bsq(raster: Raster, options: EncodeOptions) -> bytes:
    """Little-endian pixels band after band, then the mask."""
    return _values(raster).tobytes() + _mask_bits(raster)


def _values(raster: Raster) -> Array:
    """Pixels (bands, rows, columns), little-endian; nodata, or 0 if there is none, where masked.

    Raises:
        Unsupported: complex pixels, whose layout the format does not settle.
    """
    kind = raster.pixel_type
    if kind.is_complex:
        raise Unsupported("Complex pixels can be had as TIFF only.")
    values = raster.data.astype(kind.dtype.newbyteorder("<"))
    if raster.mask is not None:
        low, high = kind.range
        nodata = raster.nodata
        held = nodata is not None and (low <= nodata <= high or not (kind.is_integer or np.isfinite(nodata)))
        values[:, ~raster.mask] = nodata if held else 0
    return values


def _mask_bits(raster: Raster) -> bytes:
    """One bit a pixel, 1 where valid, most significant first, rows not padded."""
    return np.packbits(raster.valid()).tobytes()
