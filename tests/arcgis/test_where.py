from __future__ import annotations

import time

import pytest

from proxy.arcgis.where import condition
from proxy.arcgis.where_values import Unreadable

ROW = {"OBJECTID": 1, "Name": "LC08_a", "Clouds": 0.25, "Date": 1577836800000, "Empty": None, "Category": 1}
NAMES = [*ROW]


@pytest.mark.parametrize(
    "text",
    [
        "", "1=1", "OBJECTID IN (1,2,3)", "objectid in (1)", "Name LIKE 'LC08%'", "\"Name\" IS NOT NULL",
        "Clouds <= 0.3 AND Category = 1",
        "(Clouds >= .25)", "UPPER(Name) LIKE '%A'", "lower(name) = 'lc08_a'",
        "Name = %27LC08_a%27", "Name LIKE 'LC08\\_a' ESCAPE '\\'", "NOT Category = 2", "Empty IS NULL",
        "Date BETWEEN timestamp '2019-12-31 00:00:00' AND timestamp '2020-01-02 00:00:00'",
        "Date = DATE '2020-01-01'", "Date < CURRENT_TIMESTAMP", "Category * 2 + 1 = 3", "-Category < 0",
        "1=2 OR 1=1 AND NOT 1=2", "Name <> 'it''s'", "Category NOT IN (2, 3)", "Name NOT LIKE 'x%'",
        "Category NOT BETWEEN 2 AND 3", "Name LIKE '%C0%_a%'", "((((1=1))))", "Empty = 1 OR 1 = 1",
    ],
)  # fmt: skip
def test_what_is_true(text: str) -> None:
    assert condition(text, NAMES)(ROW) is True


@pytest.mark.parametrize(
    "text",
    ["1=2", "Empty = 1", "NOT Empty = 1", "Empty <> 1", "Empty IN (1)", "Name LIKE 'lc%'", "Name > 1",
     "Category / 0 = 1", "Category", "Name LIKE ''", "Name IS NULL", "1=1 AND Empty = 1",
     "Name LIKE 'LC08\\%' ESCAPE '\\'"],
)  # fmt: skip
def test_what_is_not_true(text: str) -> None:
    assert condition(text, NAMES)(ROW) is False


@pytest.mark.parametrize(
    "text",
    ["drop table x", "1=1; delete", "Unknown = 1", "Name =", "Name LIKE Category", "(1=1", "1=1)", "1 1",
     "EXISTS (SELECT 1)", "Name IN ()", "pg_sleep(10)", "Date = DATE 'soon'", "1=1 --", "NOT", "'open",
     "(" * 100 + "1=1" + ")" * 100, "UPPER(" * 100 + "Name" + ")" * 100, "1" + "+1" * 5000 + "=1",
     "x" * 30_000, "Name NOT = 'a'", "OBJECTID IS 1"],
)  # fmt: skip
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(Unreadable):
        condition(text, NAMES)


def test_patterns_take_no_time() -> None:
    started = time.perf_counter()
    text = "'" + "a" * 2000 + "' LIKE '" + "%a" * 90 + "b'"
    assert condition(text, NAMES)(ROW) is False
    # A matcher that goes back from every sign would not end; this one makes some 200,000 steps.
    assert time.perf_counter() - started < 5
