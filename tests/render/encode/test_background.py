from __future__ import annotations

import numpy as np
import pytest

from proxy.crs import WGS84
from proxy.model import Colormap, Extent, Grid, Raster
from proxy.render.encode.display import on_background

GRID = Grid(WGS84, Extent(0, 0, 2, 1), 2, 1)
GAP = np.array([[True, False]])


def raster(
    *bands: tuple[int, int], mask: np.ndarray | None = GAP, colormap: Colormap | None = None
) -> Raster:  # type: ignore[type-arg]
    return Raster(np.array([[band] for band in bands], np.uint8), mask, GRID, colormap=colormap)


def test_nothing_changes_where_nothing_shows_through() -> None:
    whole = raster((1, 2), mask=None)
    assert on_background(whole, (9, 9, 9)) is whole


def test_grey_on_grey_stays_one_band() -> None:
    found = on_background(raster((1, 2)), (9, 9, 9))
    assert found.data.tolist() == [[[1, 9]]]
    assert found.mask is None


@pytest.mark.parametrize("bands", [((1, 2),), ((1, 2), (1, 2), (1, 2))], ids=["grey", "colours"])
def test_colours_fill_the_gaps(bands: tuple[tuple[int, int], ...]) -> None:
    found = on_background(raster(*bands), (7, 8, 9))
    assert found.data[:, 0].tolist() == [[1, 7], [1, 8], [1, 9]]
    assert found.mask is None


def test_half_transparent_colours_are_blended() -> None:
    colors = Colormap(((0, 255, 0, 0, 128), (1, 0, 0, 255, 0)))
    found = on_background(raster((0, 1), mask=None, colormap=colors), (0, 100, 200))
    # 255 x 128/255; 100 x 127/255 and 200 x 127/255, rounded.
    assert found.data[:, 0, 0].tolist() == [128, 50, 100]
    assert found.data[:, 0, 1].tolist() == [0, 100, 200]
    assert found.colormap is None
