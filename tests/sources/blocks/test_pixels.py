"""Blocks and GDAL's windows give the same pixels and masks, whatever the layout and the coding."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from proxy.config import ServiceConfig, parse
from proxy.model import Array, Level, Window
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from tests.conftest import DATA, DEMO, SHARED, RasterMaker

CONFIG = parse({}, {})
FILES = sorted([*DATA.glob("*.tif"), *DEMO.glob("*.tif")])
SHARED_FILES = sorted(path for path in SHARED.rglob("*.tif") if "mosaic_l8ny" not in path.parts)


def opened(path: Path, **settings: Any) -> RasterSource:
    return open_source(ServiceConfig(name="x", source=str(path), **settings), CONFIG, Pool[Handle](8))


def by_gdal(source: RasterSource, level: int, bands: tuple[int, ...], window: Window) -> Array:
    """Straight from rasterio."""
    extra = {"overview_level": level - 1} if level else {}
    area = rasterio.windows.Window(window.column, window.row, window.width, window.height)
    with rasterio.open(source.location.gdal_path, **extra) as file:
        data: Array = file.read([band + 1 for band in bands], window=area)
    return data


def windows(level: Level) -> list[Window]:
    """The corners, the middle, one pixel, and across several blocks."""
    width, height = min(level.width, 70), min(level.height, 50)
    wide, tall = min(level.width, 600), min(level.height, 300)
    return [
        Window(0, 0, width, height),
        Window(level.width - width, level.height - height, width, height),
        Window(level.width // 2, level.height // 2, 1, 1),
        Window((level.width - wide) // 2, (level.height - tall) // 2, wide, tall),
    ]


def compare(path: Path, way: str | None = None) -> None:
    source = opened(path)
    if way is not None:
        assert source.info.way == way, source.info.why
    every = tuple(range(source.info.band_count))
    for index, level in enumerate(source.levels):
        for window in windows(level):
            data, mask = source.read(index, every, window)
            expected = by_gdal(source, index, every, window)
            assert data.dtype == expected.dtype
            np.testing.assert_array_equal(data, expected)
            # The other way of the same source: its mask is GDAL's.
            _, valid = source._read_window(index, every, window)
            assert (mask is None) == (valid is None)
            if mask is not None and valid is not None:
                np.testing.assert_array_equal(mask, valid)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bundled_files(path: Path) -> None:
    if path.stem == "rpc_uint16":
        pytest.skip("has no place on a map")
    compare(path)


@pytest.mark.shared
@pytest.mark.parametrize("path", SHARED_FILES, ids=lambda path: path.stem)
def test_large_data_set(path: Path) -> None:
    if path.stem.startswith(("rpc_", "gcps_", "complex_int16")):
        pytest.skip("not read by blocks: no straight grid")
    compare(path)


def numbers(dtype: str, bands: int = 3) -> Array:
    """Smooth with a little noise: what predictors are made for."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:150, 0:200]
    base = rows * 0.7 + columns * 0.3 + rng.normal(0, 2, (bands, 150, 200))
    return np.clip(base, 0, 250).astype(dtype)


TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64", "complex64")
CODECS = ("none", "deflate", "lzw", "zstd", "packbits", "lzma")


@pytest.mark.parametrize(
    ("codec", "dtype", "interleave"), [*itertools.product(CODECS, TYPES, ("pixel", "band"))]
)
@pytest.mark.parametrize("tiled", [True, False], ids=["tiles", "strips"])
def test_codecs_and_types(
    make_raster: RasterMaker, codec: str, dtype: str, interleave: str, tiled: bool
) -> None:
    shape: dict[str, Any] = (
        {"tiled": True, "blockxsize": 64, "blockysize": 32} if tiled else {"blockysize": 16}
    )
    path = make_raster("c.tif", numbers(dtype), compress=codec, interleave=interleave, **shape)
    compare(path, "blocks")


@pytest.mark.parametrize("codec", ["deflate", "lzw", "zstd"])
@pytest.mark.parametrize(
    ("predictor", "dtype"),
    [*((2, name) for name in TYPES if name[0] in "ui"), (3, "float32"), (3, "float64")],
)
@pytest.mark.parametrize("form", ["little", "big-endian", "big", "band"])
def test_predictors(make_raster: RasterMaker, codec: str, predictor: int, dtype: str, form: str) -> None:
    extra: dict[str, Any] = {
        "little": {}, "big-endian": {"ENDIANNESS": "BIG"}, "big": {"BIGTIFF": "YES"},
        "band": {"interleave": "band"},
    }[form]  # fmt: skip
    path = make_raster(
        "p.tif", numbers(dtype), compress=codec, predictor=predictor, tiled=True, blockxsize=64,
        blockysize=64, **extra,
    )  # fmt: skip
    compare(path, "blocks")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("tiled", [True, False], ids=["tiles", "strips"])
def test_predicted_floats_of_one_band(make_raster: RasterMaker, dtype: str, tiled: bool) -> None:
    shape: dict[str, Any] = (
        {"tiled": True, "blockxsize": 64, "blockysize": 64} if tiled else {"blockysize": 1}
    )
    data = numbers(dtype, 1) * np.pi
    data[0, :20] = np.nan
    compare(make_raster("f.tif", data, compress="deflate", predictor=3, **shape), "blocks")


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32", "complex64"])
def test_bytes_are_turned(make_raster: RasterMaker, dtype: str) -> None:
    compare(make_raster("e.tif", numbers(dtype), ENDIANNESS="BIG", tiled=True), "blocks")


@pytest.mark.parametrize("extra", ["", "DEFLATE", "ZSTD"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_lerc(make_raster: RasterMaker, dtype: str, extra: str) -> None:
    data = numbers(dtype, 1)
    if dtype.startswith("float"):
        data[0, 10:50, 20:90] = np.nan
    codec = f"LERC_{extra}" if extra else "LERC"
    compare(make_raster("l.tif", data, compress=codec, tiled=True, blockxsize=64, blockysize=64), "blocks")


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("lossless", ["YES", "NO"])
def test_webp(make_raster: RasterMaker, bands: int, lossless: str) -> None:
    path = make_raster(
        "w.tif", numbers("uint8", bands), compress="webp", WEBP_LOSSLESS=lossless, tiled=True,
        blockxsize=64, blockysize=64,
    )  # fmt: skip
    compare(path, "blocks")


@pytest.mark.parametrize(
    ("bands", "photometric", "interleave"),
    [(1, "minisblack", "pixel"), (3, "rgb", "pixel"), (3, "ycbcr", "pixel"), (3, "minisblack", "band")],
)
@pytest.mark.parametrize("tiled", [True, False], ids=["tiles", "strips"])
def test_jpeg(make_raster: RasterMaker, bands: int, photometric: str, interleave: str, tiled: bool) -> None:
    shape: dict[str, Any] = (
        {"tiled": True, "blockxsize": 64, "blockysize": 64} if tiled else {"blockysize": 16}
    )
    path = make_raster(
        "j.tif", numbers("uint8", bands), compress="jpeg", photometric=photometric, interleave=interleave,
        **shape,
    )  # fmt: skip
    compare(path, "blocks")


@pytest.mark.parametrize("nodata", [None, 7])
def test_blocks_never_written(make_raster: RasterMaker, nodata: int | None) -> None:
    data = np.full((2, 256, 256), nodata or 0, np.int16)
    data[:, :64, :64] = 9
    path = make_raster(
        "s.tif", data, nodata=nodata, SPARSE_OK="TRUE", tiled=True, blockxsize=64, blockysize=64,
        compress="deflate",
    )  # fmt: skip
    compare(path, "blocks")
    assert path.stat().st_size < 2000


@pytest.mark.parametrize("compress", ["none", "deflate", "jpeg"])
@pytest.mark.parametrize("tiled", [True, False], ids=["tiles", "strips"])
def test_masks_inside_with_overviews(make_raster: RasterMaker, compress: str, tiled: bool) -> None:
    mask = np.full((150, 200), 255, np.uint8)
    mask[20:90, 33:121] = 0
    path = make_raster(
        "m.tif", numbers("uint8", 1), mask=mask, compress=compress, tiled=tiled,
        blockxsize=64 if tiled else 200, blockysize=64, overviews=[2, 4],
    )  # fmt: skip
    source = opened(path)
    assert source.info.mask_kind == "mask"
    compare(path, "blocks")


def test_alpha_says_what_is_valid_where_it_is_not_read(make_raster: RasterMaker) -> None:
    data = numbers("uint8", 4)
    data[3] = 255
    data[3, :40] = 0
    source = opened(make_raster("a.tif", data, photometric="rgb", alpha="yes"))
    read, mask = source.read(0, (2, 0), Window(0, 30, 50, 20))
    np.testing.assert_array_equal(read, data[[2, 0], 30:50, :50])
    assert mask is not None
    assert mask.sum(axis=1).tolist() == [0] * 10 + [50] * 10


def test_single_bits(make_raster: RasterMaker) -> None:
    data = (numbers("uint8", 1) > 90).astype(np.uint8)
    compare(make_raster("b.tif", data, nbits=1, tiled=True, blockxsize=64, blockysize=64), "blocks")


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ({"nbits": 4}, "4 bits"),
        ({"compress": "jpeg", "nbits": 12, "dtype": "uint16"}, "12 bits|bits"),
        ({"compress": "lerc", "bands": 3}, "several bands"),
        ({"compress": "ccittfax4", "nbits": 1}, "compression 4"),
        ({"compress": "jpeg", "photometric": "cmyk", "bands": 4}, "photometric interpretation 5"),
    ],
)
def test_what_is_left_to_gdal_says_why(make_raster: RasterMaker, profile: dict[str, Any], why: str) -> None:
    settings = dict(profile)
    data = numbers(settings.pop("dtype", "uint8"), settings.pop("bands", 1)) % 2
    try:
        path = make_raster("g.tif", data, tiled=True, blockxsize=64, blockysize=64, **settings)
    except rasterio.errors.RasterioError:
        pytest.skip("this GDAL does not write it")
    source = opened(path)
    assert source.info.way == "window"
    assert why.split("|")[-1] in source.info.why
    compare(path)


def test_overviews_in_another_file_are_left_to_gdal(make_raster: RasterMaker) -> None:
    path = make_raster("o.tif", numbers("uint8", 1), tiled=True, blockxsize=64, blockysize=64)
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])
    assert path.with_name("o.tif.ovr").exists()
    source = opened(path)
    assert (source.info.way, len(source.levels)) == ("window", 3)
    assert "other files" in source.info.why
    compare(path)
