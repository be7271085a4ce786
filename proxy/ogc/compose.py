"""Several pictures over one another: each is rendered, and kept, as it would be alone."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import EncodeOptions, Grid, ImageFormat, Picture, Raster, RenderRequest
from proxy.render.encode import encode
from proxy.render_service import Renderer
from proxy.services import Service
from proxy.web import Rendered

Layer = tuple[Service, RenderRequest]
RGBA = NDArray[np.uint8]


async def composed(renderer: Renderer, layers: Sequence[Layer]) -> Rendered:
    """Pictures of several requests on one grid as one.

    Args:
        layers: the first at the bottom; at least one. Grid, format and options are those of the first.

    Raises:
        ProxyError: as rendering any of them does.
    """
    first = layers[0][1]
    if len(layers) == 1:
        return await renderer.render(*layers[0])
    # PNG loses nothing, and other doors ask for it as well.
    found = await asyncio.gather(*(renderer.render(service, _alone(request)) for service, request in layers))
    etag = _etag([rendered.etag for rendered in found], first)
    pictures = [rendered.picture for rendered in found]
    picture = await renderer.call(merged, pictures, first.grid, first.format, first.options)
    status = "hit" if all(rendered.status == "hit" for rendered in found) else "miss"
    return Rendered(picture, etag, status, lambda: all(rendered.current() for rendered in found))


def _alone(request: RenderRequest) -> RenderRequest:
    options = dataclasses.replace(EncodeOptions(), effort=request.options.effort)
    return dataclasses.replace(request, format=ImageFormat.PNG, options=options)


def _etag(parts: Sequence[str], request: RenderRequest) -> str:
    text = "\n".join([*parts, request.format, repr(request.options)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def merged(pictures: Sequence[Picture], grid: Grid, output: ImageFormat, options: EncodeOptions) -> Picture:
    """Pictures of the same size blended from the first, at the bottom, to the last.

    Args:
        pictures: PNG of the size of the grid.
        output: how the result is written; colours that are partly transparent over nothing become opaque.

    Returns:
        The picture; what is missing of any is missing of it.
    """
    below = decoded(pictures[0].body)
    for picture in pictures[1:]:
        below = over(below, decoded(picture.body))
    if options.background is not None:
        ground = np.empty_like(below)
        ground[...] = (*options.background, 255)
        below = over(ground, below)
    mask = below[..., 3] > 0
    data = np.ascontiguousarray(np.moveaxis(below[..., :3], -1, 0))
    raster = Raster(data, None if mask.all() else mask, grid)
    missing = sum(picture.missing for picture in pictures)
    return dataclasses.replace(encode(raster, output, options), missing=missing)


def decoded(body: bytes) -> RGBA:
    """Pixels of a PNG of any kind: (rows, columns, red green blue alpha), uint8."""
    found = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    if found.ndim == 2:
        found = cv2.cvtColor(found, cv2.COLOR_GRAY2BGR)
    code = cv2.COLOR_BGRA2RGBA if found.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return np.asarray(cv2.cvtColor(found, code), np.uint8)


def over(below: RGBA, above: RGBA) -> RGBA:
    """One picture over another: Porter and Duff's `over`, colours not multiplied by their alpha."""
    top = above[..., 3:]
    if not ((top > 0) & (top < 255)).any():
        return np.where(top > 0, above, below)
    a, b = top.astype(np.float32) / 255.0, below[..., 3:].astype(np.float32) / 255.0
    alpha = a + b * (1 - a)
    color = above[..., :3] * a + below[..., :3] * b * (1 - a)
    result = np.zeros_like(below)
    result[..., :3] = np.round(color / np.maximum(alpha, 1e-6))
    result[..., 3:] = np.round(alpha * 255)
    return result
