from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from proxy.errors import ReadBudgetExceeded
from proxy.model import Interpolation, Level
from proxy.render.warp import read_grid
from proxy.render.warp.coordinates import locate
from proxy.render.warp.lattice import Hull
from proxy.render.warp.plan import Factor, choose_level, inverse, shrink_factor, spacing, view_of
from tests.render.warp.support import Memory, around, over, relief

NATIVE = Affine(10, 0, 400000, 0, -10, 5900000)


def pyramid(*factors: float) -> tuple[Level, ...]:
    return tuple(Level(int(4096 / f), int(4096 / f), NATIVE * Affine.scale(f)) for f in (1.0, *factors))


@pytest.mark.parametrize(
    ("scale", "index"),
    [
        ((0.3, 0.3), 0),
        ((1, 1), 0),
        ((1.8, 1.8), 0),
        ((1.92, 1.92), 1),
        ((2, 2), 1),
        ((3.7, 3.7), 1),
        ((4, 4), 2),
        ((7.9, 7.9), 3),
        ((500, 500), 3),
        ((8, 2), 1),
        ((1, 8), 0),
    ],
)
def test_the_coarsest_level_that_is_as_fine_as_the_target(scale, index):
    assert choose_level(pyramid(2, 4, 8), scale) == index


def test_overviews_of_odd_sizes_count_as_halves():
    levels = (
        Level(1001, 1001, NATIVE),
        Level(500, 500, NATIVE * Affine.scale(1001 / 500)),
    )
    assert choose_level(levels, (2.0, 2.0)) == 1


@pytest.mark.parametrize(
    ("ratio", "factor"),
    [(1, (1, 1)), (1.49, (1, 1)), (1.51, (3, 2)), (2.1, (3, 2)), (2.2, (2, 1)), (3.7, (3, 1)), (10, (8, 1))],
)
def test_how_far_to_shrink(ratio, factor):
    found = shrink_factor(ratio, 1 << 20)
    assert (found.pixels, found.become) == factor


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_scale_is_measured_where_the_source_is(ratio):
    source = Memory(np.zeros((400, 400), np.uint8), NATIVE)
    grid = over(source, ratio)
    found = spacing(locate(grid, source.crs), inverse(NATIVE), (400, 400))
    # North leans by a degree here, which `over` counts in.
    assert found == pytest.approx((ratio, ratio), rel=0.03)


def test_a_scene_smaller_than_a_pixel_of_the_world_is_not_misjudged():
    source = Memory(np.zeros((100, 100), np.uint8), Affine(1000, 0, 4e5, 0, -1000, 5.9e6))
    world = around(0, 0, 156543.03, 256)
    scale = spacing(locate(world, source.crs), inverse(source.levels[0].transform), (100, 100))
    # Mercator stretches 1.64 times at 52.6 degrees; the nearest node is hundreds of kilometres away.
    assert scale == pytest.approx((156.5 / 1.64, 156.5 / 1.64), rel=0.4)


@pytest.mark.parametrize("factor", [Factor(1, 1), Factor(3, 2), Factor(2, 1), Factor(5, 1)])
@pytest.mark.parametrize("start", [0.0, 7.3, 60.9])
def test_windows_start_where_shrunk_pixels_do(factor, start):
    levels = (Level(100, 100, Affine.identity()),)
    place = locate(around(0, 0, 1, 4), around(0, 0, 1, 4).crs)
    view = view_of(levels, place, Interpolation.NEAREST)
    view = type(view)(0, levels[0], factor, factor, view.six, (100 / factor.value,) * 2, view.ratio)
    start = min(start, 100 / factor.value - 1)
    window, origin = view.window(Hull(start, start, start + 0.5, start + 0.5), 1)
    assert window.column * factor.become == origin[0] * factor.pixels
    assert origin[0] <= max(0, int(start) - 1)
    assert window.column + window.width >= min(100, (start + 0.5) * factor.value)
    assert window.column + window.width <= 100


def test_the_budget_is_asked_before_anything_is_read():
    source = Memory(relief(600, 600, 200, np.uint8), NATIVE)
    grid = over(source)
    read_grid(source, grid, (0,), Interpolation.NEAREST, budget=330 * 330)
    spent = source.pixels
    assert 256 * 256 < spent < 330 * 330
    source.windows.clear()
    with pytest.raises(ReadBudgetExceeded):
        read_grid(source, grid, (0,), Interpolation.NEAREST, budget=spent - 1)
    assert source.windows == []
    read_grid(source, grid, (0,), Interpolation.NEAREST, budget=spent)


@pytest.mark.parametrize(("ratio", "level"), [(1.0, 0), (2.0, 1), (2.7, 1), (4.0, 2), (9.0, 2)])
def test_the_level_is_read_that_the_rule_names(ratio, level):
    native = relief(800, 800, 200, np.uint8)[0]
    source = Memory([native, native[::2, ::2], native[::4, ::4]], NATIVE)
    read_grid(source, over(source, ratio, 64), (0,), Interpolation.BILINEAR)
    assert {found for found, _ in source.windows} == {level}
