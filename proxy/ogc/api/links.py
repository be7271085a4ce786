"""Links between resources, and the relation types that the standards name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from proxy.ogc.api.negotiation import Representation

Link = dict[str, Any]

_OGC = "://www.opengis.net/def/rel/ogc/1.0/"
#: Spelled with http by Tiles and Common, with https by Maps: both are given.
MAP = (f"http{_OGC}map", f"https{_OGC}map")
TILESETS_MAP = (f"http{_OGC}tilesets-map", f"https{_OGC}tilesets-map")
CONFORMANCE = (f"http{_OGC}conformance", "conformance")
DATA = (f"http{_OGC}data", "data")
STYLES = (f"http{_OGC}styles", f"https{_OGC}styles")
LEGEND = (f"http{_OGC}legend", f"https{_OGC}legend")
TILING_SCHEME = (f"http{_OGC}tiling-scheme",)
TILING_SCHEMES = (f"http{_OGC}tiling-schemes",)
GEODATA = (f"http{_OGC}geodata",)
DATASET = (f"http{_OGC}dataset",)


def link(rel: str, href: str, media_type: str | None = None, title: str = "", **more: Any) -> Link:
    """One link; what is empty is left out."""
    found: Link = {"rel": rel, "href": href}
    if media_type:
        found["type"] = media_type
    if title:
        found["title"] = title
    return found | more


def links(relations: Sequence[str], href: str, media_type: str | None = None, title: str = "") -> list[Link]:
    """The same link under several relation types."""
    return [link(relation, href, media_type, title) for relation in relations]


def own(href: str, offered: Sequence[Representation], shown: Representation) -> list[Link]:
    """`self`, and `alternate` for each other representation."""
    joint = "&" if "?" in href else "?"
    found = [
        link(
            "self" if item is shown else "alternate",
            href if item is offered[0] and item is shown else f"{href}{joint}f={item.key}",
            item.media_type,
            f"This document as {item.title}" if item is shown else f"As {item.title}",
        )
        for item in offered
    ]
    return sorted(found, key=lambda item: item["rel"] != "self")


def collection_id(service: str) -> str:
    """Name of a service as one path segment: `dem/sierra` is `dem:sierra`, which no name contains."""
    return service.replace("/", ":")


def service_name(collection: str) -> str:
    """Name of the service of a collection."""
    return collection.replace(":", "/")


def segment(text: str) -> str:
    """A text as a path segment, with as little unescaped as any client expects."""
    return quote(text, safe="")
