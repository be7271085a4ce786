"""Dimensions in words, and those of a mosaic whose items lie along some."""

from __future__ import annotations

import math

import numpy as np

from proxy.catalog.base import Catalog, Field, FieldType, Query
from proxy.config.mosaic import MosaicConfig
from proxy.errors import CannotOpen
from proxy.model import PixelType
from proxy.sources.base import Dimension, Variable

#: Attribute of the items that says which variable they are; without it all are of one.
VARIABLE_FIELD = "Variable"
#: Names of dimensions that lie along the vertical, without `std` before them.
_VERTICAL = frozenset({"z", "depth", "elevation", "height", "altitude", "level", "pressure"})
_NUMBERS = (FieldType.ID, FieldType.INTEGER, FieldType.REAL)


def moment(milliseconds: float) -> str:
    """Epoch milliseconds in ISO 8601, to the second."""
    return f"{np.datetime64(math.floor(milliseconds / 1000), 's')}Z"


def extent_text(dimension: Dimension) -> str:
    """How many values there are, and where they begin and end."""
    ends = min(dimension.values), max(dimension.values)
    if dimension.kind == "time":
        first, last = (moment(value) for value in ends)
    else:
        unit = f" {dimension.unit}" if dimension.unit else ""
        first, last = (f"{value:g}{unit}" for value in ends)
    count = len(dimension.values)
    return first if count == 1 else f"{count} values from {first} to {last}"


def variables_of_mosaic(
    catalog: Catalog, config: MosaicConfig, name: str, pixel_type: PixelType = PixelType.FLOAT32
) -> tuple[Variable, ...]:
    """What the items of a mosaic are slices of, by the attributes that the configuration names.

    The values of a dimension are those of its attribute, in rising order; dates are times. Where the items
    have an attribute `Variable`, there is one variable for each of its values, in the order of the alphabet,
    with the values that its own items have; else there is one of the name of the mosaic.

    Args:
        catalog: of the items. Its filters may be asked once for each variable and dimension.
        config: whose `dimensions` name the attributes; empty for a mosaic without any.
        name: of the only variable where the items name none.
        pixel_type: of the items.

    Returns:
        Nothing where no dimensions are configured, and while the catalog is empty.

    Raises:
        CannotOpen: there is no such attribute, or it holds texts.
    """
    fields = {field.name.lower(): field for field in catalog.fields}
    chosen = {dimension: _field(fields, name, dimension) for dimension, name in config.dimensions.items()}
    if not chosen:
        return ()
    names: list[tuple[str, Query]] = [(name, Query())]
    if (several := fields.get(VARIABLE_FIELD.lower())) is not None:
        texts = [value for value in catalog.values(several.name) if isinstance(value, str) and value]
        names = [(text, Query(where=f"{several.name} = {_quoted(text)}")) for text in texts] or names
    found = []
    for variable, query in names:
        dimensions = tuple(_dimension(catalog, key, field, query) for key, field in chosen.items())
        if all(dimension.values for dimension in dimensions):
            found.append(Variable(variable, "", "", dimensions, pixel_type))
    return tuple(found)


def _field(fields: dict[str, Field], name: str, dimension: str) -> Field:
    field = fields.get(name.lower())
    if field is None:
        raise CannotOpen(f"The dimension {dimension} is that of an attribute {name} that no item has.")
    if field.type not in (FieldType.DATE, *_NUMBERS):
        raise CannotOpen(
            f"The dimension {dimension} is that of {name}, which is neither a number nor a date."
        )
    return field


def _dimension(catalog: Catalog, name: str, field: Field, query: Query) -> Dimension:
    values = tuple(
        float(value) for value in catalog.values(field.name, query) if isinstance(value, int | float)
    )
    if field.type is FieldType.DATE:
        return Dimension(name, "time", "ms since 1970-01-01", values)
    vertical = name.lower().removeprefix("std") in _VERTICAL
    return Dimension(name, "vertical" if vertical else "", "", values)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
