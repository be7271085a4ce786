from __future__ import annotations

import math
from datetime import UTC, datetime

from proxy.listing.attributes import MOST, attributes_of

NOON = int(datetime(2020, 5, 1, 12, tzinfo=UTC).timestamp() * 1000)


def test_stac_properties_keep_their_names_and_give_the_common_ones() -> None:
    found = attributes_of(
        {
            "datetime": "2020-05-01T12:00:00Z", "eo:cloud_cover": 7, "platform": "x", "proj:epsg": 4326,
            "instruments": ["a", "b"], "deep": {"a": 1}, "list": [{"a": 1}], "nothing": None, "yes": True,
            "nan": math.nan, "created": "2020-06-01T00:00:00.5Z", "huge": 1 << 70,
        }
    )  # fmt: skip
    assert found.values == {
        "datetime": NOON, "AcquisitionDate": NOON, "eo:cloud_cover": 7, "CloudCover": 7.0, "platform": "x",
        "deep": {"a": 1},
        "instruments": "a, b", "yes": 1, "huge": float(1 << 70),
        "created": int(datetime(2020, 6, 1, tzinfo=UTC).timestamp() * 1000) + 500,
    }  # fmt: skip
    assert found.dates == {"datetime", "AcquisitionDate", "created"}


def test_a_span_begins_when_it_begins() -> None:
    found = attributes_of(
        {"datetime": None, "start_datetime": "2020-05-01T12:00:00Z", "end_datetime": "2020-05-02T00:00:00Z"}
    )
    assert found.values["AcquisitionDate"] == found.values["start_datetime"] == NOON
    assert found.values["EndDate"] == NOON + 12 * 3600_000
    assert found.dates == {"AcquisitionDate", "start_datetime", "end_datetime", "EndDate"}
    # What was taken at a moment has no end.
    moment = attributes_of({"datetime": "2020-05-01T12:00:00Z", "end_datetime": "2020-05-02T00:00:00Z"})
    assert "EndDate" not in moment.values


def test_dates_of_users_are_told_from_other_texts() -> None:
    found = attributes_of(
        {"acquisition_date": "2020-05-01", "acquisition_ms": NOON, "year": 2020, "version": "2020-05-01"}
    )
    assert found.values["AcquisitionDate"] == NOON - 12 * 3600_000
    assert found.values["version"] == "2020-05-01"
    assert found.values["year"] == 2020
    assert found.dates == {"AcquisitionDate", "acquisition_date"}
    assert attributes_of({"acquisition_ms": NOON}).values["AcquisitionDate"] == NOON
    assert attributes_of({"date": 20200501}).values["AcquisitionDate"] == NOON - 12 * 3600_000
    assert "AcquisitionDate" not in attributes_of({"date": "someday"}).values


def test_a_name_stands_once_and_others_are_skipped() -> None:
    found = attributes_of(
        {"ACQUISITIONDATE": "2020-05-01", "a": 1, "A": 2, "cloud_pct": 3, "File": "x"}, frozenset({"file"})
    )
    assert found.values == {
        "AcquisitionDate": NOON - 12 * 3600_000, "a": 1, "cloud_pct": 3, "CloudCover": 3.0,
    }  # fmt: skip


def test_no_item_brings_more_attributes_than_a_catalog_can_hold() -> None:
    assert len(attributes_of({f"a{index}": index for index in range(1000)}).values) == MOST
