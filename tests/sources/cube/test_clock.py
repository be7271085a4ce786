from __future__ import annotations

from datetime import UTC, datetime

import cftime
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sources.cube.clock import NotTimes, is_time_unit, milliseconds


def ms(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp() * 1000  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("value", "units", "calendar", "moment"),
    [
        (0, "days since 1970-01-01", "standard", (1970, 1, 1)),
        (1.5, "days since 2000-02-28 12:00:00", "gregorian", (2000, 3, 1)),
        (36, "hours since 1999-12-31T00:00:00Z", "proleptic_gregorian", (2000, 1, 1, 12)),
        (0, "seconds since 2000-01-01 00:00:00 +01:00", "standard", (1999, 12, 31, 23)),
        (90, "minutes since 2000-01-01", "standard", (2000, 1, 1, 1, 30)),
        (1e9, "nanoseconds since 1970-01-01", "standard", (1970, 1, 1, 0, 0, 1)),
        # A model year without leap days: 365 days after the first of January 2004 is the next one.
        (365, "days since 2004-01-01", "noleap", (2005, 1, 1)),
        (59, "days since 2004-01-01", "365_day", (2004, 3, 1)),
        (150, "days since 2001-01-01", "360_day", (2001, 6, 1)),
        (5, "months since 1960-01-01", "360_day", (1960, 6, 1)),
        (731217, "days since 0001-01-01", "standard", (2003, 1, 1)),
        (31, "days since 1850-01-01", "julian", (1850, 2, 1)),
        (14, "months since 1960-01-01", "standard", (1961, 3, 1)),
        (0.5, "months since 1960-02-01", "standard", (1960, 2, 15, 12)),
        (2, "years since 1999-02-28", "standard", (2001, 2, 28)),
        # A climatology of no year.
        (366, "hours since 0000-01-01", "standard", (1, 1, 16, 6)),
        (8401.335, "hour since 0000-01-01 00:00:00", "standard", (1, 12, 16, 1, 20, 6)),
    ],
)
def test_moments(value: float, units: str, calendar: str, moment: tuple[int, ...]) -> None:
    assert milliseconds(np.array([value]), units, calendar)[0] == ms(*moment)


def test_days_that_the_real_calendar_lacks_keep_their_order() -> None:
    days = np.arange(56, 62) + 0.5
    found = milliseconds(days, "days since 2001-01-01", "360_day")
    assert (np.diff(found) > 0).all()
    # 27 February, then 28 to 30 within the last real day of the month, then March.
    assert found[0] == ms(2001, 2, 27, 12)
    assert ms(2001, 2, 28) <= found[1] < found[3] < ms(2001, 3, 1)
    assert found[4] == ms(2001, 3, 1, 12)
    leap = milliseconds(np.array([59.0, 59.5]), "days since 2001-01-01", "all_leap")
    assert ms(2001, 2, 28) < leap[0] < leap[1] < ms(2001, 3, 1)


@given(
    st.integers(0, 300_000),
    st.sampled_from(["standard", "proleptic_gregorian", "noleap", "365_day", "360_day", "all_leap"]),
)
def test_dates_keep_what_the_calendar_of_the_file_writes(day: int, calendar: str) -> None:
    units = "days since 1600-03-01"
    date = cftime.num2date(day, units, calendar)
    try:
        real = ms(date.year, date.month, date.day)
    except ValueError:
        return
    squeezed = date.month == 2 and date.day >= 28 and calendar in ("360_day", "all_leap")
    assert milliseconds(np.array([float(day)]), units, calendar)[0] == real or squeezed


@pytest.mark.parametrize(
    ("units", "calendar"),
    [
        ("days", "standard"),
        ("parsecs since 2000-01-01", "standard"),
        ("days since yesterday", "standard"),
        ("days since 2000-01-01", "mayan"),
        ("days since 2000-13-01", "noleap"),
        ("years since 9990-01-01", "standard"),
        ("days since 9999-12-25", "standard"),
    ],
)
def test_what_is_no_time_says_so(units: str, calendar: str) -> None:
    with pytest.raises(NotTimes):
        milliseconds(np.array([20.0]), units, calendar)


def test_a_missing_time_is_no_time() -> None:
    with pytest.raises(NotTimes):
        milliseconds(np.array([1.0, np.nan]), "days since 2000-01-01")


@pytest.mark.parametrize(
    ("units", "is_time"),
    [("hours since 1970-01-01", True), ("Days Since 1850-1-1 0:0:0", True), ("hours", False), ("m", False)],
)
def test_units_of_time(units: str, is_time: bool) -> None:
    assert is_time_unit(units) is is_time
