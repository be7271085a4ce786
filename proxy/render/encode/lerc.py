"""LERC blobs (Limited Error Raster Compression)."""

from __future__ import annotations

import math

import imagecodecs
import numpy as np

from proxy.errors import InvalidParameter, Unsupported
from proxy.model import Array, EncodeOptions, Mask, Raster
from proxy.render.encode.lerc1 import lerc1

#: Greatest error of floats where the caller names none.
FLOAT_TOLERANCE = 0.001
#: Every known client reads several bands from blobs one after the other in this version, not in version 6.
CODEC_VERSION = 2


def lerc(raster: Raster, options: EncodeOptions) -> bytes:
    """One single-band blob per band, one after the other, each with the mask.

    A pixel that is not finite in any band is masked in all. Masked pixels read as 0. Version 1 of the
    codec family carries float32 only.

    Raises:
        Unsupported: complex pixels, or a version that is neither 1 nor 2.
        InvalidParameter: a tolerance that is negative or not a number.
    """
    if raster.pixel_type.is_complex:
        raise Unsupported("Complex pixels can be had as TIFF only.")
    if options.lerc_version not in (1, 2):
        raise Unsupported("LERC is offered in versions 1 and 2.")
    error = max_error(raster, options.tolerance)
    dtype = np.dtype(np.float32) if options.lerc_version == 1 else raster.pixel_type.dtype
    with np.errstate(over="ignore"):
        data, mask = _finite(np.ascontiguousarray(raster.data, dtype), raster.mask)
    if options.lerc_version == 1:
        return b"".join(lerc1(band, mask, error) for band in data)
    return b"".join(_blob(band, mask, error) for band in data)


def _blob(band: Array, mask: Mask | None, error: float) -> bytes:
    # The library leaves the last word of a Huffman-coded blob unwritten: without a buffer of zeros, four
    # bytes of old memory would be sent, and equal pixels would not be equal bytes.
    room = bytearray(band.nbytes + band.size + 4096)
    return bytes(imagecodecs.lerc_encode(band, level=error, masks=mask, version=CODEC_VERSION, out=room))


def max_error(raster: Raster, tolerance: float | None) -> float:
    """Greatest error to allow. Integers are exact up to and with 0.5.

    Raises:
        InvalidParameter: the tolerance is negative or not a number.
    """
    integer = raster.pixel_type.is_integer
    if tolerance is None:
        return 0.5 if integer else FLOAT_TOLERANCE
    if not math.isfinite(tolerance) or tolerance < 0:
        raise InvalidParameter("tolerance", "It must be 0 or more.")
    return max(tolerance, 0.5) if integer else tolerance


def _finite(data: Array, mask: Mask | None) -> tuple[Array, Mask | None]:
    """Pixels with 0 wherever they are not valid, and the mask that says where; None where all are."""
    if data.dtype.kind == "f":
        finite = np.asarray(np.isfinite(data).all(axis=0))
        mask = finite if mask is None else np.logical_and(mask, finite)
    if mask is None or mask.all():
        return data, None
    return np.where(mask, data, data.dtype.type(0)), np.ascontiguousarray(mask)
