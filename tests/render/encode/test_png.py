from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from proxy.errors import Unsupported
from proxy.model import Effort, EncodeOptions, ImageFormat, Raster
from proxy.render.encode import encode
from tests.render.encode import rasters as make

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

PHOTO, DISC = make.photo(), make.disc()
CLASSES = np.random.default_rng(1).integers(1, 6, (40, 50)).astype(np.uint8)
EVERY_VALUE = (np.arange(2000) % 256).astype(np.uint8).reshape(40, 50)
FULL_TABLE = make.Colormap(tuple((v, v, 255 - v, 7, 255) for v in range(256)))
WIDE = PHOTO.astype(np.uint16) * 257 + 3

#: name -> (raster, mode that Pillow reports for PNG)
SOURCES: dict[str, tuple[Raster, str]] = {
    "grey": (make.raster(PHOTO[0]), "L"),
    "grey with mask": (make.raster(PHOTO[0] // 2, DISC), "P"),
    "grey with mask, every value used": (make.raster(EVERY_VALUE, DISC), "LA"),
    "grey with useless mask": (make.raster(PHOTO[0], np.ones_like(DISC)), "L"),
    "colour": (make.raster(PHOTO), "RGB"),
    "colour with mask": (make.raster(PHOTO, DISC), "RGBA"),
    "colour, all masked": (make.raster(PHOTO, np.zeros_like(DISC)), "P"),
    "palette": (make.raster(CLASSES, colormap=make.CLASSES), "P"),
    "palette with mask": (make.raster(CLASSES, DISC, colormap=make.CLASSES), "P"),
    "palette of 256": (make.raster(EVERY_VALUE, colormap=FULL_TABLE), "P"),
    "palette of 256 with mask": (make.raster(EVERY_VALUE, DISC, colormap=FULL_TABLE), "RGBA"),
    "one pixel": (make.raster(PHOTO[:, :1, :1]), "RGB"),
    "one pixel, masked": (make.raster(PHOTO[:, :1, :1], np.zeros((1, 1), bool)), "P"),
    "one row": (make.raster(PHOTO[:, :1], DISC[20:21]), "RGBA"),
    "one column": (make.raster(PHOTO[:, :, :1], DISC[:, 25:26]), "RGBA"),
    "views": (make.raster(PHOTO[:, ::-2, 1::3], DISC[::-2, 1::3]), "RGBA"),
    "fortran order": (make.raster(np.asfortranarray(PHOTO), np.asfortranarray(DISC)), "RGBA"),
}
DECODERS: dict[str, Callable[[bytes], make.Array]] = {
    "pillow": make.pillow,
    "opencv": make.opencv,
    "gdal": make.gdal,
}


def png(source: Raster, format: ImageFormat = ImageFormat.PNG, effort: Effort = Effort.FAST) -> bytes:
    picture = encode(source, format, EncodeOptions(effort=effort))
    assert (picture.media_type, picture.extension) == ("image/png", "png")
    return picture.body


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("effort", Effort)
@pytest.mark.parametrize("format", [ImageFormat.PNG, ImageFormat.PNG32])
@pytest.mark.parametrize("name", SOURCES)
def test_lossless_in_every_decoder(name: str, format: ImageFormat, effort: Effort, decoder: str) -> None:
    source, _ = SOURCES[name]
    read = DECODERS[decoder](png(source, format, effort))
    assert np.array_equal(read, make.expected_rgba(source))


@pytest.mark.parametrize("name", SOURCES)
def test_smallest_kind(name: str) -> None:
    source, mode = SOURCES[name]
    assert Image.open(io.BytesIO(png(source))).mode == mode
    assert Image.open(io.BytesIO(png(source, ImageFormat.PNG32))).mode == "RGBA"


def test_rgba_is_zero_under_the_mask() -> None:
    read = np.asarray(Image.open(io.BytesIO(png(make.raster(PHOTO, DISC), ImageFormat.PNG32))))
    assert not read[~DISC].any()
    assert read[DISC, 3].all()


@pytest.mark.parametrize("name", SOURCES)
def test_png24_has_white_for_gaps_and_no_alpha(name: str) -> None:
    source, _ = SOURCES[name]
    image = Image.open(io.BytesIO(png(source, ImageFormat.PNG24)))
    wanted = make.expected_rgba(source).astype(np.float64)
    alpha = wanted[..., 3:] / 255
    assert image.mode == "RGB"
    assert "transparency" not in image.info
    # Half a level: the blend with white is rounded once.
    assert np.abs(np.asarray(image) - (wanted[..., :3] * alpha + 255 * (1 - alpha))).max() <= 0.5


@pytest.mark.parametrize(
    ("data", "mask", "transparent"),
    [
        (PHOTO[0], None, None),
        (PHOTO[0] // 2 + 1, DISC, 0),
        (PHOTO[0] // 2, DISC | (PHOTO[0] < 2), None),
        (EVERY_VALUE, DISC, None),
    ],
)
def test_png8_grey_is_data(data: make.Array, mask: make.Array | None, transparent: int | None) -> None:
    body = png(make.raster(data, mask), ImageFormat.PNG8)
    image = Image.open(io.BytesIO(body))
    read = np.asarray(image)
    valid = np.ones_like(DISC) if mask is None else mask
    assert image.mode == "L"
    assert np.array_equal(read[valid], data[valid])
    if transparent is not None:
        assert image.info["transparency"] == transparent
        assert (read[~valid] == transparent).all()


def test_png8_grey_without_free_value_has_zero_in_gaps() -> None:
    image = Image.open(io.BytesIO(png(make.raster(EVERY_VALUE, DISC), ImageFormat.PNG8)))
    assert "transparency" not in image.info
    assert not np.asarray(image)[~DISC].any()


def test_png8_grey_in_gdal_reads_values_and_mask() -> None:
    body = png(make.raster(PHOTO[0] // 2 + 1, DISC), ImageFormat.PNG8)
    with make.MemoryFile(body) as memory, memory.open() as file:
        assert (file.count, file.nodata) == (1, 0)
        assert np.array_equal(file.dataset_mask() > 0, DISC)
        assert np.array_equal(file.read(1)[DISC], (PHOTO[0] // 2 + 1)[DISC])


@pytest.mark.parametrize(
    ("data", "colormap", "gap"), [(CLASSES, make.CLASSES, 0), (EVERY_VALUE, FULL_TABLE, 0)]
)
def test_png8_palette_indices_are_values(data: make.Array, colormap: make.Colormap, gap: int) -> None:
    source = make.raster(data, DISC, colormap=colormap)
    image = Image.open(io.BytesIO(png(source, ImageFormat.PNG8)))
    assert image.mode == "P"
    assert np.array_equal(np.asarray(image), np.where(DISC, data, gap))
    assert np.array_equal(make.pillow(png(source, ImageFormat.PNG8))[DISC], make.expected_rgba(source)[DISC])


@pytest.mark.parametrize("mask", [None, DISC])
def test_png8_of_a_photo_is_close(mask: make.Array | None) -> None:
    source = make.raster(PHOTO, mask)
    read = make.pillow(png(source, ImageFormat.PNG8)).astype(int)
    wanted = make.expected_rgba(source)
    assert np.array_equal(read[..., 3], wanted[..., 3])
    # 2000 noisy pixels on 256 colours; Pillow's own median cut has 5.3 levels.
    assert np.sqrt(((read - wanted)[..., :3] ** 2).mean()) < 6


@pytest.mark.parametrize("name", ["grey", "colour", "colour with mask", "grey with mask"])
@pytest.mark.parametrize("format", [ImageFormat.PNG, ImageFormat.PNG32])
def test_sixteen_bits(name: str, format: ImageFormat) -> None:
    narrow, _ = SOURCES[name]
    wide = WIDE[: narrow.count]
    source = make.raster(wide, narrow.mask)
    body = png(source, format)
    assert body[24] == 16
    assert np.array_equal(make.opencv(body), make.expected_rgba(source))
    assert np.array_equal(make.gdal(body), make.expected_rgba(source))


@pytest.mark.parametrize(
    ("source", "format"),
    [
        (make.raster(make.photo(bands=2)), ImageFormat.PNG),
        (make.raster(make.photo(bands=4)), ImageFormat.PNG32),
        (make.raster(PHOTO.astype(np.float32)), ImageFormat.PNG),
        (make.raster(PHOTO.astype(np.int16)), ImageFormat.PNG24),
        (make.raster(WIDE), ImageFormat.PNG8),
        (make.raster(WIDE[0], colormap=make.CLASSES), ImageFormat.PNG),
        (make.raster(PHOTO, colormap=make.CLASSES), ImageFormat.PNG),
    ],
)
def test_refused(source: Raster, format: ImageFormat) -> None:
    with pytest.raises(Unsupported):
        encode(source, format)


def test_chunks_are_well_formed() -> None:
    body = png(SOURCES["palette with mask"][0])
    assert body[:8] == b"\x89PNG\r\n\x1a\n"
    at, kinds = 8, []
    while at < len(body):
        length, kind = struct.unpack(">I4s", body[at : at + 8])
        content = body[at + 8 : at + 8 + length]
        assert struct.unpack(">I", body[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + content)
        kinds.append(kind)
        at += 12 + length
    assert kinds == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]


def test_most_effort_is_smallest() -> None:
    source = make.raster(make.photo(200, 300))
    fast, balanced, small = (len(png(source, effort=effort)) for effort in Effort)
    assert small < min(fast, balanced)


def test_input_is_not_changed() -> None:
    data, mask = PHOTO.copy(), DISC.copy()
    for format in (f for f in ImageFormat if f is not ImageFormat.KMZ):
        encode(make.raster(data, mask), format)
    assert np.array_equal(data, PHOTO)
    assert np.array_equal(mask, DISC)


SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=SHAPES, bands=st.sampled_from([1, 3]), effort=st.sampled_from(list(Effort)))
def test_any_picture_survives(
    data: st.DataObject, shape: tuple[int, int], bands: int, effort: Effort
) -> None:
    pixels = data.draw(arrays.arrays(np.uint8, (bands, *shape)))
    mask = data.draw(st.none() | arrays.arrays(np.bool_, shape))
    source = make.raster(pixels, mask)
    wanted = make.expected_rgba(source)
    for format in (ImageFormat.PNG, ImageFormat.PNG32):
        body = png(source, format, effort)
        for decode in (make.pillow, make.opencv, make.gdal):
            assert np.array_equal(decode(body), wanted)


def test_opencv_agrees_on_grey_data() -> None:
    body = png(SOURCES["grey"][0], ImageFormat.PNG8)
    read = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read, PHOTO[0])
