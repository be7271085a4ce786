"""Which representation of a resource is sent: by `f`, else by `Accept`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proxy.errors import InvalidParameter, ProxyError

_QUALITY = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)


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


def essence(media_type: str) -> str:
    """A media type in lower case without its parameters."""
    return media_type.split(";", 1)[0].strip().lower()


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
    ranges = list(_ranges(accept))
    welcome = [(_welcome(ranges, item.media_type, plain_json), item) for item in offered]
    best = max(quality for quality, _ in welcome)
    if best <= 0:
        raise NotAcceptable(f"This resource comes as {', '.join(item.media_type for item in offered)}.")
    return next(item for quality, item in welcome if quality == best)


def _ranges(accept: str) -> Iterable[tuple[str, float]]:
    """(media range, quality) of an Accept header; what cannot be read is left out."""
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                value = value.strip()
                quality = float(value) if _QUALITY.fullmatch(value) else 0.0
        if media.count("/") == 1:
            yield media, quality
        elif media == "*":
            yield "*/*", quality


def _welcome(ranges: Sequence[tuple[str, float]], media_type: str, plain_json: bool) -> float:
    """Quality of the most specific range that matches a media type."""
    name = essence(media_type)
    names = [name, f"{name.split('/')[0]}/*", "*/*"]
    if plain_json and name.endswith("+json"):
        names.insert(1, "application/json")
    for wanted in names:
        found = [quality for media, quality in ranges if media == wanted]
        if found:
            return max(found)
    return 0.0
