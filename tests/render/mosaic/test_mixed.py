"""Items that differ from one another: bands, types, nodata, palettes, files for each band, seamlines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from shapely.geometry import box

from proxy.catalog.base import Asset
from proxy.crs import WEB_MERCATOR, reference, transform_bounds
from proxy.errors import TooLarge
from proxy.functions.parse import parse
from proxy.model import Extent, Grid, Interpolation, PixelType, Raster
from proxy.render.context import ReadContext
from proxy.render.pipeline import processed
from proxy.render.reader import read_raster
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.sources.base import Source, Statistics
from proxy.sources.mosaic import MosaicSource
from proxy.sources.sampling import source_statistics
from tests.catalogs import catalog_of, mosaic_of, record_of
from tests.conftest import DATA, RasterMaker

UTM = reference("EPSG:32633")
STORED = MosaicRule(MosaicMethod.NONE)


def read(source: MosaicSource, rule: MosaicRule = STORED, bands: tuple[int, ...] = ()) -> Raster:
    grid = Grid(source.crs, source.info.extent, source.info.width, source.info.height)
    chosen = bands or tuple(range(source.info.band_count))
    context = ReadContext(selection=source.normalised(Selection(rule)))
    return read_raster(source, grid, chosen, Interpolation.NEAREST, context)


def numbers(value: int, dtype: str = "uint8", bands: int = 1) -> np.ndarray:
    """Rows and columns told apart, so that a shift would be seen."""
    found = value + np.arange(16 * 20).reshape(16, 20) % 17
    return np.stack([found + 20 * band for band in range(bands)]).astype(dtype)


def at(column: int, row: int = 0) -> Affine:
    return Affine(10, 0, 500000 + 10 * column, 0, -10, 5800000 - 10 * row)


def test_types_are_widened_and_each_nodata_value_is_its_own(make_raster: RasterMaker) -> None:
    small, large = numbers(0), numbers(-300, "int16")
    paths = [
        make_raster("a.tif", small, transform=at(0), nodata=3),
        make_raster("b.tif", large, transform=at(10), nodata=-290),
        make_raster("c.tif", numbers(1).astype("float32") / 8, transform=at(40)),
    ]
    source = mosaic_of(catalog_of(paths[:2], UTM))
    assert source.info.pixel_type is PixelType.INT16
    # Neither value says what is nodata in the other item.
    assert (source.info.nodata, source.info.mask_kind) == (None, "mask")
    found = read(source)
    expected = np.zeros((16, 30), np.int16)
    valid = np.zeros((16, 30), bool)
    expected[:, 10:], valid[:, 10:] = large[0], large[0] != -290
    top = small[0] != 3
    expected[:, :20] = np.where(top, small[0], expected[:, :20])
    valid[:, :20] |= top
    assert np.array_equal(found.valid(), valid)
    assert np.array_equal(found.data[0][valid], expected[valid])
    assert mosaic_of(catalog_of(paths, UTM)).info.pixel_type is PixelType.FLOAT32


def test_bands_go_by_name_and_else_by_position(make_raster: RasterMaker) -> None:
    rgb = numbers(10, bands=3)
    paths = [
        make_raster("a.tif", rgb, transform=at(0), names=("Red", "Green", "NIR")),
        make_raster("b.tif", rgb, transform=at(20), names=("Red", "Green", "NIR")),
        make_raster("turned.tif", rgb, transform=at(40), names=("nir", "red", "green")),
        make_raster("lacking.tif", rgb[:2], transform=at(60), names=("NIR", "Red")),
        make_raster("unnamed.tif", rgb, transform=at(80), photometric="minisblack"),
        make_raster("short.tif", rgb[:1], transform=at(100)),
    ]
    source = mosaic_of(catalog_of(paths, UTM))
    assert source.info.band_names == ("Red", "Green", "NIR")
    layer = read(source)
    assert np.array_equal(layer.data[:, :, 40:60], rgb[[1, 2, 0]])
    assert np.array_equal(layer.data[[0, 2], :, 60:80], rgb[[1, 0]])
    assert np.array_equal(layer.data[:, :, 80:100], rgb)
    assert np.array_equal(layer.data[0, :, 100:], rgb[0])
    assert not layer.data[1, :, 60:80].any()
    assert not layer.data[1:, :, 100:].any()
    assert layer.mask is None
    # A band that no item in view has is no value at all.
    alone = read(source, MosaicRule(MosaicMethod.LOCK, locked=(4,)), bands=(1,))
    assert not alone.valid().any()


def test_a_band_that_the_top_item_lacks_comes_from_below(make_raster: RasterMaker) -> None:
    paths = [
        make_raster("top.tif", numbers(10), transform=at(0), names=("Red",)),
        make_raster("a.tif", numbers(100, bands=2), transform=at(0), names=("Red", "NIR")),
        make_raster("b.tif", numbers(60, bands=2), transform=at(0), names=("Red", "NIR")),
    ]
    found = read(mosaic_of(catalog_of(paths, UTM)))
    assert np.array_equal(found.data, np.concatenate([numbers(10), numbers(100, bands=2)[1:]]))


def test_an_alpha_band_that_an_item_lacks_is_opaque(make_raster: RasterMaker) -> None:
    rgba = np.concatenate([numbers(10, bands=3), numbers(0) * 12])
    colors = {"photometric": "rgb", "alpha": "unspecified"}
    paths = [
        make_raster("a.tif", rgba, transform=at(0), **colors),
        make_raster("b.tif", rgba, transform=at(20), **colors),
        make_raster("c.tif", rgba[:3], transform=at(40), photometric="rgb"),
    ]
    for path in paths[:2]:
        with rasterio.open(path, "r+") as file:
            file.colorinterp = [*file.colorinterp[:3], rasterio.enums.ColorInterp.alpha]
    found = read(mosaic_of(catalog_of(paths, UTM)))
    assert np.array_equal(found.valid()[:, :20], rgba[3] > 0)
    assert (found.data[3, :, 40:] == 255).all()
    assert found.valid()[:, 40:].all()


def test_one_file_a_band_is_read_as_one_item(make_raster: RasterMaker) -> None:
    red, green = numbers(10), numbers(50)
    coarse = np.arange(80).reshape(1, 8, 10).astype("uint8")
    paths = [
        make_raster("red.tif", red, transform=at(0), nodata=12),
        make_raster("green.tif", np.concatenate([red, green]), transform=at(0)),
        make_raster("nir.tif", coarse, transform=at(0) @ Affine.scale(2)),
    ]
    assets = (
        Asset(str(paths[0]), name="B04"), Asset(str(paths[1]), (1,), "B03"), Asset(str(paths[2]), name="B08")
    )  # fmt: skip
    source = mosaic_of(catalog_of([record_of(paths[0], assets, ("B04", "B03", "B08"))], UTM))
    found = read(source)
    wide = coarse[0].repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(found.data[1:], np.stack([green[0], wide]))
    assert np.array_equal(found.data[0][red[0] != 12], red[0][red[0] != 12])
    # Where one band has no value the others still do.
    assert found.mask is None
    assert not read(source, bands=(0,)).valid()[red[0] == 12].any()


def test_a_palette_that_all_share_is_kept_and_never_mixed(make_raster: RasterMaker) -> None:
    colors = {value: (value, 0, 255 - value, 255) for value in range(40)}
    one, two = numbers(0), numbers(20)
    paths = [
        make_raster("a.tif", one, transform=at(0), colormap=colors),
        make_raster("b.tif", two, transform=at(10), colormap=colors),
    ]
    source = mosaic_of(catalog_of(paths, UTM))
    for operation in (MosaicOperation.MEAN, MosaicOperation.BLEND, MosaicOperation.SUM):
        found = read(source, MosaicRule(MosaicMethod.NONE, operation))
        assert found.colormap is not None
        assert np.array_equal(found.data[0, :, :20], one[0])
        assert np.array_equal(found.data[0, :, 20:], two[0][:, 10:])
    paths.append(make_raster("c.tif", one, transform=at(30), colormap=colors | {3: (9, 9, 9, 255)}))
    assert mosaic_of(catalog_of(paths, UTM)).info.colormap is None


def test_an_attribute_table_is_kept_where_items_share_it(tmp_path: Path) -> None:
    path = DATA / "nlcd_alaska_clip_rat.tif"
    crs = reference("EPSG:5070")
    copy = tmp_path / "again.tif"
    copy.write_bytes(path.read_bytes())
    (tmp_path / "again.tif.aux.xml").write_bytes((DATA / "nlcd_alaska_clip_rat.tif.aux.xml").read_bytes())
    source = mosaic_of(catalog_of([path, copy], crs))
    assert source.info.attribute_table is not None
    assert read(source).attributes is not None


def test_items_end_at_their_seamlines(make_raster: RasterMaker) -> None:
    one, two = numbers(10), numbers(100)
    paths = [make_raster("a.tif", one, transform=at(0)), make_raster("b.tif", two, transform=at(0))]
    left, right = box(500000, 5799840, 500080, 5800000), box(500080, 5799840, 500200, 5800000)
    items = [record_of(paths[0], seamline=left), record_of(paths[1], seamline=right)]
    source = mosaic_of(catalog_of(items, UTM))
    found = read(source, MosaicRule(MosaicMethod.SEAMLINE)).data[0]
    assert np.array_equal(found[:, :8], one[0][:, :8])
    assert np.array_equal(found[:, 8:], two[0][:, 8:])
    assert np.array_equal(read(source).data[0], one[0])


def test_a_mosaic_in_another_system_is_that_of_gdal(make_raster: RasterMaker) -> None:
    """Bilinear, from UTM to Web Mercator: within 2 % of GDAL's values on average."""
    with rasterio.open(DATA / "internal_mask_rgb_uint8.tif") as file:
        whole, t, crs = file.read(), file.transform, file.crs.to_string()
    paths = [
        make_raster("a.tif", whole[:, :, :220], crs=crs, transform=t),
        make_raster("b.tif", whole[:, :, 150:], crs=crs, transform=t @ Affine.translation(150, 0)),
    ]
    source = mosaic_of(catalog_of(paths, reference(crs)))
    extent = Extent(*transform_bounds(source.info.extent.as_tuple(), source.crs, WEB_MERCATOR))
    grid = Grid(WEB_MERCATOR, extent, 300, 180)
    context = ReadContext(selection=source.normalised(Selection(MosaicRule(MosaicMethod.NONE))))
    found = read_raster(source, grid, (0, 1, 2), Interpolation.BILINEAR, context)
    expected = np.zeros((3, 180, 300), np.uint8)
    filled = np.zeros((180, 300), bool)
    for path in paths:
        with (
            rasterio.open(path) as file,
            WarpedVRT(
                file, crs="EPSG:3857", transform=Affine(*grid.transform[:6]), width=300, height=180,
                resampling=Resampling.bilinear, add_alpha=True, tolerance=0.01,
            ) as warped,
        ):  # fmt: skip
            data = warped.read()
        take = (data[3] > 127) & ~filled
        expected[:, take], filled = data[:3, take], filled | take
    both = filled & found.valid()
    assert np.mean(filled != found.valid()) < 0.01
    assert np.abs(found.data.astype(float) - expected)[:, both].mean() < 0.02 * 255


class Plain:
    """A service without any setting."""

    source_pixels = 10_000_000

    def statistics_of(self, source: Source) -> Statistics:
        return source_statistics(source)

    def remembered(self, version: str, key: object, compute: Callable[[], Statistics]) -> Statistics:
        return compute()


def test_an_item_rule_is_applied_before_items_are_put_together(make_raster: RasterMaker) -> None:
    """The slope of each item has its own edges: a slope over the mosaic would see the step between them."""
    one, two = numbers(10, "float32"), numbers(100, "float32")
    paths = [make_raster("a.tif", one, transform=at(0)), make_raster("b.tif", two, transform=at(20))]
    source = mosaic_of(catalog_of(paths, UTM))
    rule = parse({"function": "slope"})
    chosen = source.normalised(Selection(MosaicRule(MosaicMethod.NONE, item_rule=rule)))
    bound = source.at(chosen)
    assert bound.info.version != source.info.version
    grid = Grid(source.crs, source.info.extent, 40, 16)
    context = ReadContext(selection=chosen)
    found = processed(Plain(), bound, grid, None, (0,), Interpolation.NEAREST, context)
    for path, columns in zip(paths, (slice(0, 20), slice(20, 40)), strict=True):
        alone = mosaic_of(catalog_of([path], UTM))
        part = Grid(source.crs, alone.info.extent, 20, 16)
        expected = processed(Plain(), alone, part, rule, (0,), Interpolation.NEAREST)
        inner = slice(1, -1)
        assert np.array_equal(found.data[0, inner, columns][:, inner], expected.data[0, inner, inner])
    whole = processed(Plain(), source, grid, rule, (0,), Interpolation.NEAREST)
    assert whole.data[0, 8, 20] > 75 > found.data[0, 8, 20] + 10


def test_an_item_rule_gives_the_bands(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", numbers(10, bands=3), names=("Red", "Green", "NIR"))
    source = mosaic_of(catalog_of([path], UTM))
    rule = parse({"function": "extract_band", "band_ids": [2, 0]})
    bound = source.at(source.normalised(Selection(MosaicRule(item_rule=rule))))
    assert bound.info.band_count == 2
    assert bound.stored is source


def test_items_named_in_a_rule_are_read_alone(make_raster: RasterMaker) -> None:
    one, two = numbers(10), numbers(100)
    paths = [make_raster("a.tif", one, transform=at(0)), make_raster("b.tif", two, transform=at(0))]
    source = mosaic_of(catalog_of(paths, UTM))
    rule = parse({"function": "arithmetic", "operation": 2, "raster": {"item": 2}, "raster2": {"item": 1}})
    grid = Grid(source.crs, source.info.extent, 20, 16)
    found = processed(Plain(), source, grid, rule, (0,), Interpolation.NEAREST)
    assert np.array_equal(found.data[0], two[0] - one[0])


def test_the_budget_counts_all_items(make_raster: RasterMaker) -> None:
    paths = [make_raster(f"{i}.tif", numbers(i + 1), transform=at(0)) for i in range(4)]
    source = mosaic_of(catalog_of(paths, UTM))
    grid = Grid(source.crs, source.info.extent, 20, 16)
    mean = source.normalised(Selection(MosaicRule(MosaicMethod.NONE, MosaicOperation.MEAN)))
    # Each item alone is within it.
    with pytest.raises(TooLarge):
        read_raster(source, grid, (0,), Interpolation.NEAREST, ReadContext(1000, mean))
    read_raster(source, grid, (0,), Interpolation.NEAREST, ReadContext(2000, mean))
