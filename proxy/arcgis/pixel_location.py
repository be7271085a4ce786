"""computePixelLocation: columns and rows of places in the raster of an item."""

from __future__ import annotations

from affine import Affine

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.items import ITEM, check_item
from proxy.arcgis.project import read_shapes
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, projected
from proxy.arcgis.spatial_reference import read_reference
from proxy.catalog.turns import repeated, turn_of
from proxy.crs import SpatialReference
from proxy.errors import InvalidParameter
from proxy.services import Service
from proxy.sources.remembered import AnyCube


async def pixel_location(call: Call) -> Document:
    """Columns and rows from the upper left corner of the first pixel, with fractions, one pair a point."""
    service = await call.opened()
    fields = call.fields
    name = "spatialReference" if fields.text("spatialReference") else "inSR"
    crs = read_reference(name, fields.text(name), service.info.crs)
    shapes = read_shapes(call, crs)
    if any(shape.kind is not GeometryType.POINT for shape in shapes):
        raise InvalidParameter("geometries", "They are points.")
    own, transform, width = await call.worked(_grid, service, fields.text("rasterId") or str(ITEM))
    found = []
    for shape in shapes:
        x, y = projected(shape, own, "geometries").points[0]
        pixels = [~transform @ (place, y) for place in repeated(x, turn_of(own))]
        # Where the world goes round a place may lie whole turns beside the raster.
        column, row = next((pixel for pixel in pixels if 0 <= pixel[0] < width), pixels[0])
        found.append({"x": column, "y": row})
    return {"geometries": found}


def _grid(service: Service, item: str) -> tuple[SpatialReference, Affine, int]:
    """System, transform and number of columns of the pixels of an item. Blocks.

    Raises:
        CannotComplete: there is no such item.
    """
    catalog = service.catalog
    if catalog is None:
        number = check_item(service, item)
        source = service.source
        row = source.rows.get(number) if isinstance(source, AnyCube) else None
        info = source.info if row is None else source.at(row.selection).info
        return info.crs, info.transform, info.width
    known = catalog.get(int(item)) if item.isdecimal() and len(item) < 19 else None
    if known is None:
        raise CannotComplete
    return known.facts.crs, known.facts.transform, known.facts.width


OPERATION = Operation(
    "computePixelLocation",
    pixel_location,
    "Compute pixel location",
    (
        Parameter("rasterId", "of an item"),
        Parameter("geometries", "points as JSON"),
        Parameter("spatialReference"),
    ),
    required=("geometries",),
)
