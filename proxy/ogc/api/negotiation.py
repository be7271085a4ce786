"""Which representation of a resource is sent: by `f`, else by `Accept`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.errors import InvalidParameter, ProxyError
from proxy.ogc.accept import essence, ranges_of, welcome


class NotAcceptable(ProxyError):
    """The resource has none of the media types that the caller takes."""

    status = 406


@dataclass(frozen=True, slots=True)
class Representation:
    """One form of a resource.

    Attributes:
        key: short name for `f`. others: further spellings of it.
        media_type: as it is sent, parameters included.
    """

    key: str
    media_type: str
    title: str
    others: tuple[str, ...] = ()

    @property
    def essence(self) -> str:
        """Media type without parameters."""
        return essence(self.media_type)

    def is_named(self, text: str) -> bool:
        """True where `f` names it: by key, by media type, or by media type without parameters."""
        wanted = text.strip().lower()
        # A plus sign in a query string arrives as a space.
        known = {self.key, *self.others, self.media_type, self.essence}
        return wanted in known or wanted.replace(" ", "+") in known


JSON = Representation("json", "application/json", "JSON")
HTML = Representation("html", "text/html", "HTML")
PROBLEM = "application/problem+json"
OPENAPI = Representation("json", "application/vnd.oai.openapi+json;version=3.0", "OpenAPI 3.0", ("openapi",))
TILEJSON = Representation("tilejson", "application/vnd.mapbox.tile+json", "TileJSON")
MAPLIBRE = Representation("mapbox", "application/vnd.mapbox.style+json", "MapLibre style", ("maplibre",))


def negotiated(
    offered: Sequence[Representation], f: str | None, accept: str | None, *, plain_json: bool = True
) -> Representation:
    """The representation to send; of those that are equally welcome the one offered first.

    Args:
        f: of the query string; empty counts as absent.
        accept: the header; absent takes anything.
        plain_json: `application/json` is also welcome where a type of JSON is offered.

    Raises:
        InvalidParameter: `f` names none of them.
        NotAcceptable: `Accept` takes none of them.
    """
    if f and f.strip():
        for representation in offered:
            if representation.is_named(f):
                return representation
        known = ", ".join(dict.fromkeys(representation.key for representation in offered))
        raise InvalidParameter("f", f"This resource comes as {known}.")
    if not accept or not accept.strip():
        return offered[0]
    ranges = ranges_of(accept)
    found = [(welcome(ranges, item.media_type, plain_json), item) for item in offered]
    best = max(quality for quality, _ in found)
    if best <= 0:
        raise NotAcceptable(f"This resource comes as {', '.join(item.media_type for item in offered)}.")
    return next(item for quality, item in found if quality == best)
