"""Picture formats of maps and tiles."""

from __future__ import annotations

from proxy.model import ImageFormat
from proxy.ogc.api.negotiation import Representation

PNG = Representation("png", "image/png", "PNG")
JPEG = Representation("jpeg", "image/jpeg", "JPEG", ("jpg", "image/jpg"))
WEBP = Representation("webp", "image/webp", "WebP")
TIFF = Representation("tiff", "image/tiff;application=geotiff", "GeoTIFF", ("tif", "geotiff"))

#: The first is sent where nothing else is asked for.
MAP_FORMATS = (PNG, JPEG, WEBP, TIFF)

#: TIFF holds colours: numbers are not what a map is.
IMAGE_FORMATS = {
    PNG: ImageFormat.PNG,
    JPEG: ImageFormat.JPEG,
    WEBP: ImageFormat.WEBP,
    TIFF: ImageFormat.TIFF_COLORS,
}
