from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from proxy.errors import InvalidParameter, Unsupported
from proxy.model import EncodeOptions, ImageFormat, Raster
from proxy.render.encode import encode
from proxy.render.encode.lerc1 import run_lengths
from tests.render.encode import rasters as make

DISC = make.disc()
REAL_TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]


def blob(source: Raster, tolerance: float | None = None, version: int = 2) -> bytes:
    return encode(source, ImageFormat.LERC, EncodeOptions(tolerance=tolerance, lerc_version=version)).body


def split(body: bytes) -> list[bytes]:
    """The blobs of a chain of Lerc2 version 2 blobs: key, version, rows, columns, valid, block, size."""
    blobs = []
    while body:
        assert body[:6] == b"Lerc2 "
        version, _, _, _, _, size = struct.unpack("<6i", body[6:30])
        assert version == 2
        blobs.append(body[:size])
        body = body[size:]
    return blobs


def decoded(body: bytes) -> tuple[make.Array, make.Array]:
    data, mask = imagecodecs.lerc_decode(body, masks=True)
    shape = data.shape[-2:]
    return data, np.ones(shape, bool) if mask is None else mask.astype(bool).reshape(-1, *shape)[0]


@pytest.mark.parametrize("mask", [None, DISC, np.zeros_like(DISC), np.ones_like(DISC)])
@pytest.mark.parametrize("dtype", REAL_TYPES)
def test_exact_by_default_or_within_a_thousandth(dtype: str, mask: make.Array | None) -> None:
    data = (make.photo()[0] / 2).astype(dtype)
    read, valid = decoded(blob(make.raster(data, mask)))
    wanted = np.ones_like(DISC) if mask is None else mask
    assert read.dtype == data.dtype
    assert np.array_equal(valid, wanted)
    assert np.abs(read - data.astype(np.float64))[wanted].max(initial=0) <= (dtype[0] == "f") * 0.001
    assert not read[~wanted].any()


@pytest.mark.parametrize("tolerance", [0.0, 0.01, 0.5, 3.0])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_tolerance(dtype: str, tolerance: float) -> None:
    data = (make.photo()[0] * 0.37).astype(dtype)
    body = blob(make.raster(data, DISC), tolerance)
    allowed = 0 if tolerance == 0 or (dtype != "float32" and tolerance <= 0.5) else tolerance
    # Half a unit of float32 near 100 comes from the rounding of the decoder.
    assert np.abs(decoded(body)[0] - data.astype(np.float64))[DISC].max() <= allowed + (allowed > 0) * 4e-6


@pytest.mark.parametrize("dtype", REAL_TYPES)
def test_no_byte_is_left_unwritten(dtype: str) -> None:
    source = make.raster((make.photo()[:1] // 2).astype(dtype), DISC)
    bodies = set()
    for filling in range(12):
        used = [bytes([filling]) * 2000 for _ in range(30)]
        bodies.add(blob(source, 0.5))
        del used
    assert len(bodies) == 1


@pytest.mark.parametrize("tolerance", [0.0, 1e-9])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (64, 64), (301, 257)])
def test_noise_that_cannot_be_compressed_fits(shape: tuple[int, int], dtype: str, tolerance: float) -> None:
    random = np.random.default_rng(0)
    data = (random.random(shape) * 255).astype(dtype)
    mask = random.random(shape) > 0.5
    read, valid = decoded(blob(make.raster(data, mask), tolerance))
    assert np.array_equal(valid, mask)
    assert np.abs(read - data.astype(np.float64))[mask].max(initial=0) <= tolerance


@pytest.mark.parametrize("mask", [None, DISC])
def test_bands_are_blobs_one_after_the_other(mask: make.Array | None) -> None:
    data = make.photo(bands=3)
    body = blob(make.raster(data, mask))
    wanted = np.ones_like(DISC) if mask is None else mask
    assert len(split(body)) == 3
    for band, part in zip(data, split(body), strict=True):
        read, valid = decoded(part)
        assert np.array_equal(valid, wanted)
        assert np.array_equal(read[wanted], band[wanted])
    assert decoded(body)[0].shape == (3, 40, 50)


@pytest.mark.parametrize("mask", [None, DISC])
def test_bands_in_the_reference_decoder(mask: make.Array | None) -> None:
    lerc = pytest.importorskip("lerc")
    data = make.photo(bands=3)
    result, read, valid = lerc.decode(blob(make.raster(data, mask)))
    wanted = np.ones_like(DISC) if mask is None else mask
    assert result == 0
    assert read.shape == data.shape
    assert np.array_equal(read[:, wanted], data[:, wanted])
    assert valid is None or (np.asarray(valid, bool) == wanted).all()


@pytest.mark.parametrize("version", [1, 2])
def test_not_finite_in_any_band_is_masked_in_all(version: int) -> None:
    data = np.ones((2, 3, 3), np.float32)
    data[0, 0, 0], data[1, 2, 2] = np.nan, np.inf
    body = blob(make.raster(data), version=version)
    first = body[: len(body) // 2]
    read, valid = decoded(first)
    assert [tuple(place) for place in np.argwhere(~valid)] == [(0, 0), (2, 2)]
    assert read[~valid].tolist() == [0, 0]


@pytest.mark.parametrize("view", [np.s_[:, ::-1, ::2], np.s_[:, :1, :1], np.s_[:, :1], np.s_[:, :, :1]])
@pytest.mark.parametrize("version", [1, 2])
def test_odd_shapes_and_views(version: int, view: tuple[slice, ...]) -> None:
    data, mask = np.asfortranarray(make.photo()[:1].astype(np.float32))[view], DISC[view[1:]]
    read, valid = decoded(blob(make.raster(data, mask), 0.0, version))
    assert np.array_equal(valid, mask)
    assert np.array_equal(read[mask], data[0][mask])


@pytest.mark.parametrize(
    ("source", "options", "error"),
    [
        (make.raster(np.zeros((2, 2), np.complex64)), EncodeOptions(), Unsupported),
        (make.raster(np.zeros((2, 2))), EncodeOptions(lerc_version=3), Unsupported),
        (make.raster(np.zeros((2, 2))), EncodeOptions(tolerance=-1), InvalidParameter),
        (make.raster(np.zeros((2, 2))), EncodeOptions(tolerance=float("nan")), InvalidParameter),
    ],
)
def test_refused(source: Raster, options: EncodeOptions, error: type[Exception]) -> None:
    with pytest.raises(error):
        encode(source, ImageFormat.LERC, options)


@pytest.mark.parametrize("mask", [None, DISC, np.zeros_like(DISC)])
@pytest.mark.parametrize("tolerance", [0.0, 0.001, 0.1, 20.0])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_first_version(dtype: str, tolerance: float, mask: make.Array | None) -> None:
    data = (make.photo()[0] * 9.7 - (500 if dtype != "uint8" else 0)).clip(-400, 255).astype(dtype)
    body = blob(make.raster(data, mask), tolerance, version=1)
    wanted = np.ones_like(DISC) if mask is None else mask
    assert body[:10] == b"CntZImage "
    read, valid = decoded(body)
    assert np.array_equal(valid, wanted)
    allowed = 0 if dtype[0] in "ui" and tolerance <= 0.5 else tolerance
    # The codec holds float32: up to half its unit near 400 on top.
    slack = 0 if dtype[0] in "ui" or (dtype == "float32" and not tolerance) else 1.6e-5
    assert np.abs(read - data.astype(np.float64))[wanted].max(initial=0) <= allowed + slack


def test_first_version_masks_what_float32_cannot_hold() -> None:
    read, valid = decoded(blob(make.raster(np.array([[1.0, 1e300, 2.0]])), version=1))
    assert valid.tolist() == [[True, False, True]]
    assert read.tolist() == [[1.0, 0.0, 2.0]]


@settings(max_examples=80, deadline=None)
@given(
    band=arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
        elements=st.floats(-9000, 9000, width=32) | st.sampled_from([0.0, 1.0]),
    ),
    tolerance=st.sampled_from([0.0, 0.01, 0.5, 100.0]),
    data=st.data(),
)
def test_first_version_of_any_band(band: make.Array, tolerance: float, data: st.DataObject) -> None:
    mask = data.draw(st.none() | arrays.arrays(np.bool_, band.shape))
    wanted = np.ones(band.shape, bool) if mask is None else mask
    # The reference decoder refuses pictures of two pixels of which one is masked, and no others.
    assume(band.size != 2 or wanted[0, 0] == wanted[-1, -1])
    read, valid = decoded(blob(make.raster(band, mask), tolerance, version=1))
    assert np.array_equal(valid, wanted)
    # Half a unit of float32 near 9000 on top.
    slack = 5e-4 if tolerance else 0
    error = np.abs(read.astype(np.float64) - band)[wanted].max(initial=0)
    assert error <= tolerance + slack


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], "0300 010203 0080"),
        ([7] * 5, "fbff 07 0080"),
        ([1, *[9] * 6, 2], "0100 01 faff 09 0100 02 0080"),
        ([4, 4, 4], "0300 040404 0080"),
        ([0] * 40000, "0180 00 bfe3 00 0080"),
    ],
)
def test_run_lengths(values: list[int], expected: str) -> None:
    assert run_lengths(np.array(values, np.uint8)) == bytes.fromhex(expected)


@pytest.mark.shared
def test_decoder_used_here_reads_blobs_made_elsewhere(shared: make.Any) -> None:
    old, valid = decoded((shared / "lerc" / "world.lerc1").read_bytes())
    assert old.shape == (257, 257)
    body = blob(Raster(old[None], valid, make.raster(old).grid), 0.1, version=1)
    again, again_valid = decoded(body)
    assert np.array_equal(again_valid, valid)
    # Its own error of 0.1, and the unit of float32 near 8000 m.
    assert np.abs(again.astype(np.float64) - old)[valid].max() <= 0.1 + 1e-3
