from __future__ import annotations

import math

import numpy as np
import pytest

from proxy.errors import Unsupported
from proxy.model import ImageFormat
from proxy.render.encode import encode
from tests.render.encode import rasters as make

EXAMPLE = np.array([[[1, 2, 3], [4, 5, 6]], [[11, 12, 13], [14, 15, 16]]], np.uint8)
EXAMPLE_MASK = np.array([[True, True, True], [True, False, True]])


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (ImageFormat.BIP, "01 0b 02 0c 03 0d 04 0e 00 00 06 10 f4"),
        (ImageFormat.BSQ, "01 02 03 04 00 06 0b 0c 0d 0e 00 10 f4"),
    ],
)
def test_worked_example(format: ImageFormat, expected: str) -> None:
    assert encode(make.raster(EXAMPLE, EXAMPLE_MASK), format).body == bytes.fromhex(expected)


def test_recorded_size() -> None:
    data = np.zeros((1, 800, 300), np.float32)
    assert len(encode(make.raster(data), ImageFormat.BSQ).body) == 990_000


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
)
@pytest.mark.parametrize("view", [np.s_[:], np.s_[:, ::-2, 1::3], np.s_[:, :1, :1]])
def test_layout(dtype: str, view: tuple[slice, ...]) -> None:
    data = make.photo().astype(dtype)[view]
    mask = make.disc()[view[1:] if isinstance(view, tuple) else view]
    count, rows, columns = data.shape
    bsq, bip = (encode(make.raster(data, mask), f).body for f in (ImageFormat.BSQ, ImageFormat.BIP))
    kind = np.dtype(dtype).newbyteorder("<")
    planar = np.frombuffer(bsq, kind, data.size).reshape(data.shape)
    pixels = np.frombuffer(bip, kind, data.size).reshape(rows, columns, count)
    wanted = np.where(mask, data, 0)
    assert np.array_equal(planar, wanted)
    assert np.array_equal(pixels, np.moveaxis(wanted, 0, -1))
    for body in (bsq, bip):
        bits = np.unpackbits(np.frombuffer(body, np.uint8, offset=data.nbytes))
        assert len(body) == data.nbytes + math.ceil(rows * columns / 8)
        assert np.array_equal(bits[: mask.size].reshape(mask.shape), mask)
        assert not bits[mask.size :].any()


@pytest.mark.parametrize(
    ("dtype", "nodata", "expected"),
    [
        ("int16", -9999.0, -9999),
        ("uint8", 255.0, 255),
        ("uint8", -9999.0, 0),
        ("uint8", math.nan, 0),
        ("float32", math.nan, math.nan),
        ("float32", -9999.0, -9999.0),
        ("float32", None, 0),
    ],
)
def test_masked_pixels_hold_nodata(dtype: str, nodata: float | None, expected: float) -> None:
    source = make.raster(np.full((1, 2), 7, dtype), np.array([[True, False]]), nodata=nodata)
    values = np.frombuffer(encode(source, ImageFormat.BSQ).body[:-1], dtype)
    assert np.array_equal(values, np.array([7, expected], dtype), equal_nan=dtype == "float32")


def test_complex_pixels_are_refused() -> None:
    with pytest.raises(Unsupported, match="TIFF"):
        encode(make.raster(np.zeros((2, 2), np.complex64)), ImageFormat.BIP)
