"""Texts to moments in epoch milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from proxy.catalog.base import Value

#: Forms that are no ISO 8601, or not enough of it, by what they look like.
_FORMS = (
    (re.compile(r"\d{4}"), "%Y"),
    (re.compile(r"\d{6}"), "%Y%m"),
    (re.compile(r"\d{7}"), "%Y%j"),
    (re.compile(r"\d{14}"), "%Y%m%d%H%M%S"),
    (re.compile(r"\d{4}-\d\d"), "%Y-%m"),
    (re.compile(r"\d{4}-\d{3}"), "%Y-%j"),
    (re.compile(r"\d{4}_\d\d_\d\d"), "%Y_%m_%d"),
    (re.compile(r"\d{4}/\d\d/\d\d"), "%Y/%m/%d"),
    (re.compile(r"\d{8}[-_]\d{6}"), "%Y%m%d_%H%M%S"),
    (re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d"), "%Y:%m:%d %H:%M:%S"),
)


def milliseconds(value: object) -> int | None:
    """Epoch milliseconds of a text, date or number of milliseconds; UTC where no zone is given.

    None where it is no moment.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        if 1800 <= value <= 2200 or 18000101 <= value <= 22001231:
            # A year or a day written as a number.
            return _of_text(str(int(value)))
        return int(value) if abs(value) < 1e15 else None
    if isinstance(value, datetime):
        return _since_epoch(value)
    if isinstance(value, date):
        return _since_epoch(datetime(value.year, value.month, value.day))
    return _of_text(str(value).strip())


def _of_text(text: str) -> int | None:
    for looks, form in _FORMS:
        if looks.fullmatch(text):
            try:
                return _since_epoch(
                    datetime.strptime(text.replace("-", "_") if "_%H" in form else text, form)
                )
            except ValueError:
                return None
    try:
        return _since_epoch(datetime.fromisoformat(text))
    except ValueError:
        return None


def _since_epoch(moment: datetime) -> int | None:
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return round(known.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None


def from_name(pattern: re.Pattern[str], *texts: str) -> dict[str, Value]:
    """Attributes that a pattern finds in a name or path: AcquisitionDate, and EndDate where it has an end.

    Args:
        pattern: has a group `date`, or `start` and maybe `end`.
        texts: the first that matches counts.
    """
    for text in texts:
        if found := pattern.search(text):
            groups = found.groupdict()
            begin = milliseconds(groups.get("date") or groups.get("start"))
            end = milliseconds(groups.get("end"))
            dates = {"AcquisitionDate": begin, "EndDate": end}
            return {name: value for name, value in dates.items() if value is not None}
    return {}
