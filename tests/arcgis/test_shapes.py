from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from proxy.arcgis.fields import Fields
from proxy.arcgis.shapes import GeometryType, Shape, projected, read_shape, shape_document
from proxy.crs import WEB_MERCATOR, WGS84
from proxy.errors import InvalidParameter

SQUARE = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]
HOLE = [[2, 2], [2, 4], [4, 4], [4, 2], [2, 2]]
ISLAND = [[2.5, 2.5], [3.5, 2.5], [3.5, 3.5], [2.5, 3.5], [2.5, 2.5]]


def read(value: Any, **more: str) -> Shape:
    text = value if isinstance(value, str) else json.dumps(value)
    found = read_shape(Fields([("geometry", text), *more.items()]), WGS84)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "more", "kind"),
    [
        ("1,2", {}, GeometryType.POINT),
        ("1,2,3,4", {}, GeometryType.ENVELOPE),
        ({"x": 1, "y": 2}, {"geometryType": "esriGeometryPoint"}, GeometryType.POINT),
        ("{x: 1, y: 2}", {"geometryType": "POINT"}, GeometryType.POINT),
        ({"points": [[1, 2], [3, 4]]}, {}, GeometryType.MULTIPOINT),
        ({"paths": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}, {}, GeometryType.POLYLINE),
        ({"rings": [SQUARE]}, {}, GeometryType.POLYGON),
        ({"xmin": 3, "ymin": 4, "xmax": 1, "ymax": 2}, {"geometryType": "esriGeometryPolygon"},
         GeometryType.ENVELOPE),
    ],
)  # fmt: skip
def test_forms(value: Any, more: dict[str, str], kind: GeometryType) -> None:
    assert read(value, **more).kind is kind


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("rings", "area"), [([SQUARE], 100), ([SQUARE, HOLE], 96), ([ISLAND, SQUARE, HOLE], 97)]
)
def test_holes_are_what_lies_within(rings: list[Any], area: float, turned: bool) -> None:
    shape = read({"rings": [ring[::-1] if turned else ring for ring in rings]})
    assert shape.form.area == area
    assert shape.form.is_valid
    written = read(shape_document(shape))
    assert written.form.equals(shape.form)
    outer = shape_document(shape)["rings"][0]
    doubled = sum((x1 - x0) * (y1 + y0) for (x0, y0), (x1, y1) in pairwise(outer))
    assert doubled > 0, "outer rings go clockwise"


def test_a_bow_tie_is_repaired_and_a_costly_one_refused() -> None:
    assert read({"rings": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}).form.area == pytest.approx(50)
    tangled = [[i * 7919 % 1000, i * 104729 % 997] for i in range(3000)]
    with pytest.raises(InvalidParameter):
        read({"rings": [tangled]})


def test_systems() -> None:
    inner = read({"x": 0, "y": 0, "spatialReference": {"wkid": 102100}})
    assert inner.crs == WEB_MERCATOR
    world = read({"xmin": -180, "ymin": -80, "xmax": 180, "ymax": 80})
    moved = projected(world, WEB_MERCATOR).extent
    assert moved.xmax == pytest.approx(20037508.34, abs=0.01)
    # Edges are divided before they are moved: a straight edge in degrees bends elsewhere.
    assert len(projected(world, WEB_MERCATOR).points) > 20


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("1", {}), ("1,2,3,4,5", {}), ("a,b", {}), ("{", {}), ("[1,2]", {}), ("{}", {}), ("null", {}),
        ({"x": "NaN", "y": 1}, {}), ({"x": 1}, {}), ({"points": []}, {}), ({"points": "ab"}, {}),
        ({"points": [[1]]}, {}), ({"points": [[]]}, {}), ({"x": 10**400, "y": 0}, {}),
        ({"rings": []}, {}), ({"rings": [[[0, 0], [1, 1]]]}, {}), ({"rings": [SQUARE] * 600}, {}),
        ({"paths": [[[0, 0]]]}, {}), ({"paths": 5}, {}), ({"xmin": 0, "ymin": 0, "xmax": 1}, {}),
        ({"x": 1, "y": 2}, {"geometryType": "esriGeometryPolygon"}), ("1,2", {"geometryType": "nothing"}),
        ({"x": 1, "y": 2, "spatialReference": {"wkid": 999999}}, {}),
    ],
)  # fmt: skip
def test_what_is_no_geometry(value: Any, more: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter):
        read(value, **more)
