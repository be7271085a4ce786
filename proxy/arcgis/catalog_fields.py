"""Fields of a mosaic's catalog as documents, and the names of fields in requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.arcgis.items import CATEGORIES, Document, chosen_fields
from proxy.catalog.base import Field, FieldType, Item
from proxy.errors import InvalidParameter

TYPES = {
    FieldType.ID: "esriFieldTypeOID",
    FieldType.INTEGER: "esriFieldTypeInteger",
    FieldType.REAL: "esriFieldTypeDouble",
    FieldType.TEXT: "esriFieldTypeString",
    FieldType.DATE: "esriFieldTypeDate",
    FieldType.GEOMETRY: "esriFieldTypeGeometry",
}
#: Bytes of a date, which clients are told for its length.
DATE_LENGTH = 8


def field_document(field: Field) -> Document:
    """One field."""
    document: dict[str, Any] = {
        "name": field.name,
        "type": TYPES[field.type],
        "alias": field.alias or field.name,
        "domain": CATEGORIES if field.name == "Category" else None,
    }
    length = DATE_LENGTH if field.type is FieldType.DATE else field.length
    return document if length is None else document | {"length": length}


def named(fields: Sequence[Field], text: str, parameter: str) -> list[Field]:
    """Fields of a list of names in the order of the catalog; `*` and nothing are all.

    Raises:
        InvalidParameter: there is no such field.
    """
    by_alias = {field.alias.lower(): field.name for field in fields if field.alias}
    parts = [part.strip().strip('"') for part in text.split(",")]
    known = ",".join(by_alias.get(part.lower(), part) for part in parts)
    wanted = set(chosen_fields(known, [field.name for field in fields], parameter))
    return [field for field in fields if field.name in wanted]


def one_named(fields: Sequence[Field], name: str, parameter: str) -> Field:
    """The field of a name.

    Raises:
        InvalidParameter: it is none, or several.
    """
    found = named(fields, name, parameter) if name.strip() and "*" not in name else []
    if len(found) != 1 or found[0].type is FieldType.GEOMETRY:
        raise InvalidParameter(parameter)
    return found[0]


def attributes_of(item: Item, fields: Sequence[Field]) -> Document:
    """Attributes of an item, without its shape."""
    return {
        field.name: item.attributes.get(field.name)
        for field in fields
        if field.type is not FieldType.GEOMETRY
    }
