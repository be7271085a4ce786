"""Tiles of boxes, checked against morecantile's own list."""

from __future__ import annotations

import morecantile
import pytest

from proxy.bulk.area import Area, Square, extent_of, read_bounds, read_zooms, within
from proxy.errors import InvalidParameter, OutsideExtent

TMS = morecantile.tms.get("WebMercatorQuad")


def places(area: Area) -> list[tuple[int, int, int]]:
    return [tile for square in area.squares() for tile in square.tiles()]


@pytest.mark.parametrize(
    "bounds",
    [
        (12.9, 52.2, 13.9, 52.7),
        (-180.0, -85.0, 180.0, 85.0),
        (-0.1, -0.1, 0.1, 0.1),
        (5.0, 5.0, 5.001, 5.001),
    ],
)
@pytest.mark.parametrize("zooms", [(0,), (0, 3, 6), (7,)])
def test_the_tiles_of_a_box_are_those_of_morecantile(
    bounds: tuple[float, float, float, float], zooms: tuple[int, ...]
) -> None:
    area = Area("WebMercatorQuad", zooms, bounds)
    expected = {(tile.z, tile.x, tile.y) for tile in TMS.tiles(*bounds, zooms=list(zooms))}
    found = places(area)
    assert set(found) == expected
    assert len(found) == len(expected) == area.count()


def test_a_box_across_the_antimeridian_has_both_sides_and_no_tile_twice() -> None:
    for zoom in (0, 1, 2, 5):
        area = Area("WebMercatorQuad", (zoom,), (175.0, -20.0, 190.0, 0.0))
        found = places(area)
        west = {(t.z, t.x, t.y) for t in TMS.tiles(175, -20, 180, 0, zooms=zoom)}
        east = {(t.z, t.x, t.y) for t in TMS.tiles(-180, -20, -170, 0, zooms=zoom)}
        assert len(found) == len(set(found)) == area.count()
        assert set(found) >= west | east
    assert set(found) == west | east


def test_unwanted_squares_are_left_out() -> None:
    area = Area("WebMercatorQuad", (5,), (-180.0, -85.0, 180.0, 85.0))
    squares = list(area.squares(lambda square, extent: extent.xmax <= 0))
    assert {square.right for square in squares} == {8, 16}
    assert all(extent_of("WebMercatorQuad", square).xmax <= 0 for square in squares)


def test_the_extent_of_a_square() -> None:
    extent = extent_of("WebMercatorQuad", Square(1, 0, 0, 2, 1))
    half = 20037508.342789244
    assert extent.as_tuple() == pytest.approx((-half, 0.0, half, half))


def test_zooms_and_boxes_as_text() -> None:
    assert read_zooms("3") == (3,)
    assert read_zooms("0-2,5") == (0, 1, 2, 5)
    for wrong in ("", "a", "3-", "-1", "31", "5-3"):
        with pytest.raises(InvalidParameter):
            read_zooms(wrong)
    assert read_bounds("170,-10,-170,10") == (170.0, -10.0, 190.0, 10.0)
    for wrong in ("1,2,3", "0,10,1,0", "a,b,c,d", "0,-91,1,0", "nan,0,1,1"):
        with pytest.raises(InvalidParameter):
            read_bounds(wrong)


def test_only_where_there_are_data() -> None:
    assert within((0, 0, 10, 10), (5, 5, 20, 20)) == (5, 5, 10, 10)
    assert within((-180, -10, -170, 10), (175, -5, 195, 5)) == (180, -5, 190, 5)
    with pytest.raises(OutsideExtent):
        within((0, 0, 1, 1), (5, 5, 20, 20))
    with pytest.raises(OutsideExtent):
        within((0, 0, 1, 1), None)
