"""Tilesets of a map: the list, the metadata of one, and which tiles there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import morecantile

from proxy.errors import NotFound, OutsideExtent
from proxy.model import Extent
from proxy.ogc.api import links as rel
from proxy.ogc.api.extents import union
from proxy.ogc.api.formats import MAP_FORMATS
from proxy.ogc.api.negotiation import HTML, JSON, TILEJSON, Representation
from proxy.ogc.api.subject import Subject
from proxy.ogc.api.tile_matrix_sets import uri
from proxy.ogc.crs_names import NamedCRS, of_matrix_set
from proxy.ogc.limits import MatrixLimits, envelope, holding, limits
from proxy.services import Service
from proxy.xyz import tilejson
from proxy.xyz.params import WEB_MERCATOR_QUAD, matrix_set

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tileset:
    """Tiles of a map in one tile matrix set.

    Attributes:
        limits: matrices that have tiles, coarsest first; never empty.
    """

    subject: Subject
    tms: morecantile.TileMatrixSet
    limits: tuple[MatrixLimits, ...]

    @property
    def address(self) -> str:
        """Where its metadata are."""
        return f"{self.subject.address}/map/tiles/{self.tms.id}"

    @property
    def forms(self) -> tuple[Representation, ...]:
        """What the metadata come as: TileJSON knows the tiles of Web Mercator only."""
        return (JSON, HTML, TILEJSON) if self.tms.id == WEB_MERCATOR_QUAD else (JSON, HTML)


def tileset(subject: Subject, identifier: str) -> Tileset:
    """The tileset of a map in a tile matrix set.

    Raises:
        UnknownTileMatrixSet: there is no such set.
        NotFound: the map has no tiles in it.
    """
    tms = matrix_set(identifier)
    if tms.id not in sets_of(subject.services, subject.sets):
        raise NotFound(f"The map has no tiles in {tms.id}.")
    return _of(subject, tms)


def _of(subject: Subject, tms: morecantile.TileMatrixSet) -> Tileset:
    return Tileset(subject, tms, merged([limits(service.info, tms.id) for service in subject.services]))


def sets_of(services: Sequence[Service], wanted: Sequence[str]) -> tuple[str, ...]:
    """Identifiers of the tile matrix sets in which any of the services has tiles.

    Args:
        wanted: those that the server offers; a service may have a list of its own.
    """
    found = [name for each in services for name in holding(each.info, each.config.tile_matrix_sets or wanted)]
    return tuple(dict.fromkeys(found))


def merged(several: Sequence[tuple[MatrixLimits, ...]]) -> tuple[MatrixLimits, ...]:
    """Limits around those of several services."""
    found: dict[int, MatrixLimits] = {}
    for each in (limit for one in several for limit in one):
        known = found.get(each.zoom, each)
        found[each.zoom] = MatrixLimits(
            each.matrix,
            each.zoom,
            min(known.min_row, each.min_row),
            max(known.max_row, each.max_row),
            min(known.min_col, each.min_col),
            max(known.max_col, each.max_col),
        )
    return tuple(found[zoom] for zoom in sorted(found))


def list_document(base: str, subject: Subject, shown: Representation = JSON) -> Document:
    """Tilesets of a map."""
    address = f"{subject.address}/map/tiles"
    found = [_of(subject, matrix_set(name)) for name in sets_of(subject.services, subject.sets)]
    return {
        "links": rel.own(_kept(address, subject), (JSON, HTML), shown),
        "tilesets": [
            # With limits and templates: there are clients that look no further than the list.
            _common(subject, each.tms)
            | {"tileMatrixSetLimits": _limits(each), "links": _item_links(base, each)}
            for each in found
        ],
    }


def _item_links(base: str, found: Tileset) -> list[rel.Link]:
    return [
        rel.link("self", _kept(found.address, found.subject), JSON.media_type, "Tileset"),
        rel.link(
            "alternate", _kept(found.address, found.subject, f="html"), HTML.media_type, "Tileset as HTML"
        ),
        _scheme(base, found.tms),
        *_templates(found),
    ]


def _templates(found: Tileset) -> list[rel.Link]:
    template = f"{found.address}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return [
        rel.link(
            "item",
            _kept(template, found.subject, f=item.key),
            item.media_type,
            f"Tiles as {item.title}",
            templated=True,
        )
        for item in MAP_FORMATS
    ]


def _limits(found: Tileset) -> list[Document]:
    return [
        {
            "tileMatrix": each.matrix,
            "minTileRow": each.min_row,
            "maxTileRow": each.max_row,
            "minTileCol": each.min_col,
            "maxTileCol": each.max_col,
        }
        for each in found.limits
    ]


def _common(subject: Subject, tms: morecantile.TileMatrixSet) -> Document:
    found: Document = {
        "title": f"{subject.title} in {tms.id}",
        "dataType": "map",
        "crs": of_matrix_set(tms.id).uri,
        "tileMatrixSetId": tms.id,
    }
    return found | ({"tileMatrixSetURI": registered} if (registered := uri(tms)) else {})


def _scheme(base: str, tms: morecantile.TileMatrixSet) -> rel.Link:
    return rel.link(rel.TILING_SCHEME[0], f"{base}/tileMatrixSets/{tms.id}", JSON.media_type, "Definition")


def _kept(address: str, subject: Subject, **query: str) -> str:
    """An address with the choice of collections, which all addresses of a tileset share."""
    pairs = ({"collections": subject.chosen} if subject.chosen else {}) | query
    return address + (f"?{urlencode(pairs, safe=',:/')}" if pairs else "")


def document(base: str, found: Tileset, shown: Representation = JSON) -> Document:
    """Metadata of a tileset."""
    subject, tms = found.subject, found.tms
    crs = of_matrix_set(tms.id)
    box = _bounding_box(subject.services, tms.id)
    links = [
        *rel.own(_kept(found.address, subject), found.forms, shown),
        _scheme(base, tms),
        *_templates(found),
        *rel.links(rel.DATASET if subject.is_dataset else rel.GEODATA, subject.address, JSON.media_type),
    ]
    more: Document = {}
    if subject.style is not None:
        more["style"] = {"id": subject.style, "title": subject.style_title}
    if subject.attribution:
        more["attribution"] = subject.attribution
    return (
        _common(subject, tms)
        | more
        | {
            "layers": [_layer(subject, service) for service in subject.services],
            "boundingBox": _box(box, crs),
            "centerPoint": {
                "coordinates": list(crs.ordered(*box.center)),
                "crs": crs.uri,
                "tileMatrix": _fitting(found, box),
            },
            "mediaTypes": [item.media_type for item in MAP_FORMATS],
            "tileMatrixSetLimits": _limits(found),
            "links": links,
        }
    )


def _layer(subject: Subject, service: Service) -> Document:
    identifier = rel.collection_id(service.name)
    href = f"{subject.base}/collections/{rel.segment(identifier)}"
    return {
        "id": identifier,
        "title": service.title,
        "dataType": "map",
        "links": [rel.link(rel.GEODATA[0], href, JSON.media_type, service.title)],
    }


def _bounding_box(services: Sequence[Service], tms: str) -> Extent:
    boxes = []
    for service in services:
        try:
            boxes.append(envelope(service.info, tms).as_tuple())
        except OutsideExtent:
            continue
    return Extent(*union(boxes))


def _box(box: Extent, crs: NamedCRS) -> Document:
    corners = crs.corners(box)
    return {"lowerLeft": list(corners[:2]), "upperRight": list(corners[2:]), "crs": crs.uri}


def _fitting(found: Tileset, box: Extent) -> str:
    """The finest matrix in which the middle tile still shows most of the data."""
    best = found.limits[0].matrix
    for each in found.limits:
        matrix = found.tms.matrix(each.zoom)
        if matrix.cellSize * matrix.tileWidth * 2 < max(box.width, box.height):
            break
        best = each.matrix
    return best


def tilejson_document(found: Tileset) -> Document:
    """TileJSON of a tileset in Web Mercator; {z} is the number of the matrix, which is its identifier."""
    bounds = union([service.info.geographic_bounds for service in found.subject.services
                    if service.info.geographic_bounds is not None])  # fmt: skip
    lon, lat = tilejson.center(bounds)
    low, high = found.limits[0].zoom, found.limits[-1].zoom
    return {
        "tilejson": "3.0.0",
        "name": found.subject.title,
        "scheme": "xyz",
        "tiles": [_kept(f"{found.address}/{{z}}/{{y}}/{{x}}", found.subject, f="png")],
        "minzoom": low,
        "maxzoom": high,
        "bounds": list(tilejson.rounded_bounds(bounds)),
        "center": [lon, lat, max(low, min(high, tilejson.fitting_zoom(bounds)))],
        "attribution": found.subject.attribution,
    }
