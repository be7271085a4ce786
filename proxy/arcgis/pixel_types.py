"""Esri's codes of pixel types."""

from __future__ import annotations

from proxy.model import PixelType

_CODES = {
    PixelType.BIT1: "U1",
    PixelType.BIT2: "U2",
    PixelType.BIT4: "U4",
    PixelType.UINT8: "U8",
    PixelType.INT8: "S8",
    PixelType.UINT16: "U16",
    PixelType.INT16: "S16",
    PixelType.UINT32: "U32",
    PixelType.INT32: "S32",
    PixelType.FLOAT32: "F32",
    PixelType.FLOAT64: "F64",
    PixelType.COMPLEX64: "C64",
    PixelType.COMPLEX128: "C128",
}
_TYPES = {code: pixel_type for pixel_type, code in _CODES.items()}


def pixel_type(code: str) -> PixelType | None:
    """Pixel type of a code such as `U8`, without regard to case; None for `UNKNOWN` and for nothing.

    Raises:
        ValueError: there is no such code.
    """
    wanted = code.strip().upper()
    if wanted in ("", "UNKNOWN"):
        return None
    if wanted not in _TYPES:
        raise ValueError(f"'{code[:40]}' is no pixel type.")
    return _TYPES[wanted]


def code(pixel_type: PixelType) -> str:
    """Esri's code of a pixel type."""
    return _CODES[pixel_type]
