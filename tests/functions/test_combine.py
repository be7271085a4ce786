"""Functions of several rasters, and of all bands of a pixel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.calculate import create_color_composite, expression, raster_calculator, rescale
from proxy.functions.change import ChangeMethod, KeepMethod, compute_change, otsu, threshold, transpose_bits
from proxy.functions.combine import (
    ArgStatisticsType,
    MosaicType,
    arg_statistics,
    blend,
    merge_rasters,
    weighted_overlay,
    weighted_sum,
)
from proxy.functions.elevation_codes import terrain_rgb, terrarium
from proxy.functions.generate import Distribution, constant, random
from proxy.functions.histograms import histogram_of
from proxy.functions.imagery import (
    AngleReferenceSystem,
    ColorspaceConversionType,
    ComplexPart,
    VectorType,
    colorspace_conversion,
    complex_part,
    reflectance,
    vector_field,
)
from proxy.functions.pansharpen import PansharpeningType, pansharpening
from proxy.functions.weather import Degrees, Speed, aspect_slope, heat_index, windchill
from proxy.model import PixelType

from .build import pixels, raster, shown

A, B = raster("1 5 nd", "float32"), raster("2 3 4", "float32")


def values(result: Any) -> list[float]:
    return [float(v) for v in result.data.ravel()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b1 + b2 * 2", 8), ("b1 > 1 and b2 == 3", 1), ("!(b1 == 2) || 0", 0), ("where(b1 < b2, 7, 8)", 7),
        ("min(b1, b2) + max(b1, b2)", 5), ("clamp(b2, 0, 1)", 1), ("setnull(b1 > 0, b2)", None),
        ("mod(b2, b1)", 1),
        ("pow(b1, b2)", 8), ("red / nir", 2 / 3), ("round(2.5)", 3), ("sqrt(0 - b1)", None),
        ("b1 >= 2 && b2 <= 2", 0),
        ("not 0", 1), ("atan2(b1, b2)", math.atan2(2, 3)), ("con(0, 1, b2 != 3)", 0),
    ],
)  # fmt: skip
def test_expression(text: str, expected: float | None) -> None:
    result = expression(pixels(2, 3, dtype="uint8", band_names=("Red", "NIR")), expression=text)
    assert result.data.dtype == np.float32
    assert shown(result) == [[expected if expected is None else pytest.approx(expected)]]


@pytest.mark.parametrize("text", ["", "b3", "b0", "green", "1 +", "eval(1)"])
def test_expressions_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidRule):
        expression(pixels(2, 3), expression=text)


def test_raster_calculator() -> None:
    result = raster_calculator([A, B], expression="x - 2 * Y", input_names=("X", "y"))
    assert shown(result) == [[-3, -1, None]]
    assert values(raster_calculator([pixels(1, 2), pixels(10)], expression="r1 + r2")) == [11, 12]
    with pytest.raises(InvalidRule, match="no raster 'z'"):
        raster_calculator([A], expression="z")


def test_colour_composites() -> None:
    source = pixels(1, 2, 3, dtype="uint8", band_names=("Blue", "Green", "Red"))
    plain = create_color_composite(source, band_indexes_r="Red", band_indexes_g="B2", band_indexes_b="1")
    assert (plain.data.dtype, values(plain)) == (np.uint8, [3, 2, 1])
    mixed = create_color_composite(source, band_indexes_r="b3 / b2", band_indexes_g="2", band_indexes_b="1")
    assert (mixed.data.dtype, values(mixed)) == (np.float32, [1.5, 2, 1])


def test_rescale() -> None:
    assert values(rescale(pixels(5000, dtype="uint16"), scale=0.0001, offset=-0.1)) == [pytest.approx(0.4)]
    assert values(rescale(pixels(200, dtype="uint8"), scale=2, output_type=PixelType.UINT8)) == [255]


def test_weighted_sum_and_overlay() -> None:
    assert shown(weighted_sum([A, B], weights=(0.5, 2))) == [[4.5, 8.5, None]]
    first, second = raster("1 2 3 9", "uint8"), raster("10 20 30 10", "uint8")
    found = weighted_overlay(
        [first, second], influences=(40, 60), remaps=("1 9, 2 5, 3 RESTRICTED", "10 20 1, 20 40 8, 50 NODATA")
    )
    # 0.4 * 9 + 0.6 * 1 = 4.2; 0.4 * 5 + 0.6 * 8 = 6.8; restricted; no entry.
    assert shown(found) == [[4, 7, 0, None]]
    for arguments in (
        {"influences": (1,), "remaps": ("1 2",)},
        {"influences": (1, 1), "remaps": ("x", "1 2")},
    ):
        with pytest.raises(InvalidRule):
            weighted_overlay([first, second], **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [("ARG_MAX", {}, 1), ("ARG_MIN", {}, 2), ("ARG_MEDIAN", {}, 3),
     ("DURATION", {"min_value": 3, "max_value": 9}, 2),
     ("DURATION", {"min_value": 90, "max_value": 91, "undefined_class": -1}, -1)],
)  # fmt: skip
def test_arg_statistics(kind: str, options: Any, expected: int) -> None:
    result = arg_statistics(
        [pixels(5, 9), pixels(1, 2)], arg_statistics_type=ArgStatisticsType[kind], **options
    )
    assert values(result) == [expected]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("FIRST", [1, 5, 4]), ("LAST", [2, 3, 4]), ("MIN", [1, 3, 4]), ("MAX", [2, 5, 4]),
     ("MEAN", [1.5, 4, 4]), ("SUM", [3, 8, 4])],
)  # fmt: skip
def test_merged_rasters(kind: str, expected: list[float]) -> None:
    assert shown(merge_rasters([A, B], mosaic_type=MosaicType[kind])) == [expected]
    assert merge_rasters([A, A], mosaic_type=MosaicType[kind]).valid().tolist() == [[True, True, False]]


def test_blend() -> None:
    assert shown(blend(A, B, opacity=0.25)) == [[1.75, 3.5, 4]]
    assert values(blend(pixels(1, dtype="uint8"), pixels(2, dtype="uint8"))) == [2]


@pytest.mark.parametrize(
    ("method", "first", "second", "expected"),
    [
        (0, (10,), (245,), -235),
        (1, (0,), (255,), -1), (1, (10,), (245,), -0.959184), (1, (200,), (55,), 0.725),
        (1, (0,), (0,), 0),
        (2, (3,), (7,), 3007), (3, (1, 2, 3), (1, 5, 7), 5), (4, (1, 0), (0, 1), math.pi / 2),
        (4, (1, 2), (2, 4), 0), (4, (0, 0), (2, 4), math.pi / 2), (5, (1, 2, 3), (1, 9, 4), 1),
    ],
)  # fmt: skip
def test_change(method: int, first: Any, second: Any, expected: float) -> None:
    result = compute_change(
        pixels(*first, dtype="uint8"), pixels(*second, dtype="uint8"), method=ChangeMethod(method)
    )
    # The arc of a cosine near 1 loses half of the digits of float32.
    assert values(result) == [pytest.approx(expected, rel=1e-5, abs=1e-3)]


def test_kept_classes() -> None:
    a, b = raster("1 1 2 3", "uint8"), raster("1 2 2 1", "uint8")
    options: dict[str, Any] = {"method": ChangeMethod.CATEGORICAL}
    assert shown(compute_change(a, b, keep_method=KeepMethod.CHANGED, **options)) == [
        [None, 1002, None, 3001]
    ]
    assert shown(compute_change(a, b, from_class_values=(2,), **options)) == [[None, None, 2002, None]]


def test_otsu_is_that_of_scikit_image() -> None:
    filters = pytest.importorskip("skimage.filters")
    rng = np.random.default_rng(8)
    data = np.concatenate([rng.normal(60, 9, 900), rng.normal(150, 20, 700)]).clip(0, 255).astype("uint8")
    assert otsu(histogram_of(data, float(data.min()), float(data.max()))) == filters.threshold_otsu(data)
    result = threshold(raster(data.reshape(40, 40)))
    assert np.array_equal(result.data[0].ravel(), data > filters.threshold_otsu(data))
    assert values(threshold(pixels(4))) == [0]


def test_bits() -> None:
    result = transpose_bits(
        pixels(0b1011, dtype="uint8"), input_bit_positions=(0, 2, 3), output_bit_positions=(3, 0, 1)
    )
    assert (result.data.dtype, values(result)) == (np.uint8, [0b1010])
    wide = transpose_bits(
        pixels(1), input_bit_positions=(0,), output_bit_positions=(9,), constant_fill_value=5
    )
    assert (wide.data.dtype, values(wide)) == (np.uint16, [517])


MS = raster([[[10.0, 20.0]], [[30.0, 40.0]], [[50.0, 90.0]]], "float32")
PAN = raster("60 40", "float32")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("BROVEY", [[20, 16], [60, 32], [100, 72]]),
        ("ESRI", [[40, 10], [60, 30], [80, 80]]),
        ("IHS", [[40, 10], [60, 30], [80, 80]]),
        ("SIMPLE_MEAN", [[35, 30], [45, 40], [55, 65]]),
    ],
)
def test_pansharpening(kind: str, expected: list[list[float]]) -> None:
    result = pansharpening(MS, PAN, pansharpening_type=PansharpeningType[kind])
    assert np.allclose(result.data[:, 0], expected)


def test_gram_schmidt_adds_nothing_where_the_band_is_the_intensity() -> None:
    rng = np.random.default_rng(1)
    bands = raster(rng.uniform(0, 100, (3, 9, 9)), "float32")
    same = raster(bands.data.mean(axis=0), "float32")
    result = pansharpening(bands, same, pansharpening_type=PansharpeningType.GRAM_SCHMIDT)
    assert np.allclose(result.data, bands.data, atol=1e-3)
    other = raster(rng.uniform(0, 900, (9, 9)), "float32")
    found = pansharpening(bands, other, pansharpening_type=PansharpeningType.GRAM_SCHMIDT).data
    assert np.allclose(found.mean(axis=(1, 2)), bands.data.mean(axis=(1, 2)), atol=1e-2)
    assert np.corrcoef(found.mean(axis=0).ravel(), other.data.ravel())[0, 1] > 0.999


def test_colour_spaces_and_back() -> None:
    source = raster(np.random.default_rng(2).integers(0, 256, (3, 20, 20)), "uint8")
    hsv = colorspace_conversion(source)
    back = colorspace_conversion(hsv, conversion_type=ColorspaceConversionType.HSV_TO_RGB)
    # Hue in steps of 1/255 of a turn moves a channel by six at most.
    assert np.abs(back.data.astype(int) - source.data).max() <= 6
    assert values(colorspace_conversion(pixels(0, 255, 0, dtype="uint8"))) == [85, 255, 255]


def test_vectors() -> None:
    u, v = pixels(0), pixels(2)
    north = vector_field(u, v, output_data_type=VectorType.VECTOR_MAGDIR)
    assert values(north) == [2, pytest.approx(0, abs=1e-4)]
    east = AngleReferenceSystem.ARITHMETIC
    arithmetic = vector_field(u, v, output_data_type=VectorType.VECTOR_MAGDIR, angle_reference_system=east)
    assert values(arithmetic) == [2, 90]
    back = vector_field(pixels(2), pixels(225), input_data_type=VectorType.VECTOR_MAGDIR)
    assert values(back) == pytest.approx([-math.sqrt(2), -math.sqrt(2)])


@pytest.mark.parametrize(
    ("part", "expected"),
    [("AMPLITUDE", 5), ("PHASE", math.atan2(4, 3)), ("REAL", 3), ("IMAGINARY", 4), ("POWER", 25)],
)
def test_complex_numbers(part: str, expected: float) -> None:
    kind = ComplexPart[part]
    parted = complex_part(pixels(3), pixels(4), value_type=kind)
    whole = raster([[3 + 4j]], "complex64")
    assert values(parted) == values(complex_part(whole, whole, value_type=kind)) == [pytest.approx(expected)]


def test_reflectance() -> None:
    result = reflectance(
        pixels(100, 100), reflectance_gain_values=(0.002,), reflectance_bias_values=(-0.1,), sun_elevation=30
    )
    assert values(result) == pytest.approx([0.2, 0.2])
    radiance = reflectance(pixels(100), albedo=False, radiance_gain_values=(0.5,), radiance_bias_values=(3,))
    assert values(radiance) == [53]


def test_felt_temperatures() -> None:
    # Charts of the US National Weather Service: 0 F at 15 mph feels like -19; 90 F at 70 % like 106.
    assert values(windchill(pixels(0), pixels(15))) == [pytest.approx(-19, abs=0.5)]
    assert values(heat_index(pixels(90), pixels(70))) == [pytest.approx(106, abs=0.6)]
    assert values(heat_index(pixels(80), pixels(40))) == [pytest.approx(80, abs=0.6)]
    metric = windchill(
        pixels(-10), pixels(30), tunits=Degrees.CELSIUS, wunits=Speed.KMPH, ounits=Degrees.CELSIUS
    )
    # The same index in metric units: 13.12 + 0.6215 T - 11.37 V^0.16 + 0.3965 T V^0.16.
    power = 30**0.16
    assert values(metric) == [pytest.approx(13.12 - 6.215 - 11.37 * power - 3.965 * power, abs=0.05)]
    assert values(windchill(pixels(60), pixels(30))) == [pytest.approx(60)]


@pytest.mark.parametrize(
    ("dem", "expected"),
    [("0 0 0 / 1 1 1 / 2 2 2", 41), ("2 1 0 / 2 1 0 / 2 1 0", 43), ("5 5 5 / 5 5 5 / 5 5 5", 19),
     ("0 0 0 / 0.1 0.1 0.1 / 0.2 0.2 0.2", 21), ("0.6 0.6 0.6 / 0.3 0.3 0.3 / 0 0 0", 35)],
)  # fmt: skip
def test_aspect_slope(dem: str, expected: int) -> None:
    assert shown(aspect_slope(raster(dem, "float32")))[1][1] == expected


@pytest.mark.parametrize("metres", [0, -430.5, 8848.86, 123.456, -9999, 20000])
def test_encoded_elevations(metres: float) -> None:
    red, green, blue = values(terrarium(pixels(metres)))
    assert red * 256 + green + blue / 256 - 32768 == pytest.approx(metres, abs=1 / 512 + 1e-3)
    red, green, blue = values(terrain_rgb(pixels(metres)))
    assert -10000 + (red * 65536 + green * 256 + blue) / 10 == pytest.approx(metres, abs=0.051)
    hidden = raster([[5e30]], "float32", mask=[[False]])
    assert (values(terrarium(hidden)), terrarium(hidden).valid().tolist()) == ([128, 0, 0], [[False]])


def test_made_rasters() -> None:
    assert values(constant(pixels(1), constant=(3, 300))) == [3, 300]
    assert constant(pixels(1), constant=(3, 300)).data.dtype == np.uint16
    place = raster(np.zeros((200, 200)), "uint8")
    uniform = random(place, minimum=10, maximum=20).data
    assert 10 <= uniform.min() < 10.1
    assert 19.9 < uniform.max() < 20
    assert uniform.mean() == pytest.approx(15, abs=0.1)
    normal = random(place, distribution=Distribution.NORMAL, mean=5, standard_deviation=2).data
    assert (normal.mean(), normal.std()) == (pytest.approx(5, abs=0.05), pytest.approx(2, abs=0.05))
    dice = random(place, distribution=Distribution.INTEGER, minimum=1, maximum=6).data
    assert set(np.unique(dice)) == {1, 2, 3, 4, 5, 6}
    assert not np.array_equal(random(place).data, random(place, seed=2).data)
    steep = random(place, distribution=Distribution.EXPONENTIAL, mean=3).data
    assert (steep.min() >= 0, steep.mean()) == (True, pytest.approx(3, abs=0.1))
