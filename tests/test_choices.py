"""Times and dimensions as requests write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.choices import iso, mosaic_rule, slice_of, time_span
from proxy.errors import InvalidParameter
from proxy.selection import MosaicMethod, MosaicOperation, TimeSpan


def ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("null,null", None),
        ("../..", None),
        ("1525132800000", TimeSpan(1525132800000, 1525132800000)),
        ("-1000", TimeSpan(-1000, -1000)),
        ("0,1000", TimeSpan(0, 1000)),
        ("null, 1000", TimeSpan(None, 1000)),
        ("2018-05-01T10:30:00Z", TimeSpan(ms(2018, 5, 1, 10, 30), ms(2018, 5, 1, 10, 30))),
        ("2018-05-01T10:30:00+02:00", TimeSpan(ms(2018, 5, 1, 8, 30), ms(2018, 5, 1, 8, 30))),
        ("2018-05-01T10:30:00.250Z", TimeSpan(ms(2018, 5, 1, 10, 30) + 250, ms(2018, 5, 1, 10, 30) + 250)),
        ("20180501", TimeSpan(ms(2018, 5, 1), ms(2018, 5, 2) - 1)),
        ("2018-05", TimeSpan(ms(2018, 5, 1), ms(2018, 6, 1) - 1)),
        ("2018-12", TimeSpan(ms(2018, 12, 1), ms(2019, 1, 1) - 1)),
        ("2018", TimeSpan(ms(2018, 1, 1), ms(2019, 1, 1) - 1)),
        ("2018-05/2018-06", TimeSpan(ms(2018, 5, 1), ms(2018, 7, 1) - 1)),
        ("../2018", TimeSpan(None, ms(2019, 1, 1) - 1)),
        ("2018/..", TimeSpan(ms(2018, 1, 1), None)),
    ],
)
def test_times(text: str, expected: TimeSpan | None) -> None:
    assert time_span(text) == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "2018-13-01", "2018-02-30", "2019/2018", "a/b/c", "1e5", "٢٠١٨"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidParameter):
        time_span(text)


def test_moments_are_written_as_they_are_read() -> None:
    assert iso(1525132800000) == "2018-05-01T00:00:00Z"
    assert iso(-1) == "1969-12-31T23:59:59.999Z"


def test_rules_from_mappings() -> None:
    rule = mosaic_rule({"method": "center", "operation": "max", "ascending": False, "ids": [3]})
    assert (rule.method, rule.operation, rule.ascending, rule.ids) == (
        MosaicMethod.CENTER,
        MosaicOperation.MAX,
        False,
        (3,),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"methd": "center"},
        {"method": "middle"},
        {"method": "lock"},
        {"ascending": "no"},
        {"viewpoint": [1]},
        {"where": 5},
        {"ids": "12"},
        {"ids": [1.9]},
        {"ids": [True]},
        {"ids": [math.inf]},
        {"ids": [1] * 10_001},
        {"sort_field": 5},
        {"sort_value": {}},
        {"sort_value": True},
        {"sort_value": math.nan},
        {"sort_value": 10**400},
    ],
)
def test_what_is_no_rule(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match="'mosaic'"):
        mosaic_rule(wrong)


def test_slices_of_a_source_without_any() -> None:
    class Info:
        variables = ()

    with pytest.raises(InvalidParameter, match="no slices"):
        slice_of(Info(), "0")  # type: ignore[arg-type]
