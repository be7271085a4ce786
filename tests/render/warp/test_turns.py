"""Where coordinates come round: the antimeridian, longitudes beyond 180, poles."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from proxy.crs import WEB_MERCATOR, WGS84, reference, transformer
from proxy.model import Extent, Grid, Interpolation
from proxy.render.warp import read_grid
from tests.conftest import SHARED
from tests.render.warp.support import File, Memory, around

HALF_TURN = 20037508.342789244
WAYS = [Interpolation.NEAREST, Interpolation.BILINEAR]


def longitudes(west: float, degrees: int = 360) -> Memory:
    """A degree to a pixel from 90 north to 90 south; values are longitudes in -180..180."""
    x = west + np.arange(degrees) + 0.5
    values = (x + 180) % 360 - 180
    return Memory(np.tile(values.astype(np.float32), (180, 1)), Affine(1, 0, west, 0, -1, 90), "EPSG:4326")


def columns_of(grid: Grid) -> np.ndarray:
    """Longitudes in -180..180 of the columns of a grid in degrees or Web Mercator."""
    x = grid.extent.xmin + (np.arange(grid.width) + 0.5) * grid.resolution[0]
    degrees = x if grid.crs == WGS84 else x / HALF_TURN * 180
    return (degrees + 180) % 360 - 180


@pytest.mark.parametrize("west", [-180.0, 0.0, 20.0, -20.0])
@pytest.mark.parametrize(
    "grid",
    [
        Grid(WGS84, Extent(-180, -60, 180, 60), 720, 40),
        Grid(WGS84, Extent(100, -60, 260, 60), 320, 40),
        Grid(WGS84, Extent(-260, -60, -100, 60), 320, 40),
        Grid(WGS84, Extent(-540, -60, 540, 60), 2160, 10),
        Grid(WEB_MERCATOR, Extent(-HALF_TURN, -5e6, HALF_TURN, 5e6), 720, 40),
        Grid(WEB_MERCATOR, Extent(HALF_TURN - 4e6, -5e6, HALF_TURN + 4e6, 5e6), 300, 40),
        Grid(WEB_MERCATOR, Extent(-HALF_TURN - 4e6, -5e6, -HALF_TURN + 4e6, 5e6), 300, 40),
    ],
)
@pytest.mark.parametrize("how", WAYS)
def test_every_longitude_is_found_from_anywhere(west, grid, how):
    found, mask = read_grid(longitudes(west), grid, (0,), how)
    assert mask is None
    away = np.abs(found[0] - columns_of(grid))
    seam = np.abs(np.abs(columns_of(grid)) - 180) < 1
    # Half a degree is half a pixel. Values jump at 180 degrees, where bilinear blends -179.5 and 179.5.
    assert away[:, ~seam].max() <= 0.5 + 1e-3
    if how is Interpolation.NEAREST:
        assert np.minimum(away, 360 - away).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("how", list(Interpolation))
def test_a_source_from_95_to_206(how):
    source = longitudes(95, 111)
    grid = Grid(WEB_MERCATOR, Extent(-HALF_TURN, -5e6, HALF_TURN, 5e6), 360, 20)
    _, mask = read_grid(source, grid, (0,), how)
    there = columns_of(grid)
    assert np.array_equal(mask[10], (there >= 95) | (there < 206 - 360))


def test_both_sides_cost_two_windows_not_the_whole_turn():
    source = longitudes(0)
    grid = Grid(WGS84, Extent(-5, -5, 5, 5), 10, 10)
    found, _ = read_grid(source, grid, (0,), Interpolation.NEAREST)
    assert found[0, 0].tolist() == [-4.5, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5]
    assert source.pixels == 100


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("middle", [-HALF_TURN, HALF_TURN])
def test_a_utm_scene_across_the_antimeridian(how, middle):
    data = np.tile(np.arange(400, dtype=np.uint16), (100, 1))
    source = Memory(data, Affine(1000, 0, 500000, 0, -1000, 7_250_000), "EPSG:32660")
    grid = around(middle, 9.6e6, 1500, 128)
    found, mask = read_grid(source, grid, (0,), how)
    x = grid.extent.xmin + (np.arange(128) + 0.5) * 1500
    east, north = transformer(WEB_MERCATOR, source.crs).transform(x, np.full(128, 9.6e6 - 750))
    inside = (north > 7_150_000) & (north < 7_250_000) & (east > 500000) & (east < 900000)
    assert inside.sum() > 100
    assert np.array_equal(inside, np.ones(128, np.bool_) if mask is None else mask[64])
    assert np.abs(found[0, 64] - ((east - 500000) / 1000 - 0.5))[inside].max() < 0.6


@pytest.mark.parametrize("how", WAYS)
def test_longitudes_on_a_utm_grid_across_the_antimeridian(how):
    grid = Grid(reference("EPSG:32660"), Extent(300000, 7_000_000, 1_100_000, 7_400_000), 200, 100)
    found, mask = read_grid(longitudes(-180), grid, (0,), how)
    assert mask is None
    x, y = np.meshgrid(302000 + 4000 * np.arange(200), 7_398_000 - 4000 * np.arange(100))
    longitude, _ = transformer(grid.crs, WGS84).transform(x, y)
    away = np.abs(found[0] - longitude)
    assert np.minimum(away, 360 - away).max() <= 0.52
    assert (longitude < 0).any()
    assert (longitude > 0).any()


@pytest.mark.parametrize("code", ["EPSG:3031", "EPSG:3413"])
@pytest.mark.parametrize("west", [-180.0, 0.0])
def test_around_a_pole(code, west):
    grid = around(0, 0, 20000, 300, reference(code))
    found, mask = read_grid(longitudes(west), grid, (0,), Interpolation.NEAREST)
    places = -2_990_000 + 20000 * np.arange(300)
    longitude, _ = transformer(grid.crs, WGS84).transform(*np.meshgrid(places, -places))
    assert mask is None
    away = np.abs(found[0] - longitude)
    # 0.5 is half a pixel; the interpolated coordinates add a few hundredths.
    assert np.minimum(away, 360 - away).max() <= 0.55


def test_the_world_around_a_polar_scene_has_no_other_pixels():
    source = Memory(np.ones((200, 200), np.uint8), Affine(5000, 0, -5e5, 0, -5000, 5e5), "EPSG:3031")
    grid = Grid(WGS84, Extent(-180, -90, 180, 90), 720, 360)
    _, mask = read_grid(source, grid, (0,), Interpolation.NEAREST)
    x, y = np.meshgrid(-179.75 + 0.5 * np.arange(720), 89.75 - 0.5 * np.arange(360))
    east, north = transformer(WGS84, source.crs).transform(x, y)
    inside = np.maximum(np.abs(east), np.abs(north)) < 5e5
    # A pixel or so along the edge, within the error of the coordinates.
    assert (mask != inside).sum() <= 4
    assert mask[-1].all()


def test_web_mercator_from_degrees_beyond_its_reach():
    source = Memory(
        np.ones((64, 64), np.uint8),
        Affine(HALF_TURN / 32, 0, -HALF_TURN, 0, -HALF_TURN / 32, HALF_TURN),
        "EPSG:3857",
    )
    _, mask = read_grid(
        source, Grid(WGS84, Extent(-190, -95, 190, 95), 380, 190), (0,), Interpolation.NEAREST
    )
    assert mask[:10].sum() == 0
    assert mask[11:-11].all()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("oddities/antimeridian_lon95_206_rgba.tif", HALF_TURN, 0.0),
        ("oddities/antimeridian_lon95_206_rgba.tif", -HALF_TURN, 0.0),
        ("oddities/lon_20_to_380_etopo20_int16.tif", 20 / 180 * HALF_TURN, 0.0),
        ("oddities/lon_20_to_380_etopo20_int16.tif", 0.0, 0.0),
    ],
)
def test_real_files_on_both_sides(name, x, y):
    path = SHARED / name
    if not path.exists():
        pytest.skip("the large data set is absent")
    source = File(path)
    level = source.levels[0]
    size = level.transform.a * HALF_TURN / 180
    grid = around(x, y, size, 128)
    found, _ = read_grid(source, grid, (0,), Interpolation.NEAREST)
    longitude = columns_of(grid)
    column = np.floor(((longitude - level.transform.c) % 360) / level.transform.a).astype(int)
    height = grid.extent.ymax - (np.arange(128) + 0.5) * size
    latitude = np.degrees(np.arctan(np.sinh(height / 6378137)))
    row = np.floor((latitude - level.transform.f) / level.transform.e).astype(int)
    assert np.array_equal(found[0], source.file.read(1)[np.ix_(row, column)])


@pytest.mark.parametrize("code", ["EPSG:3832", "+proj=eqc +lon_0=150", "+proj=merc +lon_0=-120"])
@pytest.mark.parametrize("how", [Interpolation.NEAREST, Interpolation.BILINEAR, Interpolation.AVERAGE])
def test_cylindrical_maps_centred_elsewhere(code: str, how: Interpolation) -> None:
    # Its pixels hold their column; the world of Web Mercator is cut inside of it.
    crs = reference(code)
    data = np.broadcast_to(np.arange(180, dtype=np.float32), (60, 180)).copy()
    source = Memory(data, Affine(1e5, 0, -9e6, 0, -1e5, 3e6), crs)
    half = 20037508.342789244
    grid = Grid(WEB_MERCATOR, Extent(-half, -half, half, half), 256, 256)
    found, mask = read_grid(source, grid, (0,), how)
    x, y = np.meshgrid(
        -half + (np.arange(256) + 0.5) * half / 128, half - (np.arange(256) + 0.5) * half / 128
    )
    there_x, there_y = transformer(WEB_MERCATOR, crs).transform(x, y)
    column, row = (there_x + 9e6) / 1e5, (3e6 - there_y) / 1e5
    inside = (column >= 0) & (column < 180) & (row >= 0) & (row < 60)
    assert mask is not None
    np.testing.assert_array_equal(mask, inside)
    middle = inside & (column > 3) & (column < 177)
    # A pixel of the target is 1.6 wide: nearest and the mean are off by half of that and less.
    assert np.abs(found[0] - (column - 0.5))[middle].max() < 1.3
