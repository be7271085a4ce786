from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.functions.summary import BINS, summary
from proxy.model import BandStatistics, PixelType


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"])
def test_the_mode_of_integers_is_one_of_them(dtype: str) -> None:
    top = int(min(np.iinfo(dtype).max, 2_000_000_000))
    band = np.array([[1, 5, 5, 5], [top, top, 3, 5]], dtype)
    found = summary(band, None, PixelType.of(dtype))
    assert (found.mode, found.median, found.minimum, found.maximum) == (5, 5, 1, top)
    assert found.histogram is not None
    assert (len(found.histogram.counts), sum(found.histogram.counts)) == (BINS, 8)


def test_the_mode_of_floats_is_the_middle_of_the_fullest_bin() -> None:
    found = summary(np.array([[0.0, 256.0, 10.2, 10.4]], np.float32), None, PixelType.FLOAT32)
    assert found.mode == 10.5


def test_bytes_have_a_bin_for_each_value() -> None:
    found = summary(np.array([[7, 7, 255]], np.uint8), None, PixelType.UINT8)
    assert found.histogram is not None
    assert (found.histogram.minimum, found.histogram.maximum) == (-0.5, 255.5)
    assert (found.histogram.counts[7], found.histogram.counts[255]) == (2, 1)


@pytest.mark.parametrize(
    ("values", "pixel_type"),
    [([[3 + 4j, 0, 99]], PixelType.COMPLEX64), ([[5.0, 0.0, np.nan]], PixelType.FLOAT64),
     ([[5.0, 0.0, np.inf]], PixelType.FLOAT32), ([[5, 0, 99]], PixelType.UINT32)],
)  # fmt: skip
def test_what_counts(values: Any, pixel_type: PixelType) -> None:
    band = np.array(values, pixel_type.dtype)
    found = summary(band, np.array([[True, True, False]]), pixel_type)
    assert (found.minimum, found.maximum, found.mean, found.stddev, found.count) == (0, 5, 2.5, 2.5, 2)
    if band.dtype.kind == "f":
        assert summary(band, None, pixel_type).count == 2


def test_nothing_valid_is_zeros() -> None:
    nothing = BandStatistics(0.0, 0.0, 0.0, 0.0)
    assert summary(np.ones((2, 2)), np.zeros((2, 2), np.bool_), PixelType.FLOAT64) == nothing
    assert summary(np.full((2, 2), np.nan), None, PixelType.FLOAT64) == nothing
