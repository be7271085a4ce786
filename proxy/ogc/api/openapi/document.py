"""The OpenAPI document: paths, parameters, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import morecantile

from proxy import __version__
from proxy.config import OgcConfig
from proxy.ogc.api import links as rel
from proxy.ogc.api.formats import MAP_FORMATS
from proxy.ogc.api.negotiation import (
    HTML,
    JSON,
    MAPLIBRE,
    OPENAPI,
    PROBLEM,
    TILEJSON,
    Representation,
)  # fmt: skip
from proxy.ogc.api.openapi.parameters import MAP, TILE, format_parameter, parameters
from proxy.ogc.api.openapi.schemas import ref, schemas
from proxy.services import Service

Document = dict[str, Any]

_COLLECTION = "/collections/{collectionId}"
_STYLE = f"{_COLLECTION}/styles/{{styleId}}"
#: Where maps come from: path, tag, beginning of the operation's identifier, path parameters.
_ORIGINS = (
    ("", "Dataset", "dataset", ()),
    (_COLLECTION, "Collections", "collection", ("collectionId",)),
    (_STYLE, "Styles", "collection.style", ("collectionId", "styleId")),
)
_TAGS = {
    "Server": "The API itself.",
    "Collections": "Each service is a collection; its map and tiles in the default style.",
    "Styles": "Renderings of a collection, each with map, tiles and legend.",
    "Dataset": "Map and tiles of several collections, drawn over one another.",
    "Tile matrix sets": "Definitions of the grids that tiles lie on.",
}


def document(base: str, config: OgcConfig, services: Sequence[Service]) -> Document:
    """The whole document.

    Args:
        base: address of the API's root.
        services: the collections, open.
    """
    collections = [rel.collection_id(service.name) for service in services]
    styles = list(dict.fromkeys(style.name for service in services for style in service.renderings))
    limits = [service.config.limits for service in services]
    largest = {
        "maxWidth": max((limit.max_width for limit in limits), default=0),
        "maxHeight": max((limit.max_height for limit in limits), default=0),
    }
    limited = {"x-OGC-limits": {"maps": largest}}
    info: Document = {"title": config.title, "description": config.description, "version": __version__}
    contact = {"name": config.contact or config.provider, "url": config.site, "email": config.email}
    if contact := {name: text for name, text in contact.items() if text}:
        info["contact"] = contact
    return {
        "openapi": "3.0.3",
        # Where the standard shows them, and where its tests look for them.
        "info": info | limited,
        "servers": [{"url": base}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        **limited,
        "paths": _server() | _collections() | _matrix_sets() | _maps(),
        "components": {
            "parameters": parameters(
                collections, styles, morecantile.tms.list(), (largest["maxWidth"], largest["maxHeight"])
            ),
            "schemas": schemas(),
            "headers": _HEADERS,
            "responses": _RESPONSES,
        },
    }


def _server() -> dict[str, Document]:
    return {
        "/": _get("Server", "getLandingPage", "The landing page", "landingPage"),
        "/conformance": _get("Server", "getConformance", "Conformance classes", "confClasses"),
        "/api": _get("Server", "getApi", "This description", None, (OPENAPI, HTML)),
    }


def _collections() -> dict[str, Document]:
    one, both = ("collectionId",), ("collectionId", "styleId")
    legend = _operation("Styles", "collection.style.getLegend", "The legend of a style", both, {
        "200": {"description": "The legend.", "content": {"image/png": _BINARY}},
        **_errors("400", "404", "406", "413", "502", "503"),
    }, ["legend-width", "legend-height", "f-legend"])  # fmt: skip
    return {
        "/collections": _get("Collections", "getCollections", "All collections", "collections"),
        _COLLECTION: _get("Collections", "getCollection", "One collection", "collection", path=one),
        f"{_COLLECTION}/styles": _get(
            "Styles", "collection.getStyles", "Styles of a collection", "styles", path=one
        ),
        _STYLE: _get(
            "Styles",
            "collection.getStyle",
            "One style",
            "style",
            (JSON, HTML, MAPLIBRE),
            both,
            {MAPLIBRE.media_type: "mapLibreStyle"},
        ),
        f"{_STYLE}/metadata": _get(
            "Styles", "collection.getStyleMetadata", "Metadata of a style", "style", (JSON,), both
        ),
        f"{_STYLE}/legend": legend,
    }


def _matrix_sets() -> dict[str, Document]:
    tag = "Tile matrix sets"
    return {
        "/tileMatrixSets": _get(tag, "getTileMatrixSetsList", "All tile matrix sets", "tileMatrixSets"),
        "/tileMatrixSets/{tileMatrixSetId}": _get(
            tag, "getTileMatrixSet", "One tile matrix set", "tileMatrixSet", path=("tileMatrixSetId",)
        ),
    }


def _maps() -> dict[str, Document]:
    found: dict[str, Document] = {}
    for origin, tag, name, path in _ORIGINS:
        more = ("collections",) if origin == "" else ()
        tiles = f"{origin}/map/tiles"
        found[f"{origin}/map"] = _operation(
            tag, f"cogproxy.{name}.getMap", "A map", path, _pictures(_MAP_HEADERS), [*more, *MAP]
        )
        found[tiles] = _get(
            tag,
            f"cogproxy.{name}.map.getTileSetsList",
            "Tilesets of the map",
            "tileSets",
            path=path,
            more=more,
        )
        found[f"{tiles}/{{tileMatrixSetId}}"] = _get(
            tag,
            f"cogproxy.{name}.map.getTileSet",
            "One tileset",
            "tileSet",
            (JSON, HTML, TILEJSON),
            (*path, "tileMatrixSetId"),
            {TILEJSON.media_type: "tileJSON"},
            more,
        )
        found[f"{tiles}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"] = _operation(
            tag,
            f"cogproxy.{name}.map.getTile",
            "A tile",
            (*path, "tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"),
            _pictures(()),
            [*more, *TILE],
        )
    return found


def _get(
    tag: str,
    identifier: str,
    summary: str,
    schema: str | None,
    offered: Sequence[Representation] = (JSON, HTML),
    path: Sequence[str] = (),
    schemas_of: dict[str, str] | None = None,
    more: Sequence[str] = (),
) -> Document:
    """A document in several representations."""
    content: Document = {}
    for item in offered:
        named = (schemas_of or {}).get(item.media_type, schema)
        if item is HTML:
            content[item.media_type] = {"schema": {"type": "string"}}
        else:
            content[item.media_type] = {"schema": ref(named) if named else {"type": "object"}}
    answers = {
        "200": {"description": f"{summary}.", "content": content},
        **_errors("400", "406", "502", "503", *(("404",) if path or more else ())),
    }
    return _operation(tag, identifier, summary, path, answers, more, format_parameter(offered))


def _operation(
    tag: str,
    identifier: str,
    summary: str,
    path: Sequence[str],
    answers: Document,
    query: Sequence[str],
    *inline: Document,
) -> Document:
    named = [{"$ref": f"#/components/parameters/{name}"} for name in (*path, *query)]
    return {
        "get": {
            "tags": [tag],
            "operationId": identifier,
            "summary": summary,
            "parameters": [*named, *inline],
            "responses": dict(sorted(answers.items())),
        }
    }


def _pictures(headers: Sequence[str]) -> Document:
    told = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    content = {item.essence: _BINARY for item in MAP_FORMATS}
    return {
        "200": {"description": "The picture.", "headers": told, "content": content},
        "204": {"description": "There is nothing in what is asked for."},
        **_errors("400", "404", "406", "413", "502", "503"),
    }


def _errors(*statuses: str) -> Document:
    every = sorted({*statuses, "401", "403", "429"})
    return {status: {"$ref": f"#/components/responses/{status}"} for status in every}


_BINARY: Document = {"schema": {"type": "string", "format": "binary"}}
_MAP_HEADERS = ("Content-Bbox", "Content-Crs", "Content-Datetime")
_HEADERS: dict[str, Document] = {
    "Content-Bbox": {
        "description": "What is drawn: four numbers in the axis order of the map's system.",
        "schema": {"type": "string"},
    },
    "Content-Crs": {
        "description": "Address of the system of the map; absent for CRS84.",
        "schema": {"type": "string"},
    },
    "Content-Datetime": {
        "description": "Time of what is drawn; absent where the data have none.",
        "schema": {"type": "string"},
    },
}


def _problem(text: str) -> Document:
    return {"description": text, "content": {PROBLEM: {"schema": ref("problem")}}}


_RESPONSES = {
    "400": _problem("A parameter has no meaning, or two contradict."),
    "401": _problem("A key or token is needed, or the one that was sent does not hold."),
    "403": _problem("The caller is known, and not let in."),
    "404": _problem("There is no such resource, or no such tile."),
    "406": _problem("None of the representations is acceptable."),
    "413": _problem("More is asked for than the server draws at once."),
    "429": _problem("Too many requests; try again."),
    "502": _problem("The source of the data cannot be read."),
    "503": _problem("The server is busy; try again."),
}
