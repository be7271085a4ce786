from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine

from proxy.catalog.base import ItemFacts
from proxy.catalog.placing import outline, place
from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference
from proxy.errors import CannotOpen
from tests.catalog.items import UTM33, degrees, facts, record

UTM1 = SpatialReference("EPSG:32601")
ANTARCTIC = SpatialReference("EPSG:3031")
ANTARCTIC_FACTS = facts(-1_000_000, -1_000_000, 2_000_000, ANTARCTIC)


def placed(header: ItemFacts, crs: SpatialReference, **changes: object):  # type: ignore[no-untyped-def]
    return place(record("a", header, **changes), header, crs)


def test_in_its_own_system_nothing_moves() -> None:
    found = placed(facts(), UTM33)
    assert found.footprint.equals(shapely.box(500_000, 5_800_000, 501_000, 5_801_000))
    assert found.boxes == ((500_000, 5_800_000, 501_000, 5_801_000),)
    assert found.center == (500_500, 5_800_500)
    assert found.pixel_sizes == (10, 40)
    assert (found.length, found.area) == (4000, 1e6)


def test_a_turned_raster_has_a_turned_outline() -> None:
    turned = facts(
        transform=Affine.translation(500_000, 5_800_000) @ Affine.rotation(30) @ Affine.scale(10, -10)
    )
    found = placed(turned, UTM33)
    assert found.area == pytest.approx(1e6)
    assert found.pixel_sizes[0] == pytest.approx(10)
    assert found.footprint.equals(outline(turned))


def test_edges_bend() -> None:
    wide = facts(300_000, 5_000_000, 400_000, pixels=4000)
    found = placed(wide, WGS84)
    assert len(shapely.get_coordinates(found.footprint)) > 20
    # Points along all edges, transformed one by one, lie on the edge of the footprint.
    ring = shapely.segmentize(outline(wide), 777.0).exterior
    xs, ys = pyproj.Transformer.from_crs(32633, 4326, always_xy=True).transform(*ring.xy)
    places = shapely.points(np.column_stack((xs, ys)))
    pixel = found.pixel_sizes[0]
    assert shapely.distance(found.footprint.exterior, places).max() < pixel / 2


def test_pixel_sizes_are_in_units_of_the_service() -> None:
    found = placed(facts(), WEB_MERCATOR)
    scale = 1 / np.cos(np.radians(52.35))
    assert found.pixel_sizes[0] == pytest.approx(10 * scale, rel=0.01)
    assert found.pixel_sizes[1] == pytest.approx(40 * scale, rel=0.01)
    assert placed(facts(coarsest=None), UTM33).pixel_sizes == (10, 10)
    assert placed(degrees(10, 50, 11, 51), UTM33).pixel_sizes[0] == pytest.approx(2225, rel=0.01)


@pytest.mark.parametrize("crs", [WGS84, WEB_MERCATOR])
def test_across_the_antimeridian_there_are_two_parts(crs: SpatialReference) -> None:
    # 110 km around 180 degrees, at 60 degrees south.
    header = facts(280_000, 3_300_000, 110_000, SpatialReference("EPSG:32701"))
    found = placed(header, crs)
    unit = 1.0 if crs == WGS84 else 20037508.342789244 / 180
    west, east = sorted(found.boxes)
    assert len(found.boxes) == 2
    assert west[0] == pytest.approx(-180 * unit)
    assert east[2] == pytest.approx(180 * unit)
    width = (west[2] - west[0]) + (east[2] - east[0])
    assert 1.9 * unit < width < 2.6 * unit
    assert found.footprint.geom_type == "MultiPolygon"
    assert found.footprint.is_valid
    assert found.area == pytest.approx(found.footprint.area)
    # The centre is where the raster's centre is, at the one edge or the other.
    x, y = pyproj.Transformer.from_crs(32701, crs.pyproj, always_xy=True).transform(335_000, 3_355_000)
    assert found.center == pytest.approx((x, y), abs=0.02 * unit)
    assert found.pixel_sizes[0] < 0.1 * unit


def test_the_two_parts_are_what_comes_of_their_points() -> None:
    header = facts(280_000, 3_300_000, 110_000, SpatialReference("EPSG:32701"))
    found = placed(header, WGS84)
    rng = np.random.default_rng(1)
    xs, ys = rng.uniform(270_000, 400_000, 3000), rng.uniform(3_290_000, 3_420_000, 3000)
    lons, lats = pyproj.Transformer.from_crs(32701, 4326, always_xy=True).transform(xs, ys)
    inside = shapely.intersects_xy(found.footprint, lons, lats)
    expected = shapely.intersects_xy(outline(header), xs, ys)
    near = shapely.distance(outline(header).exterior, shapely.points(xs, ys)) < 1100
    assert (inside == expected)[~near].all()


CROSSING = degrees(179.5, -17, 180.5, -16)


@pytest.mark.parametrize(
    "footprint",
    [
        None,
        shapely.box(179.5, -17, 180.5, -16),
        shapely.Polygon([(179.5, -17), (-179.5, -17), (-179.5, -16), (179.5, -16)]),
        shapely.MultiPolygon([shapely.box(179.5, -17, 180, -16), shapely.box(-180, -17, -179.5, -16)]),
        shapely.box(-180.5, -17, -179.5, -16),
    ],
)
@pytest.mark.parametrize("crs", [WGS84, WEB_MERCATOR, UTM1])
def test_every_way_of_writing_it_is_the_same(
    footprint: shapely.Geometry | None, crs: SpatialReference
) -> None:
    found = placed(CROSSING, crs, footprint=footprint, footprint_crs=WGS84)
    plain = placed(CROSSING, crs)
    assert len(found.boxes) == (1 if crs == UTM1 else 2)
    for one, other in zip(sorted(found.boxes), sorted(plain.boxes), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-6)
    assert found.area == pytest.approx(plain.area, rel=1e-6)
    assert abs(found.center[0]) == pytest.approx(abs(plain.center[0]), rel=1e-6)
    assert found.footprint.symmetric_difference(plain.footprint).area < plain.area * 1e-6


def test_a_wide_raster_is_no_narrow_one() -> None:
    world = degrees(-180, -90, 180, 90)
    for footprint in (None, shapely.box(-180, -90, 180, 90)):
        found = placed(world, WGS84, footprint=footprint)
        assert found.boxes == ((-180, -90, 180, 90),)
        assert found.center == (0, 0)
        mercator = placed(world, WEB_MERCATOR, footprint=footprint)
        assert mercator.boxes[0] == pytest.approx(
            (-20037508.34, -20037508.34, 20037508.34, 20037508.34), abs=0.1
        )
        assert len(mercator.boxes) == 1
    wide = placed(degrees(-100, 0, 100, 10), WGS84, footprint=shapely.box(-100, 0, 100, 10))
    assert wide.boxes == ((-100, 0, 100, 10),)


def test_longitudes_to_360_lie_on_the_map() -> None:
    found = placed(degrees(200, 0, 210, 10), WGS84)
    assert found.boxes == ((-160, 0, -150, 10),)
    assert found.center == (-155, 5)
    whole = placed(degrees(0, -90, 360, 90), WGS84)
    assert sorted(whole.boxes) == [(-180, -90, 0, 90), (0, -90, 180, 90)]


@pytest.mark.parametrize("crs", [WGS84, WEB_MERCATOR])
def test_around_a_pole_it_reaches_all_the_way(crs: SpatialReference) -> None:
    found = placed(ANTARCTIC_FACTS, crs)
    unit = 1.0 if crs == WGS84 else 20037508.342789244 / 180
    bounds = found.footprint.bounds
    assert bounds[0] == pytest.approx(-180 * unit)
    assert bounds[2] == pytest.approx(180 * unit)
    assert bounds[1] == pytest.approx(-90.0 if crs == WGS84 else -20037508.34)
    assert shapely.intersects_xy(found.footprint, 77 * unit, -84.0 if crs == WGS84 else -1.88e7)
    if crs == WGS84:
        assert not shapely.intersects_xy(found.footprint, 77, -75)


def test_holes_stay_holes() -> None:
    ring = shapely.box(179, -18, 181, -16).difference(shapely.box(179.8, -17.5, 180.4, -16.5))
    found = placed(degrees(179, -18, 181, -16), WEB_MERCATOR, footprint=ring, footprint_crs=WGS84)
    unit = 20037508.342789244 / 180
    assert not shapely.intersects_xy(found.footprint, -179.7 * unit, -1.92e6)
    assert shapely.intersects_xy(found.footprint, -179.4 * unit, -1.92e6)
    assert shapely.intersects_xy(found.footprint, 179.4 * unit, -1.92e6)


def test_seamlines_are_placed_as_well() -> None:
    line = shapely.box(179.6, -16.9, 180.4, -16.1)
    found = placed(CROSSING, WEB_MERCATOR, seamline=line, footprint=shapely.box(179.5, -17, 180.5, -16))
    assert found.seamline is not None
    assert found.seamline.geom_type == "MultiPolygon"
    assert found.footprint.buffer(1).contains(found.seamline)


def test_bad_footprints_are_mended() -> None:
    bow = shapely.Polygon([(10, 50), (11, 51), (11, 50), (10, 51)])
    found = placed(degrees(10, 50, 11, 51), WGS84, footprint=bow)
    assert found.footprint.is_valid
    assert found.area == pytest.approx(0.5)
    high = shapely.Polygon([(10, 50, 7), (11, 50, 7), (11, 51, 7)])
    assert not placed(degrees(10, 50, 11, 51), WGS84, footprint=high).footprint.has_z


@pytest.mark.parametrize(
    ("header", "crs", "footprint"),
    [
        (facts(), UTM33, shapely.Polygon()),
        (facts(), UTM33, shapely.Point(0, 0)),
        (facts(), UTM33, shapely.LineString([(0, 0), (1, 1)])),
        (facts(), UTM33, shapely.box(0, 0, float("inf"), 1)),
        (facts(transform=Affine(0, 0, 5, 0, 0, 5)), UTM33, None),
        (facts(transform=Affine(float("nan"), 0, 5, 0, 1, 5)), UTM33, None),
        (facts(crs=SpatialReference("IAU_2015:49900"), x=0, y=0, size=1), UTM33, None),
        (degrees(10, 89, 11, 90), WEB_MERCATOR, shapely.box(10, 89, 11, 90)),
    ],
)
def test_what_has_no_place(
    header: ItemFacts, crs: SpatialReference, footprint: shapely.Geometry | None
) -> None:
    with pytest.raises(CannotOpen, match="cannot be placed"):
        placed(header, crs, footprint=footprint)
