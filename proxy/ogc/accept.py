"""Accept headers: which media types a caller takes, and how gladly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

#: A media range and its quality.
Range = tuple[str, float]

_QUALITY = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)


def essence(media_type: str) -> str:
    """A media type in lower case without its parameters."""
    return media_type.split(";", 1)[0].strip().lower()


def ranges_of(accept: str) -> list[Range]:
    """The ranges of an Accept header; what cannot be read is left out."""
    return list(_ranges(accept))


def welcome(ranges: Sequence[Range], media_type: str, plain_json: bool = False) -> float:
    """Quality of the most specific range that matches a media type; 0 where it is not taken.

    Args:
        plain_json: `application/json` matches every type of JSON.
    """
    name = essence(media_type)
    names = [name, f"{name.split('/')[0]}/*", "*/*"]
    if plain_json and name.endswith("+json"):
        names.insert(1, "application/json")
    for wanted in names:
        found = [quality for media, quality in ranges if media == wanted]
        if found:
            return max(found)
    return 0.0


def _ranges(accept: str) -> Iterator[Range]:
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
