"""What `Warning` headers of maps tell: which values of dimensions were drawn that nobody named (annex C)."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.choices import dimension_choice
from proxy.errors import InvalidParameter
from proxy.ogc.dimensions import PREFIX, Offered, offered, text_of
from proxy.sources.base import Source


def warnings(source: Source, query: Mapping[str, str]) -> list[str]:
    """`99 Default value used: time=2018-05-01T00:00:00Z ISO8601`, and the same of nearest values.

    Args:
        query: parameters that `selections` understands, names in any case.
    """
    given = {name.lower().removeprefix(PREFIX): value.strip() for name, value in query.items()}
    found = []
    for dimension in offered(source):
        own = dimension.source.lower()
        names = (dimension.name.lower(), own, own.removeprefix("std"))
        text = next((given[name] for name in names if given.get(name)), "")
        if text.lower() in ("", "default"):
            found.append(_told("Default", dimension, dimension.default))
        else:
            found += [_told("Nearest", dimension, value) for value in _nearest(dimension, text)]
    return found


def _nearest(dimension: Offered, text: str) -> list[str]:
    """Values that stand for those of a request which the source does not have."""
    found = []
    for part in (part.strip() for part in text.split(",")):
        if not dimension.numbers or "/" in part or part.lower() == "current":
            continue
        try:
            low, high = dimension_choice(dimension.name, dimension.kind, part).values[0]
        except InvalidParameter:
            continue
        if not any(low <= value <= high for value in dimension.numbers):
            nearest = min(dimension.numbers, key=lambda value: abs(value - low))
            found.append(text_of(dimension.kind, nearest))
    return list(dict.fromkeys(found))


def _told(which: str, dimension: Offered, value: str) -> str:
    text = f"99 {which} value used: {dimension.wms}={value} {dimension.units}".strip()
    # Names of variables and units are the source's; headers hold ASCII on one line.
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
