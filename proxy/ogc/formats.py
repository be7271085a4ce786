"""Media types of pictures in OGC services."""

from __future__ import annotations

from proxy.model import ImageFormat

#: What documents offer, the best known first.
OFFERED = {
    "image/png": ImageFormat.PNG,
    "image/jpeg": ImageFormat.JPEG,
    "image/webp": ImageFormat.WEBP,
    "image/tiff": ImageFormat.TIFF,
}
#: What WMTS offers, with the endings of addresses: those that every client reads. The others are sent to
#: whoever asks.
TILES_OFFERED = {"image/png": "png", "image/jpeg": "jpg"}
#: What WMS offers beside these.
WMS_OFFERED = OFFERED | {"image/gif": ImageFormat.GIF, "image/png; mode=8bit": ImageFormat.PNG8}
#: What is understood too: the spellings of other servers, and formats that no document lists, since the
#: answer has another media type.
_UNDERSTOOD = {
    "image/jpg": ImageFormat.JPEG,
    "image/jpgpng": ImageFormat.AUTO,
    "image/vnd.jpeg-png": ImageFormat.AUTO,
    "image/png8": ImageFormat.PNG8,
    "image/png24": ImageFormat.PNG24,
    "image/png32": ImageFormat.PNG32,
    "image/png; mode=24bit": ImageFormat.PNG24,
    "image/png; mode=32bit": ImageFormat.PNG32,
    "image/geotiff": ImageFormat.TIFF,
    "image/tiff; application=geotiff": ImageFormat.TIFF,
    "image/bmp": ImageFormat.BMP,
}
_ALL = {name.replace(" ", ""): value for name, value in (WMS_OFFERED | _UNDERSTOOD).items()}


def image_format(media_type: str) -> ImageFormat | None:
    """Format of a media type in any case and with any blanks; None where it is not understood."""
    return _ALL.get(media_type.lower().replace(" ", ""))
