"""The catalog behind a service: one item, its attributes and its footprint."""

from __future__ import annotations

from typing import Any

from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.shapes import GeometryType, Shape
from proxy.errors import InvalidParameter
from proxy.services import Service
from proxy.sources.base import SourceInfo
from proxy.sources.remembered import AnyCube
from proxy.sources.rows import outline_of, raster_row, stem_of

Document = dict[str, Any]

#: The id of the only item, and the field that holds it.
ITEM, OBJECT_ID = 1, "OBJECTID"
_CATEGORIES = (
    ("Unknown", 0),
    ("Primary", 1),
    ("Overview", 2),
    ("Unprocessed Overview", 3),
    ("Partial Overview", 4),
    ("Inactive", 5),
    ("Uploaded", 253),
    ("Incomplete", 254),
    ("Custom", 255),
)
CATEGORIES = {
    "type": "codedValue",
    "name": "MosaicCatalogItemCategoryDomain",
    "description": "Catalog item categories.",
    "codedValues": [{"name": name, "code": code} for name, code in _CATEGORIES],
    "mergePolicy": "esriMPTDefaultValue",
    "splitPolicy": "esriSPTDefaultValue",
}
_TYPES: dict[str, tuple[str, int | None]] = {
    OBJECT_ID: ("OID", None),
    "Shape": ("Geometry", None),
    "Name": ("String", 200),
    "MinPS": ("Double", None),
    "MaxPS": ("Double", None),
    "LowPS": ("Double", None),
    "HighPS": ("Double", None),
    "Category": ("Integer", None),
    "Tag": ("String", 100),
    "GroupName": ("String", 100),
    "ProductName": ("String", 100),
    "CenterX": ("Double", None),
    "CenterY": ("Double", None),
    "ZOrder": ("Integer", None),
    "Shape_Length": ("Double", None),
    "Shape_Area": ("Double", None),
    "AcquisitionDate": ("Date", 8),
}


def footprint(info: SourceInfo) -> Shape:
    """Outline of a raster in its own system; a turned raster has a turned outline."""
    return Shape(GeometryType.POLYGON, outline_of(info), info.crs)


def attributes_of(service: Service) -> Document:
    """Attributes of the item, without its shape. The date is in milliseconds since 1970."""
    info = service.info
    row: Document = {OBJECT_ID: ITEM, **raster_row(info, stem_of(service.config.source, service.name))}
    return row if info.acquired is None else row | {"AcquisitionDate": info.acquired}


def field_documents(has_date: bool) -> list[Document]:
    """Fields of the catalog, in order."""
    found = []
    for name, (kind, length) in _TYPES.items():
        if name == "AcquisitionDate" and not has_date:
            continue
        domain = CATEGORIES if name == "Category" else None
        field: Document = {"name": name, "type": f"esriFieldType{kind}", "alias": name, "domain": domain}
        found.append(field if length is None else field | {"length": length})
    return found


def chosen_fields(text: str, names: list[str], parameter: str = "outFields") -> list[str]:
    """Names of fields in a list, in the order of the catalog; `*` and nothing are all of them.

    Raises:
        InvalidParameter: there is no such field.
    """
    wanted = [part.strip().strip('"').lower() for part in text.split(",") if part.strip()]
    if not wanted or "*" in wanted:
        return names
    known = {name.lower(): name for name in names}
    unknown = [name for name in wanted if name not in known and name != "shape"]
    if unknown:
        raise InvalidParameter(parameter, f"There is no field '{unknown[0][:60]}'.")
    return [name for name in names if name.lower() in wanted]


def check_item(service: Service, text: str) -> int:
    """The id of the item, or of a slice of a cube.

    Raises:
        CannotComplete: there is none with that id.
    """
    number = int(text) if text.isdecimal() and len(text) < 19 else 0
    source = service.source
    known = source.rows.get(number) is not None if isinstance(source, AnyCube) else number == ITEM
    if not known:
        raise CannotComplete
    return number
