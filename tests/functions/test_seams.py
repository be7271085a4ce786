"""A block of tiles is one export, exactly, for everything that looks beyond a pixel."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from proxy.functions.parse import parse
from proxy.functions.registry import FUNCTIONS
from proxy.functions.tree import evaluate, margin
from proxy.model import Extent, Grid, Raster

from .build import NEEDED, raster, statistics

TILE, BLOCK = 17, 3

#: Further arguments under which functions take another way.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "hillshade": [{}, {"hillshade_type": 1}, {"slope_type": 3}],
    "slope": [{}, {"slope_type": 2}],
    "curvature": [{"type": kind} for kind in range(3)],
    "convolution": [{"type": kind} for kind in range(22)]
    + [{"type": -1, "rows": 4, "columns": 7, "kernel": list(range(28))}],
    "contour": [
        {},
        {"contour_interval": 9, "nth_contour_line_in_bold": 3},
        {"contour_type": 1},
        {"contour_type": 2},
        {"sigma_gaussian": 0, "contour_interval": 9},
    ],
    "speckle": [{"filter_type": kind, "n_looks": 40} for kind in range(5)] + [{"filter_size": 2}],
    "focal": [
        {"neighborhood_type": shape, "statistic_type": kind}
        for shape, kind in [(1, 1), (2, 3), (3, 7), (4, 8), (2, 12)]
    ],
    "gradient": [{}, {"gradient_dimension": "xy"}],
    "aggregate": [{}, {"cell_factor": 5, "aggregation_type": "mean"}],
    "vector_field_renderer": [
        {"symbol_tile_size": 16, "is_uv_components": True},
        {"symbol_tile_size": 20, "symbology_name": "Beaufort", "maximum_symbol_size": 200},
    ],
    "elevation_void_fill": [{}, {"max_void_width": 3}],
    "statistics": [{"type": kind} for kind in range(1, 8)]
    + [{"type": 3, "kernel_rows": 6, "kernel_columns": 5, "fill_no_data_only": True}],
}
CASES = [
    (function.name, variant)
    for function in FUNCTIONS
    for variant in VARIANTS.get(function.name, [{}])
    if margin(parse({"function": function.name, **NEEDED.get(function.name, {}), **variant}))
]


def part(whole: Raster, top: int, left: int, height: int, width: int) -> Raster:
    e = whole.grid.extent
    extent = Extent(e.xmin + left, e.ymax - top - height, e.xmin + left + width, e.ymax - top)
    rows, columns = slice(top, top + height), slice(left, left + width)
    mask = None if whole.mask is None else whole.mask[rows, columns]
    grid = Grid(whole.grid.crs, extent, width, height)
    return dataclasses.replace(whole, data=whole.data[:, rows, columns], mask=mask, grid=grid)


def rendered(rule: Any, world: Raster, around: int, top: int, left: int, size: int) -> Raster:
    return evaluate(rule, part(world, top, left, size + 2 * around, size + 2 * around)).cropped(around)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_tiles_meet(name: str, arguments: dict[str, Any], dtype: str, masked: bool) -> None:
    rule = parse({"function": name, **NEEDED.get(name, {}), **arguments})
    around = margin(rule)
    side = TILE * BLOCK + 2 * around
    numbers = np.random.default_rng(3)
    smooth = np.add.outer(np.sin(np.arange(side) / 9), np.cos(np.arange(side) / 7)) * 50 + 110
    data = np.stack([smooth + numbers.normal(0, 8, (side, side)) for _ in range(4)]).clip(1, 254)
    mask = numbers.random((side, side)) > 0.1 if masked else None
    known = statistics(*[(1, 254, 110, 40)] * 4)
    world = raster(data, dtype, mask=mask, statistics=known)
    whole = rendered(rule, world, around, 0, 0, TILE * BLOCK)
    for row in range(BLOCK):
        for column in range(BLOCK):
            tile = rendered(rule, world, around, row * TILE, column * TILE, TILE)
            expected = part(whole, row * TILE, column * TILE, TILE, TILE)
            valid = expected.valid()
            assert np.array_equal(tile.valid(), valid)
            assert np.array_equal(tile.data[:, valid], expected.data[:, valid])
