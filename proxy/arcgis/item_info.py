"""Facts of one item as documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxy.arcgis import documents, pixel_types
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.respond import Document
from proxy.facts import Facts

_PARTS: dict[str, Callable[[Facts], Document]] = {
    "keyproperties": documents.key_properties_document,
    "statistics": documents.statistics_document,
    "histograms": documents.histograms_document,
}


def info_answer(facts: Facts, rest: list[str]) -> Document:
    """What `info` and the resources below it say.

    Raises:
        CannotComplete: there is no such resource.
    """
    if not rest:
        return info_document(facts)
    if len(rest) > 1 or rest[0] not in _PARTS:
        # Image space and sensors are there for pictures from such only.
        raise CannotComplete
    return _PARTS[rest[0]](facts)


def info_document(facts: Facts) -> Document:
    """Size, place, type and statistics of the item."""
    info = facts.info
    width, height = info.pixel_size
    statistics = [[b.minimum, b.maximum, b.mean, b.stddev] for b in facts.statistics]
    document: dict[str, Any] = {
        "extent": extent_document(info.extent, info.crs),
        "pixelSizeX": width,
        "pixelSizeY": height,
        "pixelType": pixel_types.code(info.pixel_type),
        "bandCount": info.band_count,
        "origin": {"x": info.extent.xmin, "y": info.extent.ymax},
        "blockWidth": info.block[0],
        "blockHeight": info.block[1],
        "firstPyramidLevel": 1 if info.level_sizes else 0,
        "maxPyramidLevel": len(info.level_sizes),
        "columns": info.width,
        "rows": info.height,
        "bandNames": list(info.band_names),
        "noDataValue": documents.finite(info.nodata),
        "statistics": statistics,
    }
    return document | documents.histograms_document(facts)
