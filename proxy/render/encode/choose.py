"""The choice of a format that depends on the pixels."""

from __future__ import annotations

from proxy.model import ImageFormat, Raster
from proxy.render.encode.display import check, shows_through


def chosen(raster: Raster, format: ImageFormat) -> ImageFormat:
    """JPEG or PNG32 for AUTO, by whether any pixel is not opaque; other formats as they are."""
    if format is not ImageFormat.AUTO:
        return format
    check(raster)
    return ImageFormat.PNG32 if shows_through(raster) else ImageFormat.JPEG
