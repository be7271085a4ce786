"""Low zooms of many items: the overview, footprints, or a clear error; never hundreds of open files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box

from proxy.catalog.base import ItemRecord
from proxy.catalog.store import SqliteCatalog
from proxy.crs import reference
from proxy.errors import TooLarge
from proxy.functions.parse import parse
from proxy.model import Extent, Grid, ImageFormat, Interpolation, RenderRequest
from proxy.render.context import ReadContext
from proxy.render.mosaic import TooManyItems, draw_footprints
from proxy.render.pipeline import render_picture
from proxy.render.reader import read_raster
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.sources.mosaic import MosaicSource
from tests.catalogs import catalog_of, mosaic_of, record_of
from tests.conftest import RasterMaker
from tests.render.mosaic.test_mixed import Plain, at, numbers

UTM = reference("EPSG:32633")
SIDE = 45


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> SqliteCatalog:
    """2025 items in a square of 45 by 45, of 16 by 16 pixels, all the same file but for their place."""
    path = tmp_path_factory.mktemp("many") / "one.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=16, width=16, dtype="uint8", crs="EPSG:32633",
        transform=at(0),
    ) as file:  # fmt: skip
        file.write(numbers(10)[:, :, :16])
    first = record_of(path)
    assert first.facts is not None
    records = []
    for number in range(SIDE * SIDE):
        transform = at(16 * (number % SIDE), 16 * (number // SIDE))
        facts = dataclasses.replace(first.facts, transform=transform)
        records.append(dataclasses.replace(first, key=str(number), name=f"item {number}", facts=facts))
    return catalog_of(records, UTM)


def whole(source: MosaicSource, pixels: int) -> Grid:
    return Grid(source.crs, source.info.extent, pixels, pixels)


def test_a_few_of_many_are_opened(many: SqliteCatalog) -> None:
    source = mosaic_of(many)
    e = source.info.extent
    before = source.opened
    grid = Grid(source.crs, Extent(e.xmin, e.ymax - 300, e.xmin + 300, e.ymax), 30, 30)
    found = read_raster(source, grid, (0,), Interpolation.NEAREST)
    assert found.valid()[:16, :16].all()
    assert source.opened - before <= 4


@pytest.mark.parametrize("pixels", [64, 256, 700])
def test_low_zooms_open_nothing(many: SqliteCatalog, pixels: int) -> None:
    source = mosaic_of(many)
    before = source.opened
    with pytest.raises(TooManyItems, match="20 items"):
        read_raster(source, whole(source, pixels), (0,), Interpolation.NEAREST)
    request = RenderRequest("mosaic", whole(source, pixels))
    picture = render_picture(Plain(), source, request)
    assert picture.media_type == "image/png"
    with pytest.raises(TooLarge):
        render_picture(Plain(), source, dataclasses.replace(request, format=ImageFormat.TIFF))
    coded = parse({"function": "terrain_rgb"})
    with pytest.raises(TooLarge):
        render_picture(Plain(), source, dataclasses.replace(request, rule=coded))
    assert source.opened == before


def test_footprints_of_many_are_filled_and_of_few_are_outlined(many: SqliteCatalog) -> None:
    source = mosaic_of(many)
    all_of_them = draw_footprints(source, whole(source, 200), Selection())
    assert all_of_them.valid().all()
    assert len(np.unique(all_of_them.data)) == 1
    e = source.info.extent
    part = Extent(e.xmin - 100, e.ymax - 700, e.xmin + 700, e.ymax + 100)
    some = draw_footprints(source, Grid(source.crs, part, 400, 400), Selection())
    assert not some.valid()[:45].any()
    assert not some.valid()[:, :45].any()
    assert some.valid()[60:, 60:].all()
    # A line of darker grey each 16 pixels of 10 m, here 2 m wide.
    row = some.data[0, 90]
    assert np.diff(np.flatnonzero(row[60:] < row.max())).max() >= 75


def test_chosen_items_alone_are_shown(many: SqliteCatalog) -> None:
    source = mosaic_of(many)
    chosen = source.normalised(Selection(MosaicRule(where="OBJECTID <= 90")))
    found = draw_footprints(source, whole(source, 180), chosen)
    assert found.valid()[:8].all()
    assert not found.valid()[10:].any()


@pytest.fixture
def overview(many: SqliteCatalog, tmp_path: Path) -> Path:
    path = tmp_path / "overview.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=90, width=90, dtype="uint8", crs="EPSG:32633",
        transform=at(0) @ Affine.scale(8),
    ) as file:  # fmt: skip
        file.write(np.arange(8100).reshape(1, 90, 90).astype("uint8"))
    return path


def test_the_overview_is_drawn_instead(many: SqliteCatalog, overview: Path) -> None:
    source = mosaic_of(many, overview=str(overview))
    opened = source.opened
    found = read_raster(source, whole(source, 90), (0,), Interpolation.NEAREST)
    assert np.array_equal(found.data[0], np.arange(8100).reshape(90, 90).astype("uint8"))
    # Also where pixels are fine enough, and only the items are too many.
    read_raster(source, whole(source, 700), (0,), Interpolation.NEAREST)
    assert source.opened == opened
    # It does not show what is chosen otherwise.
    context = ReadContext(selection=source.normalised(Selection(MosaicRule(where="OBJECTID > 5"))))
    with pytest.raises(TooManyItems):
        read_raster(source, whole(source, 90), (0,), Interpolation.NEAREST, context)


def test_a_new_overview_is_a_new_version(many: SqliteCatalog, overview: Path) -> None:
    source = mosaic_of(many, overview=str(overview))
    assert source.refreshed() is source
    with rasterio.open(overview, "r+") as file:
        file.write(np.full((1, 90, 90), 7, "uint8"))
    fresh = source.refreshed()
    assert fresh.info.version != source.info.version
    found = read_raster(fresh, whole(fresh, 90), (0,), Interpolation.NEAREST)
    assert (found.data == 7).all()


def test_an_overview_that_cannot_be_opened_is_done_without(
    many: SqliteCatalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = mosaic_of(many, overview=str(tmp_path / "absent.tif"))
    assert source.overview is None
    assert "no overview" in caplog.text


def test_the_least_pixel_size_can_be_set(many: SqliteCatalog) -> None:
    e = mosaic_of(many).info.extent
    grid = Grid(UTM, Extent(e.xmin, e.ymax - 900, e.xmin + 900, e.ymax), 60, 60)
    with pytest.raises(TooManyItems):
        read_raster(mosaic_of(many, min_pixel_size=12.0), grid, (0,), Interpolation.NEAREST)
    read_raster(mosaic_of(many, max_items=50), grid, (0,), Interpolation.NEAREST)


def test_few_items_are_drawn_at_any_pixel_size(make_raster: RasterMaker) -> None:
    source = mosaic_of(catalog_of([make_raster("a.tif", numbers(10))], UTM))
    e = source.info.extent
    grid = Grid(UTM, Extent(e.xmin - 1e5, e.ymin - 1e5, e.xmax + 1e5, e.ymax + 1e5), 2001, 2001)
    assert read_raster(source, grid, (0,), Interpolation.NEAREST).valid().any()


def test_items_out_of_their_visible_range_are_left_out(make_raster: RasterMaker) -> None:
    fine = record_of(make_raster("a.tif", numbers(10)), MaxPS=20.0)
    coarse = record_of(make_raster("b.tif", numbers(100)), MinPS=20.0)
    source = mosaic_of(
        catalog_of(
            [fine, coarse],
            UTM,
        ),
        method="none",
    )
    e = source.info.extent

    def top(width: int, rule: MosaicRule | None = None) -> int:
        context = ReadContext(selection=source.normalised(Selection(rule or MosaicRule())))
        grid = Grid(UTM, e, width, 16)
        return int(read_raster(source, grid, (0,), Interpolation.NEAREST, context).data[0, 0, 0])

    assert top(20) == 10
    assert top(2) > 90
    # Named ones are drawn at any size.
    assert top(20, MosaicRule(MosaicMethod.LOCK, locked=(2,))) == 100


def stacked(make_raster: RasterMaker, count: int) -> list[ItemRecord]:
    return [record_of(make_raster(f"{i:02}.tif", numbers(i), transform=at(0))) for i in range(count)]


def test_deep_stacks_keep_to_the_limit(make_raster: RasterMaker) -> None:
    """Four dates at one place come before one at another: with two items allowed, each place has one."""
    records = [*stacked(make_raster, 4), record_of(make_raster("other.tif", numbers(90), transform=at(40)))]
    for operation in (MosaicOperation.FIRST, MosaicOperation.MEAN):
        source = mosaic_of(catalog_of(records, UTM), method="none", operation=operation.value, max_items=2)
        before = source.opened
        found = read_raster(source, whole(source, 60), (0,), Interpolation.NEAREST)
        assert found.data[0].max() == 106
        assert source.opened - before <= 2
    source = mosaic_of(catalog_of(records, UTM), max_items=1)
    with pytest.raises(TooManyItems):
        read_raster(source, whole(source, 60), (0,), Interpolation.NEAREST)


def test_the_first_stops_reading_when_all_is_filled(make_raster: RasterMaker) -> None:
    source = mosaic_of(catalog_of(stacked(make_raster, 6), UTM), method="none")
    before = source.opened
    context = ReadContext()
    grid = Grid(source.crs, source.info.extent, 20, 16)
    found = read_raster(source, grid, (0,), Interpolation.NEAREST, context)
    assert np.array_equal(found.data, numbers(0))
    assert context.used == {1: "00"}
    # The first has been opened already, for the facts.
    assert source.opened == before
    last = source.normalised(Selection(MosaicRule(operation=MosaicOperation.LAST)))
    context = ReadContext(selection=last)
    assert np.array_equal(read_raster(source, grid, (0,), Interpolation.NEAREST, context).data, numbers(5))
    assert context.used == {6: "05"}


def test_large_pictures_are_put_together_in_strips(
    make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [make_raster(f"{i}.tif", numbers(20 * i), transform=at(13 * i, 9 * i)) for i in range(3)]
    source = mosaic_of(catalog_of(paths, UTM), method="none")
    grid = Grid(source.crs, source.info.extent, 46 * 12, 34 * 12)
    for operation in MosaicOperation:
        context = ReadContext(selection=source.normalised(Selection(MosaicRule(operation=operation))))
        monkeypatch.setattr("proxy.render.mosaic.read.STRIP_VALUES", 1 << 30)
        expected = read_raster(source, grid, (0,), Interpolation.NEAREST, context)
        monkeypatch.setattr("proxy.render.mosaic.read.STRIP_VALUES", 1)
        found = read_raster(source, grid, (0,), Interpolation.NEAREST, context)
        assert np.array_equal(found.data, expected.data)
        assert np.array_equal(found.valid(), expected.valid())


def test_footprints_say_where_data_may_be(make_raster: RasterMaker) -> None:
    """An item whose footprint lies elsewhere is not read where others share the view."""
    near, far = make_raster("near.tif", numbers(10)), make_raster("far.tif", numbers(50))
    away = box(500400, 5799900, 500500, 5800000)
    source = mosaic_of(catalog_of([record_of(far, footprint=away), near], UTM), method="none")
    grid = Grid(UTM, Extent(500000, 5799840, 500200, 5800000), 20, 16)
    assert np.array_equal(read_raster(source, grid, (0,), Interpolation.NEAREST).data, numbers(10))
