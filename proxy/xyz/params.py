"""Paths and query strings of the tile door to values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import morecantile
from morecantile.errors import InvalidIdentifier

from proxy import ad_hoc
from proxy.choices import selection
from proxy.crs import SpatialReference, reference
from proxy.errors import InvalidParameter, NotFound, OutsideExtent, UnknownTileMatrixSet
from proxy.functions.tree import Node
from proxy.model import (
    EncodeOptions,
    Extent,
    Grid,
    ImageFormat,
    Interpolation,
    NoDataRule,
    RenderRequest,
)
from proxy.selection import Selection
from proxy.services import Service

WEB_MERCATOR_QUAD = "WebMercatorQuad"

FORMATS = {
    "png": ImageFormat.PNG,
    "jpg": ImageFormat.JPEG,
    "jpeg": ImageFormat.JPEG,
    "webp": ImageFormat.WEBP,
    "auto": ImageFormat.AUTO,
    "": ImageFormat.AUTO,
    "tif": ImageFormat.TIFF,
    "tiff": ImageFormat.TIFF,
}

_TILE = re.compile(
    r"(?P<z>\d{1,3})/(?P<x>\d{1,10})/(?P<y>\d{1,10})(?:@(?P<scale>[1-4])x)?(?:\.(?P<ext>\w+))?"
)
_WHOLE = re.compile(r"[0-9]{1,9}")
_POINT = re.compile(r"point/(?P<lon>[^,/]+),(?P<lat>[^,/]+)")


@dataclass(frozen=True, slots=True)
class TileAddress:
    """One tile: `scale` 2 is 512 pixels for a 256 pixel matrix."""

    tms: str
    z: int
    x: int
    y: int
    scale: int
    format: ImageFormat


@dataclass(frozen=True, slots=True)
class Target:
    """What a path below a service names: `kind` is `tile`, `tilejson`, `style`, `point` or `thumbnail`."""

    kind: str
    style: str | None
    tms: str
    tile: TileAddress | None = None
    lonlat: tuple[float, float] | None = None


def target(path: str) -> Target:
    """Read the path behind the service's name.

    Raises:
        NotFound: it has no known form.
        UnknownTileMatrixSet: its matrix set has no known name.
        InvalidParameter: a coordinate or extension is wrong.
    """
    style: str | None = None
    if path.startswith("style/"):
        _, style, path = (*path.split("/", 2), "", "")[:3]
    if match := _POINT.fullmatch(path):
        return Target("point", style, WEB_MERCATOR_QUAD, lonlat=_lonlat(match["lon"], match["lat"]))
    if path in ("thumbnail.png", "thumbnail"):
        return Target("thumbnail", style, WEB_MERCATOR_QUAD)
    if path == "style.json":
        return Target("style", style, WEB_MERCATOR_QUAD)
    tms, rest = WEB_MERCATOR_QUAD, path
    head, _, tail = path.partition("/")
    if tail and not head.isdigit():
        tms, rest = matrix_set(head).id, tail
    if rest == "tilejson.json":
        return Target("tilejson", style, tms)
    found = _TILE.fullmatch(rest)
    if found is None:
        raise NotFound("A tile address is {z}/{x}/{y}.png, optionally after a tile matrix set.")
    extension = (found["ext"] or "").lower()
    if extension not in FORMATS:
        raise InvalidParameter("extension", f"Use one of {', '.join(name for name in FORMATS if name)}.")
    address = TileAddress(
        tms, int(found["z"]), int(found["x"]), int(found["y"]), int(found["scale"] or 1), FORMATS[extension]
    )
    return Target("tile", style, tms, tile=address)


def _lonlat(lon: str, lat: str) -> tuple[float, float]:
    try:
        place = float(lon), float(lat)
    except ValueError:
        raise InvalidParameter("point", "Longitude and latitude are numbers.") from None
    if not (-540 <= place[0] <= 540 and -90 <= place[1] <= 90):
        raise InvalidParameter("point", "Longitude or latitude is out of range.")
    return place


@lru_cache(maxsize=64)
def matrix_set(name: str) -> morecantile.TileMatrixSet:
    """Tile matrix set by identifier, without regard to case.

    Raises:
        UnknownTileMatrixSet: there is none.
    """
    names = {known.lower(): known for known in morecantile.tms.list()}
    try:
        return morecantile.tms.get(names[name.lower()])
    except (KeyError, InvalidIdentifier):
        raise UnknownTileMatrixSet(name) from None


@lru_cache(maxsize=64)
def matrix_set_crs(name: str) -> SpatialReference:
    """Coordinate reference system of a tile matrix set."""
    return reference(matrix_set(name).crs.to_wkt())


@lru_cache(maxsize=4096)
def tile_grid(address: TileAddress) -> Grid:
    """Pixels of a tile.

    Raises:
        OutsideExtent: the matrix set has no such tile.
    """
    tms = matrix_set(address.tms)
    if not tms.minzoom <= address.z <= tms.maxzoom:
        raise OutsideExtent(f"{tms.id} has zooms {tms.minzoom} to {tms.maxzoom}.")
    matrix = tms.matrix(address.z)
    if address.x >= matrix.matrixWidth or address.y >= matrix.matrixHeight:
        raise OutsideExtent(f"{tms.id} has no tile {address.x}/{address.y} at zoom {address.z}.")
    bounds = tms.xy_bounds(morecantile.Tile(address.x, address.y, address.z))
    extent = Extent(bounds.left, bounds.bottom, bounds.right, bounds.top)
    width, height = matrix.tileWidth * address.scale, matrix.tileHeight * address.scale
    return Grid(matrix_set_crs(address.tms), extent, width, height)


def render_request(
    service: Service, grid: Grid, output: ImageFormat, style: str | None, query: Mapping[str, str]
) -> RenderRequest:
    """Everything that decides the picture, from the query string.

    Known: `style`, `bands` (names or numbers from 1), `interpolation` (also `resampling`), `nodata`,
    `quality`, those of `proxy.ad_hoc` in place of a style, and those of `proxy.choices`. Others are ignored.

    Raises:
        InvalidParameter: a value has no meaning.
        UnknownRendering: the service has no such style.
    """
    chosen = bands(service.info.band_names, query.get("bands", ""))
    rule, chosen = _rule(service, output, style, query, chosen)
    options = EncodeOptions(effort=service.effort)
    if text := query.get("quality"):
        quality = whole_number(text)
        if quality is None or not 0 < quality <= 100:
            raise InvalidParameter("quality", "It is a whole number from 1 to 100.")
        options = replace(options, quality=quality)
    return RenderRequest(
        service=service.name,
        grid=grid,
        format=output,
        bands=chosen,
        interpolation=interpolation(query.get("interpolation") or query.get("resampling") or "", service),
        rule=rule,
        nodata=_nodata(query.get("nodata", "")),
        options=options,
        selection=chosen_items(service, query),
    )


def chosen_items(service: Service, query: Mapping[str, str]) -> Selection:
    """What the query string chooses among the items and slices of a service, see `proxy.choices.selection`.

    Raises:
        InvalidParameter: a value has no meaning, or names an item that there is not.
    """
    found = selection(service, query)
    locked, catalog = found.mosaic.locked, service.catalog
    if locked and catalog is not None:
        unknown = next((item for item in locked if catalog.get(item) is None), None)
        if unknown is not None:
            raise InvalidParameter("item", f"There is no item {unknown}.")
    return service.source.normalised(found)


def _rule(
    service: Service,
    output: ImageFormat,
    style: str | None,
    query: Mapping[str, str],
    chosen: tuple[int, ...] | None,
) -> tuple[Node, tuple[int, ...] | None]:
    """(rule, zero-based bands that it is given): of a style by name, or of one written into the query."""
    named = style if style is not None else query.get("style")
    if not ad_hoc.is_ad_hoc(query):
        return service.rendering(named).rule, chosen
    if named:
        raise InvalidParameter("style", f"It goes with none of {', '.join(ad_hoc.PARAMETERS)}.")
    if query.get("encoding", "").strip() and output is not ImageFormat.PNG:
        raise InvalidParameter("encoding", "Its tiles end in .png: nothing may be lost.")
    own = ad_hoc.style(query, service.info, chosen)
    return own.rule, own.bands


def whole_number(text: str) -> int | None:
    """Number of up to nine plain digits; None for anything else, such as digits of other scripts."""
    return int(text) if _WHOLE.fullmatch(text) else None


def bands(names: tuple[str, ...], text: str) -> tuple[int, ...] | None:
    """Zero-based bands from a comma-separated list of names or numbers counted from 1."""
    if not text.strip():
        return None
    labels = [name.lower() for name in names]
    found = []
    for item in (part.strip().lower() for part in text.split(",")):
        if item in labels:
            found.append(labels.index(item))
        elif 1 <= (number := whole_number(item) or 0) <= len(names):
            found.append(number - 1)
        else:
            raise InvalidParameter("bands", f"There is no band '{item[:40]}'; there are {len(names)}.")
    return tuple(found)


def interpolation(text: str, service: Service) -> Interpolation:
    """Interpolation by name; the service's own where none is given."""
    if not text:
        return service.interpolation
    try:
        return Interpolation(text.strip().lower())
    except ValueError:
        known = ", ".join(Interpolation)
        raise InvalidParameter("interpolation", f"Use one of {known}.") from None


def _nodata(text: str) -> NoDataRule | None:
    if not text.strip():
        return None
    try:
        return NoDataRule((float(text),), match_all=False)
    except ValueError:
        raise InvalidParameter("nodata", "It is a number or nan.") from None
