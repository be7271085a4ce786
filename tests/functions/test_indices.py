from __future__ import annotations

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.expression import DEEPEST, LONGEST, compute, names_of, parse_expression
from proxy.functions.indices import BandArithmeticMethod, band_arithmetic
from proxy.model import PixelType

from .build import pixels, raster, shown

# blue, green, red, near infrared, shortwave infrared 1 and 2
REFLECTANCES = (0.05, 0.08, 0.06, 0.40, 0.25, 0.15)
INTEGERS = (60, 50, 40, 120, 90, 45)


@pytest.mark.parametrize(
    ("method", "indexes", "reflectances", "integers"),
    [
        (1, "4 3", 0.73913, 0.5),
        (2, "4 3 0.33", 0.572405, 0.663631),
        (2, "4 3", 0.572405, 0.663631),
        (3, "4 3 0.33 0.5 1.5", -0.022484, 0.345612),
        (3, "4 3", -0.022484, 0.345612),
        (4, "4 3", 0.539445, 0.665739),
        (5, "4 3", 0.81011, -6298.1826),
        (6, "4 3 0.3 0.5", -0.113023, 102.966324),
        (7, "1 2 3 4 5 6", 0.217384, 35.368999),
        (8, "1 3 4 5 6", (166.66666, 500, 9.374999), (200, 150, 25)),
        (9, "3 2 1", 0.222222, 0.333333),
        (10, "4 2", 0.666667, 0.411765),
        (11, "4 3", 6.666667, 3),
        (12, "4 5", 0.230769, 0.142857),
        (13, "4 5", 1.6, 1.333333),
        (14, "4 3 2", 0.520426, 0.682483),
        (15, "4 5 2", 11.8, 2300),
        (16, "4 5", 0.6, 0.333333),
        (17, "4 2", 4, 1.4),
        (18, "4 2", -0.666667, -0.411765),
        (19, "4 3 1", 0.613718, -2.247191),
        (20, "3 1", 1.2, 0.666667),
        (21, "5 4", 0.625, 0.75),
        (22, "5 6", 1.666667, 2),
        (23, "2 4 5 0.5", -0.604938, -0.354839),
        (24, "3 4", 8.532423, 0.000063),
        (25, "4 5", 0.230769, 0.142857),
        (26, "5 4", -0.230769, -0.142857),
        (27, "4 5", 0.230769, 0.142857),
        (28, "2 5", -0.515152, -0.285714),
        (29, "2 5", -0.515152, -0.285714),
        (0, "(B4-B3)/(b4+B3)", 0.73913, 0.5),
        (1, "B4, B3", 0.73913, 0.5),
    ],
)
def test_indices(method: int, indexes: str, reflectances: float, integers: float) -> None:
    chosen = BandArithmeticMethod(method)
    for values, dtype, expected in ((REFLECTANCES, "float32", reflectances), (INTEGERS, "uint8", integers)):
        result = band_arithmetic(pixels(*values, dtype=dtype), method=chosen, band_indexes=indexes)
        assert result.data.dtype == np.float32
        # The examples are printed with six digits; float32 costs some of MSAVI's.
        assert result.data[:, 0, 0].tolist() == pytest.approx(np.atleast_1d(expected), rel=2e-5, abs=1e-6)


def test_every_method_has_formulas() -> None:
    for method in BandArithmeticMethod:
        text = "b1" if method == 0 else "1 2 3 4 5 6"
        assert np.isfinite(
            band_arithmetic(pixels(*REFLECTANCES), method=method, band_indexes=text).data
        ).all()


@pytest.mark.parametrize("text", ["b1/b2", "(b1+1)/(b2*7)", "1/b2"])
def test_a_quotient_by_zero_is_zero_and_valid(text: str) -> None:
    assert shown(band_arithmetic(pixels(5, 0), band_indexes=text)) == [[0]]


def test_what_is_no_number_is_invalid() -> None:
    assert shown(band_arithmetic(raster([[-1, 4]], "int16"), band_indexes="sqrt(b1)")) == [[None, 2]]


def test_the_output_type_makes_what_it_cannot_hold_invalid() -> None:
    source = raster([[-1, 3, 300]], "int16")
    result = band_arithmetic(source, band_indexes="b1 / 2", output_type=PixelType.UINT8)
    assert (result.data.dtype, shown(result)) == (np.uint8, [[None, 2, 150]])
    assert shown(band_arithmetic(source, band_indexes="b1", output_type=PixelType.UINT8)) == [[None, 3, None]]


def test_a_constant_expression_fills_the_raster() -> None:
    assert shown(band_arithmetic(raster(np.zeros((2, 3)), "uint8"), band_indexes="2*3")) == [[6.0] * 3] * 2


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (0, ""), (0, "b9"), (0, "b0"), (0, "red"), (0, "b1 +"), (0, "__import__('os')"), (0, "b1.real"),
        (1, ""), (1, "4"), (1, "4 x"), (1, "0 1"), (7, "1 2"), (0, "b1 b2"), (0, "b1[0]"), (0, "exec(b1)"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed(method: int, text: str) -> None:
    with pytest.raises(InvalidRule, match="band_indexes"):
        band_arithmetic(pixels(1, 2), method=BandArithmeticMethod(method), band_indexes=text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("-2 ^ 2", -4), ("2 ^ -1", 0.5), ("2 ** 3 ^ 2", 512),
        ("8 / 4 / 2", 1), ("8 - 4 - 2", 2), ("--3", 3), ("+3", 3), ("1e2 + .5", 100.5), ("2*-3", -6),
        ("sqrt(9) + abs(-1)", 4), ("x * X", 25), ("1/0", 0),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: float) -> None:
    assert float(compute(parse_expression(text), {"x": np.float32(5)})) == expected


def test_names() -> None:
    assert names_of(parse_expression("-(B1 + b2) / sqrt(b1)")) == {"b1", "b2"}


@pytest.mark.parametrize(
    "text",
    ["", " ", "(", ")", "()", "1 +", "* 2", "2 2", "a(1)", "1 % 2", "1 if 2 else 3", "lambda: 0", "'a'",
     "1 = 1", "1 < ", "min(1)", "con(1,2",
     "a.b", "a[0]", "(1", "1)", "9" * (LONGEST + 1), "+".join(["1"] * 300),
     "(" * (DEEPEST + 2) + "1" + ")" * (DEEPEST + 2), "-" * 500 + "1", "2" + "^2" * 100],
)  # fmt: skip
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"\."):
        parse_expression(text)


def test_huge_powers_cost_nothing() -> None:
    assert compute(parse_expression("9^9^9^9"), {}) == np.inf
