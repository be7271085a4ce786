from __future__ import annotations

import numpy as np
import pytest
import shapely

from proxy.catalog.turns import folded, jumps, rejoined, repeated, spans, turn_of, unwrapped
from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference

HALF = 20037508.342789244


def test_turns_of_systems() -> None:
    world = turn_of(WGS84)
    assert world is not None
    assert (world.west, world.east, world.top) == (-180.0, 180.0, 90.0)
    mercator = turn_of(WEB_MERCATOR)
    assert mercator is not None
    # PROJ is asked for a place a thousand millionth of a degree from the edge.
    assert (mercator.west, mercator.east, mercator.top) == pytest.approx((-HALF, HALF, HALF), abs=0.001)


@pytest.mark.parametrize(
    "code", ["EPSG:3395", "EPSG:6933", "EPSG:4087", "EPSG:3832", "ESRI:54001", "EPSG:4807"]
)
def test_upright_systems_go_round(code: str) -> None:
    assert turn_of(SpatialReference(code)) is not None


@pytest.mark.parametrize(
    "code", ["EPSG:32633", "EPSG:3031", "EPSG:5070", "EPSG:3035", "EPSG:2056", "ESRI:54030"]
)
def test_others_do_not(code: str) -> None:
    assert turn_of(SpatialReference(code)) is None


def test_a_pacific_map_has_its_edge_elsewhere() -> None:
    turn = turn_of(SpatialReference("EPSG:3832"))
    assert turn is not None
    assert (turn.west, turn.length) == pytest.approx((-HALF, 2 * HALF), abs=0.01)


def test_rings_go_on_beyond_the_edge() -> None:
    turn = turn_of(WGS84)
    assert turn is not None
    ring = np.array([(179.0, 0), (-179.0, 0), (-179.0, 1), (179.0, 1), (179.0, 0)])
    assert jumps(ring, turn)
    assert unwrapped(ring, turn)[:, 0].tolist() == [179, 181, 181, 179, 179]
    around = np.column_stack((np.arange(-180.0, 181.0, 30), np.full(13, -70.0)))
    closed = shapely.Polygon(unwrapped(np.vstack((around[:-1], around[:1])), turn))
    assert closed.bounds == (-180, -90, 180, -70)


def test_shapes_are_folded_onto_the_map() -> None:
    turn = turn_of(WGS84)
    parts = folded(shapely.box(170, -95, 190, 10), turn)
    assert [part.bounds for part in parts] == [(170, -90, 180, 10), (-180, -90, -170, 10)]
    assert [part.bounds for part in folded(shapely.box(200, 0, 210, 1), turn)] == [(-160, 0, -150, 1)]
    assert [part.bounds for part in folded(shapely.box(-180, 0, 180, 1), turn)] == [(-180, 0, 180, 1)]
    assert [part.bounds for part in folded(shapely.box(0, 0, 360, 1), turn)] == [
        (0, 0, 180, 1),
        (-180, 0, 0, 1),
    ]
    assert [part.bounds for part in folded(shapely.Point(190, 1), turn)] == [(-170, 1, -170, 1)]
    line = folded(shapely.LineString([(-190, 0), (-170, 0)]), turn)
    assert [part.bounds for part in line] == [(170, 0, 180, 0), (-180, 0, -170, 0)]
    assert folded(shapely.box(500, 0, 600, 1), None)[0].bounds == (500, 0, 600, 1)
    assert len(folded(shapely.box(-1e15, 0, 1e15, 1), turn)) <= 4


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((-10, 10), [(-10, 10)]),
        ((170, 190), [(170, 180), (-180, -170)]),
        ((-190, -170), [(170, 180), (-180, -170)]),
        ((190, 200), [(-170, -160)]),
        ((530, 560), [(170, 180), (-180, -160)]),
        ((-200, 200), [(-180, 180)]),
        ((-1e9, 1e9), [(-180, 180)]),
    ],
)
def test_ranges_go_round(asked: tuple[float, float], found: list[tuple[float, float]]) -> None:
    assert spans(*asked, turn_of(WGS84)) == found
    assert spans(*asked, None) == [asked]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (10.0, {10.0, -350.0, 370.0}),
        (190.0, {190.0, -170.0, -530.0}),
        (545.0, {545.0, 185.0, -175.0, -535.0}),
    ],
)
def test_a_place_lies_whole_turns_further_as_well(x: float, expected: set[float]) -> None:
    found = repeated(x, turn_of(WGS84))
    assert (found[0], set(found)) == (x, expected)
    assert repeated(x, None) == [x]


def test_what_was_cut_at_the_edge_is_one_again() -> None:
    turn = turn_of(WGS84)
    east, west = shapely.box(175, -2, 180, 7), shapely.box(-180, -2, -170, 7)
    assert rejoined(shapely.MultiPolygon([east, west]), turn).equals(shapely.box(175, -2, 190, 7))
    for shape in (
        east,
        shapely.MultiPolygon([east, shapely.box(10, 0, 20, 5)]),
        shapely.MultiPolygon([shapely.box(-180, 10, 180, 20), west]),
    ):
        assert rejoined(shape, turn) is shape
    assert rejoined(shapely.MultiPolygon([east, west]), None).equals(shapely.MultiPolygon([east, west]))
