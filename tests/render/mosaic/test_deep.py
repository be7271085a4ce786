"""Stacks that are deeper than the items that are looked at for one picture."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from proxy.catalog.store import SqliteCatalog
from proxy.crs import reference
from proxy.model import Extent, Grid, Interpolation
from proxy.render.context import ReadContext
from proxy.render.mosaic import TooManyItems
from proxy.render.mosaic.candidates import MOST
from proxy.render.mosaic.cover import Plan
from proxy.render.reader import read_raster
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from tests.catalogs import catalog_of, mosaic_of, record_of
from tests.conftest import RasterMaker
from tests.render.mosaic.test_mixed import at, numbers

UTM = reference("EPSG:32633")
GEOGRAPHIC = reference("EPSG:4326")


@pytest.fixture
def deep(make_raster: RasterMaker) -> SqliteCatalog:
    """`MOST` items of the same 20 x 16 pixels, and a last one 30 pixels to the east."""
    low = make_raster("low.tif", numbers(10), transform=at(0))
    other = make_raster("other.tif", numbers(90), transform=at(30))
    first = record_of(low)
    records = [dataclasses.replace(first, key=str(number)) for number in range(MOST)]
    return catalog_of([*records, record_of(other)], UTM)


@pytest.mark.parametrize("operation", [MosaicOperation.FIRST, MosaicOperation.LAST, MosaicOperation.MEAN])
def test_what_lies_beside_a_deep_stack_is_drawn(deep: SqliteCatalog, operation: MosaicOperation) -> None:
    source = mosaic_of(deep)
    # With ground on all sides that no item covers.
    e = source.info.extent
    extent = Extent(e.xmin - 200, e.ymin - 200, e.xmax + 200, e.ymax + 200)
    grid = Grid(source.crs, extent, round(extent.width / 10), round(extent.height / 10))
    rule = source.normalised(Selection(MosaicRule(MosaicMethod.NONE, operation)))
    opened = source.opened
    found = read_raster(source, grid, (0,), Interpolation.NEAREST, ReadContext(selection=rule))
    assert np.array_equal(found.data[0, 20:36, 20:40], numbers(10)[0])
    assert np.array_equal(found.data[0, 20:36, 50:70], numbers(90)[0])
    assert found.valid().sum() == 2 * 20 * 16
    assert source.opened - opened <= 20


def test_the_same_in_another_system(deep: SqliteCatalog) -> None:
    source = mosaic_of(deep)
    # Rows of this system are turned against the edges of the items, by the convergence of meridians.
    grid = Grid(GEOGRAPHIC, Extent(14.999, 52.335, 15.011, 52.355), 200, 200)
    found = read_raster(source, grid, (0,), Interpolation.NEAREST)
    assert set(np.unique(found.data[0][found.valid()])) >= {10, 90}


def test_ground_is_the_shape_of_pixels() -> None:
    grid = Grid(UTM, Extent(500_000, 0, 500_100, 50), 10, 5)
    pixels = np.zeros((5, 10), np.bool_)
    pixels[1, 2:4] = pixels[2, 2:6] = True
    shape = Plan(grid, UTM).ground(pixels)
    assert shape is not None
    assert shape.area == pytest.approx(600)
    assert shape.bounds == (500_020, 20, 500_060, 40)
    assert Plan(grid, UTM).ground(np.zeros((5, 10), np.bool_)) is None
    there = Plan(grid, GEOGRAPHIC).ground(pixels)
    assert there is not None
    assert there.centroid.x == pytest.approx(15.0003, abs=1e-4)


def test_more_than_may_be_read_is_still_too_many(
    make_raster: RasterMaker,
) -> None:
    low = record_of(make_raster("one.tif", numbers(10), transform=at(0)))
    assert low.facts is not None
    stack = [dataclasses.replace(low, key=str(number)) for number in range(200)]
    beside = [
        dataclasses.replace(
            low, key=f"beside {number}", facts=dataclasses.replace(low.facts, transform=at(30 * number))
        )
        for number in range(1, 30)
    ]  # fmt: skip
    source = mosaic_of(catalog_of([*stack, *beside], UTM), min_pixel_size=1000)
    grid = Grid(source.crs, source.info.extent, source.info.width, source.info.height)
    with pytest.raises(TooManyItems, match="20 items"):
        read_raster(source, grid, (0,), Interpolation.NEAREST)
