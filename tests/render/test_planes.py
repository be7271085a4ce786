"""Pixels of which some bands have a value and others do not, beside GDAL, which warps each band by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from affine import Affine
from rasterio.warp import Resampling, reproject

from proxy.model import Array, Extent, Grid, Interpolation, Mask, Window
from proxy.render.planes import read_planes
from proxy.sources.validity import valid_by_value
from tests.render.warp.support import Memory

ROWS, COLUMNS = np.mgrid[0:60, 0:80]
#: Where each of the bands has a value: nowhere do all three agree.
GOOD = np.stack([COLUMNS < 50, COLUMNS > 20, ROWS > 15])
PLACE = Affine(10, 0, 500000, 0, -10, 5800000)


class ByValue(Memory):
    """Pixels are missing where all bands that are read hold the value, as in files."""

    def __init__(self, data: Array, nodata: float) -> None:
        super().__init__(data, PLACE)
        self.nodata = nodata

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        data, _ = super().read(level, bands, window)
        return data, valid_by_value(data, self.nodata)


@pytest.mark.parametrize(("dtype", "nodata"), [("float32", -9999), ("int16", -32768), ("uint16", 0)])
@pytest.mark.parametrize("how", [Interpolation.BILINEAR, Interpolation.NEAREST])
def test_bands_are_made_of_their_own_values_as_gdal_does(dtype: str, nodata: int, how: Interpolation) -> None:
    slopes = np.stack([100 + COLUMNS, 300 + ROWS, 900 - ROWS - COLUMNS])
    data = np.where(GOOD, slopes, nodata).astype(dtype)
    source = ByValue(data, nodata)
    grid = Grid(source.crs, Extent(500023, 5799437, 500777, 5799963), 70, 50)
    found, mask = read_planes(source, grid, (0, 1, 2), how, nodata)
    expected = np.full((3, 50, 70), nodata, dtype)
    for band, target in zip(data, expected, strict=True):
        reproject(
            band, target, src_transform=PLACE, src_crs="EPSG:32633", dst_transform=grid.transform,
            dst_crs="EPSG:32633", src_nodata=nodata, dst_nodata=nodata, resampling=Resampling[how.value],
        )  # fmt: skip
    np.testing.assert_array_equal(found == nodata, expected == nodata)
    # GDAL's kernel is wider by the ratio of the pixels, 1.08, which shows at the edges: half a step.
    assert np.abs(found.astype(float) - expected).max() <= 1
    assert mask is not None
    np.testing.assert_array_equal(mask, expected != nodata)


def test_what_is_not_a_number_stays_in_its_band() -> None:
    data = np.where(GOOD, np.float32(5), np.float32(np.nan))
    source = Memory(data, PLACE, mask=None)
    grid = Grid(source.crs, Extent(500000, 5799400, 500800, 5800000), 120, 90)
    found, mask = read_planes(source, grid, (0, 1, 2), Interpolation.BILINEAR, np.nan)
    assert mask is not None
    np.testing.assert_array_equal(mask, ~np.isnan(found))
    assert set(np.unique(found[~np.isnan(found)])) == {5.0}
    assert np.isnan(found).mean(axis=(1, 2)) == pytest.approx((~GOOD).mean(axis=(1, 2)), abs=0.01)


def test_pixels_without_any_value_are_masked_in_every_band() -> None:
    data = np.full((2, 8, 8), -1, np.int16)
    data[0, :4], data[1, 2:5] = 7, 9
    source = ByValue(data, -1)
    extent = Extent(500000, 5799920, 500080, 5800000)
    grid = Grid(source.crs, extent, 16, 16)
    found, mask = read_planes(source, grid, (0, 1), Interpolation.NEAREST, -1)
    assert mask is not None
    rows = [(np.arange(8) < 4), (np.arange(8) >= 2) & (np.arange(8) < 5)]
    np.testing.assert_array_equal(mask[:, :, 0], [np.repeat(each, 2) for each in rows])
    assert found[:, :, 0].tolist() == [
        np.repeat(np.where(each, value, -1), 2).tolist() for each, value in zip(rows, (7, 9), strict=True)
    ]


@pytest.mark.parametrize("bands", [(0, 1, 2), (1,)])
def test_bands_without_gaps_are_read_at_once(bands: tuple[int, ...]) -> None:
    data = np.zeros((3, 4, 4), np.uint8)
    data[0, :, 2:], data[1] = 200, 100
    source: Any = Memory(data, PLACE)
    grid = Grid(source.crs, Extent(500000, 5799960, 500040, 5800000), 8, 8)
    found, mask = read_planes(source, grid, bands, Interpolation.BILINEAR, None)
    assert mask is None
    if len(bands) == 3:
        assert found[0, 0].tolist() == [0, 0, 0, 50, 150, 200, 200, 200]
