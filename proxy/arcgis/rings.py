"""Rings to polygons with holes, and back."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

#: Most vertices and rings of one geometry, and most vertices of a polygon that is repaired.
VERTICES, RINGS, REPAIRED = 100_000, 500, 1000


def polygons(outlines: list[list[tuple[float, float]]]) -> BaseGeometry:
    """A MultiPolygon from rings in any order and direction.

    Raises:
        ValueError: there are too many, or they cross in a way that is too costly to repair.
    """
    rings = [shapely.Polygon(outline) for outline in outlines]
    if not 1 <= len(rings) <= RINGS or sum(map(shapely.get_num_coordinates, rings)) > VERTICES:
        raise ValueError
    form = _nested(sorted(rings, key=lambda ring: -ring.area))
    if form.is_valid:
        return form
    if shapely.get_num_coordinates(form) > REPAIRED:
        raise ValueError
    return _overlaid(rings)


def _nested(rings: list[BaseGeometry]) -> BaseGeometry:
    """Polygons with holes from rings by falling area. A ring within an odd number of others is a hole.

    Directions are not looked at, since they are often wrong.
    """
    shells: list[tuple[BaseGeometry, list[BaseGeometry]]] = []
    depths: list[tuple[BaseGeometry, int]] = []
    for ring in rings:
        inside = shapely.Point(shapely.get_coordinates(ring)[0])
        around = [(outer, depth) for outer, depth in depths if outer.contains(inside)]
        shapely.prepare(ring)
        depths.append((ring, len(around)))
        if len(around) % 2:
            innermost = max(around, key=lambda found: found[1])[0]
            next(holes for shell, holes in shells if shell is innermost).append(ring.exterior)
        else:
            shells.append((ring, []))
    return shapely.MultiPolygon([shapely.Polygon(shell.exterior, holes) for shell, holes in shells])


def _overlaid(rings: list[BaseGeometry]) -> BaseGeometry:
    """What an odd number of rings cover. Costly where rings cross often."""
    form: BaseGeometry = shapely.MultiPolygon()
    for ring in rings:
        form = form.symmetric_difference(shapely.make_valid(ring))
    return shapely.MultiPolygon([part for part in _flat(form) if part.geom_type == "Polygon"])


def _flat(form: BaseGeometry) -> list[BaseGeometry]:
    parts = shapely.get_parts(form)
    return [inner for part in parts for inner in shapely.get_parts(part)]


def rings_of(form: BaseGeometry) -> list[BaseGeometry]:
    """Rings of one or several polygons, outer ones clockwise."""
    found: list[BaseGeometry] = []
    for part in shapely.get_parts(form):
        turned = shapely.orient_polygons(part, exterior_cw=True)
        found += [turned.exterior, *turned.interiors]
    return found
