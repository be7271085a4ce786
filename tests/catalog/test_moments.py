from __future__ import annotations

import pytest

from proxy.catalog.moments import milliseconds, moment_of, shifted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1969-12-31T23:59:59.999", -1),
        ("2020/1/2", 1577923200000),
        (" 2020-01-02 01:00:00+01:00 ", 1577923200000),
        ("2020/01/02 00:00:01", 1577923201000),
        ("9999-12-31T23:59:59Z", 253402300799000),
    ],
)
def test_texts_to_milliseconds(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "2020-13-01", "2020/02/30", "0000-01-01", "12:00", "20200"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        milliseconds(text)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2020-01-31", 1, "2020-02-29"),
        ("2021-01-31", 1, "2021-02-28"),
        ("2020-03-31", -1, "2020-02-29"),
        ("2020-01-15", -1, "2019-12-15"),
        ("2020-02-29", 12, "2021-02-28"),
        ("2020-11-30", 3, "2021-02-28"),
        ("9999-11-30", 1, "9999-12-30"),
        ("2020-05-05T06:07:08", 0, "2020-05-05T06:07:08"),
    ],
)
def test_months_later(start: str, months: int, end: str) -> None:
    assert shifted(milliseconds(start), months) == milliseconds(end)


def test_out_of_range() -> None:
    for call in (lambda: shifted(0, 12 * 9000), lambda: shifted(0, -12 * 1970), lambda: moment_of(1e20)):
        with pytest.raises(ValueError, match=r"."):
            call()
