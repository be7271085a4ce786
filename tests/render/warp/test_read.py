from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.crs import reference
from proxy.model import Extent, Grid, Interpolation
from proxy.render.warp import plan, read_grid
from tests.render.warp.support import Memory, around, over, relief

EVERY = list(Interpolation)
SMOOTH = [Interpolation.NEAREST, Interpolation.BILINEAR, Interpolation.CUBIC]
NATIVE = Affine(10, 0, 400000, 0, -10, 5900000)


def part_of(grid: Grid, top: int, left: int, height: int, width: int) -> Grid:
    """Rows and columns of a grid as a grid."""
    along, down = grid.resolution
    x, y = grid.extent.xmin + left * along, grid.extent.ymax - top * down
    return Grid(grid.crs, Extent(x, y - height * down, x + width * along, y), width, height)


@pytest.mark.parametrize("how", EVERY)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("shift", [0.0, 4e-4])
def test_a_levels_own_grid_is_returned_as_it_is(how, dtype, shift):
    data = relief(50, 40, 120, dtype, 2)
    source = Memory(data, NATIVE)
    extent = Extent(400100 + 10 * shift, 5899700 + 10 * shift, 400300 + 10 * shift, 5899900 + 10 * shift)
    found, mask = read_grid(source, Grid(source.crs, extent, 20, 20), (1, 0), how)
    assert np.array_equal(found, data[[1, 0], 10:30, 10:30])
    assert mask is None


@pytest.mark.parametrize("how", EVERY)
def test_an_overviews_own_grid_is_returned_as_it_is(how):
    native, half = relief(64, 64, 200, np.uint8), relief(32, 32, 90, np.uint8)
    source = Memory([native, half], NATIVE)
    found, _ = read_grid(
        source, Grid(source.crs, Extent(400000, 5899360, 400640, 5900000), 32, 32), (0,), how
    )
    assert np.array_equal(found, half)


@pytest.mark.parametrize("how", EVERY)
def test_beside_the_source_there_is_nothing(how):
    data = relief(10, 10, 200, np.uint8)
    source = Memory(data, NATIVE)
    found, mask = read_grid(
        source, Grid(source.crs, Extent(399950, 5899850, 400150, 5900050), 20, 20), (0,), how
    )
    assert mask[5:15, 5:15].all()
    assert mask.sum() == 100
    assert np.array_equal(found[0, 5:15, 5:15], data[0])
    assert (found[0][~mask] == 0).all()


@pytest.mark.parametrize("how", EVERY)
@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:3857", "EPSG:4326", "EPSG:3031"])
def test_far_away_nothing_is_read(how, crs):
    source = Memory(relief(30, 30, 200, np.uint8, 2), NATIVE)
    grid = (
        around(-60, -70, 0.01, 64, reference(crs))
        if crs == "EPSG:4326"
        else around(-6e6, -7e6, 10, 64, reference(crs))
    )
    found, mask = read_grid(source, grid, (0, 1), how)
    assert found.shape == (2, 64, 64)
    assert not found.any()
    assert not mask.any()
    assert source.windows == []


@pytest.mark.parametrize("how", SMOOTH[:2])
def test_the_outermost_half_pixel_is_valid_and_repeats_the_edge(how):
    source = Memory(np.array([[10, 20], [30, 40]], np.uint8))
    found, mask = read_grid(source, Grid(source.crs, Extent(-1, -3, 3, 1), 16, 16), (0,), how)
    assert mask[4:12, 4:12].all()
    assert mask.sum() == 64
    assert found[0, 4, [4, 5, 10, 11]].tolist() == [10, 10, 20, 20]


@pytest.mark.parametrize("how", EVERY)
def test_upside_down_sources(how):
    data = relief(40, 40, 200, np.uint8)
    up = Memory(data, NATIVE)
    down = Memory(data[:, ::-1], Affine(10, 0, 400000, 0, 10, 5900000 - 400))
    for grid in (
        Grid(up.crs, Extent(400100, 5899700, 400300, 5899900), 20, 20),
        over(up, 0.7, 30),
        over(up, 2.3, 30),
    ):
        want, want_mask = read_grid(up, grid, (0,), how)
        found, mask = read_grid(down, grid, (0,), how)
        # Shrinking starts at the other end, so what is blended differs by a little where it takes part.
        blended = how in (Interpolation.BILINEAR, Interpolation.CUBIC) and grid.resolution[1] > 15
        assert np.abs(found.astype(int) - want).max() <= (12 if blended else 1 if how not in EVERY[:1] else 0)
        assert (mask is None) == (want_mask is None)


@pytest.mark.parametrize("how", SMOOTH)
def test_non_square_pixels(how):
    data = relief(40, 20, 200, np.float32)
    source = Memory(data, Affine(5, 0, 0, 0, -10, 0))
    found, mask = read_grid(source, Grid(source.crs, Extent(50, -150, 150, -50), 20, 10), (0,), how)
    assert np.array_equal(found[0], data[0, 5:15, 10:30])
    assert mask is None


def test_nearest_takes_the_pixel_under_the_centre():
    data = relief(97, 89, 60000, np.uint16)
    source = Memory(data, Affine(1, 0, 0, 0, -1, 0))
    grid = Grid(source.crs, Extent(3.1, -80.3, 90.7, -4.9), 311, 207)
    found, _ = read_grid(source, grid, (0,), Interpolation.NEAREST)
    along, down = grid.resolution
    columns = np.floor(3.1 + (np.arange(311) + 0.5) * along).astype(int)
    rows = np.floor(4.9 + (np.arange(207) + 0.5) * down).astype(int)
    assert np.array_equal(found[0], data[0][np.ix_(rows, columns)])


@pytest.mark.parametrize("how", SMOOTH)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.7])
def test_strips_are_seamless(how, masked, ratio, monkeypatch):
    data = relief(500, 500, 200, np.float32, 2)
    mask = (np.indices((500, 500)).sum(axis=0) % 90 > 6) if masked else None
    grid = over(Memory(data, NATIVE), ratio)
    whole, whole_mask = read_grid(Memory(data, NATIVE, mask=mask), grid, (0, 1), how)
    monkeypatch.setattr(plan, "PART_PIXELS", 5000)
    source = Memory(data, NATIVE, mask=mask)
    strips, strips_mask = read_grid(source, grid, (0, 1), how)
    assert len(source.windows) > 10
    assert np.array_equal(strips_mask, whole_mask) if masked else strips_mask is None
    valid = np.ones(grid.height, np.bool_) if whole_mask is None else whole_mask
    # Equal but for the last bit of a float32, since OpenCV sums vectors and remainders in other orders.
    np.testing.assert_allclose(strips[:, valid], whole[:, valid], rtol=3e-6)


def test_large_requests_read_windows_of_bounded_size(monkeypatch):
    monkeypatch.setattr(plan, "WINDOW_PIXELS", 4000)
    data = relief(600, 600, 200, np.uint8)
    source = Memory(data, NATIVE)
    grid = over(source, 12, 40)
    found, _ = read_grid(source, grid, (0,), Interpolation.NEAREST)
    assert max(window.width * window.height for _, window in source.windows) <= 16000
    monkeypatch.undo()
    whole, _ = read_grid(Memory(data, NATIVE), grid, (0,), Interpolation.NEAREST)
    assert np.array_equal(found, whole)


@settings(max_examples=25, deadline=None)
@given(
    east=st.floats(-1500, 1500),
    north=st.floats(-1500, 1500),
    ratio=st.floats(0.3, 2.5),
    how=st.sampled_from(SMOOTH),
)
def test_four_tiles_are_one_picture(east, north, ratio, how):
    data = TILED
    source = Memory(data, NATIVE)
    middle = over(source, ratio, 128)
    e = middle.extent
    grid = Grid(middle.crs, Extent(e.xmin + east, e.ymin + north, e.xmax + east, e.ymax + north), 128, 128)
    whole, whole_mask = read_grid(source, grid, (0,), how)
    valid = np.ones((128, 128), np.bool_) if whole_mask is None else whole_mask
    for top in (0, 64):
        for left in (0, 64):
            tile, mask = read_grid(source, part_of(grid, top, left, 64, 64), (0,), how)
            area = slice(top, top + 64), slice(left, left + 64)
            here = np.ones((64, 64), np.bool_) if mask is None else mask
            assert (here != valid[area]).mean() < 0.01
            both = here & valid[area]
            away = np.abs(tile[0].astype(float) - whole[0][area])[both]
            # Where the tiles see another scale they may be shrunk differently: only ever around 1.5 and 2.12.
            if how is Interpolation.NEAREST:
                assert np.count_nonzero(away) <= 0.01 * away.size + 1
            elif abs(ratio - 1.5) > 0.02 and abs(ratio - 2.12) > 0.04:
                assert away.max(initial=0) <= 1


TILED = relief(400, 400, 200, np.uint8)


@pytest.mark.parametrize("how", [Interpolation.NEAREST, Interpolation.BILINEAR])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_pixels(how, dtype):
    data = (relief(60, 60, 10, np.float64) - 1j * relief(60, 60, 3, np.float64)).astype(dtype)
    source = Memory(data, NATIVE)
    grid = over(source, 0.8, 40)
    found, _ = read_grid(source, grid, (0,), how)
    real, _ = read_grid(Memory(data.real.copy(), NATIVE), grid, (0,), how)
    imaginary, _ = read_grid(Memory(data.imag.copy(), NATIVE), grid, (0,), how)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, real + 1j * imaginary, rtol=1e-6)


@pytest.mark.parametrize("how", EVERY)
def test_one_pixel(how):
    data = relief(40, 40, 200, np.uint8)
    source = Memory(data, NATIVE)
    grid = Grid(source.crs, Extent(400100, 5899790, 400110, 5899800), 1, 1)
    found, mask = read_grid(source, grid, (0,), how)
    assert found.tolist() == [[[data[0, 20, 10]]]]
    assert mask is None
