from __future__ import annotations

import numpy as np
import pytest

from proxy.model import Extent, Grid, Interpolation
from proxy.render.warp import read_grid
from proxy.render.warp.area import shrink
from proxy.render.warp.plan import Factor
from tests.render.warp.support import Memory, relief

ONE, HALF, THIRDS = Factor(1, 1), Factor(2, 1), Factor(3, 2)
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
COLLECTED = [Interpolation.AVERAGE, Interpolation.MODE, Interpolation.MIN, Interpolation.MAX]
BLOCKS = np.array([[1, 1, 4, 8], [1, 5, 4, 8], [9, 9, 0, 2], [7, 7, 0, 4]])
WHOLE = Extent(0, -4, 4, 0)


def collected(data, how, mask=None, extent=WHOLE, size=2):
    source = Memory(data, mask=mask)
    return read_grid(source, Grid(source.crs, extent, size, size), (0,), how)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Interpolation.AVERAGE, [[2, 6], [8, 1.5]]),
        (Interpolation.MIN, [[1, 4], [7, 0]]),
        (Interpolation.MAX, [[5, 8], [9, 4]]),
        (Interpolation.MODE, [[1, 4], [7, 0]]),
    ],
)
def test_the_pixels_under_a_pixel(dtype, how, expected):
    found, mask = collected(BLOCKS.astype(dtype), how)
    want = np.rint(expected) if np.dtype(dtype).kind in "iu" else np.array(expected)
    assert found[0].tolist() == want.tolist()
    assert found.dtype == dtype
    assert mask is None


@pytest.mark.parametrize(
    ("how", "value"),
    [(Interpolation.AVERAGE, 3), (Interpolation.MIN, 1), (Interpolation.MAX, 5), (Interpolation.MODE, 1)],
)
def test_what_is_masked_takes_no_part(how, value):
    mask = np.ones((4, 4), np.bool_)
    mask[0, 0] = mask[0, 1] = False
    mask[:2, 2:] = [[False, False], [False, True]]
    found, valid = collected(BLOCKS.astype(np.int16), how, mask)
    # Half of the first block is left, a quarter of the second.
    assert valid.tolist() == [[True, False], [True, True]]
    assert found[0, 0, 0] == value


def test_pixels_count_by_the_area_they_share():
    data = np.array([[0.0, 12.0, 24.0]])
    found, _ = collected(data, Interpolation.AVERAGE, extent=Extent(0, -1, 3, 0), size=2)
    np.testing.assert_allclose(found[0], [[4, 20], [4, 20]])


def test_the_mode_is_the_greatest_area():
    data = np.array([[7, 3, 3, 7]], np.uint8)
    found, _ = collected(data, Interpolation.MODE, extent=Extent(0, -1, 4, 0), size=1)
    assert found[0, 0, 0] == 3
    found, _ = collected(data, Interpolation.MODE, extent=Extent(0, -1, 2.4, 0), size=1)
    assert found[0, 0, 0] == 3
    found, _ = collected(data, Interpolation.MODE, extent=Extent(-1, -1, 1.6, 0), size=1)
    assert found[0, 0, 0] == 7


@pytest.mark.parametrize(
    "how", [Interpolation.AVERAGE, Interpolation.MODE, Interpolation.MIN, Interpolation.MAX]
)
@pytest.mark.parametrize("size", [32, 100])
def test_enlarged_they_equal_nearest(how, size):
    data = relief(32, 32, 200, np.uint8)
    extent = Extent(0, -32, 32, 0)
    near = collected(data, Interpolation.NEAREST, extent=extent, size=size)
    found = collected(data, how, extent=extent, size=size)
    assert np.array_equal(found[0], near[0])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("masked", [False, True])
def test_shrinking_by_hand(dtype, masked):
    mask = np.ones((4, 4), np.bool_) if masked else None
    if mask is not None:
        mask[0, :2] = mask[1, 3] = False
        mask[2:, 2:] = [[False, False], [True, False]]
    found, valid = shrink(BLOCKS[None].astype(dtype), mask, HALF, HALF)
    want = np.array([[3, 16 / 3], [8, 0]] if masked else [[2, 6], [8, 1.5]])
    good = np.ones((2, 2), np.bool_) if valid is None else valid
    assert good.tolist() == [[True, True], [True, not masked]]
    whole = np.dtype(dtype).kind in "iu"
    assert found[0][good] == pytest.approx((np.rint(want) if whole else want)[good], rel=1e-6)


def test_three_become_two():
    found, _ = shrink(np.array([[[0.0, 30.0, 60.0]]], np.float32), None, THIRDS, ONE)
    assert found[0, 0] == pytest.approx([10, 50], rel=1e-6)


def test_the_last_area_repeats_the_edge():
    found, _ = shrink(np.array([[[2, 4, 10]]], np.uint8), None, HALF, ONE)
    assert found.tolist() == [[[3, 10]]]


@pytest.mark.parametrize("how", [Interpolation.BILINEAR, Interpolation.CUBIC])
@pytest.mark.parametrize("ratio", [2, 3, 5])
def test_reduced_pictures_keep_their_mean_and_do_not_alias(how, ratio):
    checks = ((np.indices((240, 240)).sum(axis=0) % 2) * 200).astype(np.uint8)
    size = 240 // ratio
    found, _ = collected(checks, how, extent=Extent(0, -240, 240, 0), size=size)
    inner = found[0, 1:-1, 1:-1].astype(float)
    assert inner.mean() == pytest.approx(100, abs=2)
    # A plain look-up gives 0 or 200 everywhere.
    assert inner.std() < 25
