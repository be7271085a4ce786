from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from proxy.config import ServiceConfig, parse
from proxy.errors import CannotOpen, CannotRead
from proxy.model import DataKind, PixelType, Window
from proxy.sources.opening import current_version, open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from proxy.sources.validity import valid_by_value
from tests.conftest import DATA, DEMO, RasterMaker

CONFIG = parse({}, {})


def opened(path: Path, **settings: Any) -> RasterSource:
    return open_source(ServiceConfig(name="x", source=str(path), **settings), CONFIG, Pool[Handle](8))


def assert_same_pixels(data: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], jpeg: bool) -> None:
    """Equal; JPEG within what two decoders may differ by where colours are stored at half size.

    GDAL may come with a libjpeg that enlarges chroma by another filter than libjpeg-turbo: brightness is the
    same, and colour differs along sharp edges of it.
    """
    if not jpeg:
        np.testing.assert_array_equal(data, expected)
        return
    assert data.shape == expected.shape
    away = np.abs(data.astype(float) - expected)
    assert away.mean() < 1.0
    assert np.quantile(away, 0.99) <= 12
    if len(data) == 3:
        weights = np.array([0.299, 0.587, 0.114])
        luma = np.abs(np.tensordot(weights, data.astype(float) - expected, 1))
        assert luma.mean() < 0.3


@pytest.mark.parametrize("path", sorted([*DATA.glob("*.tif"), *DEMO.glob("*.tif")]), ids=lambda p: p.stem)
def test_windows_equal_those_that_rasterio_reads(path: Path) -> None:
    if path.stem == "rpc_uint16":
        pytest.skip("has no place on a map")
    source = opened(path)
    with rasterio.open(path) as file:
        for column, row in ((0, 0), (file.width // 3, file.height // 2)):
            width, height = min(70, file.width - column), min(50, file.height - row)
            data, mask = source.read(0, tuple(range(file.count)), Window(column, row, width, height))
            area = rasterio.windows.Window(column, row, width, height)
            assert_same_pixels(data, file.read(window=area), "jpeg" in source.info.compression.lower())
            valid = np.ones(data.shape[1:], bool) if mask is None else mask
            np.testing.assert_array_equal(valid, file.dataset_mask(window=area) > 0)


@pytest.mark.parametrize("path", sorted(DEMO.glob("*.tif")), ids=lambda p: p.stem)
def test_overviews_equal_those_that_rasterio_reads(path: Path) -> None:
    source = opened(path)
    with rasterio.open(path) as file:
        count = len(file.overviews(1))
    assert len(source.levels) == count + 1
    for index in range(count):
        with rasterio.open(path, overview_level=index) as file:
            level = source.levels[index + 1]
            assert (level.width, level.height) == (file.width, file.height)
            every = tuple(range(file.count))
            data, _ = source.read(index + 1, every, Window(0, 0, level.width, level.height))
            assert_same_pixels(data, file.read(), "jpeg" in source.info.compression.lower())
            assert level.transform @ (level.width, level.height) == pytest.approx(
                source.levels[0].transform @ (source.levels[0].width, source.levels[0].height)
            )


@pytest.mark.parametrize(
    ("name", "kind", "mask", "pixel_type"),
    [
        ("alpha_rgba_uint8", DataKind.RGB, "alpha", PixelType.UINT8),
        ("internal_mask_rgb_uint8", DataKind.RGB, "mask", PixelType.UINT8),
        ("external_mask_rgb_uint8", DataKind.RGB, "mask", PixelType.UINT8),
        ("bottom_up_dem_4326_uint16", DataKind.ELEVATION, "nodata", PixelType.UINT16),
        ("nlcd_alaska_clip_rat", DataKind.THEMATIC, "none", PixelType.UINT8),
        ("full_earth_float64", DataKind.GENERIC, "nodata", PixelType.FLOAT64),
    ],
)
def test_facts(name: str, kind: DataKind, mask: str, pixel_type: PixelType) -> None:
    info = opened(DATA / f"{name}.tif").info
    assert (info.kind, info.mask_kind, info.pixel_type) == (kind, mask, pixel_type)


def test_a_scene_across_the_antimeridian_has_bounds_that_go_on() -> None:
    bounds = opened(DATA / "antimeridian_utm60n_uint16.tif").info.geographic_bounds
    assert bounds is not None
    west, _, east, _ = bounds
    assert 177 < west < 180 < east < 183


def test_another_planet_opens_but_has_no_place_on_this_one() -> None:
    info = opened(DATA / "mars_equirectangular_rgb_jpeg.tif").info
    assert info.geographic_bounds is None
    assert info.band_names == ("Red", "Green", "Blue")


def test_the_attribute_table_is_read() -> None:
    table = opened(DEMO / "landcover.tif").info.attribute_table
    assert table is not None
    names = [name for name, _ in table.columns]
    assert names[:3] == ["Value", "Count", "ClassName"]
    assert any("Forest" in str(row[2]) for row in table.rows)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rpc_uint16.tif", "rational polynomials"),
        ("absent.tif", "does not exist"),
        ("NOTICE", "not be opened"),
    ],
)
def test_what_cannot_be_served_says_why(name: str, reason: str) -> None:
    with pytest.raises(CannotOpen, match=reason):
        opened(DATA / name)


def test_pixels_without_a_size_are_told(make_raster: RasterMaker, tmp_path: Path) -> None:
    path = make_raster("plain.tif", np.ones((4, 4), np.uint8))
    flat = tmp_path / "flat.vrt"
    flat.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>500000, 0, 0, 5800000, 0, -10</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{path}</SourceFilename>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(CannotOpen, match="pixels have no size"):
        opened(flat)


def test_without_a_coordinate_system_it_says_so(make_raster: RasterMaker) -> None:
    path = make_raster("plain.tif", np.ones((4, 4), np.uint8), crs=None)
    with pytest.raises(CannotOpen, match="no coordinate reference system"):
        opened(path)


def test_ground_control_points_are_straightened(tmp_path: Path) -> None:
    path = tmp_path / "gcps.tif"
    points = [
        rasterio.control.GroundControlPoint(row, column, 10 + column * 0.01, 50 - row * 0.01)
        for row in (0, 20, 40) for column in (0, 25, 50)
    ]  # fmt: skip
    data = np.arange(2000, dtype=np.uint16).reshape(1, 40, 50)
    with rasterio.open(
        path, "w", driver="GTiff", width=50, height=40, count=1, dtype="uint16", gcps=points, crs="EPSG:4326"
    ) as file:
        file.write(data)
    source = opened(path)
    assert source.info.way == "warped"
    assert source.info.band_count == 1
    west, south, east, north = source.info.geographic_bounds or (0, 0, 0, 0)
    assert (west, south, east, north) == pytest.approx((10, 49.6, 10.5, 50), abs=0.02)
    level = source.levels[0]
    read, _ = source.read(0, (0,), Window(level.width // 2, level.height // 2, 1, 1))
    assert read[0, 0, 0] == pytest.approx(data[0, 20, 25], abs=55)


def test_straightened_grids_are_read_thinned(tmp_path: Path) -> None:
    path = tmp_path / "gcps.tif"
    points = [
        rasterio.control.GroundControlPoint(row, column, 10 + column * 0.001, 50 - row * 0.001)
        for row in (0, 300, 600) for column in (0, 300, 600)
    ]  # fmt: skip
    data = np.broadcast_to(np.arange(600, dtype=np.uint16)[None, None], (1, 600, 600))
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=600, count=1, dtype="uint16", gcps=points,
        crs="EPSG:4326",
    ) as file:  # fmt: skip
        file.write(data)
    source = opened(path)
    level = source.levels[1]
    read, _ = source.read(1, (0,), Window(level.width - 20, level.height // 2, 10, 10))
    assert read.shape == (1, 10, 10)
    assert read.mean() == pytest.approx(570, abs=10)


@pytest.mark.parametrize(
    ("nodata", "data", "valid"),
    [
        (0, np.array([[[0, 1]], [[0, 0]]], np.uint8), [False, True]),
        (-9999, np.array([[[-9999, 0]]], np.int16), [False, True]),
        (-9999, np.array([[[0, 1]]], np.uint8), [True, True]),
        (0.5, np.array([[[0, 1]]], np.uint8), [True, True]),
        (np.nan, np.array([[[np.nan, 1]]], np.float32), [False, True]),
        (-3.4028226550889045e38, np.array([[[-3.4028227e38, 1]]], np.float32), [False, True]),
    ],
)
def test_valid_by_value(nodata: float, data: np.ndarray[Any, Any], valid: list[bool]) -> None:
    assert valid_by_value(data, nodata)[0].tolist() == valid


def test_nan_is_invalid_whatever_the_declared_value(make_raster: RasterMaker) -> None:
    data = np.array([[np.nan, 0.0, 5.0]], np.float32)
    _, mask = opened(make_raster("n.tif", data, nodata=0)).read(0, (0,), Window(0, 0, 3, 1))
    assert mask is not None
    assert mask.tolist() == [[False, False, True]]


def test_configured_nodata_wins(make_raster: RasterMaker) -> None:
    path = make_raster("n.tif", np.array([[0, 7]], np.uint8), nodata=0)
    _, mask = opened(path, nodata=7).read(0, (0,), Window(0, 0, 2, 1))
    assert mask is not None
    assert mask.tolist() == [[True, False]]


def test_rotation_is_kept(make_raster: RasterMaker) -> None:
    turned = Affine.translation(5e5, 58e5) @ Affine.rotation(30) @ Affine.scale(10, -10)
    info = opened(make_raster("r.tif", np.ones((20, 30), np.uint8), transform=turned)).info
    assert info.pixel_size == pytest.approx((10, 10))
    assert info.extent.width > 300


def test_a_version_changes_with_the_file(make_raster: RasterMaker) -> None:
    path = make_raster("v.tif", np.ones((4, 4), np.uint8))
    config = ServiceConfig(name="x", source=str(path))
    source = opened(path)
    before = source.info.version
    make_raster("v.tif", np.ones((4, 5), np.uint8))
    assert current_version(source.location, CONFIG, config) != before


def test_a_damaged_file_is_reported_when_it_is_read(make_raster: RasterMaker) -> None:
    path = make_raster(
        "d.tif", np.random.default_rng(1).integers(0, 255, (300, 300), np.uint8), compress="lzw"
    )
    source = opened(path)
    content = bytearray(path.read_bytes())
    content[20000:40000] = b"\xff" * 20000
    path.write_bytes(content)
    with pytest.raises(CannotRead, match="could not be read"):
        source.read(0, (0,), Window(0, 0, 300, 300))
