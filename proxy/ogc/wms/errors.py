"""Service exceptions of WMS, as documents or as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from starlette.responses import Response

from proxy.crs import WGS84, UnknownCRS
from proxy.errors import (
    Busy,
    Denied,
    InvalidParameter,
    InvalidRule,
    NotAllowed,
    ProxyError,
    UnknownRendering,
    UnknownService,
)
from proxy.model import EncodeOptions, Extent, Grid, ImageFormat, Raster
from proxy.ogc.dimensions import InvalidDimension
from proxy.ogc.wms.versions import Version
from proxy.ogc.xml import child, root, written
from proxy.render.encode import encode
from proxy.web import error_headers

OGC = "http://www.opengis.net/ogc"
SCHEMA = f"{OGC} http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd"
DOCTYPE_111 = (
    '<!DOCTYPE ServiceExceptionReport SYSTEM "http://schemas.opengis.net/wms/1.1.1/exception_1_1_1.dtd">'
)
MEDIA_TYPES = {Version.V130: "text/xml", Version.V111: "application/vnd.ogc.se_xml"}


class Style(StrEnum):
    """How a request wants its errors."""

    XML = "xml"
    IMAGE = "inimage"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Manner:
    """How and in which version an error is told.

    Attributes:
        size: width and height of the picture that was asked for.
        background: None for a transparent one.
    """

    version: Version
    style: Style = Style.XML
    size: tuple[int, int] = (256, 256)
    format: ImageFormat = ImageFormat.PNG
    media_type: str = "image/png"
    background: tuple[int, int, int] | None = (255, 255, 255)


class WmsError(ProxyError):
    """An error with a code of the standard, empty for none."""

    status = 400

    def __init__(self, message: str, code: str = "", locator: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.locator = locator


def missing(name: str) -> WmsError:
    """A parameter that must be there."""
    return WmsError(f"The parameter '{name}' is missing.", "", name)


def exception(error: ProxyError, manner: Manner) -> Response:
    """An error as the request wants it, never kept by caches.

    What the caller did wrong is told with status 200, as clients of maps expect; that the server is busy, a
    source is broken or a token is needed, with its own status, so that those in between know.
    """
    headers = error_headers(error)
    refused = isinstance(error, Denied | NotAllowed)
    if manner.style is not Style.XML and not refused:
        return Response(_picture(error, manner), 200, headers, manner.media_type)
    status = error.status if refused or isinstance(error, Busy) or error.status >= 500 else 200
    headers["Content-Type"] = MEDIA_TYPES[manner.version]
    return Response(_document(error, manner.version), status, headers)


def _document(error: ProxyError, version: Version) -> bytes:
    code, locator = _code(error, version)
    if version is Version.V130:
        top = root(f"{{{OGC}}}ServiceExceptionReport", {None: OGC}, SCHEMA, version="1.3.0")
    else:
        top = root("ServiceExceptionReport", {}, version="1.1.1")
    found = child(top, "ServiceException", error.message)
    if code:
        found.set("code", code)
    if locator and version is Version.V130:
        found.set("locator", locator)
    return written(top, None if version is Version.V130 else DOCTYPE_111)


def _code(error: ProxyError, version: Version) -> tuple[str, str]:
    if isinstance(error, WmsError):
        return error.code, error.locator
    if isinstance(error, UnknownService):
        return "LayerNotDefined", "layers"
    if isinstance(error, UnknownRendering):
        return "StyleNotDefined", "styles"
    if isinstance(error, UnknownCRS):
        return ("InvalidCRS", "crs") if version is Version.V130 else ("InvalidSRS", "srs")
    if isinstance(error, InvalidDimension):
        return "InvalidDimensionValue", error.name
    if isinstance(error, InvalidParameter):
        return "", error.name
    if isinstance(error, InvalidRule):
        return "StyleNotDefined", "sld_body"
    return "", ""


def _picture(error: ProxyError, manner: Manner) -> bytes:
    width, height = manner.size
    image = Image.new("RGB", manner.size, manner.background or (255, 255, 255))
    shown = np.full((height, width), manner.background is not None)
    if manner.style is Style.IMAGE:
        shown |= _lettered(image, error.message)
    grid = Grid(WGS84, Extent(0.0, 0.0, 1.0, 1.0), width, height)
    data = np.ascontiguousarray(np.moveaxis(np.asarray(image), -1, 0))
    return encode(Raster(data, None if shown.all() else shown, grid), manner.format, EncodeOptions()).body


def _lettered(image: Image.Image, text: str) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Write a text over a picture, as much of it as there is room for; where there is ink or its halo."""
    font = ImageFont.load_default(max(9, min(14, image.width // 22)))
    ink = Image.new("L", image.size, 0)
    halo = Image.new("L", image.size, 0)
    lines = "\n".join(_wrapped(text, font, image.width - 12))
    ImageDraw.Draw(halo).multiline_text((6, 6), lines, 255, font, stroke_width=2)
    ImageDraw.Draw(ink).multiline_text((6, 6), lines, 255, font)
    image.paste((255, 255, 255), mask=halo)
    image.paste((160, 0, 0), mask=ink)
    return np.asarray(halo) > 0


def _wrapped(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, room: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
