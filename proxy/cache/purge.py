"""Purges: which pictures are no longer to be served, whatever tier holds them.

Nothing is searched for and deleted. The ids of the purges that concern a request are part of its key (its
`epoch`), so that a purge gives new names to what it concerns, in every tier, in every worker and in the ETags
that browsers hold; the old entries are never asked for again and leave as the oldest do. What has to be
shared is therefore the short list of purges only.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from proxy.crs import WEB_MERCATOR, WGS84, Bounds, transform_bounds
from proxy.errors import ProxyError
from proxy.model import Grid

#: Areas purged of one service before the next one purges it as a whole.
MOST_AREAS = 64
#: Pixels around a picture that may have had a part in it: half of the widest kernel, and the resampling.
REACH = 64
#: Metres of a pixel at zoom 0 on the equator, and degrees of one.
ZOOM_METRES, ZOOM_DEGREES = 2 * math.pi * 6378137.0 / 256, 360.0 / 256


@dataclass(frozen=True, slots=True)
class Purge:
    """One purge.

    Attributes:
        id: unlike that of any other.
        moment: milliseconds since 1970, later than that of every purge known when it was made.
        service: name in lower case; empty for all services.
        bounds: west, south, east, north in degrees; None for everywhere. West of east; east may pass 180.
        zooms: first and last zoom, tiles of 256 pixels; None for all.
    """

    id: str
    moment: int
    service: str = ""
    bounds: Bounds | None = None
    zooms: tuple[float, float] | None = None

    @property
    def is_whole(self) -> bool:
        """True where it concerns all of its services."""
        return self.bounds is None and self.zooms is None

    def supersedes(self, other: Purge) -> bool:
        """True where the other one adds nothing."""
        return (
            self.is_whole
            and self.service in ("", other.service)
            and (self.moment, self.id) > (other.moment, other.id)
        )

    def concerns(self, place: Place | None) -> bool:
        """True for a picture of that place; whatever cannot be placed is concerned."""
        if place is None:
            return True
        if self.bounds is not None and not _overlap(self.bounds, place.bounds):
            return False
        if self.zooms is None:
            return True
        # Double density asks for the pixels of the next zoom.
        return self.zooms[0] - 0.5 <= place.zoom <= self.zooms[1] + 1.5

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def purge_of(text: str | bytes) -> Purge | None:
    """A purge from its text; None where it is none."""
    try:
        data: dict[str, Any] = json.loads(text)
        bounds, zooms = data["bounds"], data["zooms"]
        return Purge(
            str(data["id"]),
            int(data["moment"]),
            str(data["service"]),
            None if bounds is None else tuple(map(float, _long(bounds, 4))),  # type: ignore[arg-type]
            None if zooms is None else tuple(map(float, _long(zooms, 2))),  # type: ignore[arg-type]
        )
    except (ValueError, KeyError, TypeError):
        return None


def _long(values: list[Any], length: int) -> list[Any]:
    if len(values) != length:
        raise ValueError(length)
    return values


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture lies: west, south, east, north in degrees, and the zoom of its pixels."""

    bounds: Bounds
    zoom: float


def place_of(grid: Grid) -> Place | None:
    """Place of a grid and of what its picture was made from; None where it is not on the earth."""
    grid = grid.grown(REACH)
    try:
        bounds = transform_bounds(grid.extent.as_tuple(), grid.crs, WGS84)
    except ProxyError:
        return None
    size = max(grid.resolution)
    if grid.crs.is_geographic:
        return Place(bounds, math.log2(ZOOM_DEGREES / size))
    stretch = 1.0
    if grid.crs != WEB_MERCATOR:
        # A Mercator map is that much larger than the ground.
        stretch = 1 / max(0.01, math.cos(math.radians((bounds[1] + bounds[3]) / 2)))
    return Place(bounds, math.log2(ZOOM_METRES / (size * grid.crs.metres_per_unit * stretch)))


def _overlap(one: Bounds, other: Bounds) -> bool:
    if one[1] > other[3] or other[1] > one[3]:
        return False
    return any(one[0] <= other[2] + turn and other[0] + turn <= one[2] for turn in (-360.0, 0.0, 360.0))


class Purges:
    """The purges that a process knows of. For the event loop's thread only.

    Attributes:
        stamp: changes whenever any picture may have got another name.
    """

    def __init__(self) -> None:
        self._known: dict[str, Purge] = {}
        self._by_service: dict[str, tuple[Purge, ...]] = {}
        self.stamp = 0

    def epoch_of(self, service: str, grid: Grid) -> str:
        """Part of the key of a picture of that service and place; empty where nothing was purged."""
        if not self._known:
            return ""
        service = service.lower()
        found = [*self._by_service.get("", ()), *self._by_service.get(service, ())]
        if not all(purge.is_whole for purge in found):
            place = place_of(grid)
            found = [purge for purge in found if purge.concerns(place)]
        if not found:
            return ""
        text = " ".join(sorted(purge.id for purge in found))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def made(
        self,
        service: str = "",
        bounds: Bounds | None = None,
        zooms: tuple[float, float] | None = None,
    ) -> Purge:
        """A new purge, later than all known ones. Many small ones of a service become one of all of it."""
        service = service.lower()
        if sum(not purge.is_whole for purge in self._by_service.get(service, ())) >= MOST_AREAS:
            bounds = zooms = None
        latest = max((purge.moment for purge in self._known.values()), default=0)
        moment = max(latest + 1, int(time.time() * 1000))
        return Purge(uuid.uuid4().hex[:16], moment, service, bounds, zooms)

    def unknown(self, purges: Iterable[Purge]) -> list[Purge]:
        """Those that are news, and not superseded by what is known."""
        known = self._known.values()
        return [
            purge
            for purge in purges
            if purge.id not in self._known and not any(other.supersedes(purge) for other in known)
        ]

    def adopt(self, purges: Iterable[Purge]) -> None:
        """Take purges into account from now on."""
        news = self.unknown(purges)
        if not news:
            return
        everything = {**self._known, **{purge.id: purge for purge in news}}
        whole = [purge for purge in everything.values() if purge.is_whole]
        self._known = {
            key: purge
            for key, purge in everything.items()
            if not any(other.supersedes(purge) for other in whole)
        }
        services: dict[str, list[Purge]] = {}
        for purge in self._known.values():
            services.setdefault(purge.service, []).append(purge)
        self._by_service = {name: tuple(found) for name, found in services.items()}
        self.stamp += 1

    def superseded(self, purges: Iterable[Purge]) -> list[str]:
        """Ids of those that are known to add nothing."""
        known = self._known.values()
        return [purge.id for purge in purges if any(other.supersedes(purge) for other in known)]

    def __iter__(self) -> Iterator[Purge]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)
