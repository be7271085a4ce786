"""The conformance classes that hold, each in the spellings that clients and suites look for."""

from __future__ import annotations

from typing import Any

from proxy.ogc.api import links as rel
from proxy.ogc.api.negotiation import HTML, JSON, Representation

_COMMON = ("core", "landing-page", "json", "html", "oas30")
_COLLECTIONS = ("collections", "json", "html")
_TILES = (
    "core",
    "tileset",
    "tilesets-list",
    "dataset-tilesets",
    "geodata-tilesets",
    "collections-selection",
    "datetime",
    "oas30",
    "png",
    "jpeg",
    "tiff",
)
_MAPS = (
    "core",
    "tilesets",
    "background",
    "collections-selection",
    "scaling",
    "display-resolution",
    "spatial-subsetting",
    "datetime",
    "general-subsetting",
    "crs",
    "collection-map",
    "dataset-map",
    "styled-map",
    "png",
    "jpeg",
    "tiff",
    "api-operations",
    "cors",
)
_TMS = ("tilematrixset", "json-tilematrixset", "tilematrixsetlimits", "json-tilematrixsetlimits")

_SPEC = "://www.opengis.net/spec/"


def classes() -> list[str]:
    """Addresses of the conformance classes."""
    found = [f"http{_SPEC}ogcapi-common-1/1.0/conf/{name}" for name in _COMMON]
    for scheme in ("http", "https"):
        found += [f"{scheme}{_SPEC}ogcapi-common-2/1.0/conf/{name}" for name in _COLLECTIONS]
    found += [f"http{_SPEC}ogcapi-tiles-1/1.0/conf/{name}" for name in _TILES]
    for scheme in ("https", "http"):
        found += [f"{scheme}{_SPEC}ogcapi-maps-1/1.0/conf/{name}" for name in _MAPS]
    return found + [f"http{_SPEC}tms/2.0/conf/{name}" for name in _TMS]


def document(base: str, shown: Representation = JSON) -> dict[str, Any]:
    """The list of conformance classes."""
    return {"links": rel.own(f"{base}/conformance", (JSON, HTML), shown), "conformsTo": classes()}
