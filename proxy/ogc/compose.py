"""Several pictures over one another: each is rendered, and kept, as it would be alone."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from proxy.model import Array, EncodeOptions, Grid, ImageFormat, Picture, Raster, RenderRequest
from proxy.ogc.void import beyond
from proxy.render.encode import encode
from proxy.render.encode.png_file import Color, write_png
from proxy.render_service import Renderer
from proxy.services import Service
from proxy.web import HITS, Rendered

RGB = tuple[int, int, int]
#: Formats that keep what is half transparent.
_WITH_ALPHA = frozenset({ImageFormat.PNG, ImageFormat.PNG32})


@dataclass(frozen=True, slots=True)
class Void:
    """What is drawn beyond the area that the system of a map is valid for: a colour, or None for nothing."""

    color: RGB | None


async def composed(
    renderer: Renderer,
    whole: RenderRequest,
    layers: Sequence[tuple[Service, RenderRequest]],
    opacities: Sequence[float] = (),
    void: Void | None = None,
    veiled: RGB | None = None,
) -> Rendered:
    """Pictures of several requests on one grid as one.

    Args:
        whole: grid, format, options and background of the result.
        layers: the first lowest; only the background where there are none.
        opacities: of each, 0..1; all opaque when absent.
        void: None for the background there as well.
        veiled: as in `compose`.

    Raises:
        ProxyError: as rendering any of them does.
    """
    # PNG loses nothing, and other doors ask for it as well.
    found = await asyncio.gather(*(renderer.render(service, _alone(request)) for service, request in layers))
    shares = tuple(opacities) or (1.0,) * len(layers)

    def work() -> Picture:
        bodies = [rendered.picture.body for rendered in found]
        options = replace(whole.options, background=None)
        return compose(
            whole.grid, bodies, shares, whole.options.background, whole.format, options, void, veiled
        )

    picture = await renderer.call(work)
    missing = sum(rendered.picture.missing for rendered in found)
    parts = [rendered.etag for rendered in found], shares, void, veiled
    key = repr((*parts, whole.grid, whole.format, whole.options))
    status = "hit" if all(rendered.status in HITS for rendered in found) else "miss"
    etag = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
    current = [rendered.current for rendered in found]
    stale = any(rendered.stale for rendered in found)
    checked = any(rendered.checked for rendered in found)
    picture = replace(picture, missing=missing)
    return Rendered(picture, etag, status, lambda: all(each() for each in current), stale, checked)


def _alone(request: RenderRequest) -> RenderRequest:
    options = replace(EncodeOptions(), effort=request.options.effort)
    return replace(request, format=ImageFormat.PNG, options=options)


def compose(
    grid: Grid,
    pictures: Sequence[bytes],
    opacities: Sequence[float],
    background: RGB | None,
    output: ImageFormat,
    options: EncodeOptions,
    void: Void | None = None,
    veiled: RGB | None = None,
) -> Picture:
    """Pictures over one another, the first lowest, each with its own alpha times its opacity.

    Args:
        grid: of all of them.
        pictures: PNG files of the size of the grid.
        background: colour below everything, None for none.
        void: in place of the background beyond the valid area of the grid's system.
        veiled: colour that fully transparent pixels of PNG have below their alpha of 0; None for black.

    Returns:
        The picture. What is half transparent stays so in PNG; other formats show it over white.
    """
    # Colours are kept multiplied by their alpha until the end.
    shown = ground(grid, background, void)
    for body, opacity in zip(pictures, opacities, strict=True):
        with Image.open(io.BytesIO(body)) as image:
            above = np.asarray(image.convert("RGBA"), np.float64)
        alpha = above[..., 3:] / 255.0 * opacity
        shown[..., :3] = above[..., :3] * alpha + shown[..., :3] * (1.0 - alpha)
        shown[..., 3:] = alpha + shown[..., 3:] * (1.0 - alpha)
    alpha = shown[..., 3:]
    with np.errstate(all="ignore"):
        colors = np.where(alpha > 0, shown[..., :3] / alpha, 0.0)
    pixels = np.rint(np.concatenate([colors, alpha * 255.0], axis=2)).astype(np.uint8)
    if veiled is not None and output in _WITH_ALPHA:
        pixels[pixels[..., 3] == 0, :3] = veiled
        return _png(pixels, options)
    return _written(grid, pixels, output, options)


def ground(grid: Grid, background: RGB | None, void: Void | None) -> Array:
    """What lies below everything: (rows, columns, 4), float64, red green blue 0..255 and alpha 0 or 1."""
    found = np.zeros((grid.height, grid.width, 4))
    if background is not None:
        found[...] = (*background, 1.0)
    if void is not None:
        found[beyond(grid)] = 0.0 if void.color is None else (*void.color, 1.0)
    return found


def _written(grid: Grid, pixels: NDArray[np.uint8], output: ImageFormat, options: EncodeOptions) -> Picture:
    alpha = pixels[..., 3]
    if ((alpha > 0) & (alpha < 255)).any():
        if output in _WITH_ALPHA or output is ImageFormat.AUTO:
            return _png(pixels, options)
        share = pixels[..., 3:].astype(np.float64) / 255.0
        blended = np.rint(pixels[..., :3] * share + 255.0 * (1.0 - share)).astype(np.uint8)
        return encode(_raster(grid, blended, alpha > 0), output, options)
    return encode(_raster(grid, pixels[..., :3], alpha > 0), output, options)


def _png(pixels: NDArray[np.uint8], options: EncodeOptions) -> Picture:
    body = write_png(np.ascontiguousarray(pixels), Color.RGBA, options.effort)
    return Picture(body, "image/png", "png")


def _raster(grid: Grid, colors: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> Raster:
    hidden = None if mask is None or mask.all() else mask
    return Raster(np.ascontiguousarray(np.moveaxis(colors, -1, 0)), hidden, grid, ("Red", "Green", "Blue"))
