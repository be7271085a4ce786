from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.functions.curves import automatic_gamma
from proxy.functions.histograms import percentile, statistics_of
from proxy.functions.stretch import StretchType, stretch
from proxy.model import BandStatistics, Histogram, PixelType, Raster

from .build import EIGHT_BIT, raster, rows, shown, statistics

MIN_MAX, DEVIATION = StretchType.MIN_MAX, StretchType.STANDARD_DEVIATION
KNOWN = ((10, 210, 100, 50),)
GAMMA = {"stretch_type": MIN_MAX, "statistics": ((0, 255, 128, 60),), "use_gamma": True}


@pytest.mark.parametrize(
    ("arguments", "expected", "tolerance"),
    [
        (
            {"stretch_type": MIN_MAX, "statistics": KNOWN},
            "0 0 51 / 115 150 242 / 255 255 255", 0,
        ),
        # One half is rounded up here, and was rounded down in the measurement.
        (
            {"stretch_type": DEVIATION, "number_of_standard_deviations": 1, "statistics": KNOWN},
            "0 0 0 / 127 199 255 / 255 255 255", 1,
        ),
        (
            {"stretch_type": DEVIATION, "statistics": KNOWN},
            "0 0 54 / 121 158 255 / 255 255 255", 0,
        ),
        ({**GAMMA, "gamma": (0.5,)}, "0 0 10 / 39 64 157 / 190 245 255", 0),
        (
            {**GAMMA, "gamma": (1.5,), "output_type": PixelType.FLOAT32},
            "0 27.5906 86.0650 / 136.6197 161.0596 216.8703 / 231.0974 251.6557 255", 1e-3,
        ),
        (
            {**GAMMA, "gamma": (2.2,), "output_type": PixelType.FLOAT32},
            "0 44.3131 121.4933 / 166.6283 186.4150 228.3395 / 238.4492 252.7150 255", 1e-3,
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_measured_examples(dtype: str, arguments: Any, expected: str, tolerance: float) -> None:
    result = stretch(raster(EIGHT_BIT, dtype), **arguments)
    assert result.pixel_type is arguments.get("output_type", PixelType.UINT8)
    assert np.abs(result.data[0] - rows(expected)).max() <= tolerance


def test_halves_are_rounded_up() -> None:
    assert shown(stretch(raster([[1500]], "uint16"), stretch_type=MIN_MAX, statistics=((1000, 2000),))) == [
        [128]
    ]


@pytest.mark.parametrize(
    ("given", "arguments", "expected"),
    [
        ({}, {}, [[0, 128, 255]]),  # 16 bits without statistics: the range of the type
        ({"statistics": statistics((0, 1000, 500, 100))}, {}, [[0, 255, 255]]),
        ({"statistics": statistics((0, 1000, 500, 100))}, {"statistics": ((0, 65535),)}, [[0, 128, 255]]),
        ({"statistics": statistics((0, 1000, 500, 100))}, {"statistics": ((None, None),)}, [[0, 255, 255]]),
        ({"statistics": statistics((0, 10, 5, 1))}, {"dra": True}, [[0, 128, 255]]),
    ],
)
def test_where_the_statistics_come_from(given: Any, arguments: Any, expected: Any) -> None:
    source = raster([[0, 32768, 65535]], "uint16", **given)
    assert shown(stretch(source, stretch_type=MIN_MAX, **arguments)) == expected


def test_floats_without_statistics_use_the_pixels_at_hand() -> None:
    assert shown(stretch(raster([[1.0, 2.0, 3.0]], "float32"), stretch_type=MIN_MAX)) == [[0, 128, 255]]


def test_what_is_hidden_does_not_count_and_stays_hidden() -> None:
    source = raster([[np.nan, 0, 5, 10]], "float32", mask=[[False, True, True, True]])
    assert shown(stretch(source, stretch_type=MIN_MAX, dra=True)) == [[None, 0, 128, 255]]


@pytest.mark.parametrize("kind", list(StretchType))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_nothing_valid_and_nothing_varied_is_no_error(kind: StretchType, dtype: str) -> None:
    hidden = raster(np.zeros((2, 3, 4)), dtype, mask=np.zeros((3, 4)))
    assert not stretch(hidden, stretch_type=kind, dra=True, use_gamma=True).valid().any()
    flat = stretch(raster([[7]], dtype), stretch_type=kind, dra=True)
    assert flat.data.shape == (1, 1, 1)


def test_no_stretch_leaves_pixels_alone() -> None:
    source = raster([[0, 300, 70]], "uint16")
    assert stretch(source) is source
    assert shown(stretch(source, output_type=PixelType.UINT8)) == [[0, 255, 70]]
    bent = stretch(raster([[0, 64, 255]], "uint8"), use_gamma=True, gamma=(0.5,))
    assert shown(bent) == [[0, 16, 255]]
    assert stretch(source, use_gamma=True, gamma=(1.2,)).data.dtype == np.uint16


@pytest.mark.parametrize(
    ("least", "greatest", "expected"),
    [
        (0, 255, PixelType.UINT8),
        (0, 1000, PixelType.UINT16),
        (-100, 100, PixelType.INT8),
        (-1000, 0, PixelType.INT16),
        (0, 2**32 - 1, PixelType.UINT32),
    ],
)
def test_the_type_holds_the_range(least: float, greatest: float, expected: PixelType) -> None:
    source = raster([[0, 5, 10]], "float32")
    result = stretch(source, stretch_type=MIN_MAX, dra=True, minimum=least, maximum=greatest)
    assert result.pixel_type is expected
    assert (result.data.min(), result.data.max()) == (least, greatest)
    assert result.statistics is not None
    assert (result.statistics[0].minimum, result.statistics[0].maximum) == (least, greatest)


def test_percent_clip_leaves_out_the_tails() -> None:
    data = np.arange(10_000).reshape(100, 100)
    for dtype in ("uint16", "float32"):
        result = stretch(
            raster(data, dtype),
            stretch_type=StretchType.PERCENT_CLIP,
            dra=True,
            min_percent=10,
            max_percent=20,
        )
        # Cut-offs at 1000 and 8000; a bin of 10,000 / 2048 values is less than a grey level.
        wanted = np.clip((data - 1000) / 7000, 0, 1) * 255
        assert np.abs(result.data[0] - wanted).max() <= 1
        assert (result.data == 0).sum() == pytest.approx(1000, abs=30)


def test_percent_clip_reads_the_histogram_of_the_source() -> None:
    known = BandStatistics(
        0, 255, 10, 5, histogram=Histogram(-0.5, 255.5, (0,) * 50 + (10,) * 100 + (0,) * 106)
    )
    source = raster([[0, 50, 100, 149, 255]], "uint8", statistics=(known,))
    kind = StretchType.PERCENT_CLIP
    assert shown(stretch(source, stretch_type=kind, min_percent=0, max_percent=0)) == [[0, 1, 129, 254, 255]]


@pytest.mark.parametrize("kind", [StretchType.PERCENT_CLIP, StretchType.HISTOGRAM_EQUALIZATION])
def test_without_a_histogram_the_range_is_used(kind: StretchType) -> None:
    source = raster([[0, 5, 10]], "uint8", statistics=statistics((0, 10, 5, 2)))
    assert shown(stretch(source, stretch_type=kind)) == [[0, 128, 255]]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_equalised_values_are_shares_of_the_pixels(dtype: str) -> None:
    data = [[0, 0, 0, 0, 1, 1, 200, 250]]
    result = stretch(raster(data, dtype), stretch_type=StretchType.HISTOGRAM_EQUALIZATION, dra=True)
    shares = [0.5] * 4 + [0.75] * 2 + [0.875, 1]
    assert shown(result) == [[float(int(255 * share)) for share in shares]]


def test_sigmoid_is_an_s_over_the_whole_range() -> None:
    result = stretch(raster([np.arange(101)], "float32"), stretch_type=StretchType.SIGMOID, dra=True)
    steps = np.diff(result.data[0, 0].astype(int))
    assert (result.data[0, 0, 0], result.data[0, 0, 50], result.data[0, 0, -1]) == (0, 128, 255)
    assert (steps >= 0).all()
    assert steps[45:55].sum() > 2 * steps[:10].sum()


def test_narrow_and_wide_ways_agree() -> None:
    # Above 65,536 pixels 16-bit curves that are not straight are looked up in a table.
    data = np.random.default_rng(1).integers(-3000, 9000, (300, 300)).astype("int16")
    options: dict[str, Any] = {"stretch_type": MIN_MAX, "statistics": ((-2000, 8000),), "use_gamma": True}
    whole = stretch(raster(data), gamma=(1.7,), **options)
    part = stretch(raster(data[:50]), gamma=(1.7,), **options)
    assert np.array_equal(whole.data[:, :50], part.data)


def test_gamma_found_from_the_mean() -> None:
    # t = 64: e = 64 + 45 cos(0.67008) = 99.27; ln(64 / 255) / ln(99.27 / 255) = 1.465
    assert automatic_gamma(BandStatistics(0, 255, 64, 10)) == pytest.approx(1.465, abs=1e-3)
    assert automatic_gamma(BandStatistics(0, 255, 150, 10)) == 1
    assert automatic_gamma(BandStatistics(5, 5, 5, 0)) == 1
    dark = raster(np.full((4, 4), 64), "uint8", statistics=statistics((0, 255, 64, 10)))
    result = stretch(dark, stretch_type=MIN_MAX, use_gamma=True, compute_gamma=True)
    assert result.data[0, 0, 0] > 80


def test_bands_have_their_own_cut_offs_and_keep_their_names() -> None:
    source = raster(np.full((3, 1, 1), 50), "uint8", band_names=("a", "b", "c"))
    result = stretch(source, stretch_type=MIN_MAX, statistics=((0, 100), (50, 60)))
    assert result.data[:, 0, 0].tolist() == [128, 0, 0]
    assert result.band_names == ("a", "b", "c")


def test_statistics_of_valid_pixels() -> None:
    band, mask = np.array([[1, 2, 3, 99]], "uint8"), np.array([[True, True, True, False]])
    found = statistics_of(band, mask, with_histogram=True)
    assert found is not None
    assert (found.minimum, found.maximum, found.mean, found.count) == (1, 3, 2, 3)
    assert found.stddev == pytest.approx((2 / 3) ** 0.5)
    assert found.histogram == Histogram(0.5, 3.5, (1, 1, 1))
    assert statistics_of(band, ~mask & mask) is None


@pytest.mark.parametrize(("percent", "expected"), [(0, 2), (25, 3), (50, 4), (100, 6)])
def test_percentiles_of_a_histogram(percent: float, expected: float) -> None:
    assert percentile(Histogram(0, 8, (0, 0, 5, 5, 5, 5, 0, 0)), percent) == expected


def test_wide_integers_keep_their_digits() -> None:
    source = raster([[2**30, 2**30 + 128, 2**30 + 255]], "int32")
    assert shown(stretch(source, stretch_type=MIN_MAX, dra=True)) == [[0, 128, 255]]


def test_the_input_is_not_changed() -> None:
    source: Raster = raster([[1.0, 2.0]], "float32")
    stretch(source, stretch_type=MIN_MAX, dra=True)
    assert source.data.tolist() == [[[1, 2]]]


@pytest.mark.parametrize("top", [1e-320, 1e-40, 5e-324])
def test_a_range_of_next_to_nothing_is_a_step(top: float) -> None:
    source = raster(np.array([[0, 1, 200]], np.uint8))
    found = stretch(source, stretch_type=MIN_MAX, statistics=((0, top, 0, 0),))
    assert found.data.ravel().tolist() == [0, 255, 255]
