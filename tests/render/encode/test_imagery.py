"""Aerial imagery and large pictures."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image

from proxy.model import Effort, EncodeOptions, ImageFormat
from proxy.render.encode import encode
from tests.render.encode import rasters as make

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture(scope="module")
def aerial(shared: Path) -> make.Array:
    with rasterio.open(shared / "mosaic_naip" / "m_4709963_se_14_1_20180716.tif") as file:
        return np.asarray(file.read([1, 2, 3], window=((300, 556), (400, 656))))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("effort", "limit"), [(Effort.FAST, 1.15), (Effort.BALANCED, 1.1), (Effort.SMALL, 1.02)]
)
def test_png_is_near_the_size_of_level_6(aerial: make.Array, effort: Effort, limit: float) -> None:
    source = make.raster(aerial)
    body = encode(source, ImageFormat.PNG32, EncodeOptions(effort=effort)).body
    reference = io.BytesIO()
    Image.fromarray(make.expected_rgba(source)).save(reference, "PNG", compress_level=6)
    assert np.array_equal(make.pillow(body), make.expected_rgba(source))
    assert len(body) < limit * len(reference.getvalue())


@pytest.mark.shared
def test_png8_is_as_good_as_median_cut(aerial: make.Array) -> None:
    wanted = np.moveaxis(aerial, 0, -1).astype(float)
    ours = make.pillow(encode(make.raster(aerial), ImageFormat.PNG8).body)[..., :3]
    cut = Image.fromarray(wanted.astype(np.uint8)).quantize(
        256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    theirs = np.asarray(cut.convert("RGB"))
    # Pillow takes ten times the time; a tenth more error is a fair price.
    assert ((ours - wanted) ** 2).mean() < 1.1 * ((theirs - wanted) ** 2).mean()


@pytest.mark.shared
@pytest.mark.parametrize("format", [ImageFormat.JPEG, ImageFormat.WEBP])
def test_lossy_formats_stay_close(aerial: make.Array, format: ImageFormat) -> None:
    read = make.pillow(encode(make.raster(aerial), format, EncodeOptions(quality=85)).body)[..., :3]
    # Peak signal to noise at quality 85 on fields and trees.
    assert cv2.PSNR(np.ascontiguousarray(read), np.ascontiguousarray(np.moveaxis(aerial, 0, -1))) > 30


@pytest.mark.parametrize("format", [ImageFormat.PNG, ImageFormat.PNG8, ImageFormat.JPEG, ImageFormat.TIFF])
def test_large_pictures(format: ImageFormat) -> None:
    side = 2048
    data = np.tile(make.photo(256, 256), (1, side // 256, side // 256))
    mask = np.ones((side, side), bool)
    mask[:300, :300] = False
    tracemalloc.start()
    body = encode(make.raster(data, mask, nodata=0), format).body
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # At most twelve times the pixels: the quantiser counts in 8 bytes, the others stay below five.
    assert peak < 12 * data.nbytes
    assert len(body) > 1000
