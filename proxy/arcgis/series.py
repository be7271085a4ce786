"""What is said of the slices of a cube, and of the items that lie along the dimensions of a mosaic."""

from __future__ import annotations

from proxy.arcgis.catalog_fields import attributes_of
from proxy.arcgis.catalog_query import outline
from proxy.arcgis.items import footprint
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import Shape
from proxy.catalog.base import Item
from proxy.services import Service
from proxy.sources.cube.rows import Row
from proxy.sources.dimensions import standard_names
from proxy.sources.remembered import AnyCube

#: The variable and the dimensions of a slice, as samples name them.
VARIABLES, DIMENSIONS = "Variables", "Dimensions"


def series_attributes(row: Row, value: str) -> Document:
    """Where along its dimensions a value of a slice lies, and the value under the name of its variable."""
    name = row.variable.name
    dimensions = ",".join(standard_names(row.variable))
    return {**row.steps, VARIABLES: name, DIMENSIONS: dimensions, name: value}


def slice_attributes(source: AnyCube, row: Row, value: str) -> Document:
    """All attributes of a slice, with a value of it."""
    return source.rows.attributes(row) | series_attributes(row, value)


def placed(service: Service, item: Item) -> Document:
    """Where an item lies along the dimensions of a mosaic that has some, by their standard names."""
    mosaic = service.config.mosaic
    if mosaic is None or not service.info.variables:
        return {}
    variable = service.info.variables[0]
    names = standard_names(variable)
    fields = {name.lower(): name for name in item.attributes}
    values = {
        name: item.attributes.get(fields.get(mosaic.dimensions[dimension.name].lower(), ""))
        for name, dimension in zip(names, variable.dimensions, strict=True)
    }
    return {**values, VARIABLES: variable.name, DIMENSIONS: ",".join(names)}


def row_of(service: Service, item: Item | Row) -> tuple[Document, Shape]:
    """Attributes and outline of an item of a mosaic, or of a slice of a cube."""
    source, catalog = service.source, service.catalog
    if isinstance(item, Item):
        assert catalog is not None
        return attributes_of(item, catalog.fields), outline(item, catalog.crs)
    assert isinstance(source, AnyCube)
    return source.rows.attributes(item), footprint(source.at(item.selection).info)
