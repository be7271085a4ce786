"""Extents in Esri's spellings, both ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from proxy.arcgis.fields import Fields, numbers
from proxy.arcgis.spatial_reference import aligned, from_mapping, read_reference, reference_document
from proxy.crs import SpatialReference, UnknownCRS
from proxy.errors import InvalidParameter
from proxy.model import Extent

Document = dict[str, Any]

#: Greatest coordinate, far beyond any map but safe to multiply.
FARTHEST = 1e15


def extent_document(extent: Extent, crs: SpatialReference) -> Document:
    """JSON object of an extent; some clients read the four numbers by their position."""
    return {
        "xmin": extent.xmin,
        "ymin": extent.ymin,
        "xmax": extent.xmax,
        "ymax": extent.ymax,
        "spatialReference": reference_document(crs),
    }


def read_bbox(fields: Fields, service: SpatialReference) -> tuple[Extent, SpatialReference]:
    """The extent in `bbox`, four numbers or an envelope, with corners in any order, and its reference.

    `bboxSR` wins over the envelope's own reference, which wins over the service's.

    Raises:
        InvalidParameter: it is missing, not four finite numbers, or has no area.
    """
    text = fields.text("bbox")
    inner: Any = None
    if text.startswith("{"):
        envelope = fields.json("bbox")
        found, inner = _envelope(envelope), envelope.get("spatialReference")
    else:
        found = numbers("bbox", text) if text else []
    if len(found) != 4 or found[0] == found[2] or found[1] == found[3] or max(map(abs, found)) > FARTHEST:
        raise InvalidParameter("bbox")
    # esri-leaflet sends the upper left and the lower right corner.
    x0, x1 = sorted((found[0], found[2]))
    y0, y1 = sorted((found[1], found[3]))
    return Extent(x0, y0, x1, y1), _reference_of(fields, inner, service)


def _envelope(envelope: Any) -> list[float]:
    if not isinstance(envelope, Mapping):
        raise InvalidParameter("bbox")
    try:
        found = [float(envelope[key]) for key in ("xmin", "ymin", "xmax", "ymax")]
    except (KeyError, TypeError, ValueError):
        raise InvalidParameter("bbox") from None
    if not all(map(math.isfinite, found)):
        raise InvalidParameter("bbox")
    return found


def _reference_of(fields: Fields, inner: Any, service: SpatialReference) -> SpatialReference:
    if text := fields.text("bboxSR"):
        return read_reference("bboxSR", text, service)
    if not inner:
        return service
    try:
        return aligned(from_mapping(inner), service)
    except UnknownCRS:
        raise InvalidParameter("bbox", "Its spatial reference is not known.") from None
