from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rasterio.enums import ColorInterp, MaskFlags, PhotometricInterp
from rasterio.io import MemoryFile

from proxy.errors import Unsupported
from proxy.model import Compression, EncodeOptions, ImageFormat, Raster
from proxy.render.encode import encode
from tests.render.encode import rasters as make

DISC = make.disc()
ALL_TYPES = [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def tiff(source: Raster, compression: Compression = Compression.NONE, **options: Any) -> bytes:
    return encode(source, ImageFormat.TIFF, EncodeOptions(compression=compression, **options)).body


@contextmanager
def opened(body: bytes) -> Iterator[Any]:
    with MemoryFile(body) as memory, memory.open() as file:
        yield file


def tag(body: bytes, number: int) -> Any:
    with Image.open(io.BytesIO(body)) as image:
        return image.tag_v2.get(number)  # type: ignore[attr-defined]


def values(dtype: str, bands: int) -> make.Array:
    return (make.photo(bands=bands) // 2 + 1).astype(dtype)


@pytest.mark.parametrize("mask", [None, DISC])
@pytest.mark.parametrize("compression", [Compression.NONE, Compression.DEFLATE, Compression.LZW])
@pytest.mark.parametrize("bands", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("dtype", ALL_TYPES)
def test_any_type_and_count(
    dtype: str, bands: int, compression: Compression, mask: make.Array | None
) -> None:
    data = values(dtype, bands)
    source = make.raster(data, mask)
    wanted = np.ones_like(DISC) if mask is None else mask
    with opened(tiff(source, compression)) as file:
        assert file.dtypes == (dtype,) * bands
        assert file.crs.to_epsg() == 32633
        assert file.transform.almost_equals(source.grid.transform)
        assert np.array_equal(file.dataset_mask() > 0, wanted)
        assert np.array_equal(file.read()[:, wanted], data[:, wanted])
        assert ColorInterp.alpha not in file.colorinterp


def test_is_a_plain_little_endian_file() -> None:
    body = tiff(make.raster(values("float32", 1)))
    assert body[:4] == b"II*\0"
    assert tag(body, 259) == 1
    assert tag(body, 322) is None


@pytest.mark.parametrize(
    ("dtype", "bands", "compression", "expected"),
    [
        ("uint8", 3, Compression.NONE, None),
        ("int16", 1, Compression.LZW, "lzw"),
        ("int16", 1, Compression.DEFLATE, "deflate"),
        ("uint8", 1, Compression.JPEG, "jpeg"),
        ("uint8", 3, Compression.JPEG, "jpeg"),
        ("uint16", 3, Compression.JPEG, "deflate"),
        ("float32", 1, Compression.LERC, "lerc"),
        ("complex64", 1, Compression.LERC, "deflate"),
    ],
)
def test_compression(dtype: str, bands: int, compression: Compression, expected: str | None) -> None:
    with opened(tiff(make.raster(values(dtype, bands)), compression)) as file:
        assert file.profile.get("compress") == expected


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [
        ("uint8", 0.0),
        ("int16", -9999.0),
        ("float32", -9999.0),
        ("float32", math.nan),
        ("float64", 1e300),
        ("int8", -128.0),
    ],
)
@pytest.mark.parametrize("bands", [1, 3])
def test_masked_pixels_hold_the_declared_value(dtype: str, nodata: float, bands: int) -> None:
    data = values(dtype, bands)
    with opened(tiff(make.raster(data, DISC, nodata=nodata))) as file:
        read = file.read()
        assert np.array_equal([file.nodata], [nodata], equal_nan=True)
        assert file.mask_flag_enums[0] == [MaskFlags.nodata]
        assert np.array_equal(read[:, DISC], data[:, DISC])
        assert np.array_equal(np.unique(read[:, ~DISC]), [nodata], equal_nan=True)


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("uint8", None), ("uint8", -9999.0), ("int16", 0.5), ("uint16", math.nan)]
)
def test_internal_mask_where_no_value_serves(dtype: str, nodata: float | None) -> None:
    data = values(dtype, 1)
    with opened(tiff(make.raster(data, DISC, nodata=nodata))) as file:
        assert file.nodata is None
        assert file.mask_flag_enums[0] == [MaskFlags.per_dataset]
        assert np.array_equal(file.dataset_mask() > 0, DISC)
        # What lies under a mask is what the source holds there: an export equals the file, masked or not.
        assert np.array_equal(file.read(), data)


def test_nodata_is_declared_without_a_mask() -> None:
    with opened(tiff(make.raster(values("int16", 1), nodata=-9999.0))) as file:
        assert file.nodata == -9999
        assert file.dataset_mask().all()


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_jpeg_inside(bands: int) -> None:
    smooth = np.stack([np.add.outer(np.arange(64), np.arange(80)) + 9 * b for b in range(bands)])
    source = make.raster(smooth.astype(np.uint8), make.disc(64, 80), nodata=0)
    with opened(tiff(source, Compression.JPEG, quality=95)) as file:
        # A lossy codec would blur the value that marks gaps, so a mask does.
        assert file.nodata is None
        assert np.array_equal(file.dataset_mask() > 0, make.disc(64, 80))
        assert file.photometric is (PhotometricInterp.ycbcr if bands == 3 else None)
        error = np.abs(file.read().astype(int) - smooth)[:, 28:36, 36:44]
    # Quality 95 on a ramp, in the middle of the disc.
    assert error.max() <= 4


def test_jpeg_quality() -> None:
    source = make.raster(make.photo(128, 128))
    sizes = [len(tiff(source, Compression.JPEG, quality=quality)) for quality in (0, 50, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("dtype", "tolerance", "allowed"),
    [
        ("float32", None, 0.001),
        ("float32", 0.0, 0),
        ("float64", 0.5, 0.5),
        ("int16", None, 0),
        ("int16", 3.0, 3),
        ("uint8", 0.2, 0),
    ],
)
@pytest.mark.parametrize("mask", [None, DISC])
def test_lerc_inside(dtype: str, tolerance: float | None, allowed: float, mask: make.Array | None) -> None:
    data = (make.photo()[:1] * 0.77).astype(dtype)
    source = make.raster(data, mask, nodata=-9999.0 if dtype != "uint8" else None)
    wanted = np.ones_like(DISC) if mask is None else mask
    with opened(tiff(source, Compression.LERC, tolerance=tolerance)) as file:
        assert np.array_equal(file.dataset_mask() > 0, wanted)
        assert (file.nodata is None) == (allowed > 0 or dtype == "uint8")
        error = np.abs(file.read().astype(np.float64) - data)[:, wanted].max()
    # Half a unit of float32 near 200 comes from the rounding of the decoder.
    assert error <= allowed + (allowed > 0) * 8e-6


def test_lerc_keeps_nan() -> None:
    data = make.photo()[0].astype(np.float32)
    data[3, 4] = np.nan
    with opened(tiff(make.raster(data), Compression.LERC, tolerance=0.0)) as file:
        assert np.array_equal(file.read(1), data, equal_nan=True)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("compression", [Compression.NONE, Compression.JPEG])
def test_colormap(dtype: str, compression: Compression) -> None:
    data = np.random.default_rng(1).integers(1, 5, (40, 50)).astype(dtype)
    with opened(tiff(make.raster(data, colormap=make.CLASSES), compression)) as file:
        assert file.colorinterp == (ColorInterp.palette,)
        assert np.array_equal(file.read(1), data)
        table = file.colormap(1)
        # TIFF has no alpha in its colour tables.
        assert [table[value][:3] for value, *_ in make.CLASSES.entries] == [
            tuple(rgb) for _, *rgb, _ in make.CLASSES.entries
        ]


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.JPEG])
def test_band_names(compression: Compression) -> None:
    source = make.raster(values("uint8", 3), DISC, band_names=("Red", "", "Nahes Infrarot ä"))
    with opened(tiff(source, compression)) as file:
        assert file.descriptions == ("Red", None, "Nahes Infrarot ä")


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("bool", "uint8"), ("float16", "float32"), ("int64", "float64"), ("uint64", "float64")],
)
def test_types_without_a_counterpart_widen(dtype: str, stored: str) -> None:
    data = values(dtype, 1)
    with opened(tiff(make.raster(data))) as file:
        assert file.dtypes == (stored,)
        assert np.array_equal(file.read(), data.astype(stored))


@pytest.mark.parametrize(
    "view", [np.s_[:, ::-2, 1::3], np.s_[:, :1, :1], np.s_[:, :1], np.s_[:, :, :1], np.s_[::-1]]
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compression", Compression)
def test_odd_shapes_and_views(view: Any, order: Any, compression: Compression) -> None:
    data = np.array(values("uint16", 3), order=order)[view]
    mask = DISC[view[1:] if isinstance(view, tuple) else slice(None)]
    with opened(tiff(make.raster(data, mask), compression)) as file:
        assert np.array_equal(file.dataset_mask() > 0, mask)
        assert np.array_equal(file.read()[:, mask], data[:, mask])


def test_all_masked() -> None:
    with opened(tiff(make.raster(values("uint8", 3), np.zeros_like(DISC)))) as file:
        assert not file.dataset_mask().any()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("bands", [1, 3])
def test_colours_of_a_picture(bands: int, masked: bool) -> None:
    """No value stands for nodata, since it may be a colour that is meant."""
    source = make.raster(values("uint8", bands), DISC if masked else None, nodata=0.0)
    body = encode(source, ImageFormat.TIFF_COLORS, EncodeOptions(quality=10)).body
    with opened(body) as file:
        assert file.nodata is None
        assert not file.profile["tiled"]
        assert file.compression.name == "deflate"
        valid = file.dataset_mask() > 0
        assert np.array_equal(valid, DISC if masked else np.ones_like(DISC))
        assert np.array_equal(file.read()[:, valid], source.data[:, valid])


def test_colours_need_a_finished_picture() -> None:
    with pytest.raises(Unsupported):
        encode(make.raster(values("float32", 1)), ImageFormat.TIFF_COLORS)
