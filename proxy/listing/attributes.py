"""Properties of a listing to attributes: plain values, dates told apart, common names added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from proxy.catalog.attributes import plain
from proxy.listing.dates import milliseconds

#: Names that say when an item was taken, and how much of it is clouds; the first that is there counts.
_ACQUIRED = (
    "acquisitiondate", "acquisition_date", "datetime", "start_datetime", "acquisition_ms", "acquired", "date",
)  # fmt: skip
_CLOUDS = ("cloudcover", "eo:cloud_cover", "cloud_cover", "cloud_pct", "cloud_percent")
_DATE_NAMES = re.compile(r"(date|datetime|time|created|updated|published|expires|acquired)$", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: Most attributes of an item.
MOST = 256


@dataclass(frozen=True, slots=True)
class Attributes:
    """Values by name; those named in `dates` are epoch milliseconds."""

    values: dict[str, Any]
    dates: frozenset[str]


def attributes_of(properties: Mapping[str, Any], skip: frozenset[str] = frozenset()) -> Attributes:
    """Attributes of one item.

    Lists of plain values become a text, other lists are left out, as is what begins with `proj:`. Properties
    within properties stay as they are: the catalog gives them names of their own.

    Args:
        skip: lower-case names that are something else than attributes.
    """
    values: dict[str, Any] = {}
    dates: set[str] = set()
    seen: set[str] = set()
    for name, given in properties.items():
        lower = name.lower()
        if lower in skip or lower in seen or lower.startswith("proj:") or len(values) >= MOST:
            continue
        moment = _moment(name, given)
        if isinstance(given, Mapping):
            value: Any = dict(given)
        else:
            value = plain(given, False)[0] if moment is None else moment
        if value is None:
            continue
        seen.add(lower)
        values[name] = value
        if moment is not None:
            dates.add(name)
    _add_common(values, dates)
    return Attributes(values, frozenset(dates))


def _add_common(values: dict[str, Any], dates: set[str]) -> None:
    by_name = {name.lower(): name for name in values}
    for lower in _ACQUIRED:
        name = by_name.get(lower, "")
        value = values.get(name)
        moment = value if name in dates else milliseconds(value)
        if moment is not None:
            own = by_name.get("acquisitiondate", "")
            values.pop(own, None)
            dates.discard(own)
            values["AcquisitionDate"] = moment
            dates.add("AcquisitionDate")
            if lower == "start_datetime":
                _add_end(values, dates, by_name)
            break
    for lower in _CLOUDS:
        clouds = values.get(by_name.get(lower, ""))
        if isinstance(clouds, int | float):
            values.setdefault("CloudCover", float(clouds))
            break


def _add_end(values: dict[str, Any], dates: set[str], by_name: Mapping[str, str]) -> None:
    """The end of an item that has a span of time in place of a moment."""
    name = by_name.get("end_datetime", "")
    if name in dates and "enddate" not in by_name:
        values["EndDate"] = values[name]
        dates.add("EndDate")


def _moment(name: str, value: object) -> int | None:
    if isinstance(value, date):
        return milliseconds(value)
    if isinstance(value, str) and (
        _MOMENT.fullmatch(value) or (_DAY.fullmatch(value) and _DATE_NAMES.search(name))
    ):
        return milliseconds(value)
    return None
