from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.catalog import where_tokens
from proxy.catalog.base import Field, FieldType
from proxy.catalog.conditions import TRUE
from proxy.catalog.where import parse, predicate
from proxy.catalog.where_sql import to_sql
from proxy.errors import InvalidParameter
from tests.catalog.injections import INJECTIONS

ROOT = Path(__file__).parents[2]
ROW = {"OBJECTID": 1, "Name": "LC08_a", "Clouds": 0.25, "Date": 1577836800000, "Empty": None, "Category": 1}
TYPES = {"OBJECTID": "id", "Name": "text", "Clouds": "real", "Date": "date", "Empty": "real"}
FIELDS = (
    *(Field(name, FieldType(TYPES.get(name, "integer"))) for name in ROW),
    Field("Shape", FieldType.GEOMETRY),
    Field("eo_cloud_cover", FieldType.REAL, None, "eo:cloud_cover"),
)


def condition(text: str) -> Callable[[dict[str, Any]], bool]:
    return predicate(text, FIELDS)


def chosen(text: str, rows: list[dict[str, Any]]) -> list[int]:
    """Places of the rows that SQLite takes."""
    with closing(sqlite3.connect(":memory:")) as connection:
        names = [field.name for field in FIELDS]
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(f"CREATE TABLE t (place INTEGER PRIMARY KEY, {columns})")
        marks = ", ".join("?" * (len(names) + 1))
        for place, row in enumerate(rows):
            connection.execute(f"INSERT INTO t VALUES ({marks})", [place, *(row.get(name) for name in names)])
        sql, values = to_sql(parse(text, FIELDS), lambda name: f'"{name}"')
        return [
            place
            for (place,) in connection.execute(
                f"SELECT place FROM t WHERE ({sql}) AND place IN (SELECT place FROM t WHERE ({sql}))",
                values * 2,
            )
        ]


TAKEN = [
    "", "1=1", "OBJECTID IN (1,2,3)", "objectid in (1)", "Name LIKE 'LC08%'", "\"Name\" IS NOT NULL",
    "Clouds <= 0.3 AND Category = 1", "(Clouds >= .25)", "UPPER(Name) LIKE '%A'", "lower(name) = 'lc08_a'",
    "Name = %27LC08_a%27", "Name LIKE 'LC08\\_a' ESCAPE '\\'", "NOT Category = 2", "Empty IS NULL",
    "Date BETWEEN timestamp '2019-12-31 00:00:00' AND timestamp '2020-01-02 00:00:00'",
    "Date = DATE '2020-01-01'", "Date < CURRENT_TIMESTAMP", "Category * 2 + 1 = 3", "-Category < 0",
    "1=2 OR 1=1 AND NOT 1=2", "Name <> 'it''s'", "Category NOT IN (2, 3)", "Name NOT LIKE 'x%'",
    "Category NOT BETWEEN 2 AND 3", "Name LIKE '%C0%_a%'", "((((1=1))))", "Empty = 1 OR 1 = 1",
    "Date = '2020-01-01'", "'2020/01/01' = \"date\"", "Date IN ('2019-01-01', '2020-01-01T00:00:00Z')",
    "Date BETWEEN '2019-12-31' AND '2020-01-02'", "Date < CURRENT_DATE - INTERVAL '7' DAY",
    "Date + INTERVAL '1' DAY = DATE '2020-01-02'", "DATE '2020-02-29' - INTERVAL '1' YEAR < Date",
    "DATE '2020-01-31' + INTERVAL '1' MONTH = DATE '2020-02-29'", "CURRENT_DATE <= CURRENT_TIMESTAMP",
    "Category / 2 = 0.5", "\"eo:cloud_cover\" IS NULL", "EO_Cloud_Cover IS NULL", "Category != 2",
    "Category = +1", "Category = - - 1", "Name > 'LC'", "Category = 1.0", "Category < 9223372036854775808",
    "Name LIKE '%'", "Name LIKE '[L]%' OR Name LIKE '______'", "(Category + 1) * 2 = 4", "Clouds < 1e-0",
]  # fmt: skip
LEFT = [
    "1=2", "Empty = 1", "NOT Empty = 1", "Empty <> 1", "Empty IN (1)", "Name LIKE 'lc%'", "Name > 1",
    "Category / 0 = 1", "Category", "Name LIKE ''", "Name IS NULL", "1=1 AND Empty = 1",
    "Name LIKE 'LC08\\%' ESCAPE '\\'", "NOT Name = 1", "Name NOT IN (1)", "Category NOT IN (2, NULL)",
    "Name + 1 = 2", "NOT Name + 1 = 2", "Category LIKE '1'", "NULL = NULL", "1", "NOT 'a'",
    "UPPER(Category) = '1'", "Name LIKE '[L]%'", "Name LIKE '*'", "Name LIKE '?C08_a'",
    "Category BETWEEN 'a' AND 2", "NULL IN (1)", "Category IN ('1')", "-Name = 1", "Date > '2020-01-01'",
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_true(text: str) -> None:
    assert condition(text)(ROW) is True
    assert chosen(text, [ROW]) == [0]


@pytest.mark.parametrize("text", LEFT)
def test_what_is_not_true(text: str) -> None:
    assert condition(text)(ROW) is False
    assert chosen(text, [ROW]) == []


@pytest.mark.parametrize(
    "text",
    ["drop table x", "1=1; delete", "Unknown = 1", "Name =", "Name LIKE Category", "(1=1", "1=1)", "1 1",
     "EXISTS (SELECT 1)", "Name IN ()", "pg_sleep(10)", "Date = DATE 'soon'", "1=1 --", "NOT", "'open",
     "(" * 100 + "1=1" + ")" * 100, "UPPER(" * 100 + "Name" + ")" * 100, "1" + "+1" * 5000 + "=1",
     "x" * 30_000, "Name NOT = 'a'", "OBJECTID IS 1"],
)  # fmt: skip
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidParameter, match="'where' parameter is invalid"):
        condition(text)


@pytest.mark.parametrize("text", INJECTIONS)
def test_injections_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="'where' parameter is invalid"):
        condition(text)


@pytest.mark.parametrize(
    "text",
    ["NOT " * 500 + "1=1", "- " * 500 + "1=1", "(" * 25 + "1=1" + ")" * 25, "1=1" + " " * 9000,
     "OBJECTID IN (" + "1," * 3000 + "1)", "1" + "+1" * 101 + "=1", "9" * 5000 + "=1",
     f"Name LIKE '{'a' * 201}'", "(" * 8000, ")" * 8000, "'" * 8191,
     "UPPER(" * 30 + "Name" + ")" * 30 + "=''"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        condition(text)


def test_as_much_as_is_allowed_is_read() -> None:
    nested, grouped = where_tokens.LEVELS, where_tokens.SQL_LEVELS
    for text in (
        "(" * nested + "1=1" + ")" * nested,
        " OR ".join(["OBJECTID=1"] * 401),
        "OBJECTID IN (" + ",".join(["1"] * 2000) + ")",
        "1" + "+0" * 100 + "=1",
        "NOT " * nested + "1=1",
        "(1=1 AND " * nested + "1=1" + ")" * nested,
        "(" * nested + "1=2" + " OR 1=1)" * nested,
        "(1=2 OR 1=1 AND NOT " * (grouped - 1) + "1=1" + ")" * (grouped - 1),
        "(1=2 OR 1=1 AND " * grouped + "1=1" + ")" * grouped,
        "1 = (" + "0+(" * (grouped - 2) + "1" + ")" * (grouped - 1),
        "1 = 1 * " + "(0+1*" * (grouped - 1) + "1" + ")" * (grouped - 1),
        "1 =" + " -" * nested + " 1",
        "Category =" + " -" * 12 + " Category",
        "'A' = " + "UPPER(" * grouped + "'a'" + ")" * grouped,
    ):
        assert condition(text)(ROW)
        assert chosen(text, [ROW]) == [0]


def test_nothing_of_the_caller_is_in_the_sql() -> None:
    sql, values = to_sql(
        parse("Name = 'secret' OR UPPER(name) LIKE 'secr%' AND Clouds*7 > 31337", FIELDS), str.upper
    )
    assert sql == "NAME = ? OR upper(NAME) GLOB ? AND CAST(CLOUDS AS REAL) * CAST(? AS REAL) > ?"
    assert values == ["secret", "secr*", 7, 31337]


def test_fields_may_be_called_like_words_of_sql() -> None:
    names = ["Date", "Select", "Order", "Interval", "Upper", "Timestamp", "Day", "Group", "Case", "Table"]
    fields = tuple(Field(name, FieldType.INTEGER) for name in names)
    for name in names:
        assert predicate(f"{name} = 1 AND NOT {name.lower()} IN (2)", fields)({name: 1})
        assert predicate(f'"{name}" BETWEEN 0 AND 2', fields)({name: 1})


def test_nothing_asked_is_everything() -> None:
    assert parse("  ", FIELDS) == TRUE
    assert condition("")({})


LAZY = """
import sys, threading
import proxy.arcgis.query
from proxy.catalog.base import Field, FieldType
from proxy.catalog.store import SqliteCatalog
from proxy.catalog.where import parse
assert "sqlglot" not in sys.modules
fields = (Field("a", FieldType.INTEGER),)
parse("", fields)
assert "sqlglot" not in sys.modules
found = []
start = threading.Barrier(8)
def read():
    start.wait()
    found.append(parse("a = 1", fields))
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found))
"""


def test_the_grammar_is_imported_when_it_is_needed_by_one_of_many_threads() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, env=environment)
    assert (result.stdout, result.stderr) == ("8\n", "")


def test_numbers_that_are_none_are_unknown() -> None:
    assert not condition("Clouds = Clouds")({"Clouds": math.nan})
    assert condition("Clouds IS NULL")({"Clouds": math.nan})


def test_patterns_take_no_time() -> None:
    started = time.perf_counter()
    text = "'" + "a" * 2000 + "' LIKE '" + "%a" * 90 + "b'"
    assert condition(text)(ROW) is False
    assert chosen(text, [ROW]) == []
    # A matcher that goes back from every sign would not end; this one makes some 200,000 steps.
    assert time.perf_counter() - started < 5


texts = st.text("abAB%_*?[]'é\\", max_size=4)
numbers = st.one_of(st.integers(-3, 3), st.floats(-3, 3, width=16), st.sampled_from([2**62, 1e300, 0.1]))
rows = st.fixed_dictionaries(
    {
        "OBJECTID": st.integers(1, 5),
        "Name": st.one_of(st.none(), texts),
        "Clouds": st.one_of(st.none(), st.floats(-2, 2, width=16)),
        "Date": st.one_of(st.none(), st.sampled_from([0, 1577836800000, -86400000, 1577836800001])),
        "Empty": st.none(),
        "Category": st.one_of(st.none(), st.integers(-3, 3)),
    }
)
quoted = texts.map(lambda text: "'" + text.replace("'", "''") + "'")
columns = st.sampled_from(["OBJECTID", "Clouds", '"Category"', "Empty", "Date"])
dates = st.sampled_from(["DATE '2020-01-01'", "TIMESTAMP '1970-01-01 00:00:00'", "DATE '2019-12-31'"])
literals = st.one_of(numbers.map(str), dates, st.just("NULL"))
terms = st.recursive(
    st.one_of(columns, literals),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda term: f"(- {term})"),
    ),
    max_leaves=4,
)
words = st.one_of(st.just("Name"), quoted, st.just("UPPER(Name)"), quoted.map(lambda text: f"LOWER({text})"))
either = st.one_of(terms, words)
signs = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])
negated = st.sampled_from(["", "NOT "])
conditions = st.recursive(
    st.one_of(
        st.tuples(terms, signs, terms).map(" ".join),
        st.tuples(words, signs, words).map(" ".join),
        st.tuples(st.sampled_from(["Clouds", "Category"]), signs, words).map(" ".join),
        st.tuples(either, st.sampled_from([" IS NULL", " IS NOT NULL"])).map("".join),
        st.tuples(terms, negated, st.lists(terms, min_size=1, max_size=3)).map(
            lambda t: f"{t[0]} {t[1]}IN ({', '.join(t[2])})"
        ),
        st.tuples(words, negated, st.lists(words, min_size=1, max_size=3)).map(
            lambda t: f"{t[0]} {t[1]}IN ({', '.join(t[2])})"
        ),
        st.tuples(terms, negated, terms, terms).map(lambda t: f"{t[0]} {t[1]}BETWEEN {t[2]} AND {t[3]}"),
        st.tuples(words, negated, texts.filter(lambda t: not t.endswith("a"))).map(
            lambda t: f"{t[0]} {t[1]}LIKE '{t[2].replace(chr(39), chr(39) * 2)}' ESCAPE 'a'"
        ),
        st.tuples(words, negated, quoted).map(lambda t: f"{t[0]} {t[1]}LIKE {t[2]}"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" AND ", " OR "]), inner).map(lambda t: f"({''.join(t)})"),
        inner.map(lambda one: f"NOT ({one})"),
    ),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(conditions, st.lists(rows, min_size=1, max_size=6))
def test_sql_and_python_agree(text: str, some: list[dict[str, Any]]) -> None:
    test = condition(text)
    assert chosen(text, some) == [place for place, row in enumerate(some) if test(row)]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["1", "=", "Name", "'a'", "AND", "OR", "NOT", "(", ")", "IN", ",", "LIKE", "BETWEEN", "IS",
             "NULL", "DATE", "'2020-01-01'", "INTERVAL", "DAY", "-", "*", "/", "UPPER", "CURRENT_DATE",
             "ESCAPE", "Date"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_words_are_read_or_refused(some: list[str]) -> None:
    text = " ".join(some)
    try:
        test = condition(text)
    except InvalidParameter:
        return
    assert chosen(text, [ROW]) == ([0] if test(ROW) else [])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        test = condition(text)
    except InvalidParameter:
        return
    assert chosen(text, [ROW]) == ([0] if test(ROW) else [])
