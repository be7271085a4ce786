"""What all maps and tiles of OGC services are ordered by: a style, slices, and parameters of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy import choices
from proxy.model import Grid, ImageFormat, RenderRequest
from proxy.ogc import dimensions
from proxy.services import Service
from proxy.sources.base import Source
from proxy.xyz.params import render_request

#: Parameters of tiles that maps understand as well. They are no part of any standard.
OWN = ("bands", "expression", "rescale", "colormap", "nodata", "interpolation", "resampling", "quality")
_ITEMS = ("mosaic", "item")


def orders(
    service: Service,
    source: Source,
    grid: Grid,
    output: ImageFormat,
    style: str,
    query: Mapping[str, str],
) -> tuple[RenderRequest, ...]:
    """Requests for every slice that is asked for, the lowest first; mostly a single one.

    Args:
        source: that of the service, open.
        style: name of a rendering; `default` and an empty one are the first.
        query: with names in lower case: dimensions, and those of `OWN`.

    Raises:
        UnknownRendering: the service has no such style.
        InvalidParameter: a value has no meaning.
    """
    own = {name: query[name] for name in OWN if query.get(name)}
    named = None if style.lower() in ("", "default") else style
    base = render_request(service, grid, output, named, own)
    rule = choices.selection(service, {name: query[name] for name in _ITEMS if query.get(name)}).mosaic
    return tuple(
        replace(base, selection=replace(found, mosaic=rule)) for found in dimensions.selections(source, query)
    )


def single(found: tuple[RenderRequest, ...]) -> RenderRequest:
    """The one request there is.

    Raises:
        InvalidDimension: there are several slices.
    """
    if len(found) > 1:
        raise dimensions.InvalidDimension(dimensions.TIME, "One value of each dimension is drawn here.")
    return found[0]
