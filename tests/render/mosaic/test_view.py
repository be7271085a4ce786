from __future__ import annotations

import math

import pytest

from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference, reference, transform_bounds
from proxy.model import Extent, Grid
from proxy.render.mosaic.view import view_of

UTM = reference("EPSG:32618")
DATA = Extent(400_000, 4_900_000, 700_000, 5_200_000)
WORLD = math.pi * 6378137.0


def mercator(west: float, south: float, east: float, north: float, pixels: int = 256) -> Grid:
    bounds = transform_bounds((west, south, east, north), WGS84, WEB_MERCATOR)
    return Grid(WEB_MERCATOR, Extent(*bounds), pixels, pixels)


def test_a_grid_of_the_same_system_is_its_own_view() -> None:
    grid = Grid(UTM, Extent(450_000, 5_000_000, 460_000, 5_010_000), 100, 50)
    view = view_of(grid, UTM, DATA)
    assert (view.center, view.extent) == ((455_000, 5_005_000), grid.extent)
    assert view.pixel_size == pytest.approx(math.sqrt(100 * 200))


@pytest.mark.parametrize("crs", [WGS84, WEB_MERCATOR, reference("EPSG:3978")])
def test_every_part_of_the_picture_lies_in_the_view(crs: SpatialReference) -> None:
    place = transform_bounds((450_000, 5_000_000, 650_000, 5_150_000), UTM, crs)
    view = view_of(Grid(crs, Extent(*place), 300, 300), UTM, DATA)
    assert view.extent is not None
    assert view.extent.xmin <= 450_000 < 650_000 <= view.extent.xmax
    assert view.extent.ymin <= 5_000_000 < 5_150_000 <= view.extent.ymax
    # Web Mercator stretches by 1 / cos(46), and its 300 pixels cover the envelope.
    assert 400 < view.pixel_size < 1200


def test_the_whole_world_holds_all_data() -> None:
    world = Grid(WEB_MERCATOR, Extent(-WORLD, -WORLD, WORLD, WORLD), 256, 256)
    view = view_of(world, UTM, DATA)
    assert view.extent == DATA
    assert 90_000 < view.pixel_size < 120_000


def test_elsewhere_is_no_view() -> None:
    assert view_of(mercator(10, 40, 11, 41), UTM, DATA).extent is None
    assert view_of(Grid(UTM, Extent(0, 0, 10, 10), 5, 5), UTM, DATA).extent is None


@pytest.mark.parametrize(("west", "east"), [(178, 181), (-182, -179), (179, 180.5), (-180.5, -179.5)])
def test_data_across_the_antimeridian_are_met_from_either_side(west: float, east: float) -> None:
    data = Extent(177.0, -20.0, 183.0, -10.0)
    view = view_of(mercator(west, -16, east, -14), WGS84, data)
    assert view.extent is not None
    assert view.extent.intersects(data)
    assert view.extent.width < 4
    assert 177 < view.center[0] < 183


def test_a_picture_a_turn_away_sees_the_same() -> None:
    data = Extent(-75.0, 45.0, -70.0, 47.0)
    near, far = mercator(-74, 45, -73, 46), mercator(286, 45, 287, 46)
    one, other = view_of(near, WGS84, data), view_of(far, WGS84, data)
    assert one.extent is not None
    assert other.extent is not None
    assert one.extent.as_tuple() == pytest.approx(other.extent.as_tuple())
    assert one.center == pytest.approx(other.center)
    assert one.pixel_size == pytest.approx(other.pixel_size)
