"""Styles of a collection: its renderings, each with its map, its tiles and its legend."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from proxy.ogc.api import links as rel
from proxy.ogc.api.collections import data_links
from proxy.ogc.api.negotiation import HTML, JSON, MAPLIBRE, Representation
from proxy.ogc.api.subject import Subject
from proxy.renderings import Rendering
from proxy.services import Service
from proxy.xyz import style_json

Document = dict[str, Any]

#: What a style comes as.
STYLE_FORMS = (JSON, HTML, MAPLIBRE)


def styles_address(base: str, service: Service) -> str:
    """Where the styles of a collection are listed."""
    return f"{base}/collections/{rel.segment(rel.collection_id(service.name))}/styles"


def list_document(base: str, service: Service, shown: Representation = JSON) -> Document:
    """The list of styles."""
    address = styles_address(base, service)
    return {
        "links": rel.own(address, (JSON, HTML), shown),
        "default": service.default_rendering.name,
        "styles": [_item(address, rendering) for rendering in service.renderings],
    }


def _item(address: str, rendering: Rendering) -> Document:
    found: Document = {"id": rendering.name, "title": rendering.title or rendering.name}
    if rendering.description:
        found["description"] = rendering.description
    return found | {"links": _links(f"{address}/{rel.segment(rendering.name)}", JSON)}


def _links(address: str, shown: Representation) -> list[rel.Link]:
    return [
        *rel.own(address, (JSON, HTML), shown),
        rel.link("stylesheet", f"{address}?f={MAPLIBRE.key}", MAPLIBRE.media_type, MAPLIBRE.title),
        rel.link("describedby", f"{address}/metadata", JSON.media_type, "Metadata"),
        *rel.links(rel.LEGEND, f"{address}/legend", "image/png", "Legend"),
        rel.link("preview", f"{address}/map", "image/png", "Preview"),
        *data_links(address),
    ]


def document(subject: Subject, shown: Representation = JSON) -> Document:
    """One style. `subject.style` is its name."""
    service = subject.service
    rendering = service.rendering(subject.style)
    collection = subject.address.rsplit("/styles/", 1)[0]
    found = _item(collection + "/styles", rendering)
    found["links"] = [
        *_links(subject.address, shown),
        *rel.links(rel.GEODATA, collection, JSON.media_type, service.title),
    ]
    found["isDefault"] = rendering == service.default_rendering
    found["scope"] = "style"
    found["stylesheets"] = [
        {
            "title": MAPLIBRE.title,
            "version": "8",
            "specification": "https://maplibre.org/maplibre-style-spec/",
            "native": False,
            "link": rel.link("stylesheet", f"{subject.address}?f={MAPLIBRE.key}", MAPLIBRE.media_type),
        }
    ]
    found["layers"] = [{"id": rel.collection_id(service.name), "type": "raster"}]
    if service.attribution:
        found["pointOfContact"] = service.attribution
    return found


def maplibre(subject: Subject) -> Document:
    """The style for MapLibre: its tiles through this API."""
    address = f"{subject.address}/map/tiles/WebMercatorQuad"
    query = urlencode({"f": "png"})
    return style_json.style(subject.service, subject.title, [f"{address}/{{z}}/{{y}}/{{x}}?{query}"])
