"""Kinds of pixels, pictures and ways between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np


class Interpolation(StrEnum):
    """How a value between pixel centres, or over many pixels, is found."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    CUBIC = "cubic"
    AVERAGE = "average"
    MODE = "mode"
    MIN = "min"
    MAX = "max"


class PixelType(StrEnum):
    """Type of a pixel; the narrow ones are carried in one byte each."""

    BIT1 = "bit1"
    BIT2 = "bit2"
    BIT4 = "bit4"
    UINT8 = "uint8"
    INT8 = "int8"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    COMPLEX64 = "complex64"
    COMPLEX128 = "complex128"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Array type that carries it."""
        return np.dtype("uint8") if self.bits < 8 else np.dtype(self.value)

    @property
    def bits(self) -> int:
        """Bits of one value."""
        if self.value.startswith("bit"):
            return int(self.value[3:])
        return int(np.dtype(self.value).itemsize) * 8

    @property
    def is_integer(self) -> bool:
        """True for whole numbers."""
        return self.bits < 8 or np.dtype(self.value).kind in "iu"

    @property
    def is_complex(self) -> bool:
        """True for complex numbers."""
        return self.value.startswith("complex")

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value."""
        if self.bits < 8:
            return 0.0, float(2**self.bits - 1)
        dtype = np.dtype(self.value)
        if dtype.kind in "iu":
            return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)

    @classmethod
    def of(cls, dtype: np.dtype[Any] | str) -> PixelType:
        """Narrowest pixel type that carries arrays of `dtype`.

        Types without a counterpart widen: int64 and uint64 to float64, float16 to float32, bool to uint8.
        """
        name = np.dtype(dtype).name
        wider = {"bool": "uint8", "int64": "float64", "uint64": "float64", "float16": "float32"}
        return cls(wider.get(name, name))


class DataKind(StrEnum):
    """What the numbers of a raster mean, as far as display is concerned."""

    ELEVATION = "elevation"
    THEMATIC = "thematic"
    RGB = "rgb"
    GENERIC = "generic"


class ImageFormat(StrEnum):
    """How a picture or a block of numbers is written.

    AUTO is JPEG where every pixel is valid, else PNG32. PNG is the smallest lossless PNG that shows
    everything: grey, palette, RGB or RGBA. TIFF holds the numbers, TIFF_COLORS the colours of a picture.
    """

    AUTO = "auto"
    PNG = "png"
    PNG8 = "png8"
    PNG24 = "png24"
    PNG32 = "png32"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"
    TIFF_COLORS = "tiff_colors"
    BIP = "bip"
    BSQ = "bsq"
    LERC = "lerc"
    KMZ = "kmz"

    @property
    def is_display(self) -> bool:
        """True where 8-bit colours are written rather than the numbers themselves."""
        return self not in _NUMERIC


_NUMERIC = frozenset({ImageFormat.TIFF, ImageFormat.BIP, ImageFormat.BSQ, ImageFormat.LERC})


class Effort(StrEnum):
    """How hard lossless picture encoders try."""

    FAST = "fast"
    BALANCED = "balanced"
    SMALL = "small"


class Compression(StrEnum):
    """Compression inside a TIFF."""

    NONE = "none"
    DEFLATE = "deflate"
    LZW = "lzw"
    JPEG = "jpeg"
    LERC = "lerc"
