"""GIF pictures."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from proxy.model import EncodeOptions, Raster
from proxy.render.encode.display import check
from proxy.render.encode.palette import indexed


def gif(raster: Raster, options: EncodeOptions) -> bytes:
    """At most 256 colours, one of them transparent; a single band keeps its values as indices."""
    check(raster)
    found = indexed(raster)
    # A pixel is shown or not: colours below half opacity are not, and all share the first such index.
    hidden = np.flatnonzero(found.colors[:, 3] < 128)
    indices, settings = found.indices, {}
    if hidden.size:
        same = np.arange(256, dtype=np.uint8)
        same[hidden] = hidden[0]
        indices, settings = same[indices], {"transparency": int(hidden[0])}
    image = Image.fromarray(np.ascontiguousarray(indices))
    image.putpalette(found.colors[:, :3].tobytes())
    file = io.BytesIO()
    image.save(file, "GIF", optimize=False, **settings)
    return file.getvalue()
