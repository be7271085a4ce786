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
from proxy.ogc.void import beyond
from proxy.render.encode import encode
from proxy.render_service import Renderer
from proxy.services import Service
from proxy.web import Rendered

Layer = tuple[Service, RenderRequest]
RGB = tuple[int, int, int]
RGBA = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, slots=True)
class Void:
    """What is drawn beyond the area that the system of a map is valid for: a colour, or None for nothing."""

    color: RGB | None


async def composed(renderer: Renderer, layers: Sequence[Layer], void: Void | None = None) -> Rendered:
    """Pictures of several requests on one grid as one.

    Args:
        layers: the first at the bottom; at least one. Grid, format and options are those of the first.
        void: None for the background there as well.

    Raises:
        ProxyError: as rendering any of them does.
    """
    first = layers[0][1]
    if len(layers) == 1 and void is None:
        return await renderer.render(*layers[0])
    # PNG loses nothing, and other doors ask for it as well.
    found = await asyncio.gather(*(renderer.render(service, _alone(request)) for service, request in layers))
    etag = _etag([rendered.etag for rendered in found], first, void)
    picture = await renderer.call(merged, [rendered.picture for rendered in found], first, void)
    status = "hit" if all(rendered.status == "hit" for rendered in found) else "miss"
    return Rendered(picture, etag, status, lambda: all(rendered.current() for rendered in found))


def _alone(request: RenderRequest) -> RenderRequest:
    options = dataclasses.replace(EncodeOptions(), effort=request.options.effort)
    return dataclasses.replace(request, format=ImageFormat.PNG, options=options)


def _etag(parts: Sequence[str], request: RenderRequest, void: Void | None) -> str:
    text = "\n".join([*parts, request.format, repr(request.options), repr(void)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def merged(pictures: Sequence[Picture], request: RenderRequest, void: Void | None = None) -> Picture:
    """Pictures of the same size blended from the first, at the bottom, to the last.

    Args:
        pictures: PNG of the size of the request's grid.
        request: says how the result is written; what is partly transparent becomes opaque.

    Returns:
        The picture; what is missing of any is missing of it.
    """
    whole = ground(request.grid, request.options.background, void)
    for picture in pictures:
        whole = over(whole, decoded(picture.body))
    mask = whole[..., 3] > 0
    data = np.ascontiguousarray(np.moveaxis(whole[..., :3], -1, 0))
    raster = Raster(data, None if mask.all() else mask, request.grid)
    options = dataclasses.replace(request.options, background=None)
    missing = sum(picture.missing for picture in pictures)
    return dataclasses.replace(encode(raster, request.format, options), missing=missing)


def ground(grid: Grid, background: RGB | None, void: Void | None) -> RGBA:
    """What lies below everything: colours where there are any, else nothing."""
    found = np.zeros((grid.height, grid.width, 4), np.uint8)
    if background is not None:
        found[...] = (*background, 255)
    if void is not None:
        found[beyond(grid)] = (0, 0, 0, 0) if void.color is None else (*void.color, 255)
    return found


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
