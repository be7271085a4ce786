"""Geometries in Esri's spellings, both ways: points, multipoints, polylines, polygons, envelopes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from proxy.arcgis.fields import Fields, numbers
from proxy.arcgis.geometry import FARTHEST
from proxy.arcgis.rings import VERTICES, polygons, rings_of
from proxy.arcgis.spatial_reference import aligned, from_mapping, read_reference, reference_document
from proxy.catalog.turns import rejoined, turn_of
from proxy.crs import SpatialReference, transformer
from proxy.errors import BadRequest, InvalidParameter
from proxy.model import Extent

Document = dict[str, Any]

#: Parts that the longer side of an envelope is divided into before it is projected.
EDGE_STEPS = 21


class GeometryType(StrEnum):
    """Kinds of geometries, by the names that Esri gives them."""

    POINT = "esriGeometryPoint"
    MULTIPOINT = "esriGeometryMultipoint"
    POLYLINE = "esriGeometryPolyline"
    POLYGON = "esriGeometryPolygon"
    ENVELOPE = "esriGeometryEnvelope"


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry and the system of its coordinates.

    Attributes:
        form: of shapely: Point, MultiPoint, MultiLineString, MultiPolygon, or the Polygon of an envelope.
    """

    kind: GeometryType
    form: BaseGeometry
    crs: SpatialReference

    @property
    def points(self) -> list[tuple[float, float]]:
        """All vertices."""
        return [(float(x), float(y)) for x, y in shapely.get_coordinates(self.form)]

    @property
    def extent(self) -> Extent:
        """Its envelope."""
        return Extent(*(float(value) for value in self.form.bounds))

    @property
    def center(self) -> tuple[float, float]:
        """The centroid, on the map; clients cut areas at the antimeridian."""
        turn = turn_of(self.crs)
        whole = rejoined(self.form, turn)
        center = whole.centroid
        x, y = float(center.x), float(center.y)
        # Only what was put together again is brought back: a place is told as it was asked for.
        beyond = turn is not None and whole is not self.form and x > turn.east
        return (x - turn.length if beyond and turn else x), y


def read_shape(
    fields: Fields,
    service: SpatialReference,
    name: str = "geometry",
    type_name: str = "geometryType",
    reference_name: str = "",
    default: GeometryType | None = None,
) -> Shape | None:
    """The geometry in a parameter, None where there is none.

    Args:
        fields: parameters.
        service: system of coordinates that say nothing of theirs.
        name: parameter of the geometry; type_name: of its kind, which is else found out from its members.
        reference_name: parameter of its system, which comes after the geometry's own.
        default: kind of numbers without one: two are a point, four an envelope where it is None.

    Raises:
        InvalidParameter: it cannot be read, or is not of the kind that it is said to be.
    """
    text = fields.text(name)
    if not text:
        return None
    asked = geometry_type(type_name, fields.text(type_name)) if fields.text(type_name) else None
    outer = (
        read_reference(reference_name, fields.text(reference_name), service) if reference_name else service
    )
    if not text.startswith(("{", "[")):
        return _from_numbers(name, numbers(name, text), asked or default, outer)
    return shape_of(fields.json(name), asked, outer, name)


def geometry_type(name: str, text: str) -> GeometryType:
    """A kind of geometry by its name, without regard to case or the prefix `esriGeometry`.

    Raises:
        InvalidParameter: there is none of that name.
    """
    wanted = text.strip("'\"").lower().removeprefix("esrigeometry")
    for kind in GeometryType:
        if kind.value.lower().removeprefix("esrigeometry") == wanted:
            return kind
    raise InvalidParameter(name)


def _from_numbers(name: str, values: list[float], asked: GeometryType | None, crs: SpatialReference) -> Shape:
    if max(map(abs, values)) > FARTHEST:
        raise InvalidParameter(name)
    kind = asked or (GeometryType.ENVELOPE if len(values) == 4 else GeometryType.POINT)
    if kind is GeometryType.POINT and len(values) in (2, 3):
        return Shape(kind, shapely.Point(values[:2]), crs)
    if kind is GeometryType.ENVELOPE and len(values) == 4:
        return Shape(kind, _box(values), crs)
    raise InvalidParameter(name)


def shape_of(value: Any, asked: GeometryType | None, outer: SpatialReference, name: str) -> Shape:
    """A geometry from its JSON object.

    Raises:
        InvalidParameter: it cannot be read.
    """
    if not isinstance(value, Mapping):
        raise InvalidParameter(name)
    members = {str(key).lower(): member for key, member in value.items()}
    kind = next((kind for kind, member in _MEMBERS if member in members), None)
    if kind is None or (asked is not None and asked is not kind and not _is_area(asked, kind)):
        raise InvalidParameter(name)
    crs = outer
    if inner := members.get("spatialreference"):
        try:
            crs = aligned(from_mapping(inner), outer)
        except BadRequest:
            raise InvalidParameter(name, "Its spatial reference is not known.") from None
    try:
        form = _BUILDERS[kind](members)
    except (TypeError, ValueError, OverflowError, KeyError, shapely.errors.ShapelyError):
        raise InvalidParameter(name) from None
    if form.is_empty:
        raise InvalidParameter(name, "It is empty.")
    return Shape(kind, form, crs)


def _is_area(*kinds: GeometryType) -> bool:
    # Some callers call an envelope a polygon.
    return set(kinds) <= {GeometryType.POLYGON, GeometryType.ENVELOPE}


_MEMBERS = (
    (GeometryType.POINT, "x"),
    (GeometryType.MULTIPOINT, "points"),
    (GeometryType.POLYLINE, "paths"),
    (GeometryType.POLYGON, "rings"),
    (GeometryType.ENVELOPE, "xmin"),
)


def _place(value: Any) -> tuple[float, float]:
    if len(value) < 2:
        raise ValueError
    x, y = float(value[0]), float(value[1])
    if not (math.isfinite(x) and math.isfinite(y)) or max(abs(x), abs(y)) > FARTHEST:
        raise ValueError
    return x, y


def _places(values: Any, least: int) -> list[tuple[float, float]]:
    if not isinstance(values, Sequence) or isinstance(values, str) or not least <= len(values) <= VERTICES:
        raise ValueError
    return [_place(value) for value in values]


def _point(members: Mapping[str, Any]) -> BaseGeometry:
    return shapely.Point(_place((members["x"], members["y"])))


def _multipoint(members: Mapping[str, Any]) -> BaseGeometry:
    return shapely.MultiPoint(_places(members["points"], 1))


def _polyline(members: Mapping[str, Any]) -> BaseGeometry:
    return shapely.MultiLineString([_places(path, 2) for path in members["paths"]])


def _polygon(members: Mapping[str, Any]) -> BaseGeometry:
    return polygons([_places(ring, 3) for ring in members["rings"]])


def _envelope(members: Mapping[str, Any]) -> BaseGeometry:
    corners = _place((members["xmin"], members["ymin"])), _place((members["xmax"], members["ymax"]))
    return _box([*corners[0], *corners[1]])


def _box(values: Sequence[float]) -> BaseGeometry:
    x0, x1 = sorted((values[0], values[2]))
    y0, y1 = sorted((values[1], values[3]))
    return shapely.box(x0, y0, x1, y1, ccw=False)


_BUILDERS: dict[GeometryType, Callable[[Mapping[str, Any]], BaseGeometry]] = {
    GeometryType.POINT: _point,
    GeometryType.MULTIPOINT: _multipoint,
    GeometryType.POLYLINE: _polyline,
    GeometryType.POLYGON: _polygon,
    GeometryType.ENVELOPE: _envelope,
}


def densified(shape: Shape) -> Shape:
    """The same geometry with more vertices, since straight edges bend when they are projected."""
    step = max(shape.extent.width, shape.extent.height) / EDGE_STEPS
    return dataclasses.replace(shape, form=shapely.segmentize(shape.form, step)) if step > 0 else shape


def projected(shape: Shape, target: SpatialReference, name: str = "geometry") -> Shape:
    """The geometry in another system; an envelope becomes what its rectangle is there.

    Raises:
        InvalidParameter: some vertex does not exist there.
    """
    if shape.crs == target:
        return shape
    form = densified(shape).form if shape.kind is GeometryType.ENVELOPE else shape.form
    try:
        turn = transformer(shape.crs, target)
    except BadRequest as error:
        raise InvalidParameter(name, error.message) from error
    moved = shapely.transform(form, lambda places: np.column_stack(turn.transform(*places.T)))
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise InvalidParameter(name, "It does not exist in the spatial reference asked for.")
    return Shape(shape.kind, moved, target)


def point_document(x: float, y: float, crs: SpatialReference) -> Document:
    """JSON object of a point."""
    return {"x": x, "y": y, "spatialReference": reference_document(crs)}


def shape_document(shape: Shape, digits: int | None = None, with_reference: bool = True) -> Document:
    """JSON object of a geometry.

    Args:
        shape: outer rings are written clockwise, holes against the clock.
        digits: decimals of the coordinates, None for all.
        with_reference: name the system as well.
    """
    members: Document
    form = shape.form
    match shape.kind:
        case GeometryType.POINT:
            x, y = rounded(form, digits)[0]
            members = {"x": x, "y": y}
        case GeometryType.MULTIPOINT:
            members = {"points": rounded(form, digits)}
        case GeometryType.POLYLINE:
            members = {"paths": [rounded(line, digits) for line in shapely.get_parts(form)]}
        case GeometryType.ENVELOPE:
            names = ("xmin", "ymin", "xmax", "ymax")
            bounds = (_round(float(value), digits) for value in form.bounds)
            members = dict(zip(names, bounds, strict=True))
        case GeometryType.POLYGON:
            members = {"rings": [rounded(ring, digits) for ring in rings_of(form)]}
    return members | ({"spatialReference": reference_document(shape.crs)} if with_reference else {})


def rounded(form: BaseGeometry, digits: int | None) -> list[list[float]]:
    """Places of a geometry, with so many decimals or, for None, all of them."""
    return [[_round(float(x), digits), _round(float(y), digits)] for x, y in shapely.get_coordinates(form)]


def _round(value: float, digits: int | None) -> float:
    return value if digits is None else round(value, digits)
