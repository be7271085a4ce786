"""From a map to a picture: one render of one layer as it is, several composed from the lowest up."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from proxy.config import CachingConfig
from proxy.model import EncodeOptions, Grid, ImageFormat, Picture, Raster, RenderRequest
from proxy.ogc.access import opened, renderer_of
from proxy.ogc.order import orders
from proxy.ogc.wms.named_layers import WantedLayer
from proxy.ogc.wms.params import WHITE, MapRequest
from proxy.ogc.wms.symbols import tree
from proxy.render.encode import encode
from proxy.render.encode.png_file import Color, write_png
from proxy.services import Service
from proxy.web import Rendered, picture_response

#: Formats that know no transparency.
_OPAQUE = frozenset({ImageFormat.JPEG, ImageFormat.BMP, ImageFormat.PNG24})


@dataclass(frozen=True, slots=True)
class Part:
    """One picture of a map, over those before it. `opacity` 0..1."""

    service: Service
    request: RenderRequest
    opacity: float = 1.0


async def map_response(request: Request, wanted: MapRequest, query: Mapping[str, str]) -> Response:
    """The picture of a map.

    A single opaque part is the very request that tiles and exports make, so that they share what is kept.

    Raises:
        ProxyError: as the parameters and the render find.
    """
    parts = [part for layer in wanted.layers for part in await _parts(request, wanted, layer, query)]
    if len(parts) == 1 and parts[0].opacity == 1.0:
        part = parts[0]
        rendered = await renderer_of(request).render(part.service, _finished(part.request, wanted))
        return picture_response(request, rendered, part.service.config.cache)
    return await _composed(request, wanted, parts)


async def _parts(
    request: Request, wanted: MapRequest, layer: WantedLayer, query: Mapping[str, str]
) -> list[Part]:
    found = await opened(request, layer.service)
    made = orders(layer.service, found.source, wanted.grid, wanted.format, layer.style, query)
    if layer.own is None:
        return [Part(layer.service, each) for each in made]
    return [
        Part(layer.service, replace(each, rule=tree(symbolizer, found.source.info)), symbolizer.opacity)
        for each in made
        for symbolizer in layer.own.at(wanted.scale)
    ]


def _finished(order: RenderRequest, wanted: MapRequest) -> RenderRequest:
    """With a background where nothing may show through; white below JPEG is what it has anyway."""
    covered = not wanted.transparent or wanted.format in _OPAQUE
    if not covered or not wanted.format.is_display:
        return order
    if wanted.color == WHITE and wanted.format in _OPAQUE:
        return order
    return replace(order, options=replace(order.options, background=wanted.color))


async def _composed(request: Request, wanted: MapRequest, parts: Sequence[Part]) -> Response:
    renderer = renderer_of(request)
    asked = (renderer.render(part.service, replace(part.request, format=ImageFormat.PNG)) for part in parts)
    rendered = await asyncio.gather(*asked)
    options = parts[0].request.options if parts else EncodeOptions()
    background = None if wanted.transparent else wanted.color
    opacities = [part.opacity for part in parts]

    def work() -> Picture:
        pictures = [each.picture.body for each in rendered]
        return compose(wanted.grid, pictures, opacities, background, wanted.format, options)

    picture = await renderer.call(work)
    missing = sum(each.picture.missing for each in rendered)
    key = repr(([each.etag for each in rendered], opacities, background, wanted.grid, wanted.format, options))
    whole = Rendered(
        replace(picture, missing=missing),
        hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
        "miss",
        lambda: all(each.current() for each in rendered),
    )
    return picture_response(request, whole, _shortest(wanted), lasting=False)


def _shortest(wanted: MapRequest) -> CachingConfig:
    """Lifetimes of the layer that may change first."""
    return min((layer.service.config.cache for layer in wanted.layers), key=lambda cache: cache.max_age)


def compose(
    grid: Grid,
    pictures: Sequence[bytes],
    opacities: Sequence[float],
    background: tuple[int, int, int] | None,
    output: ImageFormat,
    options: EncodeOptions,
) -> Picture:
    """Pictures over one another, the first lowest, each with its own alpha times its opacity.

    Args:
        grid: of all of them.
        pictures: PNG files of the size of the grid.
        background: colour below everything, None for none.

    Returns:
        The picture. What is half transparent stays so in PNG; other formats show it over white.
    """
    shown = np.zeros((grid.height, grid.width, 4))
    for body, opacity in zip(pictures, opacities, strict=True):
        with Image.open(io.BytesIO(body)) as image:
            above = np.asarray(image.convert("RGBA"), np.float64)
        alpha = above[..., 3:] / 255.0 * opacity
        # Colours are kept multiplied by their alpha until the end.
        shown[..., :3] = above[..., :3] * alpha + shown[..., :3] * (1.0 - alpha)
        shown[..., 3:] = alpha + shown[..., 3:] * (1.0 - alpha)
    alpha = shown[..., 3:]
    if background is not None:
        colors = shown[..., :3] + np.array(background) * (1.0 - alpha)
        return encode(_raster(grid, np.rint(colors).astype(np.uint8), None), output, options)
    with np.errstate(all="ignore"):
        colors = np.where(alpha > 0, shown[..., :3] / alpha, 0.0)
    pixels = np.rint(np.concatenate([colors, alpha * 255.0], axis=2)).astype(np.uint8)
    return _written(grid, pixels, output, options)


def _written(grid: Grid, pixels: NDArray[np.uint8], output: ImageFormat, options: EncodeOptions) -> Picture:
    alpha = pixels[..., 3]
    if ((alpha > 0) & (alpha < 255)).any():
        if output in (ImageFormat.PNG, ImageFormat.PNG32, ImageFormat.AUTO):
            body = write_png(np.ascontiguousarray(pixels), Color.RGBA, options.effort)
            return Picture(body, "image/png", "png")
        share = pixels[..., 3:].astype(np.float64) / 255.0
        blended = np.rint(pixels[..., :3] * share + 255.0 * (1.0 - share)).astype(np.uint8)
        return encode(_raster(grid, blended, alpha > 0), output, options)
    return encode(_raster(grid, pixels[..., :3], alpha > 0), output, options)


def _raster(grid: Grid, colors: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> Raster:
    hidden = None if mask is None or mask.all() else mask
    return Raster(np.ascontiguousarray(np.moveaxis(colors, -1, 0)), hidden, grid, ("Red", "Green", "Blue"))
