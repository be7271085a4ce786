from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from proxy.crs import WEB_MERCATOR, WGS84, reference, transformer
from proxy.model import Extent, Grid
from proxy.render.warp.coordinates import Axes, Nodes, locate, period
from proxy.render.warp.lattice import TOLERANCE, Lattice, Mapping, Part, Plane, Vectors, mapping
from proxy.render.warp.plan import inverse
from tests.render.warp.support import around

UTM = reference("EPSG:32633")
POLAR = reference("EPSG:3031")
NAD83 = reference("EPSG:4269")


def mapped(grid: Grid, crs: str, transform: Affine, size: tuple[int, int]) -> Mapping:
    limits = float(size[0]), float(size[1])
    return mapping(locate(grid, reference(crs)), inverse(transform), limits, TOLERANCE)


def exact(grid: Grid, crs: str, transform: Affine) -> tuple[np.ndarray, np.ndarray]:
    along, down = grid.resolution
    x = grid.extent.xmin + (np.arange(grid.width) + 0.5) * along
    y = grid.extent.ymax - (np.arange(grid.height) + 0.5) * down
    places = transformer(grid.crs, reference(crs)).transform(*np.meshgrid(x, y))
    return ~transform * places


@pytest.mark.parametrize(
    ("target", "source", "kind"),
    [
        (UTM, "EPSG:32633", Axes),
        (WGS84, "OGC:CRS84", Axes),
        (WEB_MERCATOR, "EPSG:4326", Axes),
        (WGS84, "EPSG:3857", Axes),
        (WEB_MERCATOR, "EPSG:4269", Axes),
        (WEB_MERCATOR, "EPSG:3395", Axes),
        (WEB_MERCATOR, "EPSG:32633", Nodes),
        (UTM, "EPSG:4326", Nodes),
        (POLAR, "EPSG:4326", Nodes),
    ],
)
def test_the_cheapest_way_that_is_right(target, source, kind):
    grid = (
        around(500000, 5_500_000, 10, 64, target)
        if not target.is_geographic
        else around(10, 40, 0.001, 64, target)
    )
    assert isinstance(locate(grid, reference(source)), kind)


@pytest.mark.parametrize(
    ("target", "source"),
    [(WEB_MERCATOR, "EPSG:4326"), (WEB_MERCATOR, "EPSG:4269"), (WEB_MERCATOR, "EPSG:3395")],
)
def test_axes_are_what_proj_says(target, source):
    grid = around(1.5e6, 6.4e6, 300, 100, target)
    place = locate(grid, reference(source))
    x, y = exact(grid, source, Affine.identity())
    # A billionth of the coordinates: what PROJ itself gains and loses on the way there and back.
    np.testing.assert_allclose(np.broadcast_to(place.x, x.shape), x, rtol=1e-9)
    np.testing.assert_allclose(np.broadcast_to(place.y[:, None], y.shape), y, rtol=1e-9)


@pytest.mark.parametrize(
    ("grid", "source", "transform", "size"),
    [
        (around(1.67e6, 6.87e6, 16, 256), "EPSG:32633", Affine(10, 0, 4e5, 0, -10, 59e5), (20000, 20000)),
        (around(1.67e6, 6.87e6, 600, 256), "EPSG:32633", Affine(400, 0, 0, 0, -400, 6500000), (3000, 6000)),
        (around(1.67e6, 6.87e6, 5000, 300), "EPSG:3035", Affine(3000, 0, 25e5, 0, -3000, 55e5), (1400, 1400)),
        (around(5e5, 5_500_000, 30, 200, UTM), "EPSG:4326", Affine(3e-4, 0, 13, 0, -3e-4, 51), (9000, 9000)),
        (around(0, 2e6, 900, 257, POLAR), "EPSG:4326", Affine(0.01, 0, -180, 0, -0.01, 0), (36000, 9000)),
        (around(1.67e6, 6.87e6, 16, 63), "EPSG:32633", Affine(8, 6, 4e5, 6, -8, 58e5), (90000, 90000)),
    ],
)  # fmt: skip
def test_interpolated_coordinates_keep_to_their_error(grid, source, transform, size):
    found = mapped(grid, source, transform, size)
    assert isinstance(found, Lattice)
    whole = Part(0, 0, grid.height, grid.width)
    x, y = found.coordinates(whole)
    want_x, want_y = exact(grid, source, transform)
    assert max(np.abs(x - want_x).max(), np.abs(y - want_y).max()) < TOLERANCE


def test_parts_have_the_coordinates_of_the_whole():
    grid = around(1.67e6, 6.87e6, 600, 256)
    transform = Affine(400, 0, 0, 0, -400, 6500000)
    x, y = mapped(grid, "EPSG:32633", transform, (3000, 6000)).coordinates(Part(0, 0, 256, 256))
    for part in (Part(0, 0, 100, 77), Part(33, 77, 256, 256), Part(255, 255, 256, 256)):
        some_x, some_y = mapped(grid, "EPSG:32633", transform, (3000, 6000)).coordinates(part)
        area = slice(part.top, part.bottom), slice(part.left, part.right)
        # Sums of the same numbers in another order: far below the steps of 1/512 that are used.
        np.testing.assert_allclose(some_x, x[area], rtol=0, atol=1e-8)
        np.testing.assert_allclose(some_y, y[area], rtol=0, atol=1e-8)


def test_around_a_pole_every_pixel_is_asked_for_where_longitude_turns():
    grid = around(0, 0, 20000, 128, POLAR)
    transform = Affine(0.1, 0, -180, 0, -0.1, 90)
    found = mapped(grid, "EPSG:4326", transform, (3600, 1800))
    assert isinstance(found, Lattice)
    assert 0 < found.exact_pixels < 128 * 128
    x, y = found.coordinates(Part(0, 0, 128, 128))
    want_x, want_y = exact(grid, "EPSG:4326", transform)
    # What is far from the source, this many turns on, is left out.
    there = np.isfinite(x)
    assert there.mean() > 0.4
    away = np.abs(x - want_x)[there]
    # A whole turn counts as no difference: turns are added where the source is.
    assert np.minimum(away, np.abs(away - 3600)).max() < 0.2
    assert np.abs(y - want_y)[there].max() < TOLERANCE


def test_places_beyond_the_edge_of_a_map_do_not_exist():
    sinusoidal = reference("ESRI:54008")
    grid = Grid(sinusoidal, Extent(-2.1e7, -1.05e7, 2.1e7, 1.05e7), 128, 64)
    x, y = mapped(grid, "EPSG:4326", Affine(0.5, 0, -180, 0, -0.5, 90), (720, 360)).coordinates(
        Part(0, 0, 64, 128)
    )
    assert np.isnan(x[2, 2])
    assert np.isnan(x[-3, -3])
    assert x[32, 64] == pytest.approx(360, abs=4)
    row = np.isfinite(x[8])
    # At 66 degrees the map is 0.4 as wide as at the equator, and every longitude is there once.
    assert 0.3 < row.mean() < 0.5
    assert np.isfinite(y[8][row]).all()


def test_a_rotated_source_needs_no_proj():
    grid = around(500, 500, 3, 40, UTM)
    transform = Affine.translation(100, 900) * Affine.rotation(-30) * Affine.scale(2, -3)
    found = mapped(grid, "EPSG:32633", transform, (400, 400))
    assert isinstance(found, Plane)
    x, y = found.coordinates(Part(10, 0, 20, 40))
    want_x, want_y = exact(grid, "EPSG:32633", transform)
    np.testing.assert_allclose(x, want_x[10:20], atol=1e-9)
    np.testing.assert_allclose(y, want_y[10:20], atol=1e-9)


def test_only_what_lies_on_the_source_is_touched():
    grid = Grid(UTM, Extent(0, 0, 100, 100), 100, 100)
    found = mapped(grid, "EPSG:32633", Affine(1, 0, 20, 0, -1, 70), (30, 10))
    assert isinstance(found, Vectors)
    assert found.touched() == Part(30, 20, 40, 50)
    assert mapped(grid, "EPSG:32633", Affine(1, 0, 200, 0, -1, 70), (30, 10)).touched() is None


@pytest.mark.parametrize(
    ("crs", "turn"), [("EPSG:4326", 360), ("EPSG:3857", 40075016.68557849), ("EPSG:32633", 0)]
)
def test_a_full_turn(crs, turn):
    assert period(reference(crs)) == pytest.approx(turn, rel=1e-12)


def test_longitudes_run_on_across_the_antimeridian():
    zone_60 = reference("EPSG:32660")
    grid = Grid(zone_60, Extent(300000, 7_000_000, 900000, 7_200_000), 300, 100)
    place = locate(grid, WGS84)
    assert np.abs(np.diff(place.x, axis=1)).max() < 10
