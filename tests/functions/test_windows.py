"""Curvature, convolution and statistics of windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.convolution import KERNELS, ConvolutionType, convolution
from proxy.functions.curvature import CurvatureType, curvature
from proxy.functions.focal import StatisticsType, statistics
from proxy.model import PixelType

from .build import pixels, raster, shown

BUMP = "10 12 13 / 11 15 14 / 9 12 16"
NOISE = np.random.default_rng(4).integers(0, 9, (23, 31))


@pytest.mark.parametrize(
    ("dem", "kind", "options", "expected"),
    [
        (BUMP, CurvatureType.STANDARD, {}, 11),
        (BUMP, CurvatureType.PLANFORM, {}, 6),
        (BUMP, CurvatureType.PROFILE, {}, -5),
        (BUMP, CurvatureType.STANDARD, {"z_factor": 2.0}, 22),
        ("1 2 3 / 2 5 4 / 3 4 6", CurvatureType.STANDARD, {}, 8),
        ("1 2 3 / 2 5 4 / 3 4 6", CurvatureType.PROFILE, {}, -3.75),
        ("1 2 3 / 2 5 4 / 3 4 6", CurvatureType.PLANFORM, {}, 4.25),
        ("7 7 7 / 7 7 7 / 7 7 7", CurvatureType.PROFILE, {}, 0),
        ("10 nd 13 / 11 15 14 / 9 12 16", CurvatureType.STANDARD, {}, 8),
        ("nd nd 13 / 11 15 14 / 9 12 16", CurvatureType.STANDARD, {}, None),
        ("10 12 13 / 11 nd 14 / 9 12 16", CurvatureType.STANDARD, {}, None),
    ],
)
def test_curvature(dem: str, kind: CurvatureType, options: Any, expected: float | None) -> None:
    result = curvature(raster(dem, "float32", cell=10), curvature_type=kind, **options)
    assert result.data.dtype == np.float32
    assert shown(result)[1][1] == (None if expected is None else pytest.approx(expected, rel=1e-6))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"convolution_type": ConvolutionType.SMOOTHING_3X3}, 12.875),
        ({"convolution_type": ConvolutionType.SOBEL_HORIZONTAL}, 2),
        ({"convolution_type": ConvolutionType.POINT_SPREAD}, 17.003292),
        ({"kernel": tuple(range(1, 10))}, 579),
        ({"convolution_type": ConvolutionType.NONE}, 15),
    ],
)
def test_convolution(options: Any, expected: float) -> None:
    result = convolution(raster(BUMP, "uint8"), output_type=PixelType.FLOAT32, **options)
    assert shown(result)[1][1] == pytest.approx(expected, rel=1e-6)
    whole = convolution(raster(BUMP, "uint8"), **options)
    assert whole.data.dtype == np.uint8
    assert shown(whole)[1][1] == min(255, int(expected))


@pytest.mark.parametrize("kind", [kind for kind in ConvolutionType if kind in KERNELS])
def test_kernels_correlate_as_scipy_does(kind: ConvolutionType) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    text, divisor = KERNELS[kind]
    weights = np.array([[float(v) for v in line.split()] for line in text.split("/")]) / divisor
    found = convolution(raster(NOISE, "float32"), convolution_type=kind).data[0]
    assert np.allclose(found, ndimage.correlate(NOISE.astype(float), weights, mode="nearest"), atol=1e-4)
    total = weights.sum()
    assert min(abs(total), abs(total - 1)) < 1e-9


def test_invalid_neighbours_count_as_the_centre_in_a_convolution() -> None:
    source = raster("1 nd 3 / 4 5 6 / nd 8 9", "float32")
    result = convolution(source, convolution_type=ConvolutionType.ARITHMETIC_MEAN)
    assert shown(result)[1][1] == pytest.approx((1 + 5 + 3 + 4 + 5 + 6 + 5 + 8 + 9) / 9)
    assert result.valid().tolist() == source.valid().tolist()


def test_kernels_that_do_not_fit() -> None:
    with pytest.raises(InvalidRule, match="9"):
        convolution(pixels(1), kernel=(1.0, 2.0))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("MIN", 9), ("MAX", 16), ("MEAN", 12.444445), ("STANDARD_DEVIATION", 2.165954), ("MEDIAN", 12),
     ("MAJORITY", 12), ("MINORITY", 9)],
)  # fmt: skip
def test_focal_statistics(kind: str, expected: float) -> None:
    source = raster(BUMP, "float32")
    assert shown(statistics(source, statistics_type=StatisticsType[kind]))[1][1] == pytest.approx(expected)
    whole = statistics(raster(BUMP, "uint8"), statistics_type=StatisticsType[kind])
    assert (whole.data.dtype, shown(whole)[1][1]) == (np.uint8, int(expected))


@pytest.mark.parametrize("size", [(3, 3), (5, 5), (1, 7), (4, 2)])
@pytest.mark.parametrize("masked", [False, True])
def test_focal_statistics_are_those_of_a_plain_loop(size: tuple[int, int], masked: bool) -> None:
    valid = np.random.default_rng(5).random(NOISE.shape) > (0.6 if masked else -1)
    source = raster(NOISE, "int16", mask=valid if masked else None)
    down, across = size
    plain = {
        StatisticsType.MIN: np.min,
        StatisticsType.MAX: np.max,
        StatisticsType.MEAN: np.mean,
        StatisticsType.STANDARD_DEVIATION: np.std,
        StatisticsType.MEDIAN: lambda v: np.sort(v)[(v.size - 1) // 2],
        StatisticsType.MAJORITY: lambda v: np.bincount(v).argmax(),
        StatisticsType.MINORITY: lambda v: min(set(v.tolist()), key=lambda k: ((v == k).sum(), k)),
    }
    for kind, of in plain.items():
        result = statistics(
            source,
            statistics_type=kind,
            kernel_rows=down,
            kernel_columns=across,
            output_type=PixelType.FLOAT32,
        )
        for y, x in [(8, 9), (10, 20), (14, 15), (11, 6)]:
            rows = slice(y - down // 2, y - down // 2 + down)
            columns = slice(x - across // 2, x - across // 2 + across)
            values = NOISE[rows, columns][valid[rows, columns]]
            assert result.valid()[y, x] == bool(values.size)
            if values.size:
                assert result.data[0, y, x] == pytest.approx(float(of(values)), rel=1e-6), kind


def test_gaps_are_filled_and_values_left() -> None:
    source = raster("1 2 3 / 4 nd 6 / 7 8 9", "float32")
    filled = statistics(source, statistics_type=StatisticsType.MEAN, fill_no_data_only=True)
    assert shown(filled) == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    wide = raster(np.zeros((5, 5)), "uint8", mask=[[x == 0 for x in range(5)]] * 5)
    assert statistics(wide).valid().tolist() == [[True, True, False, False, False]] * 5


def test_windows_in_which_values_are_ordered_are_limited() -> None:
    with pytest.raises(InvalidRule, match="961"):
        statistics(pixels(1), statistics_type=StatisticsType.MEDIAN, kernel_rows=99, kernel_columns=99)
