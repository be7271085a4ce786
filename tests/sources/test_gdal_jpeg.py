from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import rasterio

from proxy.sources.blocks import gdal_jpeg


@pytest.mark.parametrize("sampling", ["420", "422", "444"])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (30, 48), (1, 7)])
def test_a_block_is_what_gdal_reads(tmp_path: Path, sampling: str, height: int, width: int) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (height, width, 3)).astype(np.uint8)
    data = bytes(
        imagecodecs.jpeg8_encode(
            noise, level=80, colorspace="RGB", outcolorspace="YCBCR", subsampling=sampling
        )
    )
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(path) as file:
        expected = np.moveaxis(file.read(), 0, -1)
    np.testing.assert_array_equal(gdal_jpeg.decode(None, data, width, height), expected)


def test_the_question_is_answered_once() -> None:
    assert gdal_jpeg.is_ours() is gdal_jpeg.is_ours()
