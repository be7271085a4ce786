from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from proxy.crs import WEB_MERCATOR
from proxy.errors import UnknownTileMatrixSet
from proxy.model import Extent, Grid
from proxy.ogc.limits import holding, limits, unknown_sets
from proxy.ogc.snapping import snapped
from proxy.sources.base import SourceInfo
from tests.conftest import DATA, DEMO, RasterMaker
from tests.doors import client_of


def info_of(path: object) -> SourceInfo:
    with client_of({"name": "a", "source": str(path)}) as client:
        found: SourceInfo = client.app.state.registry.get("a").info  # type: ignore[attr-defined]
        return found


def test_the_world_fills_every_matrix() -> None:
    info = info_of(DEMO / "bluemarble.tif")
    for zoom, each in enumerate(limits(info, "WebMercatorQuad")):
        last = 2**zoom - 1
        assert (each.min_row, each.max_row, each.min_col, each.max_col) == (0, last, 0, last)
    first = limits(info, "WorldCRS84Quad")[0]
    assert (first.min_col, first.max_col) == (0, 1)


def test_the_finest_matrix_is_as_fine_as_the_source(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", np.ones((512, 512), np.uint8), "EPSG:3857", Affine(10, 0, 0, 0, -10, 0))
    assert [each.zoom for each in limits(info_of(path), "WebMercatorQuad")] == list(range(15))


def test_data_that_end_on_an_edge_reach_no_further(make_raster: RasterMaker) -> None:
    cell = 156543.03392804097 / 2**10
    at = Affine(cell, 0, 0, 0, -cell, 0)
    path = make_raster("a.tif", np.ones((256, 512), np.uint8), "EPSG:3857", at)
    finest = limits(info_of(path), "WebMercatorQuad")[10]
    assert (finest.min_col, finest.max_col) == (512, 513)
    assert (finest.min_row, finest.max_row) == (512, 512)


def test_the_antimeridian_needs_the_whole_row() -> None:
    info = info_of(DATA / "antimeridian_utm60n_uint16.tif")
    last = limits(info, "WebMercatorQuad")[-1]
    assert (last.min_col, last.max_col) == (0, 2**last.zoom - 1)
    assert last.max_row - last.min_row < 20


def test_sets_that_cannot_hold_a_service() -> None:
    info = info_of(DEMO / "elevation.tif")
    assert limits(info, "NZTM2000Quad") == ()
    assert holding(info, ["nztm2000quad", "worldcrs84quad"]) == ("WorldCRS84Quad",)
    everything = holding(info, ["ALL"])
    assert "WebMercatorQuad" in everything
    assert not {"CDB1GlobalGrid", "GNOSISGlobalGrid"} & set(everything)
    with pytest.raises(UnknownTileMatrixSet):
        limits(info, "nope")
    assert unknown_sets(["all", "webmercatorquad", "x"]) == ("x",)


def test_what_lies_nowhere_has_no_tiles() -> None:
    assert limits(info_of(DATA / "mars_equirectangular_rgb_jpeg.tif"), "WebMercatorQuad") == ()


def test_only_tiles_are_snapped_to() -> None:
    tile = Extent(0.0, 0.0, 20037508.342789244, 20037508.342789244)
    near = Extent(1e-3, -1e-3, tile.xmax + 1e-3, tile.ymax)
    grid = Grid(WEB_MERCATOR, near, 256, 256)
    assert snapped(grid).extent == tile
    off = Grid(WEB_MERCATOR, Extent(1.0, 0.0, tile.xmax + 1.0, tile.ymax), 256, 256)
    assert snapped(off) is off
    other = Grid(WEB_MERCATOR, near, 250, 250)
    assert snapped(other) is other
    beyond = Grid(WEB_MERCATOR, Extent(2 * tile.xmax, 0.0, 3 * tile.xmax, tile.ymax), 256, 256)
    assert snapped(beyond) is beyond
