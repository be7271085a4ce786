"""`subset=Lat(40:50),Lon(10:20),time("2018-05-01")`: axes and what is wanted of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.ogc.api.values import number
from proxy.ogc.crs_names import NamedCRS

NAME = "subset"
_AXIS = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\(([^()]*)\)\s*(?:,|$)", re.ASCII)
_QUOTED = re.compile(r'"([^"]*)"')
#: Names of the two axes of a map, x first, in geographic systems and in others.
_GEOGRAPHIC = (("lon", "long", "longitude"), ("lat", "latitude"))
_PROJECTED = (("e", "x", "easting"), ("n", "y", "northing"))
_SPATIAL = frozenset(name for axes in (*_GEOGRAPHIC, *_PROJECTED) for name in axes)
TIMES = ("time", "t")


@dataclass(frozen=True, slots=True)
class Range:
    """What is wanted of one axis: `low` and `high` as they are written, equal for a single value."""

    axis: str
    low: str
    high: str

    @property
    def is_spatial(self) -> bool:
        """True for an axis of a map, of whatever system."""
        return self.axis.lower() in _SPATIAL

    @property
    def is_time(self) -> bool:
        """True for time, by any of its names."""
        return self.axis.lower() in TIMES


def ranges(texts: Sequence[str]) -> tuple[Range, ...]:
    """Read every `subset` of a request, as if they were one.

    Raises:
        InvalidParameter: one has another form, or an axis comes twice.
    """
    found: list[Range] = []
    for text in texts:
        place = 0
        while place < len(text):
            match = _AXIS.match(text, place)
            if match is None:
                raise InvalidParameter(NAME, "It has the form axis(low:high) or axis(value), after commas.")
            found.append(_range(match[1], match[2]))
            place = match.end()
    axes = [each.axis.lower() for each in found]
    if len(set(axes)) < len(axes):
        raise InvalidParameter(NAME, "An axis comes twice.")
    return tuple(found)


def _range(axis: str, text: str) -> Range:
    """Quoted texts may hold colons, as times do; times without quotes are told by their dashes."""
    text = text.strip()
    quoted = [part.strip() for part in _QUOTED.findall(text)]
    if quoted:
        if re.sub(r"\s", "", _QUOTED.sub('""', text)) not in ('""', '"":""'):
            raise InvalidParameter(NAME, f'{axis} has the form "low":"high".')
        return Range(axis, quoted[0], quoted[-1])
    parts = text.split(":")
    if len(parts) > 2 and axis.lower() in TIMES:
        parts = _moments(text)
    if len(parts) > 2 or not all(part.strip() for part in parts):
        raise InvalidParameter(NAME, f"{axis} has the form low:high, or one value.")
    return Range(axis, parts[0].strip(), parts[-1].strip())


def _moments(text: str) -> list[str]:
    """One moment, or two with a colon between them, where the moments have colons as well."""
    for cut in (place for place, letter in enumerate(text) if letter == ":"):
        low, high = text[:cut], text[cut + 1 :]
        if re.match(r"\s*(\d{4}-|\*|\.\.)", high) and re.match(r"\s*(\d{4}|\*|\.\.)", low):
            return [low, high]
    return [text]


def point(spatial: Sequence[Range], crs: NamedCRS) -> tuple[float, float] | None:
    """The place (x, y) that one value on each of the two axes of a system names; None for ranges.

    Raises:
        InvalidParameter: a value is no number.
    """
    known = _GEOGRAPHIC if crs.reference.is_geographic else _PROJECTED
    values = {each.axis.lower(): each.low for each in spatial if each.low == each.high != "*"}
    places = [number(values[name], NAME) for names in known for name in names if name in values]
    return (places[0], places[1]) if len(places) == len(spatial) == 2 else None


def box(spatial: Sequence[Range], crs: NamedCRS, whole: Extent) -> tuple[Extent, bool]:
    """The box of the spatial axes, and whether it lies wholly outside the values that the axes have.

    Args:
        crs: of the subset. whole: what an axis that is not named has, in that system.

    Returns:
        The box, east beyond 180 where it crosses the antimeridian; True where nothing can be in it.

    Raises:
        InvalidParameter: the system has no such axis, or a low end lies above the high one.
    """
    known = _GEOGRAPHIC if crs.reference.is_geographic else _PROJECTED
    ends = [[whole.xmin, whole.xmax], [whole.ymin, whole.ymax]]
    outside = False
    for each in spatial:
        place = next((index for index, names in enumerate(known) if each.axis.lower() in names), None)
        if place is None:
            wanted = "Lat and Lon" if known is _GEOGRAPHIC else "E and N"
            raise InvalidParameter(NAME, f"{crs.short} has the axes {wanted}, not {each.axis[:20]}.")
        low = ends[place][0] if each.low == "*" else number(each.low, NAME)
        high = ends[place][1] if each.high == "*" else number(each.high, NAME)
        if known is _GEOGRAPHIC:
            limit = 90.0 if place else 180.0
            outside |= (low > limit and high > limit) or (low < -limit and high < -limit)
            if low > high and not place:
                high += 360.0
        if low >= high:
            raise InvalidParameter(NAME, f"{each.axis} is a range whose low end lies below its high one.")
        ends[place] = [low, high]
    return Extent(ends[0][0], ends[1][0], ends[0][1], ends[1][1]), outside
