"""The root of the API: links to everything, and what the dataset as a whole covers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.choices import iso
from proxy.config import OgcConfig
from proxy.ogc.api import links as rel
from proxy.ogc.api.collections import data_links, output_systems
from proxy.ogc.api.extents import extent, time_range, union, world_bbox
from proxy.ogc.api.negotiation import HTML, JSON, OPENAPI, Representation
from proxy.ogc.crs_names import CRS84
from proxy.services import Service

Document = dict[str, Any]


def document(
    base: str, config: OgcConfig, services: Sequence[Service], shown: Representation = JSON
) -> Document:
    """The landing page.

    Args:
        config: title and description of the server.
        services: the collections. The first is what the dataset's own map shows by default.
    """
    found: Document = {"title": config.title, "description": config.description}
    if attribution := "; ".join(dict.fromkeys(s.attribution for s in services if s.attribution)):
        found["attribution"] = attribution
    found["links"] = [
        *rel.own(base, (JSON, HTML), shown),
        rel.link("service-desc", f"{base}/api", OPENAPI.media_type, "The API's description"),
        rel.link("service-doc", f"{base}/api?f=html", HTML.media_type, "The API's documentation"),
        *rel.links(rel.CONFORMANCE, f"{base}/conformance", JSON.media_type, "Conformance classes"),
        *rel.links(rel.DATA, f"{base}/collections", JSON.media_type, "Collections"),
        *rel.links(rel.TILING_SCHEMES, f"{base}/tileMatrixSets", JSON.media_type, "Tile matrix sets"),
        *(data_links(base) if services else ()),
    ]
    if services:
        systems = output_systems(services[0].info)
        found |= {
            "extent": dataset_extent(services),
            "crs": [system.uri for system in systems],
            "storageCrs": systems[0].uri,
        }
    return found


def dataset_extent(services: Sequence[Service]) -> Document:
    """Extent around all collections, with that of the first in its storage system."""
    boxes = [s.info.geographic_bounds for s in services if s.info.geographic_bounds is not None]
    first = extent(services[0].info)["spatial"]
    found: Document = {"spatial": {**first, "bbox": [world_bbox(union(boxes))], "crs": CRS84.uri}}
    if (times := dataset_times(services)) is not None:
        found["temporal"] = {"interval": [list(times)]}
    return found


def dataset_times(services: Sequence[Service]) -> tuple[str, str] | None:
    """First and last moment of all collections; None where none has a time."""
    times = [span for service in services if (span := time_range(service.info)) is not None]
    if not times:
        return None
    return iso(min(low for low, _ in times)), iso(max(high for _, high in times))
