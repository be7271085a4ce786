"""Values of pixels at places, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from proxy.arcgis.fields import Fields, numbers
from proxy.arcgis.spatial_reference import aligned, from_mapping
from proxy.crs import SpatialReference, transform_bounds, transformer
from proxy.errors import BadRequest, InvalidParameter
from proxy.functions.tree import Node, Source
from proxy.model import Extent, Grid, Interpolation
from proxy.render.context import ReadContext
from proxy.render.pipeline import processed
from proxy.render.point import native_center, point_values
from proxy.selection import EVERYTHING, Selection
from proxy.services import Service
from proxy.sources.base import Source as AnySource
from proxy.sources.mosaic import MosaicSource
from proxy.sources.validity import bands_valid

T = TypeVar("T")

#: Those of the mosaics that an answer is made of; often it is many small pictures.
_contexts: ContextVar[list[ReadContext] | None] = ContextVar("contexts", default=None)

NO_DATA = "NoData"

PixelSize = tuple[float, float]

#: Least and greatest side of a pixel that is computed with, in any unit.
SIZES = 1e-9, 1e12


def read_pixel_size(fields: Fields, extent: Extent, service: SpatialReference) -> PixelSize | None:
    """`pixelSize` in units of the service: one number, `x,y`, or JSON with its own system.

    Args:
        fields: parameters.
        extent: of the service, at whose middle a size in another system is converted.
        service: system of the service.

    Raises:
        InvalidParameter: not one or two positive numbers within reason.
    """
    text = fields.text("pixelSize")
    if not text:
        return None
    inner: Any = None
    if text.startswith("{"):
        value = fields.json("pixelSize")
        found = _members(value)
        inner = value.get("spatialReference")
    else:
        found = numbers("pixelSize", text)
    if len(found) not in (1, 2) or not SIZES[0] <= min(found) <= max(found) <= SIZES[1]:
        raise InvalidParameter("pixelSize")
    size = found[0], found[-1]
    x, y = _converted(size, inner, extent, service) if inner else size
    # A pixel larger than the data holds no more of them.
    return min(x, extent.width), min(y, extent.height)


def _members(value: Any) -> list[float]:
    if not isinstance(value, Mapping):
        raise InvalidParameter("pixelSize")
    try:
        found = [float(value["x"]), float(value["y"])]
    except (KeyError, TypeError, ValueError):
        raise InvalidParameter("pixelSize") from None
    if not all(map(math.isfinite, found)):
        raise InvalidParameter("pixelSize")
    return found


def _converted(size: PixelSize, inner: Any, extent: Extent, service: SpatialReference) -> PixelSize:
    try:
        crs = aligned(from_mapping(inner), service)
        if crs == service:
            return size
        x, y = transformer(service, crs).transform(*extent.center)
        half = size[0] / 2, size[1] / 2
        box = x - half[0], y - half[1], x + half[0], y + half[1]
        if not all(map(math.isfinite, box)):
            raise InvalidParameter("pixelSize")
        xmin, ymin, xmax, ymax = transform_bounds(box, crs, service)
    except BadRequest:
        raise InvalidParameter("pixelSize") from None
    return max(xmax - xmin, 1e-12), max(ymax - ymin, 1e-12)


def values_at(
    service: Service,
    place: tuple[float, float],
    crs: SpatialReference,
    rule: Node | None = None,
    size: PixelSize | None = None,
    interpolation: Interpolation = Interpolation.NEAREST,
    selection: Selection = EVERYTHING,
) -> list[str]:
    """Values of all bands at a place as text, `NoData` where there is none. Blocks.

    Args:
        service: whose source is read.
        place: x and y in `crs`.
        rule: whose result is wanted; None for the stored values.
        size: of the pixel around the place in units of the service, None for native pixels.
        interpolation: between or over pixels.
        selection: of items and slices.
    """
    return values_of(service, *chosen(service, selection), place, crs, rule, size, interpolation)


def values_of(
    service: Service,
    source: AnySource,
    context: ReadContext,
    place: tuple[float, float],
    crs: SpatialReference,
    rule: Node | None = None,
    size: PixelSize | None = None,
    interpolation: Interpolation = Interpolation.NEAREST,
) -> list[str]:
    """The same of what `chosen` gave; the context tells afterwards which items were used."""
    raw = rule is None or rule == Source()
    if raw and size is None and interpolation is Interpolation.NEAREST:
        found = point_values(source, place, crs, context)
        if found is None:
            return [NO_DATA] * source.info.band_count
        dtype = source.info.pixel_type.dtype
        return [text_of(value, dtype) for value in found]
    pixel = _pixel_around(source, place, crs, size, interpolation)
    if pixel is None:
        return [NO_DATA] * source.info.band_count
    every = tuple(range(source.info.band_count))
    raster = processed(service, source, pixel, rule, every, interpolation, context)
    if raster.mask is not None and not raster.mask[0, 0]:
        return [NO_DATA] * raster.count
    gap = source.info.gap if raw else None
    there = [True] * raster.count if gap is None else bands_valid(raster.data, gap)[:, 0, 0].tolist()
    values = raster.data[:, 0, 0].tolist()
    return [
        text_of(value, raster.data.dtype) if good else NO_DATA
        for value, good in zip(values, there, strict=True)
    ]


def noting(missing: dict[str, str], function: Callable[..., T], *args: object) -> T:
    """The result of a function; items that what it has `chosen` cannot read are noted with the reason."""
    contexts: list[ReadContext] = []
    token = _contexts.set(contexts)
    try:
        return function(*args)
    finally:
        _contexts.reset(token)
        for context in contexts:
            missing.update(context.missing)


def chosen(service: Service, selection: Selection) -> tuple[AnySource, ReadContext]:
    """What is read for a selection, and with which limits. Blocks.

    Raises:
        InvalidParameter: the selection does not fit the source.
    """
    source = service.source
    context = ReadContext(service.source_pixels, source.normalised(selection))
    contexts = _contexts.get()
    if contexts is not None and isinstance(source, MosaicSource):
        contexts.append(context)
    return source.at(context.selection), context


def _pixel_around(
    source: AnySource,
    place: tuple[float, float],
    crs: SpatialReference,
    size: PixelSize | None,
    interpolation: Interpolation,
) -> Grid | None:
    """One pixel in the service's system: the native one where nothing else is asked for."""
    info = source.info
    centre = native_center(source, place, crs)
    if centre is None:
        return None
    x, y = transformer(crs, info.crs).transform(*place) if crs != info.crs else place
    width, height = size or info.pixel_size
    if size is None and interpolation is Interpolation.NEAREST:
        x, y = centre
    extent = Extent(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Grid(info.crs, extent, 1, 1)


def text_of(value: float | int | str | None, dtype: np.dtype[Any]) -> str:
    """A value with as many digits as its type keeps apart."""
    if value is None:
        return NO_DATA
    if isinstance(value, complex | str):
        return str(value)
    if dtype.kind in "iub":
        return str(int(value))
    if not math.isfinite(value):
        return NO_DATA
    text = str(dtype.type(value)) if dtype.kind == "f" else repr(value)
    return text.removesuffix(".0")
