from __future__ import annotations

import numpy as np
import pytest

from proxy.render.encode.palette import free_value, quantised
from tests.render.encode import rasters as make

DISC = make.disc()


@pytest.mark.parametrize(
    ("values", "mask", "expected"),
    [
        ([1, 2, 3], None, 0),
        ([0, 1, 3], None, 2),
        ([0, 1, 3], [False, True, True], 0),
        (list(range(256)), None, None),
        (list(range(256)), [True] * 255 + [False], 255),
    ],
)
def test_free_value(values: list[int], mask: list[bool] | None, expected: int | None) -> None:
    band = np.array([values], np.uint8)
    assert free_value(band, None if mask is None else np.array([mask])) == expected


@pytest.mark.parametrize("colors", [1, 2, 200, 256])
def test_few_colours_stay_exact(colors: int) -> None:
    random = np.random.default_rng(colors)
    table = random.integers(0, 256, (colors, 3)).astype(np.uint8)
    data = np.moveaxis(table[random.integers(0, colors, (40, 50))], -1, 0)
    found = quantised(make.raster(data))
    assert np.array_equal(np.moveaxis(found.colors[found.indices][..., :3], -1, 0), data)


def test_neighbouring_colours_stay_exact() -> None:
    # All of them fall in a handful of cells of the colour cube.
    data = np.stack([np.arange(16).reshape(4, 4)] * 3).astype(np.uint8)
    found = quantised(make.raster(data))
    assert len(found.colors) == 16
    assert np.array_equal(np.moveaxis(found.colors[found.indices][..., :3], -1, 0), data)


@pytest.mark.parametrize(("mask", "limit"), [(None, 256), (DISC, 255)])
def test_many_colours_become_256_at_most(mask: make.Array | None, limit: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 50)).astype(np.uint8)
    found = quantised(make.raster(noise, mask))
    opaque = found.colors[found.colors[:, 3] == 255]
    assert limit // 2 < len(opaque) <= limit
    if mask is not None:
        assert np.array_equal(found.indices == 0, ~mask)
        assert found.colors[0].tolist() == [0, 0, 0, 0]


def test_more_than_256_colours_in_few_cells() -> None:
    # 512 colours within 8 x 8 x 8 levels: two or four cells, and a palette all the same.
    levels = np.stack(np.meshgrid(*[np.arange(8)] * 3)).reshape(3, 16, 32).astype(np.uint8)
    found = quantised(make.raster(levels))
    # Half the width of the cube is the worst a colour can be off.
    assert np.abs(np.moveaxis(found.colors[found.indices][..., :3], -1, 0).astype(int) - levels).max() <= 4
