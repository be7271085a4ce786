"""The reader through rio-tiler's interface, beside rio-tiler's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasterio.crs import CRS
from rio_tiler.errors import PointOutsideBounds, TileOutsideBounds
from rio_tiler.io import Reader as RioReader

from proxy.config import ServiceConfig, parse
from proxy.crs import WEB_MERCATOR, WGS84, transform_bounds
from proxy.model import Extent, Grid, Interpolation
from proxy.render.reader import Reader, read_raster
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from tests.conftest import DEMO

FILES = [DEMO / "bluemarble.tif", DEMO / "elevation.tif", DEMO / "sentinel2.tif"]


def opened(path: Path) -> RasterSource:
    return open_source(ServiceConfig(name="x", source=str(path)), parse({}, {}), Pool[Handle](4))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_facts_agree_with_rio_tiler(path: Path) -> None:
    with RioReader(str(path)) as theirs, Reader(opened(path)) as ours:
        assert ours.bounds == pytest.approx(theirs.bounds)
        assert (ours.width, ours.height, ours.crs) == (theirs.width, theirs.height, theirs.crs)
        assert ours.minzoom <= ours.maxzoom == theirs.maxzoom
        mine, other = ours.info(), theirs.info()
        assert mine.dtype == other.dtype
        assert mine.nodata_type == other.nodata_type
        assert [name for name, _ in mine.band_descriptions] == [name for name, _ in other.band_descriptions]


@pytest.mark.filterwarnings("ignore:Adjusting dataset latitudes")  # rio-tiler's, for a whole world
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_tile_agrees_with_rio_tiler(path: Path) -> None:
    with RioReader(str(path)) as theirs, Reader(opened(path)) as ours:
        west, south, east, north = ours.get_geographic_bounds(CRS.from_epsg(4326))
        tile = ours.tms.tile((west + east) / 2, (south + north) / 2, ours.maxzoom)
        mine, other = ours.tile(*tile), theirs.tile(*tile)
        assert mine.crs == other.crs
        assert mine.array.shape == other.array.shape
        assert mine.bounds == pytest.approx(other.bounds)
        first, second = mine.array.filled(0), other.array.filled(0)
        if path.stem == "bluemarble":
            # rio-tiler reads the overview beside ours here, of a lossy pyramid: alike, not equal.
            assert np.abs(first.astype(int) - second).mean() < 5
        else:
            # Nearest pixels differ where GDAL's interpolated coordinates fall on the other side of an edge.
            assert (first == second).mean() > 0.85
        far = ours.tms.tile(
            west - 40 if west > -100 else 170, south - 20 if south > -60 else 80, ours.maxzoom
        )
        if path.stem != "bluemarble":
            with pytest.raises(TileOutsideBounds):
                ours.tile(*far)


def test_points_parts_and_previews() -> None:
    with RioReader(str(DEMO / "sentinel2.tif")) as theirs, Reader(opened(DEMO / "sentinel2.tif")) as ours:
        assert ours.point(12.6, 52.49).array.tolist() == theirs.point(12.6, 52.49).array.tolist()
        with pytest.raises(PointOutsideBounds):
            ours.point(0, 0)
        part = ours.part((12.55, 52.48, 12.6, 52.5), indexes=(3, 1))
        assert part.count == 2
        assert part.band_names == ["b3", "b1"]
        preview = ours.preview(256)
        assert max(preview.width, preview.height) == 256
        assert ours.statistics(256)["b1"].mean == pytest.approx(
            theirs.statistics(max_size=256)["b1"].mean, rel=0.02
        )
        square = {
            "type": "Polygon",
            "coordinates": [[[12.55, 52.48], [12.6, 52.48], [12.6, 52.5], [12.55, 52.48]]],
        }
        cut = ours.feature(square, width=64, height=64)
        assert 0.4 < np.ma.getmaskarray(cut.array)[0].mean() < 0.6


def test_a_palette_is_never_blended() -> None:
    source = opened(DEMO / "landcover.tif")
    bounds = transform_bounds(source.info.geographic_bounds or (0, 0, 0, 0), WGS84, WEB_MERCATOR)
    grid = Grid(WEB_MERCATOR, Extent(*bounds), 200, 250)
    nearest = read_raster(source, grid, (0,), Interpolation.NEAREST)
    smooth = read_raster(source, grid, (0,), Interpolation.BILINEAR)
    np.testing.assert_array_equal(nearest.data, smooth.data)
    assert smooth.colormap is not None
    assert set(np.unique(smooth.data)) <= {value for value, *_ in smooth.colormap.entries}
