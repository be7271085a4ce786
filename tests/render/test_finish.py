from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.crs import WEB_MERCATOR
from proxy.functions.convert import convert
from proxy.model import (
    BandStatistics,
    Colormap,
    DataKind,
    Extent,
    Grid,
    Histogram,
    NoDataRule,
    PixelType,
    Raster,
)
from proxy.render.finish import apply_nodata, for_display


def raster(data: Any, mask: Any = None, **facts: Any) -> Raster:
    array = np.asarray(data)
    array = array if array.ndim == 3 else array[None]
    grid = Grid(WEB_MERCATOR, Extent(0, 0, array.shape[2], array.shape[1]), array.shape[2], array.shape[1])
    return Raster(array, None if mask is None else np.asarray(mask, bool), grid, **facts)


@pytest.mark.parametrize(
    ("values", "target", "expected"),
    [
        ([[0.5, 1.5, -0.5, 2.4]], PixelType.INT16, [1, 2, -1, 2]),
        ([[-3.0, 300.0, 12.6, 255.4]], PixelType.UINT8, [0, 255, 13, 255]),
        ([[0.0, 1.0, 2.0, 9.0]], PixelType.BIT1, [0, 1, 1, 1]),
        ([[0.0, 5.0, 16.0, 3.0]], PixelType.BIT4, [0, 5, 15, 3]),
        ([[1e300, -1e300, 1.0, 0.0]], PixelType.FLOAT32, [3.4028235e38, -3.4028235e38, 1, 0]),
    ],
)
def test_values_are_rounded_and_clamped_into_a_type(
    values: Any, target: PixelType, expected: list[float]
) -> None:
    found = convert(raster(np.array(values, np.float64)), target)
    assert found.data.dtype == target.dtype
    np.testing.assert_allclose(found.data[0, 0], expected, rtol=1e-7)


def test_what_is_not_a_number_is_invalid_as_an_integer() -> None:
    found = convert(raster([[1.0, np.nan, np.inf]]), PixelType.UINT8)
    assert found.mask is not None
    assert found.mask.tolist() == [[True, False, False]]


PIXELS = [[[0, 0, 5]], [[0, 7, 5]]]


@pytest.mark.parametrize(
    ("rule", "valid"),
    [
        (NoDataRule((0,), match_all=False), [False, False, True]),
        (NoDataRule((0,), match_all=True), [False, True, True]),
        (NoDataRule((0, 7), match_all=True), [True, False, True]),
        (NoDataRule((5, 0), match_all=False), [False, True, False]),
        (NoDataRule((0, 0, 9), match_all=True), [False, True, True]),
    ],
)
def test_values_become_nodata(rule: NoDataRule, valid: list[bool]) -> None:
    found = apply_nodata(raster(np.array(PIXELS, np.uint8)), rule)
    assert found.valid()[0].tolist() == valid


def test_what_was_invalid_stays_so() -> None:
    found = apply_nodata(raster([[1, 2, 3]], [[False, True, True]]), NoDataRule((3,), match_all=False))
    assert found.valid()[0].tolist() == [False, True, False]


def test_nan_and_nearly_equal_floats_match() -> None:
    data = np.array([[np.nan, 1.00000001, 2.0]], np.float32)
    assert apply_nodata(raster(data), NoDataRule((np.nan,), False)).valid()[0].tolist() == [False, True, True]
    assert apply_nodata(raster(data), NoDataRule((1.0,), False)).valid()[0].tolist() == [True, False, True]


def never() -> tuple[BandStatistics, ...]:
    raise AssertionError("statistics are not needed here")


def test_bytes_are_shown_as_they_are() -> None:
    data = np.array([[0, 100, 255]], np.uint8)
    assert for_display(raster(data), DataKind.GENERIC, never).data is not None
    np.testing.assert_array_equal(for_display(raster(data), DataKind.GENERIC, never).data[0], data)


def test_elevation_is_stretched_from_least_to_greatest() -> None:
    facts = (BandStatistics(100.0, 300.0, 200.0, 50.0, histogram=Histogram(100, 300, (1,) * 256)),)
    found = for_display(raster(np.array([[100, 200, 300]], np.int16)), DataKind.ELEVATION, lambda: facts)
    assert found.data[0, 0].tolist() == [0, 128, 255]
    assert found.data.dtype == np.uint8


def test_other_numbers_are_clipped_by_percent() -> None:
    counts = (0,) * 100 + (1000,) * 56 + (0,) * 100
    facts = (BandStatistics(0.0, 2560.0, 1280.0, 300.0, histogram=Histogram(0.0, 2560.0, counts)),)
    found = for_display(
        raster(np.array([[0, 1000, 1280, 1560, 2560]], np.uint16)), DataKind.GENERIC, lambda: facts
    )
    low, first, middle, last, high = found.data[0, 0].tolist()
    assert (low, high) == (0, 255)
    # The range is that of the filled bins, within one bin (10 of 560) on either side.
    assert first <= 6
    assert last >= 249
    assert middle == pytest.approx(127, abs=4)


def test_four_bands_are_shown_by_name() -> None:
    data = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((4, 2, 2), np.uint8)
    names = ("Blue", "Green", "Red", "NIR")
    found = for_display(raster(data, band_names=names), DataKind.GENERIC, never)
    assert found.data[:, 0, 0].tolist() == [2, 1, 0]


def test_wide_indices_become_colours() -> None:
    table = Colormap(((300, 10, 20, 30, 255), (700, 1, 2, 3, 255)))
    data = np.array([[300, 700, 301]], np.uint16)
    found = for_display(raster(data, colormap=table), DataKind.THEMATIC, never)
    assert found.data[:, 0, 0].tolist() == [10, 20, 30]
    assert found.data[:, 0, 1].tolist() == [1, 2, 3]
    assert found.valid()[0].tolist() == [True, True, False]


def test_complex_numbers_are_shown_by_their_modulus() -> None:
    facts = (BandStatistics(0.0, 5.0, 2.0, 1.0),)
    found = for_display(raster(np.array([[0, 3 + 4j]], np.complex64)), DataKind.GENERIC, lambda: facts)
    assert found.data[0, 0].tolist() == [0, 255]
