from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from proxy.catalog.base import Item, Order, Query
from proxy.catalog.choosing import RELATIONS
from proxy.catalog.store import SqliteCatalog
from proxy.crs import WEB_MERCATOR, WGS84
from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.selection import DimensionChoice, MosaicMethod, TimeSpan
from tests.catalog.items import degrees, facts, filled, record, scattered

DAY = 86_400_000
START = 1_500_000_000_000


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> SqliteCatalog:
    return filled(
        tmp_path_factory.mktemp("choosing") / "c.sqlite", scattered(400), dimensions={"Depth": "Rank"}
    )


@pytest.fixture(scope="module")
def items(catalog: SqliteCatalog) -> list[Item]:
    return catalog.find(Query())


def test_extents_are_those_that_share_an_area(catalog: SqliteCatalog, items: list[Item]) -> None:
    rng = np.random.default_rng(2)
    for size in (0.5, 100, 1000, 20_000, 90_000):
        for _ in range(20):
            # On the lattice of the items, so that many only touch.
            x, y = 400_000 + 500.0 * rng.integers(-4, 104), 5_700_000 + 500.0 * rng.integers(-4, 104)
            extent = Extent(x, y, x + size, y + size)
            expected = [item.id for item in items if item.extent.intersects(extent)]
            query = Query(extent=extent)
            assert catalog.ids(query) == expected
            assert catalog.count(query) == len(expected)
            found = catalog.extent_of(query)
            if expected:
                bounds = np.array([item.extent.as_tuple() for item in items if item.id in expected])
                assert found == Extent(*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
            else:
                assert found is None


def test_a_point_is_met_by_what_it_lies_on(catalog: SqliteCatalog, items: list[Item]) -> None:
    for x, y in ((420_000.0, 5_720_000.0), (420_250.0, 5_720_000.0), (420_250.0, 5_720_250.0)):
        expected = [item.id for item in items if shapely.intersects_xy(item.footprint, x, y)]
        assert expected
        assert catalog.ids(Query(extent=Extent(x, y, x, y))) == expected


def test_the_whole_world_is_everything(catalog: SqliteCatalog) -> None:
    assert catalog.count(Query(extent=Extent(-1e30, -1e30, 1e30, 1e30))) == 400


@pytest.mark.parametrize(
    "bad", [(0, 0, float("nan"), 1), (1, 0, 0, 1), (0, 1, 1, 0), (0, 0, float("inf"), 1)]
)
def test_what_is_no_extent(catalog: SqliteCatalog, bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(InvalidParameter):
        catalog.ids(Query(extent=Extent(*bad)))


SHAPES = [
    shapely.box(410_000, 5_710_000, 425_000, 5_730_000),
    shapely.Polygon([(400_000, 5_700_000), (450_000, 5_700_000), (400_000, 5_750_000)]),
    shapely.LineString([(400_000, 5_700_000), (450_000, 5_750_000)]),
    shapely.MultiPoint([(420_000, 5_720_000), (430_250, 5_730_250)]),
    shapely.Point(420_250, 5_720_250),
    shapely.box(420_100, 5_720_100, 420_200, 5_720_200),
    shapely.Polygon([(400_000, 5_700_000), (450_000, 5_750_000), (450_000, 5_700_000), (400_000, 5_750_000)]),
    shapely.box(0, 0, 1, 1),
    shapely.box(0, 0, 1e7, 1e7),
]


@pytest.mark.parametrize("relation", [*RELATIONS, "Intersects"])
@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_footprints_stand_in_a_relation(
    catalog: SqliteCatalog, items: list[Item], relation: str, number: int
) -> None:
    shape = SHAPES[number]
    test = getattr(shapely, relation.lower())
    expected = [item.id for item in items if test(item.footprint, shapely.make_valid(shape))]
    query = Query(shape=shape, relation=relation)
    assert catalog.ids(query) == expected
    assert catalog.count(replace(query, where="Rank > 0")) == len(
        [1 for item in items if item.id in expected and (item.attributes["Rank"] or 0) > 0]
    )


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_holds_for_some(catalog: SqliteCatalog, relation: str) -> None:
    # Otherwise the test above would compare nothing with nothing.
    assert any(catalog.count(Query(shape=shape, relation=relation)) for shape in SHAPES)


def test_envelopes_touch(catalog: SqliteCatalog, items: list[Item]) -> None:
    shape = SHAPES[1]
    box = shapely.box(*shape.bounds)
    expected = [item.id for item in items if box.intersects(shapely.box(*item.extent.as_tuple()))]
    assert catalog.ids(Query(shape=shape, relation="envelope")) == expected
    assert set(catalog.ids(Query(shape=shape))) < set(expected)


def test_shape_and_extent_at_once(catalog: SqliteCatalog, items: list[Item]) -> None:
    extent = Extent(405_000, 5_705_000, 425_000, 5_720_000)
    expected = [
        item.id for item in items if item.extent.intersects(extent) and item.footprint.intersects(SHAPES[2])
    ]
    assert expected
    assert catalog.ids(Query(extent=extent, shape=SHAPES[2])) == expected


def test_shapes_that_cannot_be(catalog: SqliteCatalog) -> None:
    for query in (
        Query(shape=shapely.Polygon()),
        Query(shape=SHAPES[0], relation="near"),
        Query(shape=SHAPES[0], relation="__class__"),
        Query(shape=shapely.Point(float("nan"), 0)),
    ):
        with pytest.raises(InvalidParameter):
            catalog.ids(query)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 10), (5, 5), (None, 20), (20, None), (None, None), (49, 100), (60, 70), (-5, -1)]
)
def test_times(catalog: SqliteCatalog, items: list[Item], start: int | None, end: int | None) -> None:
    span = TimeSpan(
        None if start is None else START + start * DAY, None if end is None else START + end * DAY
    )
    dates = {item.id: item.attributes["AcquisitionDate"] for item in items}
    expected = [
        item
        for item, date in dates.items()
        if isinstance(date, int)
        and (span.start is None or date >= span.start)
        and (span.end is None or date <= span.end)
    ]
    assert catalog.ids(Query(time=span)) == expected


def test_times_that_last(tmp_path: Path) -> None:
    def during(key: str, start: int | None, end: int | None) -> Any:
        values = {"Begin": start, "End": end}
        return record(key, properties=values, dates=frozenset({"Begin", "End"}))

    catalog = filled(
        tmp_path / "c.sqlite",
        [during("a", 10, 20), during("b", 20, 30), during("c", 25, None), during("d", None, None)],
        time_field="begin",
        end_time_field="end",
    )
    assert catalog.time == (10, 30)
    assert catalog.ids(Query(time=TimeSpan(20, 20))) == [1, 2]
    assert catalog.ids(Query(time=TimeSpan(21, None))) == [2, 3]
    assert catalog.ids(Query(time=TimeSpan(None, 15))) == [1]
    assert catalog.ids(Query(time=TimeSpan(26, 27))) == [2]


def test_a_catalog_without_times_has_no_time(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record("a")])
    assert catalog.time is None
    assert catalog.ids(Query(time=TimeSpan(1, 2))) == [1]
    texts = filled(tmp_path / "d.sqlite", [record("a", properties={"AcquisitionDate": "soon"})])
    assert texts.time is None


def test_the_time_of_all(catalog: SqliteCatalog, items: list[Item]) -> None:
    dates = [value for item in items if isinstance(value := item.attributes["AcquisitionDate"], int)]
    assert catalog.time == (min(dates), max(dates))


def test_dimensions(catalog: SqliteCatalog, items: list[Item]) -> None:
    def ids(*values: tuple[float, float], nearest: bool = False, name: str = "depth") -> list[int]:
        return catalog.ids(Query(dimensions=(DimensionChoice(name, values, nearest),)))

    def having(*ranks: int) -> list[int]:
        return [item.id for item in items if item.attributes["Rank"] in ranks]

    assert ids((2, 2)) == ids((2, 2), name="rank") == having(2)
    assert ids((2, 2), (-5, -4)) == having(2, -5, -4)
    assert ids((2.4, 2.4)) == []
    assert ids((2.4, 2.4), nearest=True) == having(2)
    assert ids((2.6, 2.6), (-99, -99), nearest=True) == having(3, -5)
    assert ids((2.4, 3.4), nearest=True) == having(3)
    both = (DimensionChoice("Depth", ((2, 3),)), DimensionChoice("CloudCover", ((0, 4),)))
    assert catalog.ids(Query(dimensions=both)) == [
        item.id for item in items if (item.id in having(2, 3) and (item.attributes["CloudCover"] or 99) <= 4)
        or (item.id in having(2, 3) and item.attributes["CloudCover"] == 0)
    ]  # fmt: skip
    for name in ("nothing", "Shape", "Sensor"):
        with pytest.raises(InvalidParameter, match="'dimensions'"):
            ids((1, 1), name=name)


def test_pixel_sizes(tmp_path: Path) -> None:
    catalog = filled(
        tmp_path / "c.sqlite",
        [
            record("fine", properties={"MinPS": 0, "MaxPS": 50}),
            record("coarse", properties={"MinPS": 50, "MaxPS": 500}),
            record("always"),
        ],
    )
    assert catalog.ids(Query(pixel_size=10)) == [1, 3]
    assert catalog.ids(Query(pixel_size=50)) == [1, 2, 3]
    assert catalog.ids(Query(pixel_size=1000)) == [3]
    assert catalog.ids(Query(pixel_size=10), Order(MosaicMethod.LOCK, locked=(2,))) == [2]


def test_all_conditions_at_once(catalog: SqliteCatalog, items: list[Item]) -> None:
    query = Query(
        where="CloudCover < 8 AND Sensor IN ('S2A', 'L8')",
        ids=tuple(range(1, 300)),
        extent=Extent(405_000, 5_705_000, 440_000, 5_740_000),
        time=TimeSpan(START, START + 40 * DAY),
        pixel_size=20.0,
    )
    expected = [
        item.id
        for item in items
        if item.id < 300
        and query.extent is not None
        and item.extent.intersects(query.extent)
        and item.attributes["CloudCover"] is not None
        and float(item.attributes["CloudCover"]) < 8
        and item.attributes["Sensor"] in ("S2A", "L8")
        and item.attributes["AcquisitionDate"] is not None
        and int(item.attributes["AcquisitionDate"]) <= START + 40 * DAY
    ]
    assert len(expected) > 3
    assert catalog.ids(query) == expected
    assert [item.id for item in catalog.find(query, Order(), 2, 1)] == expected[1:3]


def test_ids(catalog: SqliteCatalog) -> None:
    assert catalog.ids(Query(ids=(5, 3, 5, -1, 10**25))) == [3, 5]
    assert catalog.ids(Query(ids=())) == []


def test_values(catalog: SqliteCatalog, items: list[Item]) -> None:
    assert catalog.values("Sensor") == ["L8", "S2A", "S2B"]
    expected = {item.attributes["Rank"] for item in items if item.attributes["Sensor"] == "L8"} - {None}
    assert catalog.values("RANK", Query("Sensor = 'L8'")) == sorted(expected, key=lambda v: float(v or 0))
    with pytest.raises(InvalidParameter):
        catalog.values("Shape")


def test_across_the_antimeridian(tmp_path: Path) -> None:
    catalog = filled(
        tmp_path / "c.sqlite",
        [
            record("crossing", degrees(179, -17, 181, -16)),
            record("east", degrees(178, -17, 179.5, -16)),
            record("west", degrees(-179.5, -17, -178, -16)),
            record("middle", degrees(-10, -17, 10, -16)),
        ],
    )
    assert catalog.crs == WGS84

    def ids(west: float, east: float) -> list[int]:
        return catalog.ids(Query(extent=Extent(west, -16.8, east, -16.2)))

    assert ids(-5, 5) == [4]
    assert ids(20, 30) == []
    assert ids(178.2, 178.4) == [2]
    assert ids(179.6, 179.9) == [1]
    assert ids(-179.9, -179.6) == [1]
    assert ids(179.6, 180.2) == [1]
    assert ids(179.4, 180.6) == [1, 2, 3]
    assert ids(-180.6, -179.4) == [1, 2, 3]
    assert ids(180.1, 180.2) == [1]
    assert ids(-200, 200) == [1, 2, 3, 4]
    for shape in (shapely.box(180.1, -16.8, 180.2, -16.2), shapely.Point(-179.8, -16.5)):
        assert catalog.ids(Query(shape=shape)) == [1]
    assert catalog.ids(Query(shape=shapely.box(0, -18, 0.1, -15))) == [4]
    assert catalog.ids(
        Query(extent=Extent(-185, -20, 185, -10)), Order(MosaicMethod.LOCK, locked=(3, 1))
    ) == [3, 1]
    item = catalog.get(1)
    assert item is not None
    assert len(shapely.get_parts(item.footprint)) == 2
    assert abs(float(item.attributes["CenterX"] or 0)) == 180


def test_mercator_finds_what_numbers_of_32_bits_would_not(tmp_path: Path) -> None:
    """Boxes of the R*Tree are rounded outward to some metres; what only comes near is no answer."""
    far = 2.0**24 + 1
    catalog = filled(
        tmp_path / "c.sqlite",
        [record(str(n), facts(far + n, 5_000_000, 1.0, WEB_MERCATOR, 1)) for n in range(20)],
    )
    for n in range(20):
        assert catalog.ids(Query(extent=Extent(far + n, 5_000_000, far + n + 1, 5_000_001))) == [n + 1]
