"""A mosaic across the antimeridian: the same pixels as its only item, from either side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proxy.catalog.base import Query
from proxy.config import parse
from proxy.crs import WEB_MERCATOR, WGS84, reference
from proxy.model import Extent, Grid, Interpolation
from proxy.render.mosaic import draw_footprints
from proxy.render.point import point_values
from proxy.render.reader import read_raster
from proxy.selection import Selection
from proxy.sources.opening import open_raster
from proxy.sources.pool import Pool
from tests.catalogs import catalog_of, mosaic_of
from tests.conftest import DATA

PATH = DATA / "antimeridian_utm60n_uint16.tif"
WORLD = math.pi * 6378137.0


@pytest.mark.parametrize("crs", [WEB_MERCATOR, WGS84, reference("EPSG:32660")])
def test_both_sides_are_drawn(crs: object) -> None:
    config = parse({"services": [{"name": "one", "source": str(PATH)}]}, {})
    alone = open_raster(config.services[0], config, Pool(4))
    source = mosaic_of(catalog_of([PATH], crs))  # type: ignore[arg-type]
    west, south, east, north = alone.info.geographic_bounds or (0, 0, 0, 0)
    assert east > 180
    middle = (south + north) / 2
    for x0, x1 in ((west, 180.0), (-180.0, east - 360.0), (west - 1, east + 1)):
        grid = Grid(WGS84, Extent(x0, middle - 0.3, x1, middle + 0.3), 90, 60)
        expected = read_raster(alone, grid, (0,), Interpolation.NEAREST)
        found = read_raster(source, grid, (0,), Interpolation.NEAREST)
        assert expected.valid().any()
        assert np.array_equal(found.valid(), expected.valid())
        assert np.array_equal(found.data[0][found.valid()], expected.data[0][expected.valid()])
    for lon in (179.9, -179.9):
        assert point_values(source, (lon, middle), WGS84) == point_values(alone, (lon, middle), WGS84)


def test_envelopes_are_told_for_each_side() -> None:
    catalog = catalog_of([PATH], WEB_MERCATOR)
    boxes = catalog.envelopes(Query())
    assert len(boxes) == 2
    assert boxes[:, 0].min() == pytest.approx(-WORLD)
    assert boxes[:, 2].max() == pytest.approx(WORLD)
    assert (boxes[:, 2] - boxes[:, 0]).max() < WORLD / 10


def test_footprints_lie_on_both_sides() -> None:
    source = mosaic_of(catalog_of([PATH], WEB_MERCATOR))
    world = Grid(WEB_MERCATOR, Extent(-WORLD, -WORLD, WORLD, WORLD), 256, 256)
    columns = np.flatnonzero(draw_footprints(source, world, Selection()).valid().any(axis=0))
    assert columns.min() < 5
    assert columns.max() > 250
    assert len(columns) < 12
