"""From what is asked for to pictures: the same requests to the renderer as behind every door."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from proxy.model import Grid, ImageFormat, RenderRequest
from proxy.ogc.access import renderer_of
from proxy.ogc.api.formats import IMAGE_FORMATS, PNG
from proxy.ogc.api.map_grid import NothingThere
from proxy.ogc.api.negotiation import Representation
from proxy.ogc.api.slices import dimensions_of
from proxy.ogc.api.subject import Subject
from proxy.ogc.api.subset import Range
from proxy.ogc.api.values import color, flag
from proxy.ogc.compose import RGB, Void, composed
from proxy.ogc.order import OWN, orders
from proxy.services import Service
from proxy.web import picture_response

WHITE: RGB = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Order:
    """A picture that is asked for.

    Attributes:
        axes: ranges of `subset` on other axes than those of the map.
        query: the other parameters.
        alpha: PNG with a transparent background has an alpha band even where every pixel is opaque; as it
            has wherever `transparent=true` is asked for.
    """

    subject: Subject
    grid: Grid
    form: Representation
    axes: tuple[Range, ...]
    query: Mapping[str, str]
    alpha: bool = False

    def layers(self) -> list[tuple[Service, RenderRequest]]:
        """Requests to the renderer, the first at the bottom.

        Raises:
            NothingThere: no collection has data at that time; those that have are drawn without the others.
        """
        background = self.background()
        found = []
        nothing: NothingThere | None = None
        for service in self.subject.services:
            query = {name.lower(): text for name, text in self.query.items() if name.lower() in OWN}
            source = service.source
            try:
                query |= dimensions_of(source, self.query.get("datetime", ""), self.axes)
            except NothingThere as error:
                nothing = error
                continue
            style = self.subject.style or ""
            for each in orders(service, source, self.grid, self._output(background), style, query):
                options = dataclasses.replace(each.options, background=background)
                found.append((service, dataclasses.replace(each, options=options)))
        if nothing is not None and not found:
            raise nothing
        return found

    def _output(self, background: RGB | None) -> ImageFormat:
        alpha = self.alpha or self._ground("bgcolor", "transparent")[1]
        return (
            ImageFormat.PNG32
            if alpha and background is None and self.form == PNG
            else IMAGE_FORMATS[self.form]
        )

    def background(self) -> RGB | None:
        """Colour below the data; None where it is transparent."""
        given, transparent = self._ground("bgcolor", "transparent")
        if transparent is None:
            transparent = given is None
        return None if transparent else given or WHITE

    def void(self) -> Void | None:
        """What is drawn beyond the valid area of the system, where it differs from the background."""
        given, transparent = self._ground("void-color", "void-transparent")
        ground, see_through = self._ground("bgcolor", "transparent")
        background = self.background()
        if transparent is None:
            # A colour that nobody said to hide is there to be seen, as that of the background is.
            transparent = background is None and (given is None or see_through is not None)
        color = None if transparent else given or ground or WHITE
        return None if color == background else Void(color)

    def veiled(self) -> RGB | None:
        """Colour of a background that is asked for and hidden: there all the same, at opacity 0."""
        given, transparent = self._ground("bgcolor", "transparent")
        return given if transparent and self.form == PNG else None

    def _ground(self, name: str, flag_name: str) -> tuple[RGB | None, bool | None]:
        return color(self.query.get(name, ""), name), flag(self.query.get(flag_name, ""), flag_name)


async def draw(
    request: Request,
    order: Order,
    layers: Sequence[tuple[Service, RenderRequest]],
    headers: Mapping[str, str],
) -> Response:
    """The picture of an order.

    Args:
        layers: those of the order.
        headers: told with the picture.
    """
    renderer, void, veiled = renderer_of(request), order.void(), order.veiled()
    if len(layers) == 1 and void is None and veiled is None:
        rendered = await renderer.render(*layers[0])
    else:
        rendered = await composed(renderer, layers[0][1], layers, void=void, veiled=veiled)
    named = bool(order.query.get("f", "").strip())
    more = dict(headers) | ({} if named else {"Vary": "Accept"})
    service = order.subject.service
    # Without `f` the same address has another picture for another `Accept`; what is composed is not kept.
    return picture_response(
        request, rendered, service.config.cache, lasting=named and len(layers) == 1, headers=more
    )
