from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.functions.summary import BINS, bin_edges, summary
from proxy.model import PixelType


@pytest.mark.parametrize(
    "values",
    [
        [[1e20, 1e20]], [[1e20, np.nextafter(1e20, np.inf)]], [[-1e308, 1e308]], [[1.7e308, 1.7e308]],
        [[-1.7e308, -1.7e308]], [[0.0, 5e-324]], [[7.0, 7.0]], [[1e300, 1e307]], [[-3.0, 1e-300]],
    ],
)  # fmt: skip
def test_every_range_has_a_histogram(values: Any) -> None:
    data = np.array(values, np.float64)
    # A mean of numbers near the end of what doubles hold may overflow, which is not what is tested here.
    with np.errstate(over="ignore", invalid="ignore"):
        found = summary(data, None, PixelType.FLOAT64)
    assert found.histogram is not None
    assert len(found.histogram.counts) == BINS
    assert found.histogram.maximum > found.histogram.minimum
    assert np.isfinite(found.histogram.maximum - found.histogram.minimum)


def test_an_ordinary_range_is_its_own() -> None:
    assert bin_edges(2.0, 9.0) == (2.0, 9.0)
    assert bin_edges(7.0, 7.0) == (7.0, 8.0)


def test_bytes_have_a_bin_for_each_value() -> None:
    found = summary(np.array([[0, 255, 255]], np.uint8), None, PixelType.UINT8)
    assert found.histogram is not None
    assert (found.histogram.minimum, found.histogram.maximum) == (-0.5, 255.5)
    assert (found.histogram.counts[0], found.histogram.counts[255]) == (1, 2)
