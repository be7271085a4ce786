"""Maps: `…/map`."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from proxy.model import RenderRequest
from proxy.ogc.api.drawing import Order, draw
from proxy.ogc.api.formats import MAP_FORMATS
from proxy.ogc.api.map_grid import Viewport, viewport
from proxy.ogc.api.negotiation import negotiated
from proxy.ogc.api.query import single
from proxy.ogc.api.slices import content_datetime
from proxy.ogc.api.subject import Subject
from proxy.ogc.api.subset import ranges
from proxy.ogc.crs_names import CRS84
from proxy.ogc.snapping import snapped
from proxy.services import Service


async def map_response(
    request: Request, subject: Subject, further_time: Callable[[], Awaitable[str | None]] | None = None
) -> Response:
    """The map of a subject.

    Args:
        further_time: gives what is told where nothing that is drawn has a time of its own.

    Raises:
        InvalidParameter: a parameter has no meaning.
        NothingThere: the request lies outside what there is.
        ImageTooLarge: more pixels than the service draws.
    """
    query = single(request)
    form = negotiated(MAP_FORMATS, query.get("f"), request.headers.get("accept"))
    axes = ranges(request.query_params.getlist("subset"))
    view = viewport(subject.services, query, [each for each in axes if each.is_spatial])
    further = tuple(each for each in axes if not each.is_spatial)
    view = dataclasses.replace(view, grid=snapped(view.grid))
    # By name it is the very picture of the other doors; who negotiates, as tests do, looks for an alpha band.
    negotiating = not query.get("f", "").strip()
    order = Order(subject, view.grid, form, further, query, alpha=negotiating)
    layers = order.layers()
    told = headers(view, layers)
    if further_time is not None and "Content-Datetime" not in told and (moment := await further_time()):
        told["Content-Datetime"] = moment
    return await draw(request, order, layers, told)


def headers(view: Viewport, layers: Sequence[tuple[Service, RenderRequest]]) -> dict[str, str]:
    """What the picture shows: box, system, time."""
    corners = view.crs.corners(view.grid.extent)
    found = {"Content-Bbox": ",".join(map(repr, corners))}
    if view.crs != CRS84:
        found["Content-Crs"] = view.crs.uri
    if (
        moment := content_datetime([(service.source, each.selection) for service, each in layers])
    ) is not None:
        found["Content-Datetime"] = moment
    return found
