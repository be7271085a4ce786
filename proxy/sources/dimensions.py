"""Dimensions in words, and those of a mosaic whose items lie along some."""

from __future__ import annotations

import math
import re

import numpy as np

from proxy.catalog.base import Catalog, Field, FieldType
from proxy.catalog.choosing import field_of
from proxy.config.mosaic import MosaicConfig
from proxy.errors import CannotOpen
from proxy.model import PixelType
from proxy.sources.base import Dimension, Variable

#: Values of an attribute that a dimension lists at most.
MOST_VALUES = 100_000
#: Names of the two dimensions that have the same name in every image service.
TIME, HEIGHT = "StdTime", "StdZ"
#: Unit of times in `Dimension.values`.
TIME_UNIT = "milliseconds since 1970-01-01"
_VERTICAL = re.compile(r"^(std)?z$|depth|height|elevation|altitude|level|pressure", re.IGNORECASE)
_NUMBERS = (FieldType.ID, FieldType.INTEGER, FieldType.REAL)


def moment(milliseconds: float) -> str:
    """Epoch milliseconds in ISO 8601, to the second."""
    return f"{np.datetime64(math.floor(milliseconds / 1000), 's')}Z"


def standard_names(variable: Variable) -> list[str]:
    """Names of the dimensions of a variable as catalogs of slices spell them.

    The first times are `StdTime`, the first heights `StdZ`; everything else keeps its own name.
    """
    names: list[str] = []
    for dimension in variable.dimensions:
        standard = {"time": TIME, "vertical": HEIGHT}.get(dimension.kind, dimension.name)
        names.append(dimension.name if standard in names else standard)
    return names


def outward(dimension: Dimension, value: float) -> float:
    """A value as clients see it: heights are positive, so depths are negative."""
    turned = -value if dimension.kind == "vertical" and dimension.positive_down else value
    return int(turned) if float(turned).is_integer() else turned


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
    """The one variable of a mosaic whose items lie along dimensions that the configuration names.

    The values of a dimension are those of its attribute, in rising order; dates are times.

    Args:
        catalog: of the items.
        config: whose `dimensions` name the attributes.
        name: of the variable.
        pixel_type: of the items.

    Returns:
        Nothing where no dimensions are configured, and while no item has a place along one of them.

    Raises:
        CannotOpen: there is no such attribute, or it holds texts.
    """
    dimensions = tuple(
        _dimension(catalog, dimension, _field(catalog.fields, attribute, dimension))
        for dimension, attribute in config.dimensions.items()
    )
    if not dimensions or not all(dimension.values for dimension in dimensions):
        return ()
    return (Variable(name, "", "", dimensions, pixel_type),)


def _field(fields: tuple[Field, ...], name: str, dimension: str) -> Field:
    field = field_of(fields, name)
    if field is None:
        raise CannotOpen(f"The dimension {dimension} is that of an attribute {name} that no item has.")
    if field.type not in (FieldType.DATE, *_NUMBERS):
        raise CannotOpen(
            f"The dimension {dimension} is that of {name}, which is neither a number nor a date."
        )
    return field


def _dimension(catalog: Catalog, name: str, field: Field) -> Dimension:
    found = [float(value) for value in catalog.values(field.name) if isinstance(value, int | float)]
    values = tuple(found[:MOST_VALUES])
    if field.type is FieldType.DATE:
        return Dimension(name, "time", TIME_UNIT, values)
    return Dimension(name, "vertical" if _VERTICAL.search(name) else "", "", values)
