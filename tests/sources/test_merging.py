from __future__ import annotations

import numpy as np
import pytest

from proxy.functions.summary import summary
from proxy.model import BandStatistics, PixelType
from proxy.sources.merging import merged


@pytest.mark.parametrize(("dtype", "scale"), [("uint8", 1), ("int16", 70), ("float32", 0.3)])
def test_parts_give_the_statistics_of_the_whole(dtype: str, scale: float) -> None:
    """A ramp cut in three unequal parts: exact but for histograms of other bins, median and mode."""
    whole = (np.arange(3000).reshape(30, 100) % 251 * scale).astype(dtype)
    kind = PixelType.of(dtype)
    parts = [(summary(part, None, kind),) for part in (whole[:7], whole[7:9], whole[9:])]
    (found,), expected = merged(parts), summary(whole, None, kind)
    assert (found.minimum, found.maximum, found.count) == (expected.minimum, expected.maximum, 3000)
    assert found.mean == pytest.approx(expected.mean)
    assert found.stddev == pytest.approx(expected.stddev)
    assert found.histogram is not None
    assert expected.histogram is not None
    assert sum(found.histogram.counts) == 3000
    shift = np.abs(np.cumsum(found.histogram.counts) - np.cumsum(expected.histogram.counts)).max()
    # Bins of a part are taken as evenly filled: no place is off by more than a few bins' pixels.
    assert shift <= (0 if dtype == "uint8" else 90)
    assert found.median == pytest.approx(expected.median, abs=2 * scale)


def test_what_is_empty_does_not_count() -> None:
    empty = (BandStatistics(0.0, 0.0, 0.0, 0.0),)
    full = (summary(np.full((4, 4), 9.0), None, PixelType.FLOAT64),)
    assert merged([empty, full, empty])[0].minimum == 9.0
    assert merged([empty])[0].count == 0
