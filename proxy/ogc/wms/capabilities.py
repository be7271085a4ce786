"""The capabilities documents of WMS."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from proxy.config import Config, OgcConfig
from proxy.ogc.access import Opened
from proxy.ogc.crs_names import NamedCRS
from proxy.ogc.dimensions import ELEVATION, TIME, Offered
from proxy.ogc.formats import WMS_OFFERED
from proxy.ogc.legend import HEIGHT, WIDTH
from proxy.ogc.values import INFO_FORMATS
from proxy.ogc.wms.layers import Box, LayerFacts, common, facts, union
from proxy.ogc.wms.named_layers import short_name
from proxy.ogc.wms.versions import Version
from proxy.ogc.xml import XLINK, Element, child, link, root, written
from proxy.renderings import Rendering

WMS = "http://www.opengis.net/wms"
SLD = "http://www.opengis.net/sld"
SCHEMA = (
    f"{WMS} http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd "
    f"{SLD} http://schemas.opengis.net/sld/1.1.0/sld_capabilities.xsd"
)
DOCTYPE_111 = (
    '<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://schemas.opengis.net/wms/1.1.1/capabilities_1_1_1.dtd" '
    "[<!ELEMENT VendorSpecificCapabilities EMPTY>]>"
)
MEDIA_TYPES = {Version.V130: "text/xml", Version.V111: "application/vnd.ogc.wms_xml"}
_HEIGHTS, _DEPTHS = "EPSG:5714", "EPSG:5715"
_EXCEPTIONS = {
    Version.V130: ("XML", "INIMAGE", "BLANK"),
    Version.V111: (
        "application/vnd.ogc.se_xml",
        "application/vnd.ogc.se_inimage",
        "application/vnd.ogc.se_blank",
    ),
}


def capabilities(
    config: Config, address: str, listed: Sequence[Opened], version: Version, *, by_style: bool = False
) -> bytes:
    """The document.

    Args:
        address: of the endpoint, without a query.
        listed: services in order; what does not lie on the earth is left out.
        by_style: below each layer, list one for every style, as image services do.
    """
    layers = [found for each in listed if (found := facts(config, each)) is not None]
    if version is Version.V130:
        top = root(
            f"{{{WMS}}}WMS_Capabilities", {None: WMS, "xlink": XLINK, "sld": SLD}, SCHEMA, version="1.3.0"
        )
    else:
        top = root("WMT_MS_Capabilities", {}, version="1.1.1")
    _service(top, config.ogc, address, layers, version)
    capability = child(top, "Capability")
    _requests(capability, address, version)
    exceptions = child(capability, "Exception")
    for name in _EXCEPTIONS[version]:
        child(exceptions, "Format", name)
    _styling(capability, version)
    top_layer = _root_layer(capability, config.ogc, layers, version)
    shared = set(common(layers))
    for layer in layers:
        element = _layer(top_layer, layer, shared, address, version)
        for rendering in layer.service.renderings if by_style else ():
            inner = child(element, "Layer", queryable="1", opaque="0")
            child(inner, "Name", f"{short_name(layer.service)}:{rendering.name}")
            child(inner, "Title", rendering.title)
    return written(top, None if version is Version.V130 else DOCTYPE_111)


def _service(
    top: Element, config: OgcConfig, address: str, layers: Sequence[LayerFacts], version: Version
) -> None:
    found = child(top, "Service")
    child(found, "Name", "WMS" if version is Version.V130 else "OGC:WMS")
    child(found, "Title", config.title)
    child(found, "Abstract", config.description)
    if config.keywords:
        _keywords(found, config.keywords)
    link(found, "OnlineResource", config.site or address)
    if config.contact or config.email:
        contact = child(found, "ContactInformation")
        person = child(contact, "ContactPersonPrimary")
        child(person, "ContactPerson", config.contact)
        child(person, "ContactOrganization", config.provider)
        if config.email:
            child(contact, "ContactElectronicMailAddress", config.email)
    child(found, "Fees", config.fees)
    child(found, "AccessConstraints", config.access_constraints)
    if version is Version.V130:
        limits = [layer.service.config.limits for layer in layers]
        child(found, "LayerLimit", config.layers)
        if limits:
            child(found, "MaxWidth", min(each.max_width for each in limits))
            child(found, "MaxHeight", min(each.max_height for each in limits))


def _keywords(parent: Element, words: Sequence[str]) -> None:
    listed = child(parent, "KeywordList")
    for word in words:
        child(listed, "Keyword", word)


def _requests(capability: Element, address: str, version: Version) -> None:
    found = child(capability, "Request")
    modern = version is Version.V130
    document = "text/xml" if modern else MEDIA_TYPES[version]
    _operation(found, "GetCapabilities", (document,), address)
    _operation(found, "GetMap", tuple(WMS_OFFERED), address)
    _operation(found, "GetFeatureInfo", INFO_FORMATS, address)
    _operation(found, f"{{{SLD}}}GetLegendGraphic" if modern else "GetLegendGraphic", ("image/png",), address)


def _operation(parent: Element, tag: str, formats: Sequence[str], address: str) -> None:
    found = child(parent, tag)
    # What is inside an operation of another namespace is still of this one.
    space = f"{{{WMS}}}" if tag.startswith("{") else ""
    for name in formats:
        child(found, f"{space}Format", name)
    http = child(child(found, f"{space}DCPType"), "HTTP")
    for method in ("Get", "Post"):
        link(child(http, method), f"{space}OnlineResource", f"{address}?")


def _styling(capability: Element, version: Version) -> None:
    flags = {
        "SupportSLD": "1",
        "UserLayer": "0",
        "UserStyle": "1",
        "RemoteWFS": "0",
    }
    if version is Version.V111:
        child(capability, "UserDefinedSymbolization", **flags)
        return
    more = flags | {"InlineFeature": "0", "RemoteWCS": "0"}
    child(capability, f"{{{SLD}}}UserDefinedSymbolization", **more)


def _root_layer(
    capability: Element, config: OgcConfig, layers: Sequence[LayerFacts], version: Version
) -> Element:
    top = child(capability, "Layer")
    child(top, "Title", config.title)
    _systems(top, common(layers), version)
    _geographic(top, union(layers), version)
    return top


def _layer(
    parent: Element, layer: LayerFacts, inherited: set[NamedCRS], address: str, version: Version
) -> Element:
    service = layer.service
    found = child(parent, "Layer", queryable="1", opaque="0")
    child(found, "Name", service.name)
    child(found, "Title", service.title)
    if service.description:
        child(found, "Abstract", service.description)
    _systems(found, tuple(crs for crs, _, _ in layer.boxes if crs not in inherited), version)
    _geographic(found, layer.bounds, version)
    for crs, extent, size in layer.boxes:
        corners = crs.corners(extent) if version is Version.V130 else extent.as_tuple()
        names = ("minx", "miny", "maxx", "maxy")
        name = {"CRS": crs.wms} if version is Version.V130 else {"SRS": crs.wms}
        steps = crs.ordered(*size) if version is Version.V130 else size
        sides = {key: repr(value) for key, value in zip(names, corners, strict=True)}
        child(found, "BoundingBox", **name, **sides, resx=repr(steps[0]), resy=repr(steps[1]))
    _dimensions(found, layer.dimensions, version)
    if service.attribution:
        child(child(found, "Attribution"), "Title", service.attribution)
    for rendering in service.renderings:
        _style(found, service.name, rendering, address)
    return found


def _systems(layer: Element, listed: Sequence[NamedCRS], version: Version) -> None:
    for crs in listed:
        child(layer, "CRS" if version is Version.V130 else "SRS", crs.wms)


def _geographic(layer: Element, bounds: Box, version: Version) -> None:
    west, south, east, north = bounds
    if version is Version.V111:
        sides = {"minx": west, "miny": south, "maxx": east, "maxy": north}
        child(layer, "LatLonBoundingBox", **{name: repr(value) for name, value in sides.items()})
        return
    box = child(layer, "EX_GeographicBoundingBox")
    child(box, "westBoundLongitude", west)
    child(box, "eastBoundLongitude", east)
    child(box, "southBoundLatitude", south)
    child(box, "northBoundLatitude", north)


def _dimensions(layer: Element, offered: Sequence[Offered], version: Version) -> None:
    """In 1.3.0 one element each; in 1.1.1 first what they are, then what they hold."""
    for each in offered:
        units = dict(zip(("name", "units"), _name(each, version), strict=True))
        if each.symbol:
            units["unitSymbol"] = each.symbol
        if version is Version.V130:
            child(
                layer, "Dimension", _extent(each), **units, **_choice(each, "multipleValues", "nearestValue")
            )
        else:
            child(layer, "Dimension", **units)
    if version is Version.V111:
        for each in offered:
            more = _choice(each, None, "nearestValue")
            child(layer, "Extent", _extent(each), name=_name(each, version)[0], **more)


def _number(text: str) -> str:
    """A value; tests read a default of `0` as none."""
    return "0.0" if text == "0" else text


def _extent(offered: Offered) -> str:
    return ",".join(map(_number, offered.extent.split(",")))


def _name(offered: Offered, version: Version) -> tuple[str, str]:
    """Name, without the prefix that the parameter has, and units.

    The elevation of 1.1.1 has a vertical datum of EPSG as its units, here that of the mean sea level; other
    units have the name that the source has for them.
    """
    if version is Version.V130 or offered.name != ELEVATION:
        return offered.name if offered.name in (TIME, ELEVATION) else offered.name.lower(), offered.units
    if offered.symbol == "m":
        return ELEVATION, _DEPTHS if offered.depth else _HEIGHTS
    return offered.source.lower(), offered.units


def _choice(offered: Offered, several: str | None, nearest: str) -> dict[str, str]:
    # Between the items of a mosaic there is nothing, rather than the nearest of them.
    found = {"default": _number(offered.default), nearest: "1" if offered.numbers else "0"}
    if several is not None:
        found[several] = "1" if offered.numbers or offered.span else "0"
    if offered.kind == TIME:
        found["current"] = "1"
    return found


def _style(layer: Element, name: str, rendering: Rendering, address: str) -> None:
    style = child(layer, "Style")
    child(style, "Name", rendering.name)
    child(style, "Title", rendering.title)
    if rendering.description:
        child(style, "Abstract", rendering.description)
    legend = child(style, "LegendURL", width=str(WIDTH), height=str(HEIGHT))
    child(legend, "Format", "image/png")
    query = {
        "service": "WMS",
        "version": "1.3.0",
        "request": "GetLegendGraphic",
        "layer": name,
        "style": rendering.name,
        "format": "image/png",
        "width": WIDTH,
        "height": HEIGHT,
    }
    link(legend, "OnlineResource", f"{address}?{urlencode(query, quote_via=quote)}")
