"""Legal rasters that few have: their pixels, masks and facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp

from proxy.config import ServiceConfig, parse
from proxy.errors import CannotOpen
from proxy.model import Window
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from proxy.sources.statistics import band_statistics
from tests.conftest import RasterMaker

CONFIG = parse({}, {})
WHOLE = Window(0, 0, 40, 30)
ROWS, COLUMNS = np.mgrid[0:30, 0:40]
ROUND = (ROWS - 15) ** 2 + (COLUMNS - 20) ** 2 < 150
COLORS = {"r": ColorInterp.red, "g": ColorInterp.green, "b": ColorInterp.blue, "a": ColorInterp.alpha}


def opened(path: Path) -> RasterSource:
    source = open_source(ServiceConfig(name="x", source=str(path)), CONFIG, Pool[Handle](8))
    assert isinstance(source, RasterSource)
    return source


def slopes(bands: int, dtype: str) -> np.ndarray[Any, Any]:
    return np.stack([ROWS + COLUMNS + 10 + band for band in range(bands)]).astype(dtype)


@pytest.mark.parametrize("bands", [128, 129, 300])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_many_interleaved_bands(make_raster: RasterMaker, bands: int, dtype: str) -> None:
    data = slopes(bands, dtype) % 251
    source = opened(make_raster("h.tif", data, interleave="pixel", compress="deflate"))
    assert source.info.way == "blocks"
    chosen = (0, bands // 2, bands - 1)
    np.testing.assert_array_equal(source.read(0, chosen, WHOLE)[0], data[list(chosen)])


def test_lerc_of_turned_bytes(make_raster: RasterMaker) -> None:
    data = slopes(1, "float32")
    source = opened(make_raster("l.tif", data, compress="lerc", ENDIANNESS="BIG"))
    assert source.info.why == "its LERC blocks hold turned bytes"
    np.testing.assert_array_equal(source.read(0, (0,), WHOLE)[0], data)


def test_complex_integers(make_raster: RasterMaker) -> None:
    path = make_raster("plain.tif", slopes(1, "complex64"))
    with rasterio.open(path) as file, rasterio.open(
        path.with_name("c.tif"), "w", **{**file.profile, "dtype": "complex_int16"}
    ) as copy:  # fmt: skip
        copy.write(file.read())
    source = opened(path.with_name("c.tif"))
    assert source.info.why == "its values are complex integers"
    np.testing.assert_array_equal(source.read(0, (0,), WHOLE)[0], slopes(1, "complex64"))


@pytest.mark.parametrize("order", ["rgba", "argb", "ragb", "rgbxa", "rgbaa"])
@pytest.mark.parametrize("tiled", [True, False])
def test_an_alpha_band_is_a_mask_wherever_it_stands(
    make_raster: RasterMaker, order: str, tiled: bool
) -> None:
    data = slopes(len(order), "uint8")
    data[order.index("a")] = ROUND * 255
    shape = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {}
    # Seven bits are left to GDAL.
    path = make_raster("a.tif", data, **shape, **({} if tiled else {"nbits": 7}))
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [COLORS.get(letter, ColorInterp.undefined) for letter in order]
    source = opened(path)
    assert (source.info.mask_kind, source.info.way) == ("alpha", "blocks" if tiled else "window")
    read, mask = source.read(0, (1,), WHOLE)
    assert read.shape == (1, 30, 40)
    np.testing.assert_array_equal(mask, ROUND)


def test_alpha_and_a_nodata_value(make_raster: RasterMaker) -> None:
    data = slopes(4, "uint8")
    data[3] = ROUND * 255
    data[:3, 15, 18:22] = 0
    data[:, 16, 20] = 0
    source = opened(make_raster("a.tif", data, nodata=0, photometric="rgb", alpha="yes"))
    _, mask = source.read(0, (0, 1, 2), WHOLE)
    assert mask is not None
    assert mask[15, 18:22].all(), "black is a colour where the alpha band says so"
    assert not mask[16, 20]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
@pytest.mark.parametrize("alpha", [True, False])
def test_ground_control_points_with_every_type(tmp_path: Path, dtype: str, alpha: bool) -> None:
    points = [
        GroundControlPoint(r, c, 15 + c * 0.01 + r * 0.002, 45 - r * 0.01) for r in (0, 30) for c in (0, 40)
    ]
    data = slopes(2, dtype)
    if alpha:
        data[1] = 100
    path = tmp_path / "gcps.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=30, count=2, dtype=dtype, gcps=points, crs="EPSG:4326"
    ) as file:
        file.write(data)
        if alpha:
            file.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    source = opened(path)
    level = source.levels[0]
    _, mask = source.read(0, (0,), Window(0, 0, level.width, level.height))
    assert source.info.mask_kind == "alpha"
    assert mask is not None
    assert not mask[-1, 0], "the turned rectangle leaves its corners free"
    assert mask[level.height // 2, level.width // 2]


def test_masks_made_after_the_overviews(make_raster: RasterMaker) -> None:
    data = np.full((3, 256, 256), 9, np.uint8)
    path = make_raster("m.tif", data, overviews=[2, 4], photometric="rgb")
    left = np.zeros((256, 256), np.uint8)
    left[:, :128] = 255
    for inside in (False, True):
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside), rasterio.open(path, "r+") as file:
            file.write_mask(left)
        source = opened(path)
        for index, level in enumerate(source.levels):
            _, mask = source.read(index, (0,), Window(0, 0, level.width, level.height))
            assert mask is not None, "valid wherever the level is looked at"
            np.testing.assert_array_equal(mask, np.arange(level.width) < level.width // 2 + 0 * mask)
        path.with_name("m.tif.msk").unlink(missing_ok=True)


def test_bands_of_several_types_and_nodata_values(make_raster: RasterMaker) -> None:
    first, second = slopes(1, "uint8"), slopes(1, "float32")
    first[0, :, :20], second[0, :, :10] = 0, -9999
    paths = make_raster("1.tif", first, nodata=0), make_raster("2.tif", second, nodata=-9999)
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{number}"><NoDataValue>{nodata}</NoDataValue><SimpleSource>'
        f"<SourceFilename>{path}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        for number, (path, kind, nodata) in enumerate(
            zip(paths, ("Byte", "Float32"), (0, -9999), strict=True), 1
        )
    )
    path = paths[0].with_name("both.vrt")
    path.write_text(
        '<VRTDataset rasterXSize="40" rasterYSize="30"><SRS>EPSG:32633</SRS>'
        f"<GeoTransform>500000,10,0,5800000,0,-10</GeoTransform>{bands}</VRTDataset>"
    )
    source = opened(path)
    assert (source.info.mask_kind, source.info.nodata) == ("mask", None)
    data, mask = source.read(0, (0, 1), WHOLE)
    assert data.dtype == source.dtype == np.float32
    np.testing.assert_array_equal(data, np.concatenate([first, second]))
    np.testing.assert_array_equal(mask, COLUMNS >= 10)
    _, mask = source.read(0, (0,), WHOLE)
    np.testing.assert_array_equal(mask, COLUMNS >= 20)


WORLD = 20037508.342789244


@pytest.mark.parametrize(
    ("crs", "transform", "expected"),
    [
        ("EPSG:3857", Affine(WORLD / 20, 0, -WORLD, 0, -WORLD / 15, WORLD), (-180, -85.051, 180, 85.051)),
        ("EPSG:3031", Affine(2e5, 0, -4e6, 0, -2e5, 3e6), (-180, -90, 180, -46.17)),
        ("EPSG:4326", Affine(9, 0, -180, 0, -6.1, 91.5), (-180, -90, 180, 90)),
        (
            "+proj=eqc +lon_0=180 +R=6378137",
            Affine(WORLD / 20, 0, -WORLD, 0, -6e5, 9e6),
            (-180, -80.85, 180, 80.85),
        ),
    ],
)
def test_all_around_the_earth(
    make_raster: RasterMaker, crs: str, transform: Affine, expected: tuple[float, ...]
) -> None:
    source = opened(make_raster("w.tif", slopes(1, "uint8"), crs=crs, transform=transform))
    assert source.info.geographic_bounds == pytest.approx(expected, abs=0.1)


def test_geocentric_coordinates_are_refused(make_raster: RasterMaker) -> None:
    path = make_raster("g.tif", slopes(1, "uint8"))
    with rasterio.open(path, "r+") as file:
        file.crs = "EPSG:4978"
    with pytest.raises(CannotOpen, match="geocentric"):
        opened(path)


def test_statistics_leave_out_the_nodata_of_each_band(make_raster: RasterMaker) -> None:
    data = slopes(2, "int16")
    data[0, :5], data[1, 20:] = -9999, -9999
    found = band_statistics(opened(make_raster("s.tif", data, nodata=-9999)))
    assert [band.minimum for band in found] == [15, 11]
    assert [band.count for band in found] == [25 * 40, 20 * 40]


def test_statistics_of_what_is_too_large_to_be_read(
    make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.zeros((1, 640, 800), np.uint16)
    data[:] = np.arange(800)
    source = opened(make_raster("l.tif", data, tiled=True, blockxsize=64, blockysize=64))
    monkeypatch.setattr("proxy.sources.statistics.MOST_PIXELS", 20 * 64 * 64)
    monkeypatch.setattr("proxy.sources.statistics.WINDOW_SIDE", 64)
    (found,) = band_statistics(source)
    assert 10 * 64 * 64 <= found.count <= 20 * 64 * 64
    assert (found.minimum, found.maximum) == (0, 799)
    assert found.mean == pytest.approx(400, abs=40)
