"""JPEG, WEBP, GIF, BMP and the choice between JPEG and PNG."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from proxy.errors import Unsupported
from proxy.model import EncodeOptions, ImageFormat, Raster
from proxy.render.encode import ENCODERS, encode
from tests.render.encode import rasters as make

PHOTO, DISC = make.photo(), make.disc()
SMOOTH = cv2.GaussianBlur(np.moveaxis(PHOTO, 0, -1), (9, 9), 3).transpose(2, 0, 1)
EVERY_VALUE = (np.arange(2000) % 256).astype(np.uint8).reshape(40, 50)
CLASSES = np.random.default_rng(1).integers(1, 6, (40, 50)).astype(np.uint8)
LARGE_CLASSES = np.repeat(np.repeat(CLASSES[::16, ::10], 16, 0), 16, 1)

SOURCES = {
    "grey": make.raster(SMOOTH[0]),
    "grey with mask": make.raster(SMOOTH[0], DISC),
    "colour": make.raster(SMOOTH),
    "colour with mask": make.raster(SMOOTH, DISC),
    "palette": make.raster(LARGE_CLASSES, colormap=make.CLASSES),
    "one pixel": make.raster(SMOOTH[:, :1, :1]),
    "one pixel with a palette": make.raster(LARGE_CLASSES[:1, :1], colormap=make.CLASSES),
    "one row": make.raster(SMOOTH[:, :1]),
    "all masked": make.raster(SMOOTH, np.zeros_like(DISC)),
    "views": make.raster(SMOOTH[:, ::-1, ::2], DISC[::-1, ::2]),
}


def opened(source: Raster, format: ImageFormat, quality: int = 90) -> Image.Image:
    return Image.open(io.BytesIO(encode(source, format, EncodeOptions(quality=quality)).body))


def on_white(source: Raster) -> make.Array:
    wanted = make.expected_rgba(source).astype(np.float64)
    alpha = wanted[..., 3:] / 255
    return wanted[..., :3] * alpha + 255 * (1 - alpha)


def inner(source: Raster) -> make.Array:
    """Valid pixels away from any edge of the mask or of a class, where lossy formats do not ring."""
    picture = np.dstack([source.data[0], source.valid() * 255]).astype(np.uint8)
    flat = cv2.dilate(picture[..., 1], np.ones((17, 17))) == cv2.erode(picture[..., 1], np.ones((17, 17)))
    if source.colormap is not None:
        band = picture[..., 0]
        flat &= cv2.dilate(band, np.ones((17, 17))) == cv2.erode(band, np.ones((17, 17)))
    return flat


@pytest.mark.parametrize("name", SOURCES)
def test_jpeg(name: str) -> None:
    source = SOURCES[name]
    image = opened(source, ImageFormat.JPEG)
    far = inner(source)
    assert image.format == "JPEG"
    assert image.mode == ("L" if source.count == 1 and source.colormap is None else "RGB")
    error = np.abs(np.asarray(image.convert("RGB")) - on_white(source))[far]
    # Quality 90 with halved colour on smooth ground: a few levels, away from edges.
    assert error.size == 0 or (error.mean() < 3 and error.max() < 20)


def test_jpeg_is_white_outside_the_mask() -> None:
    read = np.asarray(opened(SOURCES["colour with mask"], ImageFormat.JPEG))
    assert read[:4, :4].min() >= 250


@pytest.mark.parametrize(("low", "high"), [(10, 75), (75, 95), (-5, 40), (0, 40)])
@pytest.mark.parametrize("format", [ImageFormat.JPEG, ImageFormat.WEBP])
def test_quality_costs_bytes(format: ImageFormat, low: int, high: int) -> None:
    source = make.raster(make.photo(128, 128))
    sizes = [len(encode(source, format, EncodeOptions(quality=quality)).body) for quality in (low, high)]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("name", SOURCES)
def test_webp(name: str) -> None:
    source = SOURCES[name]
    image = opened(source, ImageFormat.WEBP)
    wanted = make.expected_rgba(source)
    read = np.asarray(image.convert("RGBA"))
    far = inner(source) & (wanted[..., 3] == 255)
    assert image.format == "WEBP"
    assert np.array_equal(read[..., 3], wanted[..., 3])
    error = np.abs(read.astype(int) - wanted)[far]
    assert error.size == 0 or (error.mean() < 3 and error.max() < 20)


def test_webp_has_a_greatest_size() -> None:
    with pytest.raises(Unsupported, match="16383"):
        encode(make.raster(np.zeros((1, 16384), np.uint8)), ImageFormat.WEBP)


@pytest.mark.parametrize("name", SOURCES)
def test_bmp(name: str) -> None:
    source = SOURCES[name]
    body = encode(source, ImageFormat.BMP).body
    assert body[:2] == b"BM"
    assert body[28] == 24
    read = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    # Half a level: the blend of a half-transparent colour with white is rounded once.
    assert np.abs(read - on_white(source)).max() <= 0.5


@pytest.mark.parametrize(
    "source",
    [
        make.raster(SMOOTH[0]),
        make.raster(SMOOTH[0], DISC),
        make.raster(EVERY_VALUE),
        make.raster(CLASSES % 4, colormap=make.CLASSES),
        make.raster(CLASSES % 4, DISC, colormap=make.CLASSES),
        make.raster(SMOOTH // 64 * 64),
        make.raster(SMOOTH // 64 * 64, DISC),
        make.raster(SMOOTH, np.zeros_like(DISC)),
        make.raster(SMOOTH[:, :1, :1]),
    ],
)
def test_gif_is_exact_up_to_256_colours(source: Raster) -> None:
    body = encode(source, ImageFormat.GIF).body
    assert body[:4] == b"GIF8"
    assert np.array_equal(make.pillow(body), make.expected_rgba(source))


@pytest.mark.parametrize("mask", [None, DISC])
def test_gif_of_a_photo_is_close(mask: make.Array | None) -> None:
    source = make.raster(PHOTO, mask)
    read, wanted = make.pillow(encode(source, ImageFormat.GIF).body).astype(int), make.expected_rgba(source)
    assert np.array_equal(read[..., 3], wanted[..., 3])
    # As for an 8-bit PNG of the same picture.
    assert np.sqrt(((read - wanted)[..., :3] ** 2).mean()) < 6


def test_gif_of_grey_with_every_value_and_a_mask() -> None:
    source = make.raster(EVERY_VALUE, DISC)
    read, wanted = make.pillow(encode(source, ImageFormat.GIF).body).astype(int), make.expected_rgba(source)
    assert np.array_equal(read[..., 3], wanted[..., 3])
    # One colour of 256 must go, so one pair of neighbours shares its mean; boxes are cut in rounds.
    assert np.abs(read - wanted).max() <= 4


def test_gif_knows_no_half_transparency() -> None:
    half = make.Colormap(((1, 10, 20, 30, 127), (2, 40, 50, 60, 128), (3, 1, 2, 3, 0)))
    source = make.raster(np.array([[1, 2, 3]], np.uint8), colormap=half)
    read = make.pillow(encode(source, ImageFormat.GIF).body)[0]
    assert read.tolist() == [[0, 0, 0, 0], [40, 50, 60, 255], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("source", "media_type"),
    [
        (SOURCES["grey"], "image/jpeg"),
        (SOURCES["colour"], "image/jpeg"),
        (make.raster(PHOTO, np.ones_like(DISC)), "image/jpeg"),
        (SOURCES["colour with mask"], "image/png"),
        (SOURCES["all masked"], "image/png"),
        (make.raster(CLASSES % 3 + 1, colormap=make.CLASSES), "image/jpeg"),
        (make.raster(CLASSES, colormap=make.CLASSES), "image/png"),
        (make.raster(CLASSES % 3 + 1, DISC, colormap=make.CLASSES), "image/png"),
    ],
)
def test_auto(source: Raster, media_type: str) -> None:
    picture = encode(source, ImageFormat.AUTO)
    assert picture.media_type == media_type
    image = Image.open(io.BytesIO(picture.body))
    assert (image.format == "JPEG") if media_type == "image/jpeg" else (image.mode == "RGBA")


@pytest.mark.parametrize("format", [f for f in ImageFormat if f.is_display and not f.startswith("png")])
@pytest.mark.parametrize("data", [PHOTO[:2], PHOTO.astype(np.float32), PHOTO.astype(np.uint16)])
def test_unfinished_pixels_are_refused(format: ImageFormat, data: make.Array) -> None:
    if format is ImageFormat.KMZ and data.dtype == np.uint16:
        pytest.skip("its picture is a PNG, which may be 16 bits deep")
    with pytest.raises(Unsupported):
        encode(make.in_degrees(data), format)


@pytest.mark.parametrize(
    ("format", "media_type", "extension"),
    [
        (ImageFormat.JPEG, "image/jpeg", "jpg"),
        (ImageFormat.PNG8, "image/png", "png"),
        (ImageFormat.WEBP, "image/webp", "webp"),
        (ImageFormat.GIF, "image/gif", "gif"),
        (ImageFormat.BMP, "image/bmp", "bmp"),
        (ImageFormat.TIFF, "image/tiff", "tif"),
        (ImageFormat.BIP, "application/octet-stream", "bip"),
        (ImageFormat.BSQ, "application/octet-stream", "bsq"),
        (ImageFormat.LERC, "application/octet-stream", "lerc"),
        (ImageFormat.KMZ, "application/vnd.google-earth.kmz", "kmz"),
    ],
)
def test_media_types(format: ImageFormat, media_type: str, extension: str) -> None:
    picture = encode(make.in_degrees(PHOTO), format)
    assert (picture.media_type, picture.extension) == (media_type, extension)


def test_every_format_has_an_encoder() -> None:
    assert set(ENCODERS) == set(ImageFormat) - {ImageFormat.AUTO}


@pytest.mark.parametrize("format", ImageFormat)
def test_equal_pixels_are_equal_bytes(format: ImageFormat) -> None:
    bodies = {encode(make.in_degrees(PHOTO.copy(), DISC.copy()), format).body for _ in range(2)}
    assert len(bodies) == 1
