from __future__ import annotations

import statistics as stats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.catalog.base import Item, Query
from proxy.catalog.store import SqliteCatalog
from proxy.errors import InvalidParameter
from tests.catalog.injections import FIELDS, FUNCTIONS, INJECTIONS
from tests.catalog.items import filled, record, scattered

REFERENCE: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": lambda values: float(sum(values)) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "avg": lambda values: stats.fmean(values) if values else None,
    "stddev": lambda values: stats.stdev(values) if len(values) > 1 else None,
    "var": lambda values: stats.variance(values) if len(values) > 1 else None,
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> SqliteCatalog:
    return filled(tmp_path_factory.mktemp("grouping") / "c.sqlite", scattered(300))


@pytest.mark.parametrize("where", ["", "Rank > 0", "Rank = 4", "Rank > 100"])
@pytest.mark.parametrize("name", ["CloudCover", "Rank", "AcquisitionDate"])
def test_functions_are_those_of_python(catalog: SqliteCatalog, name: str, where: str) -> None:
    items = catalog.find(Query(where))
    values = [item.attributes[name] for item in items if item.attributes[name] is not None]
    (row,) = catalog.statistics(
        Query(where), [(function.upper(), name.lower(), function) for function in REFERENCE]
    )
    for function, reference in REFERENCE.items():
        # Sums are taken in another order.
        expected = reference(values)
        assert row[function] == (None if expected is None else pytest.approx(expected, rel=1e-9)), function


def test_groups(catalog: SqliteCatalog) -> None:
    groups: dict[tuple[Any, Any], list[Item]] = {}
    for item in catalog.find(Query()):
        groups.setdefault((item.attributes["Sensor"], item.attributes["ZOrder"]), []).append(item)
    asked = [("count", "OBJECTID", "n"), ("stddev", "Rank", "spread"), ("max", "Name", "last")]
    rows = catalog.statistics(Query(), asked, ["sensor", "ZORDER"])
    assert len(rows) == len(groups)
    for row in rows:
        members = groups[row["Sensor"], row["ZOrder"]]
        ranks = [item.attributes["Rank"] for item in members if item.attributes["Rank"] is not None]
        assert row["n"] == len(members)
        assert row["last"] == max(item.name for item in members)
        assert row["spread"] == pytest.approx(stats.stdev(ranks))
    keys = [(row["Sensor"] is not None, row["Sensor"] or "") for row in rows]
    assert keys == sorted(keys)


def test_dates_close_to_one_another_have_a_spread(tmp_path: Path) -> None:
    base = 1_600_000_000_000
    values = [
        {"t": base + group * 1_000_000_000_000 + later, "g": group}
        for group in range(2)
        for later in range(3)
    ]
    items = [record(str(number), properties=one) for number, one in enumerate(values)]
    catalog = filled(tmp_path / "c.sqlite", items)
    rows = catalog.statistics(Query(), [("var", "t", "v"), ("sum", "t", "s")], ["g"])
    assert [row["v"] for row in rows] == [1.0, 1.0]


def test_great_numbers_do_not_overflow(tmp_path: Path) -> None:
    items = [record(str(n), properties={"x": 2**62}) for n in range(5)]
    catalog = filled(tmp_path / "c.sqlite", items)
    assert catalog.statistics(Query(), [("sum", "x", "s")]) == [{"s": 5 * 2.0**62}]


@pytest.mark.parametrize(
    ("asked", "group_by"),
    [
        ([], []),
        ([("sum", "Name", "a")], []),
        ([("avg", "Sensor", "a")], []),
        ([("count", "Shape", "a")], []),
        ([("count", "OBJECTID", "a")], ["Shape"]),
        ([("count", "OBJECTID", "a"), ("max", "Rank", "a")], []),
        ([("count", "OBJECTID", "Rank")], ["Rank"]),
        ([("count", "OBJECTID", "a")], ["Rank", "rank"]),
        ([("count", "OBJECTID", str(n)) for n in range(51)], []),
    ],
)
def test_what_cannot_be_asked(catalog: SqliteCatalog, asked: Any, group_by: Any) -> None:
    with pytest.raises(InvalidParameter):
        catalog.statistics(Query(), asked, group_by)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_injections_are_no_functions(catalog: SqliteCatalog, function: str) -> None:
    with pytest.raises(InvalidParameter, match="There is no function"):
        catalog.statistics(Query(), [(function, "Rank", "a")])


@pytest.mark.parametrize("name", FIELDS)
def test_injections_are_no_fields(catalog: SqliteCatalog, name: str) -> None:
    for asked, groups in (([("max", name, "a")], []), ([("max", "Rank", "a")], [name])):
        with pytest.raises(InvalidParameter, match="There is no field"):
            catalog.statistics(Query(), asked, groups)


def test_names_of_results_may_be_anything(catalog: SqliteCatalog) -> None:
    for name in (*FIELDS, *FUNCTIONS):
        assert catalog.statistics(Query(), [("count", "OBJECTID", name)]) == [{name: 300}]


@pytest.mark.parametrize("where", INJECTIONS)
def test_injections_do_not_reach_the_file(catalog: SqliteCatalog, where: str) -> None:
    for ask in (catalog.find, catalog.count, catalog.ids, catalog.extent_of):
        with pytest.raises(InvalidParameter, match="'where'"):
            ask(Query(where))
    assert len(catalog) == 300
