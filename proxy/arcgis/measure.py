"""measure: distances, angles and areas on the ellipsoid of WGS 84."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyproj
import shapely

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.errors import UnsupportedOperation
from proxy.arcgis.fields import Fields
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, Shape, point_document, projected, read_shape
from proxy.crs import WGS84, SpatialReference
from proxy.errors import InvalidParameter

#: Metres, square metres and degrees in one of each unit.
LINEAR = {
    "esriMillimeters": 0.001,
    "esriCentimeters": 0.01,
    "esriDecimeters": 0.1,
    "esriMeters": 1.0,
    "esriKilometers": 1000.0,
    "esriInches": 0.0254,
    "esriFeet": 0.3048,
    "esriYards": 0.9144,
    "esriMiles": 1609.344,
    "esriNauticalMiles": 1852.0,
}
AREA = {
    "esriSquareMillimeters": 1e-6,
    "esriSquareCentimeters": 1e-4,
    "esriSquareDecimeters": 0.01,
    "esriSquareMeters": 1.0,
    "esriAres": 100.0,
    "esriHectares": 10_000.0,
    "esriSquareKilometers": 1e6,
    "esriSquareInches": 0.0254**2,
    "esriSquareFeet": 0.3048**2,
    "esriSquareYards": 0.9144**2,
    "esriAcres": 4046.8564224,
    "esriSquareMiles": 1609.344**2,
}
ANGULAR = {"esriDUDecimalDegrees": 1.0, "esriDURadians": 180.0 / math.pi, "esriDUMinutes": 1 / 60}
_PREFIX = "esriMensuration"


async def measure(call: Call) -> Document:
    """One of the basic measurements; those that need heights or a sensor are refused."""
    service = await call.opened()
    fields, own = call.fields, service.info.crs
    name = fields.text("measureOperation").lower().removeprefix(_PREFIX.lower())
    if not name:
        raise InvalidParameter("measureOperation")
    if name not in _OPERATIONS:
        raise UnsupportedOperation
    shape = read_shape(fields, own, "fromGeometry")
    if shape is None:
        raise InvalidParameter("fromGeometry")
    document: Document = {"name": service.name, "sensorName": ""}
    return document | _OPERATIONS[name](fields, shape, own)


def _point(fields: Fields, shape: Shape, own: SpatialReference) -> Document:
    if shape.kind is not GeometryType.POINT:
        raise InvalidParameter("fromGeometry")
    return _place(projected(shape, own, "fromGeometry"))


def _centroid(fields: Fields, shape: Shape, own: SpatialReference) -> Document:
    _check_area(shape)
    return _place(projected(shape, own, "fromGeometry"))


def _place(shape: Shape) -> Document:
    x, y = shape.center
    place = {"value": point_document(x, y, shape.crs), "displayValue": f"{x:.6f}, {y:.6f}"}
    return {"point": place | {"uncertainty": None}}


def _distance_and_angle(fields: Fields, shape: Shape, own: SpatialReference) -> Document:
    other = read_shape(fields, own, "toGeometry")
    if other is None or other.kind is not GeometryType.POINT:
        raise InvalidParameter("toGeometry")
    if shape.kind is not GeometryType.POINT:
        raise InvalidParameter("fromGeometry")
    start, end = projected(shape, WGS84, "fromGeometry"), projected(other, WGS84, "toGeometry")
    azimuth, _, distance = _geod().inv(*start.center, *end.center)
    return {
        "distance": _value(fields, "linearUnit", LINEAR, "esriMeters", distance),
        "azimuthAngle": _value(fields, "angularUnit", ANGULAR, "esriDUDecimalDegrees", azimuth % 360.0),
    }


def _area_and_perimeter(fields: Fields, shape: Shape, own: SpatialReference) -> Document:
    _check_area(shape)
    area = perimeter = 0.0
    for part in shapely.get_parts(projected(shape, WGS84, "fromGeometry").form):
        turned = shapely.orient_polygons(part, exterior_cw=False)
        own_area, own_perimeter = _geod().geometry_area_perimeter(turned)
        area, perimeter = area + abs(own_area), perimeter + own_perimeter
    return {
        "area": _value(fields, "areaUnit", AREA, "esriSquareMeters", area),
        "perimeter": _value(fields, "linearUnit", LINEAR, "esriMeters", perimeter),
    }


def _check_area(shape: Shape) -> None:
    if shape.kind not in (GeometryType.POLYGON, GeometryType.ENVELOPE):
        raise InvalidParameter("fromGeometry")


def _geod() -> pyproj.Geod:
    return pyproj.Geod(ellps="WGS84")


def _value(fields: Fields, parameter: str, units: dict[str, float], standard: str, value: float) -> Document:
    asked = fields.text(parameter).lower() or standard.lower()
    unit = next((name for name in units if name.lower() == asked), None)
    if unit is None:
        raise InvalidParameter(parameter)
    found = value / units[unit]
    if not math.isfinite(found):
        # Degrees that are none.
        raise InvalidParameter("fromGeometry")
    return {"value": found, "displayValue": f"{found:.4f}", "uncertainty": None, "unit": unit}


_OPERATIONS: dict[str, Callable[[Fields, Shape, SpatialReference], Document]] = {
    "point": _point,
    "centroid": _centroid,
    "distanceandangle": _distance_and_angle,
    "areaandperimeter": _area_and_perimeter,
}

OPERATION = Operation(
    "measure",
    measure,
    "Measure",
    (
        Parameter("fromGeometry", "x,y or a geometry as JSON"),
        Parameter("toGeometry", "point, for distances"),
        Parameter("geometryType", "", tuple(kind.value for kind in GeometryType)),
        Parameter(
            "measureOperation",
            "",
            tuple(_PREFIX + name for name in ("Point", "DistanceAndAngle", "AreaAndPerimeter", "Centroid")),
        ),
        Parameter("linearUnit", "", tuple(LINEAR)),
        Parameter("angularUnit", "", tuple(ANGULAR)),
        Parameter("areaUnit", "", tuple(AREA)),
    ),
    required=("fromGeometry",),
)
