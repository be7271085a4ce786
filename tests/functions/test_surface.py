from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from proxy.crs import WGS84
from proxy.functions.surface import HillshadeType, SlopeType, aspect, hillshade, slope
from proxy.model import Extent, Grid, Raster

from .build import raster, shown

HILL = "2450 2461 2483 / 2452 2461 2483 / 2447 2455 2477"
STEEP = "50 45 50 / 30 30 30 / 8 10 10"
EAST = "0 1 2 / 0 1 2 / 0 1 2"
WEST = "2 1 0 / 2 1 0 / 2 1 0"


def centre(result: Raster) -> float | None:
    return shown(result)[1][1]


@pytest.mark.parametrize(
    ("dem", "cell", "arguments", "expected"),
    [
        (HILL, 5, {}, 154),
        (HILL, 5, {"hillshade_type": HillshadeType.MULTIDIRECTIONAL}, 98),
        (HILL, 5, {"hillshade_type": HillshadeType.MULTIDIRECTIONAL, "z_factor": 0.5}, 129),
        (HILL, 5, {"slope_type": SlopeType.SCALED}, 151),
        (EAST, 1, {}, 217),
        (WEST, 1, {}, 37),
        ("0 1 2 / 1 2 3 / 2 3 4", 1, {}, 251),
        ("4 3 2 / 3 2 1 / 2 1 0", 1, {}, 0),
        ("7 7 7 / 7 7 7 / 7 7 7", 1, {}, 180),
        ("7 7 7 / 7 7 7 / 7 7 7", 1, {"altitude": 90}, 255),
        (EAST, 1, {"azimuth": 90, "altitude": 45}, 0),
        (EAST, 1, {"azimuth": 270, "altitude": 45}, 255),
    ],
)
def test_hillshade(dem: str, cell: float, arguments: dict[str, Any], expected: int) -> None:
    result = hillshade(raster(dem, "float32", cell=cell), **arguments)
    assert result.data.dtype == np.uint8
    # A light straight on the slope gives 255 but for the last bit of float32, which is cut.
    assert centre(result) == pytest.approx(expected, abs=1 if expected == 255 else 0)


@pytest.mark.parametrize(
    ("dem", "slope_type", "expected"),
    [
        (STEEP, SlopeType.DEGREE, 75.257660),
        (STEEP, SlopeType.PERCENT_RISE, 380.03290),
        (STEEP, SlopeType.SCALED, 76.182404),
        ("nd 45 50 / 30 30 30 / 8 10 10", SlopeType.DEGREE, 73.358215),
        ("nd nd 50 / 30 30 30 / 8 10 10", SlopeType.DEGREE, None),
        ("50 45 50 / 30 nd 30 / 8 10 10", SlopeType.DEGREE, None),
    ],
)
def test_slope(dem: str, slope_type: SlopeType, expected: float | None) -> None:
    found = centre(slope(raster(dem, "float32", cell=5), slope_type=slope_type))
    # float32 keeps seven digits.
    assert found == (expected if expected is None else pytest.approx(expected, rel=2e-6))


@pytest.mark.parametrize(
    ("dem", "expected"),
    [
        ("101 92 85 / 101 92 85 / 101 91 84", 92.642548),
        ("3 3 3 / 3 3 3 / 3 3 3", -1),
        (EAST, 270),
        (WEST, 90),
        ("2 2 2 / 1 1 1 / 0 0 0", 180),
        ("0 0 0 / 1 1 1 / 2 2 2", 0),
    ],
)
def test_aspect(dem: str, expected: float) -> None:
    assert centre(aspect(raster(dem, "float32", cell=5))) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_every_type_of_elevation_shades_alike(dtype: str) -> None:
    assert centre(hillshade(raster(EAST, dtype))) == 217


def test_the_result_says_its_range_and_drops_what_described_the_input() -> None:
    result = hillshade(raster(EAST, "float32", band_names=("height",), nodata=-1.0))
    assert result.statistics is not None
    assert (result.statistics[0].minimum, result.statistics[0].maximum) == (0, 255)
    assert (result.band_names, result.nodata) == ((), None)
    assert slope(raster(EAST, "float32")).statistics is None


def test_a_single_pixel_is_flat() -> None:
    assert shown(hillshade(raster([[5.0]], "float32"))) == [[180]]
    assert shown(slope(raster([[5.0]], "float32"))) == [[0]]


def test_degrees_count_as_metres_unless_a_factor_is_given() -> None:
    metres = slope(raster(EAST, "float32", cell=111.0))
    degrees = raster(EAST, "float32", cell=0.001, crs=WGS84)
    assert centre(slope(degrees)) == pytest.approx(centre(metres), rel=1e-5)
    assert centre(slope(degrees, z_factor=1 / 111_000)) == pytest.approx(centre(metres), rel=1e-5)
    assert centre(slope(degrees, z_factor=2.0)) == pytest.approx(89.97, abs=0.01)


def _hills(size: int) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[0:size, 0:size].astype("float32")
    noise = np.random.default_rng(3).random((size, size)).astype("float32")
    return 900 + 40 * np.sin(x / 7) * np.cos(y / 5) + 3 * noise


FUNCTIONS = [
    hillshade,
    lambda r: hillshade(r, hillshade_type=HillshadeType.MULTIDIRECTIONAL),
    slope,
    aspect,
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("gaps", [False, True])
def test_tiles_meet_without_seams(function: Any, gaps: bool) -> None:
    size, tile = 3 * 37, 37
    data = _hills(size + 2)
    mask = np.random.default_rng(4).random(data.shape) > 0.03 if gaps else None
    whole = function(raster(data, mask=mask)).cropped(1)
    for top in range(0, size, tile):
        for left in range(0, size, tile):
            window = np.s_[top : top + tile + 2, left : left + tile + 2]
            part = function(raster(data[window], mask=None if mask is None else mask[window])).cropped(1)
            inside = np.s_[top : top + tile, left : left + tile]
            valid = whole.valid()[inside]
            assert np.array_equal(part.valid(), valid)
            assert np.array_equal(part.data[0][valid], whole.data[0][inside][valid])


def test_one_gap_costs_its_own_pixel_and_two_cost_what_sees_both() -> None:
    data, mask = np.zeros((7, 7), "float32"), np.ones((7, 7), bool)
    mask[3, 3] = False
    assert np.array_equal(slope(raster(data, mask=mask)).valid(), mask)
    mask[3, 4] = False
    lost = ~slope(raster(data, mask=mask)).valid()
    assert np.argwhere(lost).tolist() == [[y, x] for y in (2, 3, 4) for x in (3, 4)]


def test_nan_under_the_mask_does_no_harm() -> None:
    data = np.full((5, 5), np.nan, "float32")
    data[1:4, 1:4] = 2
    result = hillshade(raster(data, mask=~np.isnan(data)))
    assert shown(result)[2][2] == 180
    assert result.valid().sum() == 1


def test_pixels_need_not_be_square() -> None:
    wide = raster("0 2 4 / 0 2 4 / 0 2 4", "float32")
    grid = Grid(wide.grid.crs, Extent(0, 0, 6, 3), 3, 3)
    assert centre(slope(dataclasses.replace(wide, grid=grid))) == pytest.approx(45, abs=1e-4)
