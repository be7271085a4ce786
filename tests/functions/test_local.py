from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.local import PercentileInterpolationType, local
from proxy.functions.local_operations import ACROSS, ACROSS_VALID, LocalOperation
from proxy.model import PixelType

from .build import pixels, raster, shown

Op = LocalOperation


@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        (1, (2, 3), 5), (2, (2, 3), -1), (3, (2, 3), 6), (4, (9,), 3), (4, (-1,), None), (5, (2, 10), 1024),
        (6, (0.5,), math.acos(0.5)), (6, (2,), None), (7, (2,), None), (7, (1,), math.pi / 2),
        (8, (1,), math.pi / 4), (9, (0.5,), math.atanh(0.5)), (9, (1,), None), (10, (-4,), 4),
        (11, (12, 10), 8), (12, (3, 2), 12), (13, (5,), -6), (14, (12, 10), 14), (15, (12, 2), 3),
        (16, (12, 10), 6), (17, (2, 0), 0), (17, (2, 3), 1), (18, (0,), 1), (19, (0, 7), 1), (20, (2, 3), 0),
        (21, (0,), 1), (22, (1,), math.cosh(1)), (23, (7, 2), 3.5), (23, (7, 0), None), (23, (0, 0), None),
        (24, (2, 2), 1), (25, (1,), math.e), (25, (1000,), None), (26, (2,), 100), (27, (5,), 32),
        (28, (3, 2), 1), (29, (2, 2), 1), (30, (-3.5,), -3), (32, (3,), 3), (33, (3, 2), 0), (34, (2, 2), 1),
        (35, (0,), None), (35, (math.e,), 1), (36, (1000,), 3), (37, (8,), 3), (44, (-8, 3), -2),
        (44, (8, 0), None), (45, (4,), -4), (46, (1, 2), 1), (48, (-3.5,), -4), (49, (-3.5,), -3),
        (51, (math.pi / 2,), 1), (52, (1,), math.sinh(1)), (53, (5,), 25), (56, (1,), math.tan(1)),
        (57, (1,), math.tanh(1)), (59, (2,), math.acosh(2)), (60, (2,), math.asinh(2)),
        (61, (300, 3), 1.5608), (64, (7, 2), 3.5), (65, (-7, 2), -4), (38, (1, 2, 2), 2), (38, (3, 1), 1),
        (39, (1, 5, 2), 5), (40, (1, 5, 3), 3), (41, (1, 5, 2, 3), 2.5), (42, (4, 5, 2), 2),
        (43, (1, 2, 2), 1), (47, (4, 9, 2), 7), (54, (1, 2, 3, 4), math.sqrt(1.25)), (55, (1, 2, 3), 6),
        (58, (1, 2, 2, 7), 3), (78, (1, 10, 20), 10), (78, (0, 10, 20), 20), (76, (1, 10, 20), 10),
        (50, (0, 10), 10), (50, (1, 10), None), (84, (2, 10, 20), 20), (84, (3, 10, 20), None), (31, (3,), 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_operations(code: int, values: tuple[float, ...], expected: float | None, dtype: str) -> None:
    if dtype == "int16" and any(not float(value).is_integer() for value in values):
        pytest.skip("not whole numbers")
    result = local([pixels(value, dtype=dtype) for value in values], operation=Op(code))
    # Functions of float32 keep seven digits.
    assert shown(result)[0][0] == (None if expected is None else pytest.approx(expected, rel=1e-4, abs=1e-6))


@pytest.mark.parametrize(("code", "dtype"), [(1, "float32"), (28, "uint8"), (30, "int32"), (31, "uint8")])
def test_types(code: int, dtype: str) -> None:
    rasters = [pixels(1, dtype="uint8")] * (1 if code in (30, 31) else 2)
    assert local(rasters, operation=Op(code)).data.dtype == dtype


def test_every_published_code_and_no_other() -> None:
    assert {int(op) for op in Op} == {*range(1, 62), 64, 65, *range(66, 79), 84, 93, 94} - {77}


@pytest.mark.parametrize("op", [*ACROSS, *ACROSS_VALID])
def test_statistics_with_and_without_nodata(op: LocalOperation) -> None:
    rasters = [raster("3 1", "float32"), raster("nd 1", "float32"), raster("3 2", "float32")]
    values = shown(local(rasters, operation=op))[0]
    assert (values[0] is None) == (op in ACROSS)
    assert values[1] is not None
    nothing = [raster("nd", "float32")] * 2
    assert shown(local(nothing, operation=op)) == [[None]]


def test_ignoring_nodata_overlooks_what_lies_under_the_mask() -> None:
    hidden = raster([[1000.0]], "float32", mask=[[False]])
    rasters = [pixels(1), hidden, pixels(3)]
    found = {op.name: shown(local(rasters, operation=op))[0][0] for op in ACROSS_VALID}
    assert (found["MEAN_IGNORE_NODATA"], found["SUM_IGNORE_NODATA"]) == (2, 4)
    assert (found["STD_IGNORE_NODATA"], found["RANGE_IGNORE_NODATA"]) == (1, 2)
    assert (found["VARIETY_IGNORE_NODATA"], found["MEDIAN_IGNORE_NODATA"]) == (2, 2)


def test_bands_pool_or_meet() -> None:
    first, second = pixels(1, 2), pixels(5, 8)
    assert local([first, second], operation=Op.MEAN).data.ravel().tolist() == [4]
    by_band = local([first, second], operation=Op.MEAN, process_as_multiband=True)
    assert by_band.data.ravel().tolist() == [3, 5]
    assert local([first, pixels(10)], operation=Op.PLUS).data.ravel().tolist() == [11, 12]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("NEAREST", 4.0), ("LINEAR", 3.7), ("AUTO_DETECT", 3.7)],
)
def test_percentiles(kind: str, expected: float) -> None:
    rasters = [pixels(value) for value in (4, 1, 3, 2)]
    options: dict[str, Any] = {"percentile_interpolation_type": PercentileInterpolationType[kind]}
    assert local(rasters, operation=Op.PERCENTILE, **options).data[0, 0, 0] == pytest.approx(expected)
    assert np.percentile([1, 2, 3, 4], 90) == pytest.approx(3.7)
    gap = raster("nd", "float32")
    ignoring = local([*rasters, gap], operation=Op.PERCENTILE_IGNORE_NODATA, **options)
    assert ignoring.data[0, 0, 0] == pytest.approx(expected)


def test_validity_of_conditions() -> None:
    test, yes = raster("1 0 nd", "float32"), raster("nd 5 5", "float32")
    assert shown(local([test, yes, raster("7 7 7", "float32")], operation=Op.CON)) == [[None, 7, None]]
    assert shown(local([test, yes], operation=Op.SET_NULL)) == [[None, 5, None]]
    null = local([test], operation=Op.IS_NULL)
    assert (null.mask, null.data[0].tolist()) == (None, [[0, 0, 1]])
    assert shown(local([raster("1 2 9 nd", "uint8"), pixels_row(), pixels_row(10)], operation=Op.PICK)) == [
        [1, 12, None, None]
    ]


def pixels_row(plus: float = 0) -> Any:
    return raster(np.array([[1, 2, 3, 4]]) + plus, "float32")


def test_values_beyond_the_output_type_are_invalid() -> None:
    result = local([pixels(200), pixels(100)], operation=Op.PLUS, output_type=PixelType.UINT8)
    assert (result.data.dtype, shown(result)) == (np.uint8, [[None]])
    rounded = local([pixels(2.5), pixels(0)], operation=Op.PLUS, output_type=PixelType.UINT8)
    assert shown(rounded) == [[3]]


def test_wrong_numbers_of_rasters() -> None:
    with pytest.raises(InvalidRule, match="takes 2, 1"):
        local([pixels(1)], operation=Op.PLUS)
    with pytest.raises(InvalidRule, match="pick"):
        local([pixels(1)], operation=Op.PICK)
