"""Parameters of GetMap and GetFeatureInfo to values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from proxy.config import Config
from proxy.errors import ImageTooLarge
from proxy.model import Extent, Grid, ImageFormat
from proxy.ogc.crs_names import NamedCRS, named, read
from proxy.ogc.formats import image_format
from proxy.ogc.kvp import Pairs
from proxy.ogc.snapping import snapped
from proxy.ogc.values import Place
from proxy.ogc.wms.colors import RGB, color
from proxy.ogc.wms.errors import Manner, Style, WmsError, missing
from proxy.ogc.wms.named_layers import WantedLayer, wanted_layers
from proxy.ogc.wms.versions import Version
from proxy.services import Registry, Service

WHITE: RGB = (255, 255, 255)
_WHOLE = re.compile(r"\+?\d{1,9}(\.0*)?", re.ASCII)
_EXCEPTIONS = {
    "": Style.XML,
    "xml": Style.XML,
    "application/vnd.ogc.se_xml": Style.XML,
    "inimage": Style.IMAGE,
    "application/vnd.ogc.se_inimage": Style.IMAGE,
    "blank": Style.BLANK,
    "application/vnd.ogc.se_blank": Style.BLANK,
}


@dataclass(frozen=True, slots=True)
class MapRequest:
    """A map. `background` is None where transparent pixels stay so."""

    layers: tuple[WantedLayer, ...]
    crs: NamedCRS
    grid: Grid
    format: ImageFormat
    media_type: str
    transparent: bool
    color: RGB

    @property
    def scale(self) -> float:
        """Scale denominator, by the standard's pixel of 0.28 mm."""
        return self.grid.resolution[0] * self.grid.crs.metres_per_unit / 0.00028


def manner_of(pairs: Pairs, version: Version) -> Manner:
    """How errors of a request are to be told. Never fails: what is wrong here is told as XML."""
    style = _EXCEPTIONS.get(pairs.text("exceptions").lower(), Style.XML)
    wanted = pairs.text("format")
    output = image_format(wanted) if wanted else None
    width, height = _size(pairs.text("width")), _size(pairs.text("height"))
    fits = width and height and width <= 4096 and height <= 4096
    if style is Style.XML or output is None or not fits:
        return Manner(version)
    assert width is not None
    assert height is not None
    assert output is not None
    transparent = pairs.text("transparent").lower() == "true"
    background = None if transparent else color(pairs.text("bgcolor")) or WHITE
    # Flat colours: any format that may become another one is PNG here, and TIFF holds colours.
    kind = {ImageFormat.AUTO: ImageFormat.PNG, ImageFormat.TIFF: ImageFormat.TIFF_COLORS}.get(output, output)
    media_type = "image/png" if output is ImageFormat.AUTO else wanted
    return Manner(version, style, (width, height), kind, media_type, background)


def map_request(
    pairs: Pairs, version: Version, config: Config, registry: Registry, only: Service | None
) -> MapRequest:
    """A map as GetMap asks for it.

    Args:
        only: the service of this endpoint, None for all.

    Raises:
        WmsError: a parameter is missing or has no meaning.
        UnknownService, UnknownRendering, UnknownCRS, ImageTooLarge: as they say.
    """
    if pairs.text("sld"):
        raise WmsError(
            "Styles are not fetched from addresses; send SLD_BODY.", "OperationNotSupported", "sld"
        )
    crs = _crs(pairs, version)
    media_type = pairs.text("format")
    if not media_type:
        raise missing("format")
    output = image_format(media_type)
    if output is None:
        raise WmsError(f"The format '{media_type[:60]}' is not offered.", "InvalidFormat", "format")
    exceptions = pairs.text("exceptions").lower()
    if exceptions not in _EXCEPTIONS:
        raise WmsError("EXCEPTIONS is XML, INIMAGE or BLANK.", "", "exceptions")
    layers = wanted_layers(pairs, config, registry, only)
    return MapRequest(
        layers,
        crs,
        _grid(pairs, crs, version, layers),
        output,
        media_type,
        _transparent(pairs),
        _background(pairs),
    )


def place_of(pairs: Pairs, version: Version, wanted: MapRequest) -> Place:
    """Middle of the pixel that GetFeatureInfo asks about.

    Raises:
        WmsError: it lies outside the map, or is no number.
    """
    names = ("i", "j") if version is Version.V130 else ("x", "y")
    other = ("x", "y") if version is Version.V130 else ("i", "j")
    texts = [pairs.text(name) or pairs.text(alias) for name, alias in zip(names, other, strict=True)]
    grid = wanted.grid
    numbers = []
    for name, text, size in zip(names, texts, (grid.width, grid.height), strict=True):
        if not text:
            raise missing(name)
        if not _WHOLE.fullmatch(text) or not float(text) < size:
            raise WmsError(f"{name.upper()} lies between 0 and {size - 1}.", "InvalidPoint", name)
        numbers.append(int(float(text)))
    x, y = grid.resolution
    column, row = numbers
    return Place(grid.extent.xmin + (column + 0.5) * x, grid.extent.ymax - (row + 0.5) * y, grid.crs)


def _crs(pairs: Pairs, version: Version) -> NamedCRS:
    name = "crs" if version is Version.V130 else "srs"
    text = pairs.text(name) or pairs.text("crs") or pairs.text("srs")
    if not text:
        raise missing(name)
    return read(text)


def _check_crs(service: Service, crs: NamedCRS, version: Version) -> None:
    allowed = service.config.crs
    if not allowed:
        return
    own = named(service.info.crs)
    if crs not in {read(text) for text in allowed} | ({own} if own else set()):
        code, name = ("InvalidCRS", "crs") if version is Version.V130 else ("InvalidSRS", "srs")
        raise WmsError(f"Layer '{service.name}' is not drawn in {crs.short}.", code, name)


def _grid(pairs: Pairs, crs: NamedCRS, version: Version, layers: tuple[WantedLayer, ...]) -> Grid:
    text = pairs.text("bbox")
    if not text:
        raise missing("bbox")
    try:
        first, second, third, fourth = (float(part) for part in text.split(","))
    except ValueError:
        raise WmsError("BBOX is four numbers.", "", "bbox") from None
    if not all(map(math.isfinite, (first, second, third, fourth))):
        raise WmsError("BBOX is four finite numbers.", "", "bbox")
    if not (first < third and second < fourth):
        raise WmsError("BBOX is its least corner, then its greatest.", "", "bbox")
    corners = (first, second, third, fourth)
    # The older version puts x first in every system.
    extent = crs.box(corners) if version is Version.V130 else Extent(*corners)
    if not (extent.width < math.inf and extent.height < math.inf):
        raise WmsError("BBOX is too large.", "", "bbox")
    sizes = []
    for name in ("width", "height"):
        if not pairs.text(name):
            raise missing(name)
        size = _size(pairs.text(name))
        if not size:
            raise WmsError(f"{name.upper()} is a positive whole number.", "", name)
        sizes.append(size)
    width, height = sizes
    for layer in layers:
        limits = layer.service.config.limits
        if width > limits.max_width or height > limits.max_height:
            raise ImageTooLarge(width, height, limits.max_width, limits.max_height)
    return snapped(Grid(crs.reference, extent, width, height))


def _size(text: str) -> int | None:
    return int(float(text)) if _WHOLE.fullmatch(text) else None


def _transparent(pairs: Pairs) -> bool:
    text = pairs.text("transparent").lower()
    if text not in ("", "true", "false"):
        raise WmsError("TRANSPARENT is TRUE or FALSE.", "", "transparent")
    return text == "true"


def _background(pairs: Pairs) -> RGB:
    text = pairs.text("bgcolor")
    found = color(text) if text else WHITE
    if found is None:
        raise WmsError("BGCOLOR is 0xRRGGBB.", "", "bgcolor")
    return found


def check_layers(wanted: MapRequest, version: Version) -> None:
    """Refuse styles that do not exist, and systems that are not allowed. The sources are open.

    Raises:
        UnknownRendering: there is no such style.
        WmsError: a layer is not drawn in that system.
    """
    for layer in wanted.layers:
        layer.service.rendering(layer.style)
        _check_crs(layer.service, wanted.crs, version)


def legend_size(pairs: Pairs) -> tuple[tuple[int | None, int | None], RGB | None]:
    """Width and height of a legend, None for what is not said; and its background, None for none.

    Raises:
        WmsError: a value has no meaning.
    """
    sizes = []
    for name in ("width", "height"):
        size = _size(pairs.text(name)) if pairs.text(name) else None
        if pairs.text(name) and not size:
            raise WmsError(f"{name.upper()} is a positive whole number.", "", name)
        sizes.append(size)
    return (sizes[0], sizes[1]), None if _transparent(pairs) else _background(pairs)
