"""What is no mosaic as rows of a catalog: a raster is one row, every slice of a cube is one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from proxy.arcgis.catalog_fields import field_document
from proxy.arcgis.choosing import Chosen
from proxy.arcgis.items import OBJECT_ID, attributes_of, field_documents, footprint
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import Shape
from proxy.catalog.base import Field, FieldType
from proxy.catalog.where import predicate
from proxy.selection import MosaicRule, Selection
from proxy.services import Service
from proxy.sources.remembered import AnyCube

_KINDS = {
    "OID": FieldType.ID,
    "Geometry": FieldType.GEOMETRY,
    "String": FieldType.TEXT,
    "Integer": FieldType.INTEGER,
    "Date": FieldType.DATE,
}
_FIELDS = tuple(
    Field(each["name"], _KINDS.get(each["type"].removeprefix("esriFieldType"), FieldType.REAL))
    for each in field_documents(True)
)


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the catalog and its outline."""

    attributes: dict[str, Any]
    outline: Shape


def described(service: Service) -> list[Document]:
    """Fields of the rows, as documents."""
    source = service.source
    if isinstance(source, AnyCube):
        return [field_document(field) for field in source.rows.fields]
    return field_documents(service.info.acquired is not None)


def items_of(service: Service, where: str, ids: Collection[int] | None, chosen: list[Chosen]) -> list[Item]:
    """Rows that meet a condition, in order of their ids. May block.

    Args:
        service: without a catalog of its own.
        where: empty for all.
        ids: None for all.
        chosen: variables and places along their dimensions, of a cube; nothing for all slices.

    Raises:
        InvalidParameter: the condition cannot be read, or a dimension has no such place.
        TooLarge: the cube has too many slices.
    """
    source = service.source
    if not isinstance(source, AnyCube):
        item = Item(attributes_of(service), footprint(service.info))
        taken = predicate(where, _FIELDS)(item.attributes)
        return [item] if taken and (ids is None or item.attributes[OBJECT_ID] in ids) else []
    rule = MosaicRule(where=where, ids=None if ids is None else tuple(ids))
    found: list[Item] = []
    for variable, dimensions in chosen or [(each.name, ()) for each in source.variables]:
        asked = Selection(rule, None, variable, dimensions)
        outline = footprint(source.at(Selection(variable=variable)).info)
        found += [Item(source.rows.attributes(row), outline) for row in source.rows.chosen(asked)]
    return found
