"""JPEG pictures."""

from __future__ import annotations

import imagecodecs

from proxy.model import EncodeOptions, Raster
from proxy.render.encode.display import check, on_white


def jpeg(raster: Raster, options: EncodeOptions) -> bytes:
    """Grey or RGB, 4:2:0; masked pixels and transparent colours are white."""
    check(raster)
    # As fast as simplejpeg, and other threads run meanwhile.
    quality = min(max(options.quality, 1), 100)
    return bytes(imagecodecs.jpeg8_encode(on_white(raster), level=quality, subsampling="420"))
