"""Which band of an item stands for which band of its mosaic."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Names that say no more than the position.
_NUMBERED = re.compile(r"(band[_ ]?\d+)?", re.IGNORECASE)


def band_places(wanted: Sequence[str], found: Sequence[str]) -> tuple[int | None, ...]:
    """Zero-based band of an item for each band of the mosaic, None where the item has no such band.

    Where the two share a name, bands are taken by name, without regard to case, so that an item in another
    order, or with only some of the bands, gives what it has; a band that has but a number is then taken at
    its position. Where no name is shared, bands are taken by position.
    """
    if tuple(wanted) == tuple(found):
        return tuple(range(len(wanted)))
    named = {_key(name): index for index, name in reversed(list(enumerate(found))) if _key(name)}
    if not any(_key(name) in named for name in wanted):
        return tuple(index if index < len(found) else None for index in range(len(wanted)))
    return tuple(
        named[_key(name)] if _key(name) in named else _numbered(index, name, found)
        for index, name in enumerate(wanted)
    )


def _key(name: str) -> str:
    return "" if _NUMBERED.fullmatch(name) else name.lower()


def _numbered(index: int, name: str, found: Sequence[str]) -> int | None:
    if index < len(found) and not (_key(name) and _key(found[index])):
        return index
    return None
