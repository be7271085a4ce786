"""Dates in texts to epoch milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)", re.DOTALL)


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 of a date in ISO 8601 or `YYYY/MM/DD`, UTC where it names no zone.

    Raises:
        ValueError: it is neither, or beyond the years 1 to 9999.
    """
    text = text.strip()
    if slashes := _SLASHES.fullmatch(text):
        year, month, day, rest = slashes.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    return of_moment(datetime.fromisoformat(text))


def of_moment(moment: datetime) -> int:
    """Milliseconds since 1970 of a moment, UTC where it names no zone; what is finer is cut off.

    Raises:
        ValueError: it is beyond the years 1 to 9999.
    """
    try:
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
    except OverflowError as error:
        raise ValueError("The date is out of range.") from error


def moment_of(value: float) -> datetime:
    """The moment of milliseconds since 1970, UTC.

    Raises:
        ValueError: it is beyond the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError as error:
        raise ValueError("The date is out of range.") from error


def shifted(value: float, months: int) -> int:
    """Milliseconds since 1970, whole months later (earlier below 0); the last day of a shorter month.

    Raises:
        ValueError: it is beyond the years 1 to 9999.
    """
    moment = moment_of(value)
    count = moment.year * 12 + moment.month - 1 + months
    first = moment.replace(year=count // 12, month=count % 12 + 1, day=1)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1) if first.year < 9999 else None
    longest = (following - timedelta(days=1)).day if following and following > first else 31
    return of_moment(first.replace(day=min(moment.day, longest)))
