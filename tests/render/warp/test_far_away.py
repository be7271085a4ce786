"""Targets so coarse, or so wide, that the source is less than a pixel of them: little time, little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from affine import Affine

from proxy.crs import WGS84, reference
from proxy.model import Extent, Grid, Interpolation
from proxy.render.warp import read_grid
from proxy.render.warp.area import thin
from proxy.render.warp.plan import Factor
from tests.render.warp.support import MERCATOR, Memory

MEGABYTE = 1 << 20
EVERY = tuple(Interpolation)


@pytest.mark.parametrize("interpolation", EVERY)
@pytest.mark.parametrize("half", [1e6, 1e8, 1e10, 1e16])
def test_a_source_under_one_target_pixel_takes_no_more_memory_than_itself(interpolation, half):
    source = Memory(np.full((300, 500), 7, np.uint8), Affine(10, 0, 0, 0, -10, 0), "EPSG:32633")
    grid = Grid(reference("EPSG:32633"), Extent(-half, -half, half, half), 257, 255)
    tracemalloc.start()
    data, mask = read_grid(source, grid, (0,), interpolation)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * MEGABYTE
    assert mask is not None
    assert set(np.unique(data[0][mask])) <= {7}


@pytest.mark.parametrize("crs", [WGS84, MERCATOR])
@pytest.mark.parametrize("half", [1e4, 1e9, 3e16])
def test_worlds_are_not_repeated_without_end(crs, half):
    source = Memory(np.ones((180, 360), np.uint8), Affine(1, 0, -180, 0, -1, 90), "EPSG:4326")
    grid = Grid(crs, Extent(-half, -half, half, half), 64, 64)
    read_grid(source, grid, (0,), Interpolation.BILINEAR)
    assert len(source.windows) <= 65


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Interpolation.MIN, [[0, 4], [20, 24]]),
        (Interpolation.MAX, [[13, 14], [23, 24]]),
        (Interpolation.MODE, [[12, 14], [22, 24]]),
    ],
)
def test_pixels_are_thinned_by_their_kind(how, expected):
    data = np.arange(25, dtype=np.int16).reshape(1, 5, 5)
    mask = np.ones((5, 5), bool)
    if how is Interpolation.MIN:
        found, valid = thin(data, None, Factor(4, 1), Factor(4, 1), how)
        assert valid is None
    elif how is Interpolation.MAX:
        mask[3, 3] = mask[0, 0] = False
        data[0, 3, 3] = 99
        data[0, 3, 2] = 13
        data[0, 3, :2] = 0
        data[0, 3, 4] = 0
        data[0, 2, 4] = 14
        found, valid = thin(data, mask, Factor(4, 1), Factor(4, 1), how)
        assert valid is not None
        assert valid.all()
        expected = [[13, 14], [23, 24]]
    else:
        found, valid = thin(data, mask, Factor(4, 1), Factor(4, 1), how)
    np.testing.assert_array_equal(found[0], expected)


@pytest.mark.parametrize(
    "how", [Interpolation.AVERAGE, Interpolation.MODE, Interpolation.MIN, Interpolation.MAX]
)
def test_many_pixels_under_a_few_targets_are_not_looked_at_one_by_one(how):
    rows, columns = np.indices((2000, 2000))
    source = Memory(((rows + columns) % 2 + 3).astype(np.uint8))
    grid = Grid(source.crs, Extent(0, -2000, 2000, 0), 2, 2)
    data, mask = read_grid(source, grid, (0,), how)
    assert mask is None
    low, high = {"average": (3, 4), "mode": (3, 4), "min": (3, 3), "max": (4, 4)}[how.value]
    assert data.min() >= low
    assert data.max() <= high
