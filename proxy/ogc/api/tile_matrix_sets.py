"""Tile matrix sets and their definitions (2D Tile Matrix Set 2.0)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import morecantile

from proxy.config import Config
from proxy.ogc.api import links as rel
from proxy.ogc.api.negotiation import HTML, JSON, Representation
from proxy.ogc.crs_names import of_matrix_set
from proxy.ogc.limits import ALL
from proxy.xyz.params import matrix_set

Document = dict[str, Any]

#: Sets that borrow the registered address of another set: it would tell clients the other axis order.
_BORROWED = frozenset({"WGS1984Quad"})


def offered(config: Config) -> list[morecantile.TileMatrixSet]:
    """The tile matrix sets that any service may have tiles in, in the order of the configuration."""
    names = list(config.ogc.tile_matrix_sets)
    for service in config.services:
        names += service.tile_matrix_sets
    if ALL in names:
        names += morecantile.tms.list()
    sets = (matrix_set(name) for name in dict.fromkeys(names) if name != ALL)
    return [tms for tms in sets if not tms.is_variable]


def uri(tms: morecantile.TileMatrixSet) -> str | None:
    """Address under which a set is registered; None for others."""
    return None if tms.uri is None or tms.id in _BORROWED else str(tms.uri)


def list_document(base: str, config: Config, shown: Representation = JSON) -> Document:
    """The list of tile matrix sets."""
    address = f"{base}/tileMatrixSets"
    return {
        "links": rel.own(address, (JSON, HTML), shown),
        "tileMatrixSets": [_item(address, tms) for tms in offered(config)],
    }


def _item(address: str, tms: morecantile.TileMatrixSet) -> Document:
    found: Document = {"id": tms.id, "title": tms.title or tms.id}
    if (registered := uri(tms)) is not None:
        found["uri"] = registered
    found["crs"] = of_matrix_set(tms.id).uri
    href = f"{address}/{tms.id}"
    links = [
        rel.link("self", href, JSON.media_type, "Definition"),
        *rel.links(rel.TILING_SCHEME, href, JSON.media_type, "Definition"),
        rel.link("alternate", f"{href}?f=html", HTML.media_type, "Definition as HTML"),
    ]
    return found | {"links": links}


def document(base: str, tms: morecantile.TileMatrixSet, shown: Representation = JSON) -> Document:
    """Definition of a tile matrix set."""
    return _definition(tms.id) | {"links": rel.own(f"{base}/tileMatrixSets/{tms.id}", (JSON, HTML), shown)}


@lru_cache(maxsize=64)
def _definition(identifier: str) -> Document:
    tms = matrix_set(identifier)
    found: Document = {"id": tms.id, "title": tms.title or tms.id}
    if tms.description:
        found["description"] = tms.description
    if (registered := uri(tms)) is not None:
        found["uri"] = registered
    if tms.orderedAxes:
        found["orderedAxes"] = list(tms.orderedAxes)
    found["crs"] = of_matrix_set(tms.id).uri
    if tms.wellKnownScaleSet and tms.id not in _BORROWED:
        found["wellKnownScaleSet"] = str(tms.wellKnownScaleSet)
    found["tileMatrices"] = [
        matrix.model_dump(mode="json", exclude_none=True) | {"pointOfOrigin": list(matrix.pointOfOrigin)}
        for matrix in tms.tileMatrices
    ]
    return found
