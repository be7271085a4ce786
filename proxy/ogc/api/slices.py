"""`datetime` and the further axes of `subset` to slices of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxy.choices import iso, time_span
from proxy.errors import InvalidParameter, OutsideExtent
from proxy.ogc.api.extents import axis_name, time_range
from proxy.ogc.api.map_grid import NothingThere
from proxy.ogc.api.subset import NAME, Range
from proxy.ogc.api.values import number
from proxy.ogc.dimensions import SLICES, TIME, Offered, offered
from proxy.selection import Selection, TimeSpan
from proxy.sources.base import Source

#: Axes whose values are words.
_WORDS = "variable"


def dimensions_of(source: Source, datetime: str, axes: Sequence[Range]) -> dict[str, str]:
    """What a request asks of the dimensions of a source, in the spelling of all OGC doors.

    Args:
        datetime: the parameter; a source without time has nothing that could not match.
        axes: ranges of `subset` on axes other than those of the map.

    Raises:
        InvalidParameter: an axis is not one of the source, or a value cannot be understood.
        NothingThere: there are no data at that time.
        OutsideExtent: a value on another dimension lies outside all that there are.
    """
    known = {axis_name(each.name).lower(): each for each in offered(source)}
    query: dict[str, str] = {}
    if datetime.strip():
        if any(each.is_time for each in axes):
            raise InvalidParameter("datetime", "It goes with no subset of time.")
        query |= _time(source, known.get(TIME), datetime, "datetime")
    for each in axes:
        if each.is_time:
            query |= _time(source, known.get(TIME), _interval(each), NAME)
            continue
        dimension = known.get(each.axis.lower())
        if dimension is None:
            names = ", ".join(item for item in known if item != TIME) or "no further axes"
            raise InvalidParameter(NAME, f"There is no axis {each.axis[:40]}; there are {names}.")
        query[dimension.name] = _value(dimension, each)
    return query


def _interval(axis: Range) -> str:
    low, high = (".." if end == "*" else end for end in (axis.low, axis.high))
    if axis.low == axis.high:
        return "current" if axis.low == "*" else axis.low
    return f"{low}/{high}"


def _time(source: Source, dimension: Offered | None, text: str, name: str) -> Mapping[str, str]:
    """`time` as the dimensions of a source take it; nothing where it chooses all, or there is no time."""
    if text.strip().lower() == "current":
        return {} if dimension is None else {TIME: "current"}
    if "," in text:
        raise InvalidParameter(name, "It is one moment, or start/end.")
    span = time_span(text, name)
    extent = time_range(source.info)
    if dimension is None or extent is None or span is None:
        return {}
    if _apart(span, extent):
        raise NothingThere("There are no data at that time.")
    if span.is_instant or "/" not in text:
        return {TIME: text}
    # An end that is open, or beyond the data, is theirs.
    low = extent[0] if span.start is None else max(span.start, extent[0])
    high = extent[1] if span.end is None else min(span.end, extent[1])
    if dimension.numbers:
        inside = [moment for moment in dimension.numbers if low <= moment <= high]
        if not inside:
            raise NothingThere("There are no data in that interval.")
        # Each covers those before it, and the response tells the time of what is drawn.
        low = max(low, inside[-SLICES:][0])
    return {TIME: f"{iso(low)}/{iso(high)}"}


def _apart(span: TimeSpan, extent: tuple[float, float]) -> bool:
    late = span.start is not None and span.start > extent[1]
    return late or (span.end is not None and span.end < extent[0])


def _value(dimension: Offered, axis: Range) -> str:
    if dimension.kind == _WORDS:
        if axis.low != axis.high:
            raise InvalidParameter(NAME, f"{axis.axis} has one value.")
        return axis.low
    low_most, high_most = min(dimension.numbers), max(dimension.numbers)
    low = low_most if axis.low == "*" else number(axis.low, NAME)
    high = high_most if axis.high == "*" else number(axis.high, NAME)
    if low > high:
        raise InvalidParameter(NAME, f"{axis.axis} ends before it begins.")
    if low > high_most or high < low_most:
        raise OutsideExtent(f"There are no data at that {axis.axis}.")
    if low < high and not any(low <= value <= high for value in dimension.numbers):
        raise OutsideExtent(f"There are no data in that interval of {axis.axis}.")
    return axis.low if axis.low == axis.high and axis.low != "*" else f"{low!r}/{high!r}"


def content_datetime(drawn: Sequence[tuple[Source, Selection]]) -> str | None:
    """The time of what is drawn, for `Content-Datetime`; None where nothing has a time."""
    found: list[float] = []
    for source, selection in drawn:
        if (extent := time_range(source.info)) is not None:
            moments = _moments(source, selection, extent)
            found += [max(extent[0], min(extent[1], moment)) for moment in moments]
    if not found:
        return None
    low, high = min(found), max(found)
    return iso(low) if low == high else f"{iso(low)}/{iso(high)}"


def _moments(source: Source, selection: Selection, extent: tuple[float, float]) -> Sequence[float]:
    names = {item.source for item in offered(source) if item.kind == TIME and item.source}
    timed = [choice for choice in source.normalised(selection).dimensions if choice.name in names]
    if timed:
        return [value for choice in timed for ends in choice.values for value in ends]
    span = selection.time
    if span is None:
        return extent
    return extent[0] if span.start is None else span.start, extent[1] if span.end is None else span.end
