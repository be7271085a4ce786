"""Finished pixels to the bytes of a file: one pure function, one module for each format."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from proxy.model import EncodeOptions, ImageFormat, Picture, Raster
from proxy.render.encode.bmp import bmp
from proxy.render.encode.choose import chosen
from proxy.render.encode.gif import gif
from proxy.render.encode.jpeg import jpeg
from proxy.render.encode.kmz import kmz
from proxy.render.encode.lerc import lerc
from proxy.render.encode.png import png, png8, png24, png32
from proxy.render.encode.raw import bip, bsq
from proxy.render.encode.tiff import tiff, tiff_colors
from proxy.render.encode.webp import webp

__all__ = ["ENCODERS", "encode"]

Encoder = Callable[[Raster, EncodeOptions], bytes]

_OCTETS = "application/octet-stream"

#: Encoder, media type and file extension of every format; AUTO is one of the others by then.
ENCODERS: MappingProxyType[ImageFormat, tuple[Encoder, str, str]] = MappingProxyType(
    {
        ImageFormat.PNG: (png, "image/png", "png"),
        ImageFormat.PNG8: (png8, "image/png", "png"),
        ImageFormat.PNG24: (png24, "image/png", "png"),
        ImageFormat.PNG32: (png32, "image/png", "png"),
        ImageFormat.JPEG: (jpeg, "image/jpeg", "jpg"),
        ImageFormat.WEBP: (webp, "image/webp", "webp"),
        ImageFormat.GIF: (gif, "image/gif", "gif"),
        ImageFormat.BMP: (bmp, "image/bmp", "bmp"),
        ImageFormat.TIFF: (tiff, "image/tiff", "tif"),
        ImageFormat.TIFF_COLORS: (tiff_colors, "image/tiff", "tif"),
        ImageFormat.BIP: (bip, _OCTETS, "bip"),
        ImageFormat.BSQ: (bsq, _OCTETS, "bsq"),
        ImageFormat.LERC: (lerc, _OCTETS, "lerc"),
        ImageFormat.KMZ: (kmz, "application/vnd.google-earth.kmz", "kmz"),
    }
)


def encode(raster: Raster, format: ImageFormat, options: EncodeOptions | None = None) -> Picture:
    """Write a raster in a format.

    Args:
        raster: for display formats uint8, one band (grey, or indices where it has a colormap) or three
            (RGB); PNG, PNG24 and PNG32 take uint16 without a colormap too. For the others any type and
            number of bands.
        format: AUTO becomes JPEG where every pixel is opaque, else PNG32.
        options: settings of the encoders; None for their defaults.

    Returns:
        The bytes with their media type and extension (without a dot).

    Raises:
        Unsupported: the format cannot hold such pixels.
        InvalidParameter: a negative tolerance.
    """
    encoder, media_type, extension = ENCODERS[chosen(raster, format)]
    return Picture(encoder(raster, options or EncodeOptions()), media_type, extension)
