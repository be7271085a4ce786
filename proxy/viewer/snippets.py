"""Ready-to-paste text for other programs: pure functions of addresses and facts."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

from proxy.crs import MERCATOR_LIMIT
from proxy.viewer import snippet_pages as pages
from proxy.viewer.addresses import Addresses, addresses
from proxy.viewer.facts import Facts

#: Half the side of the Web Mercator square, in metres.
HALF_SIDE = math.pi * 6378137.0


@dataclass(frozen=True, slots=True)
class Part:
    """One piece to copy, under a label."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """Everything for one program."""

    key: str
    title: str
    parts: tuple[Part, ...]


Writer = Callable[[Addresses, Facts], tuple[Part, ...]]


def snippets(base: str, context: str, facts: Facts, rendering: str) -> tuple[Snippet, ...]:
    """Snippets of one rendering of a service whose source is open.

    Args:
        base: public address of the server, without a trailing slash.
        context: first path segment of the ArcGIS door.
        facts: with `info`; without geographic bounds only the programs that need no web map are given.
        rendering: name of the rendering.
    """
    where = addresses(base, context, facts, rendering)
    on_map = facts.bounds is not None
    chosen = [(key, title, writer) for key, title, needs_map, writer in _PROGRAMS if on_map or not needs_map]
    return tuple(Snippet(key, title, writer(where, facts)) for key, title, writer in chosen)


def centre_tile(facts: Facts) -> tuple[int, int, int]:
    """Zoom, column and row of the tile at the middle of the data, at a zoom that shows most of them."""
    if facts.bounds is None:
        return 0, 0, 0
    west, south, east, north = facts.bounds
    low, high = facts.zooms
    zoom = max(low, min(high, int(math.log2(360 / max(east - west, 1e-6)))))
    latitude = math.radians(max(-MERCATOR_LIMIT, min(MERCATOR_LIMIT, (south + north) / 2)))
    count = 2**zoom
    column = int(((west + east) / 2 + 180) / 360 * count) % count
    row = int((1 - math.asinh(math.tan(latitude)) / math.pi) / 2 * count)
    return zoom, column, max(0, min(count - 1, row))


def centre(facts: Facts) -> tuple[float, float]:
    """Longitude, within a turn around Greenwich, and latitude of the middle of the data."""
    if facts.bounds is None:
        return 0.0, 0.0
    west, south, east, north = facts.bounds
    return ((west + east) / 2 + 180) % 360 - 180, (south + north) / 2


def tms_xml(where: Addresses, facts: Facts) -> str:
    """The tiles as a file for GDAL's WMS driver: Web Mercator, four bands."""
    side = f"{HALF_SIDE:.8f}"
    address = where.tile("${z}", "${x}", "${y}")
    return f"""\
<GDAL_WMS>
  <Service name="TMS">
    <ServerUrl>{escape(address)}</ServerUrl>
  </Service>
  <DataWindow>
    <UpperLeftX>-{side}</UpperLeftX>
    <UpperLeftY>{side}</UpperLeftY>
    <LowerRightX>{side}</LowerRightX>
    <LowerRightY>-{side}</LowerRightY>
    <TileLevel>{facts.zooms[1]}</TileLevel>
    <TileCountX>1</TileCountX>
    <TileCountY>1</TileCountY>
    <YOrigin>top</YOrigin>
  </DataWindow>
  <Projection>EPSG:3857</Projection>
  <BlockSizeX>256</BlockSizeX>
  <BlockSizeY>256</BlockSizeY>
  <BandsCount>4</BandsCount>
  <ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes>
</GDAL_WMS>
"""


def _file_name(facts: Facts, ending: str) -> str:
    return facts.name.rsplit("/", 1)[-1] + ending


def _export(where: Addresses, facts: Facts, image_format: str, longest: int = 1024) -> str:
    assert facts.info is not None
    extent = facts.info.extent
    scale = longest / max(extent.width, extent.height)
    size = f"{max(1, round(extent.width * scale))},{max(1, round(extent.height * scale))}"
    bbox = ",".join(f"{value:.12g}" for value in extent.as_tuple())
    return where.export_image(bbox, size, image_format)


def _gdal(where: Addresses, facts: Facts) -> tuple[Part, ...]:
    name = _file_name(facts, ".xml")
    picture = _file_name(facts, ".tif")
    download = f"curl -fo {shlex.quote(picture)} {shlex.quote(_export(where, facts, 'tiff'))}"
    whole = Part("The whole service as GeoTIFF", f"{download}\ngdalinfo {shlex.quote(picture)}\n")
    if facts.bounds is None:
        return (whole,)
    west, south, east, north = (f"{value:.8g}" for value in _within_turn(facts))
    window = f"-projwin {west} {north} {east} {south} -projwin_srs EPSG:4326 -outsize 1024 0"
    commands = (
        f"gdalinfo {shlex.quote(name)}\n"
        f"gdal_translate {window} {shlex.quote(name)} {shlex.quote(_file_name(facts, '_picture.tif'))}\n"
    )
    return Part(f"Save as {name}", tms_xml(where, facts)), Part("Then", commands), whole


def _within_turn(facts: Facts) -> tuple[float, float, float, float]:
    assert facts.bounds is not None
    west, south, east, north = facts.bounds
    south, north = max(south, -MERCATOR_LIMIT), min(north, MERCATOR_LIMIT)
    # Web Mercator ends at the antimeridian; the part before it is taken.
    return max(west, -180.0), south, min(east, 180.0), north


def _qgis(where: Addresses, facts: Facts) -> tuple[Part, ...]:
    services = Part(
        "Layer › Add Layer › Add ArcGIS REST Server Layer › New › URL", f"{where.arcgis_services}\n"
    )
    if facts.bounds is None:
        return (services,)
    low, high = facts.zooms
    source = f"type=xyz&url={quote(where.tile(), safe='')}&zmin={low}&zmax={high}"
    console = f'iface.addRasterLayer({pages.python(source)}, {pages.python(facts.title)}, "wms")\n'
    return (
        Part("Layer › Add Layer › Add XYZ Layer › New › URL", f"{where.tile()}\n"),
        services,
        Part("Or in the Python console", console),
    )


def _curl(where: Addresses, facts: Facts) -> tuple[Part, ...]:
    picture = f"-fo {shlex.quote(_file_name(facts, '.png'))} {shlex.quote(_export(where, facts, 'png'))}"
    parts = (
        Part("Facts for ArcGIS clients", f"curl {shlex.quote(where.image_server + '?f=pjson')}\n"),
        Part("Picture of the whole service", f"curl {picture}\n"),
    )
    if facts.bounds is None:
        return parts
    tile = where.tile(*centre_tile(facts))
    return (
        Part("One tile", f"curl -fo tile.png {shlex.quote(tile)}\n"),
        Part("TileJSON", f"curl {shlex.quote(where.tilejson)}\n"),
        Part("Values at a place", f"curl {shlex.quote(where.point(*centre(facts)))}\n"),
        *parts,
    )


def _page(write: Callable[[Addresses, Facts], str]) -> Writer:
    return lambda where, facts: (Part("A whole page, to save as .html", write(where, facts)),)


_PROGRAMS: tuple[tuple[str, str, bool, Writer], ...] = (
    ("leaflet", "Leaflet", True, _page(pages.leaflet)),
    ("openlayers", "OpenLayers", True, _page(pages.openlayers)),
    ("maplibre", "MapLibre", True, _page(pages.maplibre)),
    ("esri-leaflet", "Esri Leaflet", True, _page(pages.esri_leaflet)),
    ("arcgis-js", "ArcGIS JS", True, _page(pages.arcgis_js)),
    ("qgis", "QGIS", False, _qgis),
    ("gdal", "GDAL", False, _gdal),
    ("curl", "curl", False, _curl),
)
