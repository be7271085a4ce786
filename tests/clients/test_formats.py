"""Every picture format as a real browser decodes it, beside Pillow."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from proxy.crs import WEB_MERCATOR
from proxy.model import Colormap, Effort, EncodeOptions, Extent, Grid, ImageFormat, Picture, Raster
from proxy.render.encode import encode

LOSSLESS = (
    ImageFormat.PNG,
    ImageFormat.PNG8,
    ImageFormat.PNG24,
    ImageFormat.PNG32,
    ImageFormat.BMP,
    ImageFormat.GIF,
)


def rasters() -> dict[str, Raster]:
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[0:60, 0:80]
    color = np.stack([rows * 4, columns * 3, (rows + columns) % 256]).astype(np.uint8)
    color ^= rng.integers(0, 4, color.shape).astype(np.uint8)
    mask = (rows - 30) ** 2 + (columns - 40) ** 2 < 700
    grid = Grid(WEB_MERCATOR, Extent(0, 0, 80, 60), 80, 60)
    classes = (columns // 10).astype(np.uint8)[None]
    table = Colormap(tuple((value, 30 * value, 255 - 20 * value, 90, 255) for value in range(8)))
    return {
        "color": Raster(color, None, grid),
        "color masked": Raster(color, mask, grid),
        "grey": Raster(color[:1], None, grid),
        "grey masked": Raster(color[:1], mask, grid),
        "classes": Raster(classes, None, grid, colormap=table),
        "classes masked": Raster(classes, mask, grid, colormap=table),
    }


def decoded(pictures: list[Picture]) -> list[np.ndarray[Any, Any]]:
    browser = next(
        path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))
    )
    jobs = [{"type": p.media_type, "base64": base64.b64encode(p.body).decode()} for p in pictures]
    done = subprocess.run(
        ["node", str(Path(__file__).parent / "decode.mjs"), browser], input=json.dumps(jobs), check=True,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    return [
        np.frombuffer(base64.b64decode(item["rgba"]), np.uint8).reshape(item["height"], item["width"], 4)
        for item in found
    ]


def test_chromium_and_pillow_see_the_same_pixels() -> None:
    cases = [
        (name, form, effort)
        for name in rasters()
        for form in (*LOSSLESS, ImageFormat.JPEG, ImageFormat.WEBP)
        for effort in (Effort if form is ImageFormat.PNG else (Effort.FAST,))
    ]
    pictures = [encode(rasters()[name], form, EncodeOptions(effort=effort)) for name, form, effort in cases]
    for case, picture, seen in zip(cases, pictures, decoded(pictures), strict=True):
        expected = np.asarray(Image.open(io.BytesIO(picture.body)).convert("RGBA")).astype(int)
        alpha = expected[..., 3] > 0
        np.testing.assert_array_equal(seen[..., 3] > 0, alpha, err_msg=str(case))
        difference = np.abs(seen.astype(int) - expected)[alpha]
        # Lossless formats are equal to the bit; the decoders of JPEG and WEBP round colour in their own ways.
        assert difference.max(initial=0) <= (0 if case[1] in LOSSLESS else 6), case
