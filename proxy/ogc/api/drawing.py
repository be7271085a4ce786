"""From what is asked for to pictures: the same requests to the renderer as behind every door."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from proxy.model import Grid, RenderRequest
from proxy.ogc.api.formats import IMAGE_FORMATS
from proxy.ogc.api.negotiation import Representation
from proxy.ogc.api.slices import chosen
from proxy.ogc.api.subject import Subject
from proxy.ogc.api.subset import Range
from proxy.ogc.api.values import RGB, color, flag, positive
from proxy.ogc.compose import composed
from proxy.render_service import Renderer
from proxy.selection import Selection
from proxy.services import Service
from proxy.web import picture_response
from proxy.xyz.params import render_request

WHITE: RGB = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Order:
    """A picture that is asked for.

    Attributes:
        axes: ranges of `subset` on other axes than those of the map.
        query: the other parameters.
    """

    subject: Subject
    grid: Grid
    form: Representation
    axes: tuple[Range, ...]
    query: Mapping[str, str]

    def slices(self) -> Iterator[tuple[Service, tuple[Selection, ...]]]:
        """Each service with the slices of it that are drawn."""
        datetime = self.query.get("datetime", "")
        for service in self.subject.services:
            yield service, chosen(service.source, datetime, self.axes)

    def layers(self) -> list[tuple[Service, RenderRequest]]:
        """Requests to the renderer, the first at the bottom."""
        output = IMAGE_FORMATS[self.form]
        background = self.background()
        kept = {name: text for name, text in self.query.items() if name in ("bands", "interpolation")}
        found = []
        for service, slices in self.slices():
            plain = render_request(service, self.grid, output, self.subject.style, kept)
            options = dataclasses.replace(plain.options, background=background)
            found += [
                (service, dataclasses.replace(plain, selection=each, options=options)) for each in slices
            ]
        return found

    def background(self) -> RGB | None:
        """Colour below the data; None where it is transparent."""
        given = color(self.query.get("bgcolor", ""), "bgcolor")
        transparent = flag(self.query.get("transparent", ""), "transparent")
        positive(self.query.get("mm-per-pixel", ""), "mm-per-pixel")
        if transparent is None:
            transparent = given is None
        return None if transparent else given or WHITE


async def draw(request: Request, order: Order, headers: Mapping[str, str]) -> Response:
    """The picture of an order.

    Args:
        headers: told with the picture.
    """
    renderer: Renderer = request.app.state.renderer
    layers = order.layers()
    if len(layers) == 1:
        rendered = await renderer.render(*layers[0])
    else:
        rendered = await composed(renderer, layers)
    named = bool(order.query.get("f", "").strip())
    more = dict(headers) | ({} if named else {"Vary": "Accept"})
    service = order.subject.service
    # Without `f` the same address has another picture for another `Accept`.
    return picture_response(request, rendered, service.config.cache, lasting=named, headers=more)
