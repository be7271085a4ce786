from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from proxy.catalog.attributes import MOST, STANDARD, name_for
from proxy.catalog.base import Field, FieldType, ItemRecord, Query
from proxy.catalog.store import SqliteCatalog
from tests.catalog.items import filled, record


def with_values(path: Path, *values: Any, name: str = "x", dates: tuple[str, ...] = ()) -> SqliteCatalog:
    """A catalog whose items have one value each."""
    items = [
        record(str(number), properties={name: value}, dates=frozenset(dates))
        for number, value in enumerate(values)
    ]
    return filled(path / "c.sqlite", items)


def own(catalog: SqliteCatalog) -> dict[str, str]:
    return {field.name: field.type.value for field in catalog.fields[len(STANDARD) :]}


def column(catalog: SqliteCatalog, name: str = "x") -> list[Any]:
    return [item.attributes[name] for item in catalog.find(Query())]


def test_the_standard_fields_come_first(tmp_path: Path) -> None:
    catalog = with_values(tmp_path, 1)
    assert catalog.fields[: len(STANDARD)] == STANDARD
    assert [field.name for field in STANDARD] == [
        "OBJECTID", "Shape", "Name", "MinPS", "MaxPS", "LowPS", "HighPS", "Category", "Tag", "GroupName",
        "ProductName", "CenterX", "CenterY", "ZOrder", "Shape_Length", "Shape_Area",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind", "kept"),
    [
        ((1, None, -3), "integer", [1, None, -3]),
        ((1, 2.5), "real", [1.0, 2.5]),
        ((2.5, 1), "real", [2.5, 1.0]),
        (("a", "é☃"), "text", ["a", "é☃"]),
        ((1, "a"), "text", ["1", "a"]),
        (("a", 1, 2.5), "text", ["a", "1", "2.5"]),
        ((1, 2.5, "a", 3), "text", ["1.0", "2.5", "a", "3"]),
        ((True, False), "integer", [1, 0]),
        ((float("nan"), 1.5, float("inf")), "real", [None, 1.5, None]),
        ((2**63, 1), "real", [2.0**63, 1.0]),
        ((10**400, 1), "integer", [None, 1]),
        ((["a", "b", 3], "c"), "text", ["a, b, 3", "c"]),
        (([{"a": 1}], "c"), "text", [None, "c"]),
        (("a\0b\ud800", "c"), "text", ["ab?", "c"]),
        ((datetime(2020, 1, 1, tzinfo=UTC), date(2020, 1, 2)), "date", [1577836800000, 1577923200000]),
        ((datetime(2020, 1, 1), 5), "text", ["2020-01-01T00:00:00+00:00", "5"]),
    ],
)
def test_types_are_those_of_the_values(
    tmp_path: Path, values: tuple[Any, ...], kind: str, kept: list[Any]
) -> None:
    catalog = with_values(tmp_path, *values)
    assert own(catalog) == {"x": kind}
    found = column(catalog)
    assert found == kept
    assert [type(value) for value in found] == [type(value) for value in kept]


def test_named_dates_are_dates(tmp_path: Path) -> None:
    catalog = with_values(tmp_path, 1577836800000, 1577923200000.0, dates=("x",))
    assert own(catalog) == {"x": "date"}
    assert column(catalog) == [1577836800000, 1577923200000]
    assert catalog.ids(Query("x > DATE '2020-01-01'")) == [2]
    mixed = [
        record("a", properties={"x": 1577836800000}, dates=frozenset({"x"})),
        record("b", properties={"x": 5}),
    ]
    assert own(filled(tmp_path / "mixed", mixed)) == {"x": "text"}


def test_a_text_has_the_length_of_the_longest(tmp_path: Path) -> None:
    catalog = with_values(tmp_path, "a", "b" * 300, "c")
    assert catalog.fields[-1] == Field("x", FieldType.TEXT, 300)
    assert with_values(tmp_path / "short", "a").fields[-1].length == 255


def test_nothing_but_none_is_no_field(tmp_path: Path) -> None:
    assert own(with_values(tmp_path, None, float("nan"), [], {})) == {}


def test_names_are_cleaned_and_the_old_ones_kept(tmp_path: Path) -> None:
    names = [
        "eo:cloud_cover",
        "eo_cloud_cover",
        "datetime",
        "1st",
        "_xmin",
        "é",
        "a b  c",
        "Select",
        "objectid",
        "shape",
    ]
    one = record("a", properties={name: number for number, name in enumerate(names)})
    catalog = filled(tmp_path / "c.sqlite", [one])
    fields = catalog.fields[len(STANDARD) :]
    assert [(field.name, field.alias) for field in fields] == [
        ("eo_cloud_cover", "eo:cloud_cover"),
        ("eo_cloud_cover_1", "eo_cloud_cover"),
        ("datetime", ""),
        ("f_1st", "1st"),
        ("xmin", "_xmin"),
        ("f", "é"),
        ("a_b_c", "a b  c"),
        ("Select", ""),
        ("objectid_1", "objectid"),
        ("shape_1", "shape"),
    ]
    (item,) = catalog.find(Query())
    assert [item.attributes[field.name] for field in fields] == list(range(len(names)))
    for name in names[:8]:
        assert catalog.count(Query(f'"{name}" IS NOT NULL AND NOT "{name.upper()}" < 0')) == 1
    assert catalog.values("EO:Cloud_Cover") == [0]
    # The name of a field comes before the alias of another.
    assert catalog.values("eo_cloud_cover") == [0]


def test_spellings_of_one_name_are_one_field(tmp_path: Path) -> None:
    items = [record("a", properties={"Cloud": 1}), record("b", properties={"CLOUD": 2.5})]
    catalog = filled(tmp_path / "c.sqlite", items)
    assert own(catalog) == {"Cloud": "real"}
    assert column(catalog, "Cloud") == [1.0, 2.5]


def test_columns_may_be_called_like_those_of_other_tables(tmp_path: Path) -> None:
    names = (
        "id",
        "key",
        "value",
        "box",
        "version",
        "footprint",
        "item",
        "facts",
        "xmin",
        "kind",
        "rowid",
        "m0",
        "order",
    )
    items = [record(str(n), properties=dict.fromkeys(names, n)) for n in range(3)]
    catalog = filled(tmp_path / "c.sqlite", items)
    for name in names:
        assert column(catalog, name) == [0, 1, 2]
        assert catalog.ids(Query(f"{name} >= 1", extent=catalog.find(Query())[0].extent)) == [2, 3]
        assert catalog.statistics(Query(), [("var", name, name)]) == [{name: 1.0}]
        assert catalog.ids(Query(shape=catalog.find(Query())[0].footprint, where=f"{name} = 2")) == [3]


def test_properties_within_properties_are_flattened(tmp_path: Path) -> None:
    nested = {"view": {"sun": {"azimuth": 12.5, "deep": {"er": 1}}, "when": 0}, "list": [[1]], "empty": {}}
    one = record("a", properties=nested, dates=frozenset({"view.when"}))
    catalog = filled(tmp_path / "c.sqlite", [one])
    assert own(catalog) == {"view_sun_azimuth": "real", "view_when": "date"}
    assert catalog.fields[-1].alias == "view.when"


def test_a_listing_may_give_standard_fields(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "minps": 5, "MaxPS": 50.5, "LowPS": 1, "HighPS": 2.0, "Category": 2, "Tag": "Overview",
        "GroupName": "g", "ProductName": "p", "ZOrder": 3,
    }  # fmt: skip
    catalog = filled(tmp_path / "c.sqlite", [record("a", properties=given)])
    assert own(catalog) == {}
    (item,) = catalog.find(Query())
    assert item.visible == (5.0, 50.5)
    assert item.pixel_sizes == (1.0, 2.0)
    assert (item.attributes["Category"], item.attributes["Tag"], item.attributes["ZOrder"]) == (
        2,
        "Overview",
        3,
    )
    wrong: dict[str, Any] = {"Category": "none", "MinPS": "x", "Name": "other", "CenterX": 7, "OBJECTID": 9}
    other = filled(tmp_path / "d.sqlite", [record("a", properties=wrong)])
    (item,) = other.find(Query())
    assert (item.id, item.name, item.attributes["Category"], item.visible[0]) == (1, "a", 1, 0.0)
    assert own(other) == {
        "Category_1": "text", "MinPS_1": "text", "Name_1": "text", "CenterX_1": "integer",
        "OBJECTID_1": "integer",
    }  # fmt: skip


def test_there_are_only_so_many_fields(tmp_path: Path) -> None:
    def many(key: str) -> ItemRecord:
        return record(key, properties={f"p{number:04}": number for number in range(MOST + 50)})

    catalog = filled(tmp_path / "c.sqlite", [many("a"), many("b")])
    assert len(own(catalog)) == MOST
    assert catalog.values(f"p{MOST - 1:04}") == [MOST - 1]


def test_types_widen_between_rounds(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    catalog = filled(path, [record("a", properties={"x": 1}), record("b", properties={"x": 2})])
    with catalog.writing() as writer:
        writer.keep("a")
        writer.put(record("b", properties={"x": "two", "y": 1}))
        writer.finish()
    assert own(catalog) == {"x": "text", "y": "integer"}
    assert column(SqliteCatalog.open(path)) == ["1", "two"]
    assert catalog.ids(Query("x = '1'")) == [1]


def test_names_never_clash() -> None:
    taken: set[str] = set()
    for original in ("a", "A", "a!", "?a", "", "!", "__", "9", "f_9", "x" * 200, "x" * 201):
        name = name_for(original, taken)
        assert name.lower() not in taken
        assert name.isidentifier()
        assert not name.startswith("_")
        taken.add(name.lower())
