from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proxy.catalog.store import SqliteCatalog
from proxy.crs import WGS84, reference
from proxy.errors import CannotOpen, CannotRead, InvalidParameter, NothingYet
from proxy.model import Extent, PixelType
from proxy.selection import (
    DimensionChoice,
    MosaicMethod,
    MosaicOperation,
    MosaicRule,
    Selection,
    TimeSpan,
)
from proxy.sources.mosaic import MosaicSource
from proxy.sources.sampling import sampled, source_statistics
from tests.catalogs import catalog_of, mosaic_of, record_of
from tests.conftest import RasterMaker
from tests.render.mosaic.test_mixed import at, numbers

UTM = reference("EPSG:32633")
DAY = 86_400_000


@pytest.fixture
def paths(make_raster: RasterMaker) -> list[Path]:
    return [
        make_raster(f"{i}.tif", numbers(20 * i), transform=at(10 * i, 3 * i), nodata=255) for i in range(3)
    ]


@pytest.fixture
def source(paths: list[Path]) -> MosaicSource:
    dates = [0, 10 * DAY, 20 * DAY]
    catalog = catalog_of(
        paths, UTM, {"Depth": "depth"}, AcquisitionDate=dates, depth=[0.0, 10.0, 50.0], Cloud=[5.0, 1.0, 9.0]
    )
    return mosaic_of(catalog, dimensions={"Depth": "depth"})


def test_facts_are_those_of_all_items(source: MosaicSource) -> None:
    info = source.info
    assert (info.way, info.item_count, info.is_mosaic) == ("mosaic", 3, True)
    assert info.extent == Extent(500000, 5799780, 500400, 5800000)
    assert (info.width, info.height, info.pixel_size) == (40, 22, (10.0, 10.0))
    assert (info.pixel_type, info.nodata) == (PixelType.UINT8, 255)
    assert info.time == (0, 20 * DAY)
    assert info.variables[0].dimensions[0].values == (0.0, 10.0, 50.0)
    assert info.geographic_bounds is not None


def test_the_grid_is_that_of_the_finest_item(make_raster: RasterMaker) -> None:
    coarse = make_raster("coarse.tif", numbers(1), transform=at(0))
    fine = make_raster("fine.tif", numbers(1), transform=at(1) @ at(0).scale(0.25))
    info = mosaic_of(catalog_of([coarse, fine], UTM)).info
    assert info.pixel_size == (2.5, 2.5)
    assert (info.extent.xmin - 500010) % 2.5 == 0


def test_an_empty_catalog_says_whether_it_will_fill(tmp_path: Path) -> None:
    unfinished = SqliteCatalog.open(tmp_path / "a.sqlite", crs=WGS84)
    with pytest.raises(NothingYet, match="being built"):
        mosaic_of(unfinished)
    with pytest.raises(CannotOpen, match="no item"):
        mosaic_of(catalog_of([], WGS84))


def test_a_new_revision_is_a_new_source(paths: list[Path], make_raster: RasterMaker) -> None:
    catalog = catalog_of(paths, UTM)
    source = mosaic_of(catalog)
    assert source.refreshed() is source
    opened = source.opened
    with catalog.writing() as writer:
        for path in (*paths, make_raster("new.tif", numbers(9).astype("uint16"), transform=at(60))):
            writer.put(record_of(path))
        writer.finish()
    fresh = source.refreshed()
    assert (fresh.info.item_count, fresh.info.pixel_type) == (4, PixelType.UINT16)
    assert fresh.info.version != source.info.version
    assert source.info.item_count == 3
    assert fresh.opened == opened


def test_settings_are_part_of_the_version(paths: list[Path]) -> None:
    catalog = catalog_of(paths, UTM)
    versions = {
        mosaic_of(catalog, **settings).info.version
        for settings in ({}, {"max_items": 7}, {"method": "none"}, {"service": {"nodata": 3}})
    }
    assert len(versions) == 4


def test_selections_have_one_spelling(source: MosaicSource) -> None:
    default = source.normalised(Selection())
    assert default.mosaic.method is MosaicMethod.NORTHWEST
    assert default.mosaic.operation is MosaicOperation.FIRST
    same = [
        Selection(MosaicRule(MosaicMethod.NORTHWEST)),
        Selection(MosaicRule(where=" 1 = 1 ", sort_field="Cloud", locked=(1,), viewpoint=(0.0, 0.0))),
        Selection(time=TimeSpan(-5, None)),
        Selection(time=TimeSpan(0, 30 * DAY)),
        default,
    ]
    assert {source.normalised(selection) for selection in same} == {default}
    several = {
        source.normalised(Selection(MosaicRule(MosaicMethod.ATTRIBUTE, sort_field=name)))
        for name in ("cloud", "Cloud", "CLOUD")
    }
    assert len(several) == 1
    assert source.normalised(Selection(MosaicRule(ids=(3, 1, 3)))).mosaic.ids == (1, 3)
    assert (
        source.normalised(Selection(MosaicRule(MosaicMethod.VIEWPOINT))).mosaic.method is MosaicMethod.CENTER
    )
    nearest = DimensionChoice("depth", ((12.0, 12.0),), nearest=True)
    assert source.normalised(Selection(dimensions=(nearest,))).dimensions == (
        DimensionChoice("Depth", ((10.0, 10.0),)),
    )


@pytest.mark.parametrize(
    ("selection", "word"),
    [
        (Selection(MosaicRule(where="Name LIKE")), "where"),
        (Selection(MosaicRule(where="1=1; DROP TABLE items")), "where"),
        (Selection(MosaicRule(MosaicMethod.ATTRIBUTE, sort_field="Absent")), "Absent"),
        (Selection(MosaicRule(MosaicMethod.ATTRIBUTE)), "attribute"),
        (Selection(MosaicRule(MosaicMethod.ATTRIBUTE, sort_field="Cloud", sort_value="many")), "number"),
        (Selection(MosaicRule(ids=tuple(range(20_000)))), "10000"),
        (Selection(dimensions=(DimensionChoice("Height", ((1.0, 1.0),)),)), "Depth"),
        (Selection(variable="salt"), "salt"),
    ],
)
def test_what_cannot_be_understood_is_refused(source: MosaicSource, selection: Selection, word: str) -> None:
    with pytest.raises(InvalidParameter, match=word):
        source.normalised(selection)


def test_statistics_are_those_of_the_items(source: MosaicSource) -> None:
    (found,) = source_statistics(source)
    values = np.concatenate([numbers(20 * i).ravel() for i in range(3)])
    assert (found.minimum, found.maximum, found.count) == (values.min(), values.max(), values.size)
    assert found.mean == pytest.approx(values.mean())
    assert found.histogram is not None
    assert np.array_equal(found.histogram.counts, np.bincount(values, minlength=256))


def test_a_sample_stands_for_many(make_raster: RasterMaker) -> None:
    paths = [make_raster(f"{i}.tif", numbers(i), transform=at(20 * i)) for i in range(40)]
    source = mosaic_of(catalog_of(paths, UTM))
    ids = sampled(source, lambda item: item.item.id)
    assert len(ids) == 16
    assert (ids[0], ids[-1]) == (1, 40)
    assert ids == sampled(source, lambda item: item.item.id)


def test_unreadable_items_are_left_out_of_the_sample(source: MosaicSource, paths: list[Path]) -> None:
    paths[1].unlink()
    paths[0].write_bytes(b"nothing")
    assert source_statistics(source)[0].minimum >= 40
    paths[2].unlink()
    fresh = mosaic_of(source.catalog)  # type: ignore[arg-type]
    with pytest.raises(CannotRead, match="None of the items"):
        source_statistics(fresh)
