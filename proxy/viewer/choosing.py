"""What the map offers to choose: slices of a cube, order and items of a mosaic."""

from __future__ import annotations

from typing import Any

from proxy.choices import iso
from proxy.config import MosaicConfig
from proxy.selection import MosaicMethod, MosaicOperation
from proxy.services import Service
from proxy.sources.base import Dimension, SourceInfo

#: Most steps of a time slider over the items of a mosaic; beyond them years stand for days.
MOMENTS = 400
#: Orders that need nothing beside their name.
PLAIN_METHODS = (
    MosaicMethod.NORTHWEST,
    MosaicMethod.CENTER,
    MosaicMethod.NADIR,
    MosaicMethod.SEAMLINE,
    MosaicMethod.NONE,
)
_DAY = 86_400_000


def variables(info: SourceInfo) -> list[dict[str, Any]]:
    """Variables with their dimensions, as the script of the map reads them."""
    return [
        {
            "name": variable.name,
            "description": variable.description,
            "dimensions": [_dimension(dimension) for dimension in variable.dimensions],
        }
        for variable in info.variables
    ]


def _dimension(dimension: Dimension) -> dict[str, Any]:
    # What is drawn without a choice: the latest time, the first step along all else.
    latest = max(range(len(dimension.values)), key=dimension.values.__getitem__, default=0)
    return {
        "name": dimension.name,
        "kind": dimension.kind,
        "unit": dimension.unit,
        "values": list(dimension.values),
        "start": latest if dimension.kind == "time" else 0,
    }


def items(service: Service, image_server: str) -> dict[str, Any] | None:
    """Orders, operations and moments of a mosaic; None for anything else. May block.

    Args:
        image_server: address of its ArcGIS resource, where footprints are asked for.
    """
    rule, catalog = service.config.mosaic, service.catalog
    if rule is None or catalog is None:
        return None
    moments = list(catalog.values(rule.time_field)) if _has(service, rule) else []
    return {
        "query": f"{image_server}/query",
        "fields": ["OBJECTID", "Name", *([rule.time_field] if moments else [])],
        "method": rule.method.value,
        "operation": rule.operation.value,
        "methods": [method.value for method in PLAIN_METHODS],
        "operations": [operation.value for operation in MosaicOperation],
        "moments": days([float(value) for value in moments if isinstance(value, int | float)]),
    }


def _has(service: Service, rule: MosaicConfig) -> bool:
    fields = service.catalog.fields if service.catalog else ()
    return any(field.name.lower() == rule.time_field.lower() for field in fields)


def days(moments: list[float]) -> list[str]:
    """The days on which there are items, in ISO 8601; where these are too many the months, or the years."""
    for digits in (10, 7, 4):
        found = sorted({iso(moment // _DAY * _DAY)[:digits] for moment in moments})
        if len(found) <= MOMENTS:
            return found
    return []
