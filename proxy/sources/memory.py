"""What is remembered of sources beyond the process: facts and statistics as bytes, checked when read."""

from __future__ import annotations

import dataclasses
import json
import math
import zlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, get_type_hints

from affine import Affine
from pydantic import TypeAdapter, create_model

from proxy.crs import SpatialReference
from proxy.errors import BadRequest
from proxy.sources.base import SourceInfo, Statistics

#: Most bytes of what is remembered of one source, unpacked.
MOST_BYTES = 64 << 20

Places = frozenset[tuple[int, ...]]


class Memory(Protocol):
    """Keeps bytes by name where other processes, and later ones, find them. Safe in every thread."""

    def recall(self, name: str) -> bytes | None:
        """What was kept; None where there is nothing, or it is too old, or cannot be had. May block."""

    def keep(self, name: str, data: bytes, seconds: float) -> None:
        """Keep some bytes for so long, soon; no bytes to forget them. Never blocks, never raises."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One variable of a cube: facts of its slices, and the combinations of steps that it lacks."""

    info: SourceInfo
    absent: Places = frozenset()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was known of a source.

    Attributes:
        seen: when its version was last confirmed, seconds since 1970.
        sheets: of a cube, by variable.
    """

    seen: float
    info: SourceInfo
    sheets: dict[str, Sheet] = field(default_factory=dict)


def packed(known: Remembered) -> bytes:
    """What is known as bytes."""
    sheets = {
        # The variables stand in the facts of the whole.
        name: {**_values(dataclasses.replace(sheet.info, variables=())), "absent": sorted(sheet.absent)}
        for name, sheet in known.sheets.items()
    }
    found = {"seen": known.seen, "info": _values(known.info), "sheets": sheets}
    return zlib.compress(json.dumps(found, separators=(",", ":")).encode(), 1)


def unpacked(data: bytes) -> Remembered | None:
    """What is known from bytes; None where they are damaged, or of another form."""
    try:
        found = json.loads(_inflated(data))
        seen = float(found["seen"])
        if not math.isfinite(seen):
            # It would never be too long ago.
            return None
        info = _info(found["info"])
        places = TypeAdapter(Places)
        sheets = {
            str(name): Sheet(
                dataclasses.replace(_info(values), variables=info.variables),
                places.validate_python(values["absent"]),
            )
            for name, values in found["sheets"].items()
        }
        return Remembered(seen, info, sheets)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, zlib.error, BadRequest):
        return None


def packed_statistics(statistics: Statistics) -> bytes:
    """Statistics of bands as bytes."""
    return zlib.compress(json.dumps([dataclasses.asdict(band) for band in statistics]).encode(), 1)


def unpacked_statistics(data: bytes) -> Statistics | None:
    """Statistics from bytes; None where they are damaged, or of another form."""
    try:
        return _statistics().validate_python(json.loads(_inflated(data)))
    except (ValueError, RecursionError, zlib.error):
        return None


def _values(info: SourceInfo) -> dict[str, Any]:
    values = dataclasses.asdict(info)
    return values | {"crs": info.crs.definition, "transform": tuple(info.transform)[:6]}


def _info(values: dict[str, Any]) -> SourceInfo:
    known = {name: values[name] for name in _names()}
    crs = SpatialReference(str(known["crs"]))
    # Raises where PROJ does not know it.
    _ = crs.pyproj
    checked = _facts()(**known | {"crs": crs, "transform": Affine(*known["transform"])})
    return SourceInfo(**{name: getattr(checked, name) for name in _names()})


def _inflated(data: bytes) -> bytes:
    inflating = zlib.decompressobj()
    found = inflating.decompress(data, MOST_BYTES)
    if not inflating.eof:
        raise ValueError("cut short, or too long")
    return found


@cache
def _names() -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(SourceInfo))


@cache
def _statistics() -> TypeAdapter[Statistics]:
    return TypeAdapter(Statistics)


@cache
def _facts() -> Any:
    """Checks the types of all facts."""
    hints = get_type_hints(SourceInfo)
    fields: dict[str, Any] = {name: (hints[name], ...) for name in _names()}
    return create_model("Facts", __config__={"arbitrary_types_allowed": True}, **fields)
