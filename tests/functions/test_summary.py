from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.functions.summary import BINS, bin_edges, summary
from proxy.model import PixelType
from tests.conftest import DEMO
from tests.doors import client_of


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


@pytest.mark.parametrize("text", ["1E20", "1E100", "b1 * 1e38 * 10", "b1 / 0", "-1e300"])
def test_numbers_that_nothing_holds_are_no_error(text: str) -> None:
    with client_of(DEMO / "bluemarble.tif") as client:
        answer = client.get("/tiles/bluemarble/1/0/0.png", params={"expression": text})
        assert answer.status_code == 200, answer.text
