from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from proxy.model import Extent, Grid, Interpolation
from proxy.render.warp import read_grid
from proxy.render.warp.resample import bilinear, cubic, nearest
from tests.render.warp.support import Memory

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32"]
FLOATS = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]


def places(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def zeros(count: int) -> np.ndarray:
    return np.zeros((1, count), np.float32)


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS + COMPLEX)
def test_bilinear_by_hand(dtype):
    data = np.array([[[10, 30], [20, 80]]]).astype(dtype)
    if np.dtype(dtype).kind == "c":
        source = Memory(data, crs="EPSG:32633")
        grid = Grid(source.crs, Extent(0, -2, 2, 0), 4, 4)
        found, _ = read_grid(source, grid, (0,), Interpolation.BILINEAR)
        # A quarter of the way down: between 10 and 20 on the left, 30 and 80 on the right.
        assert found[0, 1].tolist() == [12.5, 20, 35, 42.5]
        return
    found, mask = bilinear(data, None, places(0, 0.5, 1, -0.5, 0.25), np.float32([[0, 0.5, 1, 0, 0]]))
    assert found[0, 0].tolist() == [10, 35, 80, 10, 15]
    assert found.dtype == dtype
    assert mask is None


@pytest.mark.parametrize("dtype", INTEGERS)
def test_bilinear_keeps_the_whole_range(dtype):
    limits = np.iinfo(dtype)
    data = np.array([[[limits.min, limits.max, limits.max]]], dtype)
    found, _ = bilinear(data, None, places(0, 1, 1.5, 2), zeros(4))
    assert found[0, 0].tolist() == [limits.min, limits.max, limits.max, limits.max]


def test_float64_and_wide_integers_keep_their_digits():
    data = np.array([[[2**31 - 2, 2**31 - 1]]], np.int32)
    assert bilinear(data, None, places(0, 1), zeros(2))[0][0, 0].tolist() == [2**31 - 2, 2**31 - 1]
    fine = np.array([[[1.0, 1.0 + 2**-40]]])
    assert bilinear(fine, None, places(0.5), zeros(1))[0][0, 0, 0] == 1.0 + 2**-41


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
@pytest.mark.parametrize(
    ("x", "value", "valid"),
    [
        (0.0, 10, True),
        (0.25, 10, True),
        (0.45, 10, True),
        (0.55, 0, False),
        (1.0, 0, False),
        (1.75, 50, True),
    ],
)
def test_only_valid_pixels_take_part(dtype, x, value, valid):
    data = np.array([[[10, 99, 50]]]).astype(dtype)
    found, mask = bilinear(data, np.array([[True, False, True]]), places(x), zeros(1))
    assert bool(mask[0, 0]) is valid
    if valid:
        assert found[0, 0, 0] == value


def test_masked_weights_are_shared_out_in_two_dimensions():
    data = np.array([[[8.0, 16.0], [32.0, -9999.0]]], np.float32)
    mask = np.array([[True, True], [True, False]])
    found, valid = bilinear(data, mask, places(0.5, 0.75), np.float32([[0.5, 0.75]]))
    assert valid.tolist() == [[True, False]]
    assert found[0, 0, 0] == pytest.approx((8 + 16 + 32) / 3, rel=1e-6)


def test_cubic_is_catmull_rom():
    data = np.array([[[0, 0, 0, 1, 0, 0, 0]]], np.float32)
    x = np.array([[1.5, 2.5, 2.75, 3.0, 3.5]], np.float32)
    found, _ = cubic(data, None, x, np.zeros_like(x))
    # Keys (1981) with a = -0.5 at distances 1.5, 0.5, 0.25, 0, 0.5.
    assert found[0, 0] == pytest.approx([-0.0625, 0.5625, 0.8671875, 1, 0.5625], abs=1e-6)


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_cubic_keeps_slopes_and_stays_in_range(dtype):
    ramp = np.tile(np.arange(0, 80, 10), (6, 1))[None].astype(dtype)
    found, _ = cubic(ramp, None, places(2.5, 3.2, 4.9), np.float32([[2, 2.5, 3]]))
    assert found[0, 0] == pytest.approx([25, 32, 49], abs=0.01)
    step = np.array([[[0, 0, 100, 100]]], "uint8") * np.uint8(2)
    assert cubic(step + np.uint8(55), None, places(0.6, 2.4), zeros(2))[0].tolist() == [[[41, 255]]]


def test_cubic_falls_back_to_bilinear_beside_the_mask():
    data = np.tile(np.array([0, 10, 40, 90, 160, 250], np.float32), (5, 1))[None]
    mask = np.ones((5, 6), np.bool_)
    mask[2, 5] = False
    x, y = places(1.5, 3.5), np.float32([[2, 2]])
    found, valid = cubic(np.where(mask, data, np.float32(1e9)), mask, x, y)
    assert valid.all()
    assert found[0, 0, 0] == cubic(data, None, x, y)[0][0, 0, 0]
    assert found[0, 0, 1] == 125


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS, *COMPLEX])
def test_nearest_takes_the_pixel_itself(dtype):
    data = np.arange(12).reshape(1, 3, 4).astype(dtype)
    found, mask = nearest(data, data[0] != 5, np.array([[3, 1]]), np.array([[2, 1]]))
    assert found[0, 0].tolist() == [data[0, 2, 3], data[0, 1, 1]]
    assert mask.tolist() == [[True, False]]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_bands_do_not_mix(count, dtype):
    data = np.stack([np.full((4, 4), 10 * band + 1) for band in range(count)]).astype(dtype)
    found, _ = bilinear(data, None, places(0.3, 1.7), np.float32([[1.1, 2.2]]))
    assert found[:, 0, 0].tolist() == [10 * band + 1 for band in range(count)]


@pytest.mark.parametrize(
    ("dtype", "bound"), [("uint8", 0.5 + 255 / 64), ("uint16", 0.5 + 1000 / 64), ("float32", 1000 / 64)]
)
def test_places_are_as_fine_as_stated(dtype, bound):
    # Slope of 255 or 1000 a pixel; older versions of OpenCV weigh in steps of 1/32, so at most 1/64 off.
    top = 255 if dtype == "uint8" else 1000
    data = np.array([[[0, top]]], dtype)
    x = np.linspace(0, 1, 500, dtype=np.float32)[None]
    found, _ = bilinear(data, None, x, np.zeros_like(x))
    assert np.abs(found[0, 0] - x[0] * top).max() <= bound


def test_values_that_are_not_finite_are_not_values():
    data = np.full((1, 8, 8), 5, np.float32)
    data[0, 3, 3], data[0, 6, 6] = np.nan, np.inf
    source = Memory(data, Affine(1, 0, 0, 0, -1, 0))
    grid = Grid(source.crs, Extent(0.3, -7.7, 7.3, -0.7), 14, 14)
    for how in (Interpolation.NEAREST, Interpolation.BILINEAR, Interpolation.CUBIC, Interpolation.AVERAGE):
        found, mask = read_grid(source, grid, (0,), how)
        assert not mask.all()
        assert mask.mean() > 0.9
        assert found[0][mask] == pytest.approx(5, abs=1e-5)
