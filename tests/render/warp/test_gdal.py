"""The warp beside GDAL's, which is up to 0.125 pixels off itself: it interpolates coordinates too."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from proxy.crs import reference, transformer
from proxy.errors import BadRequest
from proxy.model import Grid, Interpolation, Window
from proxy.render.warp import read_grid
from tests.conftest import SHARED
from tests.render.warp.support import File, Memory, around, gdal, over, relief

SMOOTH = [Interpolation.BILINEAR, Interpolation.CUBIC]
PLACES = {
    "utm": ("EPSG:32633", Affine(10, 0, 400000, 0, -10, 5900000)),
    "lonlat": ("EPSG:4326", Affine(2e-4, 0, 13, 0, -1.2e-4, 52)),
    "mercator": ("EPSG:3857", Affine(19.1, 0, 1.5e6, 0, -19.1, 6.9e6)),
    "laea": ("EPSG:3035", Affine(25, 0, 4.4e6, 0, -25, 3.3e6)),
    "polar": ("EPSG:3031", Affine(30, 0, -1.5e6, 0, -30, 1.2e6)),
    "rotated": (
        "EPSG:32633",
        Affine.translation(4e5, 59e5) * Affine.rotation(25) * Affine.scale(10, -10),
    ),
    "bottom up": ("EPSG:4326", Affine(2e-4, 0, 13, 0, 1.2e-4, 51.9)),
}


def exact_places(source: Memory | File, target: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Column and row in the source of every target centre, by PROJ; NaN where there is none."""
    along, down = target.resolution
    x = target.extent.xmin + (np.arange(target.width) + 0.5) * along
    y = target.extent.ymax - (np.arange(target.height) + 0.5) * down
    x, y = transformer(target.crs, source.crs).transform(*np.meshgrid(x, y))
    lost = ~(np.isfinite(x) & np.isfinite(y))
    return ~source.levels[0].transform * (np.where(lost, np.nan, x), np.where(lost, np.nan, y))


def near_boundary(source: Memory | File, target: Grid, within: float) -> np.ndarray:
    """Target pixels whose exact coordinates lie within some distance of the boundary of a source pixel."""
    column, row = exact_places(source, target)
    return (np.abs(column - np.rint(column)) <= within) | (np.abs(row - np.rint(row)) <= within)


def exactly_nearest(source: Memory | File, target: Grid, data: np.ndarray) -> np.ndarray:
    """The pixel that holds each target centre, NaN outside."""
    column, row = (np.floor(np.nan_to_num(place, nan=-1)) for place in exact_places(source, target))
    height, width = data.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    picked = data[np.clip(row, 0, height - 1).astype(int), np.clip(column, 0, width - 1).astype(int)]
    return np.where(inside, picked.astype(float), np.nan)


def filled(found: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.where(True if mask is None else mask, found[0].astype(float), np.nan)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("ratio", [0.6, 1.0, 2.7])
def test_nearest(place, ratio):
    data = relief(420, 400, 60000, np.uint16)
    source = Memory(data, PLACES[place][1], PLACES[place][0])
    grid = over(source, ratio)
    found = filled(*read_grid(source, grid, (0,), Interpolation.NEAREST))
    want = exactly_nearest(source, grid, data[0])
    same = (found == want) | (np.isnan(found) & np.isnan(want))
    assert same.mean() > 0.995
    assert near_boundary(source, grid, 0.02)[~same].all()
    theirs = gdal(source, grid, Interpolation.NEAREST, data[0])
    same = (found == theirs) | (np.isnan(found) & np.isnan(theirs))
    # GDAL is allowed 0.125; a jump that it does not look at adds a little.
    assert near_boundary(source, grid, 0.16)[~same].all()


@pytest.mark.parametrize("how", SMOOTH)
@pytest.mark.parametrize("place", PLACES)
def test_at_native_scale(how, place):
    data = relief(420, 400, 255, np.uint8)
    source = Memory(data, PLACES[place][1], PLACES[place][0])
    grid = over(source, 0.97 if place != "lonlat" else 0.8)
    found = filled(*read_grid(source, grid, (0,), how))
    theirs = gdal(source, grid, how, data[0])
    both = np.isfinite(found) & np.isfinite(theirs)
    assert (np.isfinite(found) == np.isfinite(theirs)).mean() > 0.995
    away = np.abs(found - theirs)[both]
    # Slopes and grain reach 15 grey levels a pixel; GDAL is up to 0.125 pixels off, around the pole most.
    assert np.sqrt((away**2).mean()) < (1.6 if place == "polar" else 1)
    assert away.max() <= 8


@pytest.mark.parametrize("how", SMOOTH)
@pytest.mark.parametrize(("ratio", "bound"), [(1.3, 1.6), (1.8, 2.0), (2.6, 2.0), (4.5, 2.0)])
def test_reduced(how, ratio, bound):
    data = relief(1300, 1300, 255, np.uint8)
    source = Memory(data, PLACES["utm"][1])
    grid = over(source, ratio)
    found = filled(*read_grid(source, grid, (0,), how))
    theirs = gdal(source, grid, how, data[0])
    # GDAL widens its kernel; ours is a box and a triangle of the same variance: alike, not the same.
    assert np.sqrt(np.nanmean((found - theirs) ** 2)) < bound


@pytest.mark.parametrize("ratio", [2.0, 3.4])
@pytest.mark.parametrize(
    ("how", "rmse"), [(Interpolation.AVERAGE, 0.6), (Interpolation.MIN, 2.5), (Interpolation.MAX, 2.5)]
)
def test_collected(how, ratio, rmse):
    data = relief(1000, 1000, 255, np.uint8)
    source = Memory(data, PLACES["utm"][1])
    grid = over(source, ratio)
    found = filled(*read_grid(source, grid, (0,), how))
    theirs = gdal(source, grid, how, data[0])
    # Whether a sliver of a pixel counts for minimum and maximum is a matter of its coordinates' error.
    assert np.sqrt(np.nanmean((found - theirs) ** 2)) < rmse


def test_mode_of_categories():
    data = (relief(900, 900, 6, np.float64)).astype(np.uint8)
    source = Memory(data, PLACES["utm"][1])
    grid = over(source, 3.3)
    found = filled(*read_grid(source, grid, (0,), Interpolation.MODE))
    assert (found == gdal(source, grid, Interpolation.MODE, data[0])).mean() > 0.9


@pytest.mark.parametrize("how", SMOOTH)
def test_edges_of_nodata_lie_where_gdal_has_them(how):
    data = relief(400, 400, 200, np.float32)
    y, x = np.mgrid[:400, :400]
    mask = (x * 0.8 + y * 0.6) % 120 > 25
    source = Memory(np.where(mask, data, np.float32(-9999)), PLACES["utm"][1], mask=mask)
    grid = over(source)
    found = filled(*read_grid(source, grid, (0,), how))
    theirs = gdal(source, grid, how, data[0], mask)
    assert np.nanmin(found) > -50
    assert (np.isfinite(found) != np.isfinite(theirs)).mean() < 0.01
    both = np.isfinite(found) & np.isfinite(theirs)
    assert np.sqrt(((found - theirs)[both] ** 2).mean()) < 1


FILES = [
    "dem/srtm90_whitney_utm11n_float32.tif",
    "multispectral/s2_l1c_t33uuu_20170216_10m_4band_uint16.tif",
    "mosaic_naip/m_4709963_se_14_1_20140720.tif",
    "oddities/rotated_sar_utm59s_uint8.tif",
    "oddities/polar_stereographic_3031_landsat8_sr_uint16.tif",
    "oddities/bottom_up_dem_4326_uint16.tif",
    "oddities/non_square_pixels_jpeg_ycbcr.tif",
    "oddities/palette_laea_uint8.tif",
    "oddities/nodata_nan_float64.tif",
    "oddities/scale_offset_modis_sinusoidal_int16.tif",
]


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_real_files(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip("the large data set is absent")
    source = File(path)
    grid = over(source, 0.9)
    data, mask = source.read(0, (0,), whole(source))
    values = np.where(True if mask is None else mask, data[0].astype(float), np.nan)
    near = filled(*read_grid(source, grid, (0,), Interpolation.NEAREST))
    want = exactly_nearest(source, grid, values)
    same = (near == want) | (np.isnan(near) & np.isnan(want))
    assert same.mean() > 0.99
    assert near_boundary(source, grid, 0.02)[~same].all()
    smooth = filled(*read_grid(source, grid, (0,), Interpolation.BILINEAR))
    theirs = gdal(source, grid, Interpolation.BILINEAR, values)
    both = np.isfinite(smooth) & np.isfinite(theirs)
    # In units of the picture's own contrast, which the sharpest of these files have from pixel to pixel.
    assert np.sqrt(((smooth - theirs)[both] ** 2).mean()) < 0.15 * np.nanstd(near)


def whole(source: File) -> Window:
    return Window(0, 0, source.levels[0].width, source.levels[0].height)


def test_the_world_in_one_tile_finds_a_small_scene():
    source = Memory(np.full((300, 300), 9, np.uint8), Affine(2000, 0, 2e5, 0, -2000, 5.9e6))
    found, mask = read_grid(source, around(0, 0, 156543.0339, 256), (0,), Interpolation.NEAREST)
    want = exactly_nearest(source, around(0, 0, 156543.0339, 256), np.full((300, 300), 9, np.uint8))
    assert np.array_equal(mask, np.isfinite(want))
    assert mask.sum() > 10
    assert (found[0][mask] == 9).all()


def test_another_planet_is_refused():
    source = Memory(np.zeros((5, 5), np.uint8), crs=reference("ESRI:104905"))
    with pytest.raises(BadRequest):
        read_grid(source, around(0, 0, 1000, 8), (0,), Interpolation.NEAREST)
