"""Times as CF conventions write them, to milliseconds since 1970 UTC.

Dates keep the year, month and day that the calendar of the file gives them, whatever the calendar: the
first of June of a model with years of 360 days is the first of June. Days that the real calendar lacks (30
February, 29 February of a common year) share its last day of February with that day, in order. A year 0, by
which climatologies say that they belong to no year, is written as year 1, where most formats of dates begin.
"""

from __future__ import annotations

import calendar as calendars
import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.sources.cube.libraries import library

Floats = NDArray[np.float64]

DAY = 86_400_000.0
_UNITS = re.compile(r"\s*(?P<unit>[A-Za-z_]+)\s+since\s+(?P<from>.+?)\s*", re.IGNORECASE)
#: Days written as numbers, such as 20010131.5, which no conventions have but several programs write.
_WRITTEN = re.compile(r"\s*days?\s+as\s+%Y%m%d(\.%f)?\s*", re.IGNORECASE)
_MILLISECONDS = {
    "nanosecond": 1e-6, "ns": 1e-6, "microsecond": 1e-3, "millisecond": 1.0, "msec": 1.0, "ms": 1.0,
    "second": 1e3, "sec": 1e3, "s": 1e3, "minute": 6e4, "min": 6e4, "hour": 3.6e6, "hr": 3.6e6, "h": 3.6e6,
    "day": DAY, "d": DAY,
}  # fmt: skip
_MONTHS = {"month": 1, "mon": 1, "year": 12, "yr": 12}
_STANDARD = frozenset({"standard", "gregorian", "proleptic_gregorian", "none", ""})
#: When the Gregorian calendar began: before it, `standard` means the Julian one.
_GREGORIAN = (1582, 10, 15)
_EPOCH = date(1970, 1, 1).toordinal()
FIRST_YEAR, LAST_YEAR = 1, 9999


class NotTimes(ValueError):
    """The values are no times that can be told; the message says why."""


def is_time_unit(units: str) -> bool:
    """True for units such as `hours since 1970-01-01`."""
    match = _UNITS.fullmatch(units)
    if match is None:
        return _WRITTEN.fullmatch(units) is not None
    return _singular(match["unit"]) in _MILLISECONDS.keys() | _MONTHS.keys()


def milliseconds(values: NDArray[Any], units: str, calendar: str = "standard") -> Floats:
    """Moments in epoch milliseconds, whole ones, of any shape.

    Args:
        values: numbers in `units`.
        units: such as `days since 1850-01-01 00:00:00 +01:00`; months and years of the standard calendar are
            those of the calendar, parts of a month are parts of its length.
        calendar: one of those of the CF conventions.

    Raises:
        NotTimes: the units or the calendar are not known, or a year lies outside 0 to 9999.
        CannotOpen: `cftime` is not installed.
    """
    match = _UNITS.fullmatch(units)
    numbers = np.asarray(values, np.float64)
    if _WRITTEN.fullmatch(units) and np.isfinite(numbers).all():
        return _each(numbers, _written)
    if match is None or not np.isfinite(numbers).all():
        raise NotTimes(f"'{units}' are no units of time, or a time is missing")
    unit, since, name = _singular(match["unit"]), match["from"], calendar.strip().lower() or "standard"
    cftime = library("cftime")
    try:
        found = _converted(cftime, numbers, unit, since, name)
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise NotTimes(f"'{units}' in the calendar '{calendar}': {error}") from error
    return np.round(found)


def _converted(cftime: Any, numbers: Floats, unit: str, since: str, calendar: str) -> Floats:
    if calendar in _STANDARD:
        return _standard(cftime, numbers, unit, since, calendar)
    units = f"{unit}s since {since}" if unit in _MONTHS else f"seconds since {since}"
    scale = 1.0 if unit in _MONTHS else _MILLISECONDS[unit] / 1e3
    return _each(numbers * scale, lambda value: _label(cftime.num2date(value, units, calendar)))


def _standard(cftime: Any, numbers: Floats, unit: str, since: str, calendar: str) -> Floats:
    if re.match(r"[+-]?0+-", since):
        # Only this one has a year 0, and climatologies are written with it.
        calendar = "proleptic_gregorian"
    first = cftime.num2date(0.0, f"days since {since}", calendar)
    if unit in _MONTHS:
        return _each(numbers, lambda value: _months_later(_label(first), value * _MONTHS[unit]))
    offsets = numbers * _MILLISECONDS[unit]
    start = _label(first) if first.year > _GREGORIAN[0] else -math.inf
    if start + offsets.min() >= _ordinal(*_GREGORIAN) * DAY:
        if start + offsets.max() >= (_ordinal(LAST_YEAR, 12, 31) + 1) * DAY:
            raise NotTimes("a year lies beyond 9999")
        return start + offsets
    units = f"seconds since {since}"
    return _each(offsets / 1e3, lambda value: _label(cftime.num2date(value, units, calendar)))


def _each(numbers: Floats, moment: Callable[[float], float]) -> Floats:
    unique, where = np.unique(numbers, return_inverse=True)
    return np.array([moment(float(value)) for value in unique])[where].reshape(numbers.shape)


def _written(value: float) -> float:
    day = math.floor(value)
    try:
        return round((_ordinal(day // 10_000, day // 100 % 100, day % 100) + value - day) * DAY)
    except (ValueError, OverflowError) as error:
        raise NotTimes(f"{value:g} is no day: {error}") from error


def _label(moment: Any) -> float:
    """Milliseconds of the same date in the proleptic Gregorian calendar."""
    year = moment.year or FIRST_YEAR
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotTimes(f"the year {year} cannot be written as a date")
    clock: float = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1e3 + moment.microsecond / 1e3
    last = calendars.monthrange(year, moment.month)[1]
    days = _february(moment) - last + 1 if moment.month == 2 and moment.day >= last else 1
    if days <= 1:
        return _ordinal(year, moment.month, moment.day) * DAY + clock
    late: float = (moment.day - last) * DAY + clock
    return _ordinal(year, 2, last) * DAY + late / days


def _february(moment: Any) -> int:
    """Days of February in the calendar of a date."""
    if moment.calendar in ("360_day", "all_leap", "366_day"):
        return 30 if moment.calendar == "360_day" else 29
    if moment.calendar in ("noleap", "365_day"):
        return 28
    # By the Julian rule, which counted before 1582; what the Gregorian has as well changes nothing.
    return 29 if moment.year % 4 == 0 and (moment.calendar == "julian" or moment.year < _GREGORIAN[0]) else 28


def _months_later(start: float, months: float) -> float:
    """Whole months later on the same day of the month; a part of a month is that part of its length."""
    first = date.fromordinal(_EPOCH + math.floor(start / DAY))
    whole = math.floor(months)
    begin, end = (_shifted(first, count) for count in (whole, whole + 1))
    return (begin + (months - whole) * (end - begin)) * DAY + start % DAY


def _shifted(first: date, months: int) -> int:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotTimes(f"the year {year} cannot be written as a date")
    return _ordinal(year, month + 1, min(first.day, calendars.monthrange(year, month + 1)[1]))


def _ordinal(year: int, month: int, day: int) -> int:
    """Days since 1970."""
    return date(year, month, day).toordinal() - _EPOCH


def _singular(unit: str) -> str:
    lower = unit.lower()
    known = _MILLISECONDS.keys() | _MONTHS.keys()
    return lower if lower in known else lower.removesuffix("s")
