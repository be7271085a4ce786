from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from proxy.listing.dates import from_name, milliseconds

DAY = int(datetime(2018, 1, 31, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2018-01-31", DAY),
        ("20180131", DAY),
        (20180131, DAY),
        ("2018031", DAY),
        ("2018-031", DAY),
        ("2018/01/31", DAY),
        ("2018_01_31", DAY),
        ("2018:01:31 00:00:01", DAY + 1000),
        ("20180131T000001", DAY + 1000),
        ("20180131000001", DAY + 1000),
        ("20180131_000001", DAY + 1000),
        ("20180131-000001", DAY + 1000),
        ("2018-01-31T00:00:00.250Z", DAY + 250),
        ("2018-01-31T02:00:00+02:00", DAY),
        ("2018-01", int(datetime(2018, 1, 1, tzinfo=UTC).timestamp() * 1000)),
        ("201801", int(datetime(2018, 1, 1, tzinfo=UTC).timestamp() * 1000)),
        (2018, int(datetime(2018, 1, 1, tzinfo=UTC).timestamp() * 1000)),
        (DAY, DAY),
        (float(DAY), DAY),
        (date(2018, 1, 31), DAY),
        (datetime(2018, 1, 31), DAY),
        ("1969-12-31", -86_400_000),
        ("20181331", None),
        ("2018-02-30", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
        (True, None),
        (1e300, None),
        ([], None),
    ],
)
def test_moments_are_found_in_many_forms(value: object, moment: int | None) -> None:
    assert milliseconds(value) == moment


def test_a_pattern_finds_the_date_in_a_name() -> None:
    one = re.compile(r"_(?P<date>\d{8})_")
    assert from_name(one, "LC08_20180131_T1") == {"AcquisitionDate": DAY}
    assert from_name(one, "LC08", "/data/x_20180131_/LC08.tif") == {"AcquisitionDate": DAY}
    assert from_name(one, "LC08") == {}
    assert from_name(one, "LC08_20189999_T1") == {}
    two = re.compile(r"(?P<start>\d{8})-(?P<end>\d{8})")
    assert from_name(two, "a20180131-20180201") == {"AcquisitionDate": DAY, "EndDate": DAY + 86_400_000}
