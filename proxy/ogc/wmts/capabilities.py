"""The capabilities document of WMTS 1.0.0."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import quote

from proxy.config import Config, OgcConfig
from proxy.ogc import dimensions
from proxy.ogc.access import Opened
from proxy.ogc.crs_names import of_matrix_set
from proxy.ogc.formats import TILES_OFFERED
from proxy.ogc.legend import HEIGHT, WIDTH
from proxy.ogc.values import INFO_EXTENSIONS, INFO_FORMATS
from proxy.ogc.wmts.sets import PublishedSet, published
from proxy.ogc.xml import OWS, XLINK, Element, child, link, root, written
from proxy.xyz.params import matrix_set
from proxy.xyz.tilejson import rounded_bounds

WMTS = "http://www.opengis.net/wmts/1.0"
GML = "http://www.opengis.net/gml"
SCHEMA = f"{WMTS} http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd"
VERSION = "1.0.0"
SECTIONS = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Contents", "Themes")
#: Metres of a pixel at scale 1.
PIXEL = 0.00028


def capabilities(
    config: Config,
    address: str,
    listed: Sequence[Opened],
    sections: Collection[str] = SECTIONS,
    formats: Sequence[str] = tuple(TILES_OFFERED),
) -> bytes:
    """The document.

    Args:
        address: of the service endpoint, without a query: `https://…/wmts` or `https://…/wmts/{service}`.
        listed: services in order; those that lie in no offered tile matrix set are left out.
        sections: names of those that are wanted.
        formats: of tiles, of those in `TILES_OFFERED`.
    """
    top = root(f"{{{WMTS}}}Capabilities", {None: WMTS, "ows": OWS, "xlink": XLINK, "gml": GML}, SCHEMA)
    top.set("version", VERSION)
    if "ServiceIdentification" in sections:
        _identification(top, config.ogc)
    if "ServiceProvider" in sections:
        _provider(top, config.ogc, address)
    if "OperationsMetadata" in sections:
        _operations(top, address)
    if "Contents" in sections:
        _contents(top, config, address, listed, formats)
    link(top, "ServiceMetadataURL", f"{address}/{VERSION}/WMTSCapabilities.xml")
    return written(top)


def _ows(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    return child(parent, f"{{{OWS}}}{tag}", text, **attributes)


def _identification(top: Element, config: OgcConfig) -> None:
    found = _ows(top, "ServiceIdentification")
    _ows(found, "Title", config.title)
    _ows(found, "Abstract", config.description)
    if config.keywords:
        words = _ows(found, "Keywords")
        for word in config.keywords:
            _ows(words, "Keyword", word)
    _ows(found, "ServiceType", "OGC WMTS")
    _ows(found, "ServiceTypeVersion", VERSION)
    _ows(found, "Fees", config.fees)
    _ows(found, "AccessConstraints", config.access_constraints)


def _provider(top: Element, config: OgcConfig, address: str) -> None:
    found = _ows(top, "ServiceProvider")
    _ows(found, "ProviderName", config.provider)
    link(found, f"{{{OWS}}}ProviderSite", config.site or address)
    contact = _ows(found, "ServiceContact")
    if config.contact:
        _ows(contact, "IndividualName", config.contact)
    if config.email:
        _ows(_ows(_ows(contact, "ContactInfo"), "Address"), "ElectronicMailAddress", config.email)


def _operations(top: Element, address: str) -> None:
    found = _ows(top, "OperationsMetadata")
    for name in ("GetCapabilities", "GetTile", "GetFeatureInfo"):
        operation = _ows(found, "Operation", name=name)
        http = _ows(_ows(operation, "DCP"), "HTTP")
        # One address for each operation; that of the paths follows from the layers' own templates.
        get = link(http, f"{{{OWS}}}Get", f"{address}?")
        values = _ows(_ows(get, "Constraint", name="GetEncoding"), "AllowedValues")
        _ows(values, "Value", "KVP")


def _contents(
    top: Element, config: Config, address: str, listed: Sequence[Opened], formats: Sequence[str]
) -> None:
    found = child(top, "Contents")
    held = [(each, published(config, each.service, each.source.info)) for each in listed]
    used: dict[str, tuple[PublishedSet, int]] = {}
    for each, sets in held:
        for one in sets:
            last = one.limits(each.source.info)[-1].zoom
            used[one.name] = one, max(last, used[one.name][1] if one.name in used else last)
    for each, sets in held:
        if sets:
            _layer(found, address, each, tuple(used[one.name] for one in sets), formats)
    for one, last in used.values():
        _matrix_set(found, one, last)


def _layer(
    contents: Element,
    address: str,
    opened: Opened,
    sets: Sequence[tuple[PublishedSet, int]],
    formats: Sequence[str],
) -> None:
    """A layer; beside each set its finest matrix in this document."""
    service, info = opened.service, opened.source.info
    layer = child(contents, "Layer")
    _ows(layer, "Title", service.title)
    if service.description:
        _ows(layer, "Abstract", service.description)
    if sets[0][0].shows_void(info):
        # Under this word tests look for a layer whose coarsest tile has transparent pixels.
        _ows(_ows(layer, "Keywords"), "Keyword", "Transparent")
    assert info.geographic_bounds is not None
    west, south, east, north = rounded_bounds(info.geographic_bounds)
    box = _ows(layer, "WGS84BoundingBox")
    _ows(box, "LowerCorner", f"{west} {south}")
    _ows(box, "UpperCorner", f"{east} {north}")
    _ows(layer, "Identifier", service.name)
    own = service_address(address, service.name)
    for number, rendering in enumerate(service.renderings):
        style = child(layer, "Style", isDefault="true" if number == 0 else "false")
        _ows(style, "Title", rendering.title)
        if rendering.description:
            _ows(style, "Abstract", rendering.description)
        _ows(style, "Identifier", rendering.name)
        legend = child(style, "LegendURL", format="image/png", width=str(WIDTH), height=str(HEIGHT))
        legend.set(f"{{{XLINK}}}href", f"{own}/{VERSION}/{quote(rendering.name)}/legend.png")
    for name in formats:
        child(layer, "Format", name)
    for name in INFO_FORMATS:
        child(layer, "InfoFormat", name)
    offered = dimensions.offered(opened.source)
    for dimension in offered:
        _dimension(layer, dimension)
    for one, last in sets:
        _link(layer, one, opened, last)
    _addresses(layer, own, tuple(dimension.name for dimension in offered), formats)


def service_address(address: str, name: str) -> str:
    """Address of a service's own endpoint, from that of any endpoint."""
    path = quote(name)
    return address if address.endswith(f"/wmts/{path}") else f"{address}/{path}"


def _dimension(layer: Element, offered: dimensions.Offered) -> None:
    found = child(layer, "Dimension")
    if offered.description:
        _ows(found, "Title", offered.description)
    _ows(found, "Identifier", offered.name)
    if offered.units:
        _ows(found, "UOM", offered.units)
    if offered.symbol:
        child(found, "UnitSymbol", offered.symbol)
    child(found, "Default", offered.default)
    child(found, "Current", "true" if offered.kind == dimensions.TIME else "false")
    for value in offered.values:
        child(found, "Value", value)


def _link(layer: Element, one: PublishedSet, opened: Opened, last: int) -> None:
    """Limits in every matrix of the document: tests ask for each of them."""
    found = child(layer, "TileMatrixSetLink")
    child(found, "TileMatrixSet", one.name)
    listed = child(found, "TileMatrixSetLimits")
    for each in one.limits(opened.source.info, last):
        matrix = child(listed, "TileMatrixLimits")
        child(matrix, "TileMatrix", each.matrix)
        child(matrix, "MinTileRow", each.min_row)
        child(matrix, "MaxTileRow", each.max_row)
        child(matrix, "MinTileCol", each.min_col)
        child(matrix, "MaxTileCol", each.max_col)


def _addresses(layer: Element, own: str, names: Sequence[str], formats: Sequence[str]) -> None:
    """Templates, one for each format. Dimensions stand in the query, since their values may hold slashes.

    They are separated by semicolons: there are clients that write a filled template into XML as it is.
    """
    tile = f"{own}/{VERSION}/{{Style}}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}"
    query = "?" + ";".join(f"{name}={{{name}}}" for name in names) if names else ""
    for name in formats:
        template = f"{tile}.{TILES_OFFERED[name]}{query}"
        child(layer, "ResourceURL", format=name, resourceType="tile", template=template)
    for extension, media_type in INFO_EXTENSIONS.items():
        template = f"{tile}/{{J}}/{{I}}.{extension}{query}"
        child(layer, "ResourceURL", format=media_type, resourceType="FeatureInfo", template=template)


def _matrix_set(contents: Element, one: PublishedSet, last: int) -> None:
    """A set down to the finest matrix of any layer: GDAL takes the finest there is for its pixels."""
    tms = matrix_set(one.tms)
    found = child(contents, "TileMatrixSet")
    if one.name == tms.id and tms.title:
        _ows(found, "Title", tms.title)
    _ows(found, "Identifier", one.name)
    _ows(found, "SupportedCRS", one.crs)
    if one.scales:
        child(found, "WellKnownScaleSet", one.scales)
    named = of_matrix_set(one.tms)
    metres = named.reference.metres_per_unit
    for zoom in range(tms.minzoom, last + 1):
        matrix = tms.matrix(zoom)
        element = child(found, "TileMatrix")
        _ows(element, "Identifier", matrix.id)
        # From the cell size: what a registered definition says of its scale may be wrong.
        child(element, "ScaleDenominator", repr(matrix.cellSize * metres / PIXEL))
        first, second = (float(value) for value in matrix.pointOfOrigin)
        child(element, "TopLeftCorner", f"{first!r} {second!r}")
        child(element, "TileWidth", matrix.tileWidth)
        child(element, "TileHeight", matrix.tileHeight)
        child(element, "MatrixWidth", matrix.matrixWidth)
        child(element, "MatrixHeight", matrix.matrixHeight)
