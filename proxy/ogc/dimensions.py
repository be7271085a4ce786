"""Time, elevation and other dimensions of a service, as OGC services offer and ask for them.

`TIME` and `ELEVATION` go by these names; any other dimension by its own, which WMS puts `DIM_` before. A
value is one of those offered, `current` for the last one in time, `default`, or anything between, which
stands for the nearest. Several values after commas, and intervals `low/high[/resolution]`, are several
slices. A service with several variables offers `variable`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from proxy.choices import dimension_choice, iso, time_span, variable_of
from proxy.errors import InvalidParameter
from proxy.selection import EVERYTHING, DimensionChoice, Selection, TimeSpan
from proxy.sources.base import Dimension, Source, SourceInfo, Variable

TIME, ELEVATION, VARIABLE = "time", "elevation", "variable"
PREFIX = "dim_"
#: Most slices that one request may draw over one another.
SLICES = 32
#: Moments that are listed one by one, even where their steps are even.
LISTED = 100
_LENGTHS = (("D", 86_400), ("H", 3600), ("M", 60), ("S", 1))
_DEFAULTS = frozenset({"", "default"})
#: Units of the dimensions in the Unified Code for Units of Measure, by the spellings of files.
_SYMBOLS = {
    "m": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m", "km": "km", "hpa": "hPa",
    "millibar": "mbar", "mbar": "mbar", "millibars": "mbar", "pa": "Pa", "k": "K", "degc": "Cel",
}  # fmt: skip


class InvalidDimension(InvalidParameter):
    """A value that a dimension does not have."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A dimension that requests may choose on.

    Attributes:
        name: `time`, `elevation`, `variable`, or the name that the source has for it.
        source: name in the source; empty for the time of a mosaic, and for variables.
        kind: `time`, `vertical`, `variable`, or empty.
        units: `ISO8601` for times; those of the source, or empty.
        symbol: of the unit in UCUM, or empty.
        values: texts in rising order; for a mosaic the one interval in which its items lie.
        default: the text of what is drawn without a choice.
        numbers: of the values, epoch milliseconds for times; empty for variables and mosaics.
        span: first and last moment of a mosaic.
        depth: values count downwards.
    """

    name: str
    source: str
    kind: str
    units: str
    symbol: str
    values: tuple[str, ...]
    default: str
    description: str = ""
    numbers: tuple[float, ...] = ()
    span: tuple[int, int] | None = None
    depth: bool = False

    @property
    def wms(self) -> str:
        """Name of the parameter of WMS."""
        return self.name if self.name in (TIME, ELEVATION) else PREFIX + self.name

    @property
    def extent(self) -> str:
        """All values in one text, as WMS lists them; `start/end/PT0S` where every moment may be asked for.

        Many moments at even steps are `start/end/step`: a document of them all would be megabytes.
        """
        if self.span:
            return f"{self.values[0]}/PT0S"
        step = self._step() if len(self.values) > LISTED and self.kind == TIME else ""
        return f"{self.values[0]}/{self.values[-1]}/{step}" if step else ",".join(self.values)

    def _step(self) -> str:
        """Even distance of the moments as an ISO 8601 duration; empty where it is none of whole seconds."""
        steps = {after - before for before, after in pairwise(self.numbers)}
        seconds = steps.pop() / 1000 if len(steps) == 1 else 0.0
        if seconds <= 0 or seconds != int(seconds):
            return ""
        unit, length = next(each for each in _LENGTHS if seconds % each[1] == 0)
        return f"P{seconds / length:.0f}{unit}" if unit == "D" else f"PT{seconds / length:.0f}{unit}"


def offered(source: Source) -> tuple[Offered, ...]:
    """Dimensions of a source, of its default variable where it has several."""
    info = source.info
    if not info.variables:
        return () if info.time is None else (_of_mosaic(info.time),)
    variable = variable_of(info, "")
    assert variable is not None
    chosen = {choice.name: choice for choice in source.normalised(EVERYTHING).dimensions}
    found = [_of(each, chosen.get(each.name)) for each in variable.dimensions if each.values]
    if info.time is not None and not any(each.kind == TIME for each in found):
        found.append(_of_mosaic(info.time))
    if len(info.variables) > 1:
        names = tuple(each.name for each in info.variables)
        found.append(Offered(VARIABLE, "", VARIABLE, "", "", names, names[0], "Variable"))
    return tuple(found)


def selections(source: Source, query: Mapping[str, str]) -> tuple[Selection, ...]:
    """Every slice that a request asks for, in rising order: the later one lies on top.

    Args:
        query: parameters with names in any case; `DIM_` before a name may be left out. Others are ignored.

    Raises:
        InvalidDimension: a value cannot be understood, there is nothing in an interval, or more than
            `SLICES`.
    """
    try:
        return _selections(source, query)
    except InvalidDimension:
        raise
    except InvalidParameter as error:
        raise InvalidDimension(error.name, error.why) from error


def _selections(source: Source, query: Mapping[str, str]) -> tuple[Selection, ...]:
    given = {name.lower().removeprefix(PREFIX): value.strip() for name, value in query.items()}
    variable = _variable(source.info, given)
    spans: list[TimeSpan | None] = [None]
    lists: list[list[DimensionChoice]] = []
    for dimension in variable.dimensions if variable else ():
        text = next((given[name] for name in _names(dimension) if given.get(name)), "")
        if text.lower() not in _DEFAULTS:
            lists.append(list(_slices(dimension, text)))
    timed = variable is None or not any(each.kind == TIME for each in variable.dimensions)
    if timed and source.info.time is not None and given.get(TIME, "").lower() not in _DEFAULTS:
        spans = list(_spans(source.info.time, given[TIME]))
    if math.prod(map(len, lists)) * len(spans) > SLICES:
        raise InvalidDimension(TIME, f"At most {SLICES} slices are drawn for one request.")
    name = given.get(VARIABLE, "") if variable else ""
    return tuple(
        Selection(time=span, variable="" if name.lower() in _DEFAULTS else name, dimensions=_sorted(choices))
        for span in spans
        for choices in product(*lists)
    )


def selection(source: Source, query: Mapping[str, str]) -> Selection:
    """The one slice that a request asks for.

    Raises:
        InvalidDimension: as `selections`, and where it is several slices.
    """
    found = selections(source, query)
    if len(found) > 1:
        raise InvalidDimension(TIME, "One value of each dimension is drawn here.")
    return found[0]


def _sorted(choices: tuple[DimensionChoice, ...]) -> tuple[DimensionChoice, ...]:
    return tuple(sorted(choices, key=lambda choice: choice.name))


def _variable(info: SourceInfo, given: Mapping[str, str]) -> Variable | None:
    name = given.get(VARIABLE, "") if info.variables else ""
    return variable_of(info, "" if name.lower() in _DEFAULTS else name)


def public_name(dimension: Dimension) -> str:
    """Name of a dimension of a source in requests."""
    if dimension.kind == TIME:
        return TIME
    return ELEVATION if dimension.kind == "vertical" else dimension.name


def _names(dimension: Dimension) -> tuple[str, ...]:
    return public_name(dimension), dimension.name.lower(), dimension.name.lower().removeprefix("std")


def text_of(kind: str, value: float) -> str:
    """A value as documents list it."""
    return iso(value) if kind == TIME else format(value, ".15g")


def _of(dimension: Dimension, choice: DimensionChoice | None) -> Offered:
    numbers = tuple(sorted(dimension.values))
    default = choice.values[0][0] if choice is not None and choice.values else dimension.values[0]
    is_time = dimension.kind == TIME
    return Offered(
        name=public_name(dimension),
        source=dimension.name,
        kind=dimension.kind,
        units="ISO8601" if is_time else dimension.unit,
        symbol="" if is_time else _SYMBOLS.get(dimension.unit.lower(), ""),
        values=tuple(text_of(dimension.kind, value) for value in numbers),
        default=text_of(dimension.kind, default),
        description=dimension.description,
        numbers=numbers,
        depth=dimension.positive_down,
    )


def _of_mosaic(span: tuple[int, int]) -> Offered:
    text = f"{iso(span[0])}/{iso(span[1])}"
    return Offered(TIME, "", TIME, "ISO8601", "", (text,), text, span=span)


def _slices(dimension: Dimension, text: str) -> Iterator[DimensionChoice]:
    """One choice for each value asked for, rising."""
    name = public_name(dimension)
    low_to_high = sorted(dimension.values)
    wanted: set[float] = set()
    for part in (part.strip() for part in text.split(",")):
        if part.lower() == "current":
            wanted.add(_current(dimension, name))
            continue
        ends = _without_resolution(part)
        asked = dimension_choice(name, dimension.kind, ends).values[0]
        inside = [value for value in low_to_high if asked[0] <= value <= asked[1]]
        if "/" in ends or inside:
            wanted.update(inside)
        else:
            middle = asked[0]
            if not low_to_high[0] <= middle <= low_to_high[-1]:
                raise InvalidDimension(
                    name,
                    f"It has values from {text_of(dimension.kind, low_to_high[0])} to "
                    f"{text_of(dimension.kind, low_to_high[-1])}.",
                )
            wanted.add(min(low_to_high, key=lambda value: abs(value - middle)))
    if not wanted:
        raise InvalidDimension(name, "There is no value in that interval.")
    for value in sorted(wanted):
        yield DimensionChoice(dimension.name, ((value, value),))


def _current(dimension: Dimension, name: str) -> float:
    if dimension.kind != TIME:
        raise InvalidDimension(name, "Only a time can be current.")
    return max(dimension.values)


def _without_resolution(text: str) -> str:
    """`low/high`, or a value: slices are those that there are, at any resolution."""
    parts = text.split("/")
    if len(parts) > 3:
        raise InvalidDimension(TIME, "An interval is low/high/resolution.")
    return "/".join(parts[:2])


def _spans(extent: tuple[int, int], text: str) -> Iterator[TimeSpan | None]:
    """Intervals of a mosaic's time, rising; None for all of it."""
    whole = _of_mosaic(extent)
    if text in (whole.default, whole.extent):
        return iter((None,))
    found: list[TimeSpan | None] = []
    for part in (part.strip() for part in text.split(",")):
        if part.lower() == "current":
            found.append(TimeSpan(extent[1], extent[1]))
            continue
        span = time_span(_without_resolution(part), TIME)
        low, high = (None, None) if span is None else (span.start, span.end)
        if (low is not None and low > extent[1]) or (high is not None and high < extent[0]):
            raise InvalidDimension(TIME, f"It has values from {iso(extent[0])} to {iso(extent[1])}.")
        found.append(span)
    return iter(
        sorted(found, key=lambda span: -math.inf if span is None or span.start is None else span.start)
    )
