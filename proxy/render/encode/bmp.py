"""BMP pictures."""

from __future__ import annotations

import io

from PIL import Image

from proxy.model import EncodeOptions, Raster
from proxy.render.encode.display import check, on_white


def bmp(raster: Raster, options: EncodeOptions) -> bytes:
    """24 bits a pixel; masked pixels white."""
    check(raster)
    file = io.BytesIO()
    Image.fromarray(on_white(raster)).convert("RGB").save(file, "BMP")
    return file.getvalue()
