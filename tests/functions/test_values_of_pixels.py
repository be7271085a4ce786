"""Remap, arithmetic, mask, contrast, conversion: functions of one pixel at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.arithmetic import ArithmeticOperation, arithmetic
from proxy.functions.convert import convert
from proxy.functions.masking import NoDataInterpretation, mask
from proxy.functions.pixels import narrowest, strips
from proxy.functions.point import contrast_brightness
from proxy.functions.remap import remap
from proxy.model import PixelType

from .build import EIGHT_BIT, pixels, raster, rows, shown

RANGES = {"input_ranges": (0, 10, 10, 128, 128, 250), "output_values": (1, 2, 3)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (RANGES, "1 2 2 / 2 3 3 / 3 nd nd"),
        ({**RANGES, "allow_unmatched": True, "no_data_ranges": (50, 100)}, "1 2 nd / nd 3 3 / 3 250 255"),
        ({**RANGES, "allow_unmatched": True, "replacement_value": 9}, "1 2 2 / 2 3 3 / 3 9 9"),
        # The last range wins; a point matches its value alone; the upper end is outside.
        ({"input_ranges": (0, 200, 50, 120), "output_values": (1, 2)}, "1 1 2 / 2 1 nd / nd nd nd"),
        ({"input_ranges": (50, 50), "output_values": (7,)}, "nd nd 7 / nd nd nd / nd nd nd"),
        ({"input_ranges": (), "output_values": (), "allow_unmatched": True}, EIGHT_BIT),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
def test_remap(dtype: str, arguments: Any, expected: str) -> None:
    result = remap(raster(EIGHT_BIT, dtype), **arguments)
    assert shown(result) == shown(raster(expected))


@pytest.mark.parametrize(
    ("values", "source", "passes", "expected"),
    [
        ((1, 2), "float32", False, "uint8"),
        ((-1, 2), "uint8", False, "int8"),
        ((1, 300), "uint8", False, "uint16"),
        ((-1, 300), "uint8", False, "int16"),
        ((1, 70000), "uint8", False, "uint32"),
        ((-1, 70000), "uint8", False, "int32"),
        ((0.5, 1), "uint8", False, "float32"),
        ((1, 2), "uint16", True, "uint16"),
        ((-1, 2), "uint16", True, "int32"),
        ((1, 2), "float32", True, "float32"),
    ],
)
def test_type_of_remapped_values(values: Any, source: str, passes: bool, expected: str) -> None:
    result = remap(
        raster([[1, 5]], source), input_ranges=(0, 2, 2, 3), output_values=values, allow_unmatched=passes
    )
    assert result.data.dtype == expected
    assert result.data[0, 0, 0] == values[0]


def test_remap_by_table_is_remap() -> None:
    data = np.random.default_rng(2).integers(-500, 500, (300, 300)).astype("int16")
    options: dict[str, Any] = {"input_ranges": (-400, -3, 5, 5, 7, 200), "output_values": (1, 2, 3)}
    by_table, plain = remap(raster(data), **options), remap(raster(data, "float32"), **options)
    assert np.array_equal(by_table.valid(), plain.valid())
    assert np.array_equal(by_table.data[:, by_table.valid()], plain.data[:, plain.valid()])


def test_remap_cuts_and_clamps_to_the_output_type() -> None:
    options: dict[str, Any] = {"input_ranges": (0, 1, 1, 2), "output_values": (1.9, 900)}
    result = remap(raster([[0, 1, 5]], "uint8"), output_type=PixelType.UINT8, **options)
    assert (result.data.dtype, shown(result)) == (np.uint8, [[1, 255, None]])


def test_remap_keeps_what_is_invalid_so() -> None:
    assert shown(remap(raster([[1, 1]], "uint8", mask=[[True, False]]), **RANGES)) == [[1, None]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_ranges": (0, 1, 2), "output_values": (1,)},
        {"input_ranges": (0, 1), "output_values": (1, 2)},
        {"input_ranges": (0, 1), "output_values": (1,), "no_data_ranges": (1,)},
    ],
)
def test_ranges_that_do_not_fit(arguments: Any) -> None:
    with pytest.raises(InvalidRule):
        remap(pixels(1), **arguments)


Op = ArithmeticOperation


@pytest.mark.parametrize(
    ("operation", "first", "second", "dtype", "expected", "result_type"),
    [
        (Op.PLUS, 200, 100, "uint8", 300, "uint16"),
        (Op.MINUS, 100, 200, "uint8", -100, "int16"),
        (Op.MULTIPLY, 255, 255, "uint8", 65025, "uint16"),
        (Op.MULTIPLY, -30000, 30000, "int16", -9e8, "int32"),
        (Op.DIVIDE, 1, 2, "uint8", 0.5, "float32"),
        (Op.DIVIDE, 1, 0, "uint8", None, "float32"),
        (Op.POWER, 2, 10, "uint8", 1024, "float32"),
        (Op.POWER, -1, 0.5, "float32", None, "float32"),
        (Op.MOD, 8, 3, "uint8", 2, "uint8"),
        (Op.MOD, -8, 3, "int16", -2, "int16"),
        (Op.MOD, 8, 0, "uint8", None, "uint8"),
        (Op.MOD, 8, 0, "float32", None, "float32"),
        (Op.PLUS, 1.5, 1, "float32", 2.5, "float32"),
        (Op.PLUS, 2**31, 2**31, "uint32", 2**32, "float32"),
    ],
)
def test_arithmetic(
    operation: ArithmeticOperation, first: float, second: float, dtype: str, expected: Any, result_type: str
) -> None:
    result = arithmetic(pixels(first, dtype=dtype), pixels(second, dtype=dtype), operation=operation)
    assert (result.data.dtype, shown(result)) == (result_type, [[expected]])


def test_arithmetic_pairs_bands_and_joins_masks() -> None:
    three = raster([[[1, 2]], [[3, 4]], [[5, 6]]], "uint8", mask=[[True, False]])
    one = raster([[10, 10]], "uint8", mask=[[True, True]])
    assert arithmetic(three, one).data[:, 0, 0].tolist() == [11, 13, 15]
    assert arithmetic(one, three).valid().tolist() == [[True, False]]
    assert arithmetic(three, raster([[[1, 1]], [[2, 2]]], "uint8")).data[:, 0, 0].tolist() == [2, 5]
    limited = arithmetic(three, one, operation=Op.MINUS, output_type=PixelType.UINT8)
    assert not limited.valid().any()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"no_data_values": ((128,),), "included_ranges": (10, 220)}, "nd 10 50 / 100 nd 200 / 220 nd nd"),
        ({"no_data_values": ((0, 255),)}, "nd 10 50 / 100 128 200 / 220 250 nd"),
        ({}, EIGHT_BIT),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_mask(dtype: str, arguments: Any, expected: str) -> None:
    result = mask(raster(EIGHT_BIT, dtype), **arguments)
    assert shown(result) == shown(raster(expected))
    assert result.data.dtype == dtype


def test_mask_over_bands() -> None:
    source = raster([[[0, 0, 1]], [[5, 0, 0]]], "uint8", band_names=("a", "b"))
    values = ((0,), (0,))
    assert mask(source, no_data_values=values).valid().tolist() == [[False, False, False]]
    every = mask(source, no_data_values=values, no_data_interpretation=NoDataInterpretation.MATCH_ALL)
    assert every.valid().tolist() == [[True, False, True]]
    assert every.band_names == ("a", "b")
    assert mask(source, no_data_values=((), (5,))).valid().tolist() == [[False, True, True]]
    with pytest.raises(InvalidRule, match="odd"):
        mask(source, included_ranges=(1, 2, 3))


@pytest.mark.parametrize(
    ("contrast", "brightness", "expected"),
    [
        (20, 10, "0 13 63 / 125 160 250 / 255 255 255"),
        (-30, 15, "65 72 100 / 135 155 205 / 219 240 244"),
        (0, 0, EIGHT_BIT),
        (100, 0, "0 0 0 / 0 255 255 / 255 255 255"),
        (-100, 0, "128 128 128 / 128 128 128 / 128 128 128"),
    ],
)
def test_contrast_brightness(contrast: float, brightness: float, expected: str) -> None:
    result = contrast_brightness(
        raster(EIGHT_BIT, "uint8"), contrast_offset=contrast, brightness_offset=brightness
    )
    # Halves that the factor 2.55 makes inexact may fall to either side.
    assert np.abs(result.data[0] - rows(expected)).max() <= (0 if not brightness else 1)
    other = raster(EIGHT_BIT, "uint16")
    assert contrast_brightness(other, contrast_offset=contrast) is other


@pytest.mark.parametrize(
    ("values", "target", "options", "expected"),
    [
        ([0.5, 1.5, -0.5, 2.4], PixelType.INT8, {}, [1, 2, -1, 2]),
        ([0.9, -0.9], PixelType.INT8, {"truncate": True}, [0, 0]),
        ([-1, 300, np.nan, np.inf], PixelType.UINT8, {}, [0, 255, None, None]),
        ([-1, 300, 7], PixelType.UINT8, {"beyond_is_nodata": True}, [None, None, 7]),
        ([0, 1, 9], PixelType.BIT2, {}, [0, 1, 3]),
        ([5e9, -5e9], PixelType.UINT32, {}, [4294967295, 0]),
        ([5e9], PixelType.INT32, {}, [2147483647]),
    ],
)
def test_conversion(values: Any, target: PixelType, options: Any, expected: Any) -> None:
    for dtype in ("float32", "float64"):
        result = convert(raster([values], dtype), target, **options)
        assert (result.data.dtype, shown(result)) == (target.dtype, [expected])


def test_conversion_of_integers_and_complex_numbers() -> None:
    assert shown(convert(raster([[-7, 400]], "int16"), PixelType.UINT8)) == [[0, 255]]
    assert shown(convert(raster([[-7, 40]], "int8"), PixelType.UINT32)) == [[0, 40]]
    assert shown(convert(raster([[3 + 4j]], "complex64"), PixelType.FLOAT32)) == [[5]]
    same = raster([[1]], "uint8")
    assert convert(same, PixelType.UINT8) is same


def test_helpers() -> None:
    assert [narrowest(0, 255), narrowest(-1, 255), narrowest(0, 1e12)] == ["uint8", "int16", "float32"]
    covered = [row for part in strips(1000, 700) for row in range(part.start, part.stop)]
    assert covered == list(range(1000))
    assert list(strips(3, 10**6)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
