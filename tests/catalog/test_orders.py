from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from proxy.catalog.base import Item, Order, Query
from proxy.catalog.store import SqliteCatalog
from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.selection import MosaicMethod
from tests.catalog.injections import FIELDS
from tests.catalog.items import facts, filled, record, scattered

CENTER = (425_250.0, 5_725_750.0)
NONE = float("inf")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> SqliteCatalog:
    return filled(tmp_path_factory.mktemp("orders") / "c.sqlite", scattered(400))


@pytest.fixture(scope="module")
def items(catalog: SqliteCatalog) -> list[Item]:
    return [item for item in (catalog.get(number) for number in range(1, 401)) if item is not None]


def in_order(items: list[Item], key: Callable[[Item], float | None], ascending: bool = True) -> list[int]:
    """Ids by a number, what has none last; then by ZOrder, the same way; then by id."""
    keys = np.array(
        [NONE if (value := key(item)) is None else value if ascending else -value for item in items]
    )
    ties = np.array(
        [NONE if item.attributes["ZOrder"] is None else item.attributes["ZOrder"] for item in items]
    )
    ids = np.array([item.id for item in items])
    return [int(ids[place]) for place in np.lexsort((ids, ties, keys))]


def squared(item: Item, place: tuple[float, float]) -> float:
    x, y = shapely.centroid(item.footprint).coords[0]
    return float((x - place[0]) ** 2 + (y - place[1]) ** 2)


def number(name: str) -> Callable[[Item], Any]:
    return lambda item: item.attributes[name]


def test_as_stored(catalog: SqliteCatalog) -> None:
    assert catalog.ids(Query(), Order()) == list(range(1, 401))
    assert catalog.ids(Query(), Order(ascending=False)) == list(range(400, 0, -1))


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize(
    "method", [MosaicMethod.CENTER, MosaicMethod.NADIR, MosaicMethod.VIEWPOINT, MosaicMethod.SEAMLINE]
)
def test_by_distance(
    catalog: SqliteCatalog, items: list[Item], method: MosaicMethod, ascending: bool
) -> None:
    expected = in_order(items, lambda item: squared(item, CENTER), ascending)
    assert catalog.ids(Query(), Order(method, ascending, CENTER)) == expected


def test_the_centre_is_else_that_of_the_extent(catalog: SqliteCatalog, items: list[Item]) -> None:
    extent = Extent(410_000, 5_710_000, 430_000, 5_725_000)
    near = [item for item in items if item.extent.intersects(extent)]
    assert 10 < len(near) < 400
    expected = in_order(near, lambda item: squared(item, extent.center))
    assert catalog.ids(Query(extent=extent), Order(MosaicMethod.CENTER)) == expected


def test_by_the_northwest_corner(catalog: SqliteCatalog, items: list[Item]) -> None:
    assert catalog.extent is not None
    corner = catalog.extent.xmin, catalog.extent.ymax
    expected = in_order(items, lambda item: squared(item, corner))
    assert catalog.ids(Query(), Order(MosaicMethod.NORTHWEST)) == expected


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("name", ["CloudCover", "Rank", "AcquisitionDate"])
def test_by_a_value(catalog: SqliteCatalog, items: list[Item], name: str, ascending: bool) -> None:
    plain = Order(MosaicMethod.ATTRIBUTE, ascending, sort_field=name.upper())
    assert catalog.ids(Query(), plain) == in_order(items, number(name), ascending)
    for base in (3.25, "3.25", 0, 1_501_000_000_000):

        def away(item: Item, base: float = float(base)) -> float | None:
            value = item.attributes[name]
            return None if value is None else abs(float(value) - base)

        order = Order(MosaicMethod.ATTRIBUTE, ascending, sort_field=name, sort_value=base)
        assert catalog.ids(Query(), order) == in_order(items, away, ascending)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2100/01/01", datetime(2100, 1, 1, tzinfo=UTC)),
        ("2017/7/25", datetime(2017, 7, 25, tzinfo=UTC)),
        ("2017-07-25", datetime(2017, 7, 25, tzinfo=UTC)),
        ("2017-07-25T12:00:00Z", datetime(2017, 7, 25, 12, tzinfo=UTC)),
        ("2017-07-25 14:00:00+02:00", datetime(2017, 7, 25, 12, tzinfo=UTC)),
        ("1500984000000", datetime(2017, 7, 25, 12, tzinfo=UTC)),
    ],
)
def test_by_a_date(catalog: SqliteCatalog, items: list[Item], text: str, moment: datetime) -> None:
    base = moment.timestamp() * 1000

    def away(item: Item) -> float | None:
        value = item.attributes["AcquisitionDate"]
        return None if value is None else abs(float(value) - base)

    order = Order(MosaicMethod.ATTRIBUTE, sort_field="AcquisitionDate", sort_value=text)
    assert catalog.ids(Query(), order) == in_order(items, away)


def test_by_a_text(catalog: SqliteCatalog, items: list[Item]) -> None:
    places = {"S2A": 0, "L8": 1, "S2B": 2, None: None}
    for ascending in (True, False):
        order = Order(MosaicMethod.ATTRIBUTE, ascending, sort_field="Sensor", sort_value="S2A")
        assert catalog.ids(Query(), order) == in_order(
            items, lambda item: places[item.attributes["Sensor"]], ascending
        )
    plain = Order(MosaicMethod.ATTRIBUTE, sort_field="Sensor")
    rising = {"L8": 0, "S2A": 1, "S2B": 2, None: None}
    assert catalog.ids(Query(), plain) == in_order(items, lambda item: rising[item.attributes["Sensor"]])
    where = Query("Sensor IS NULL OR Sensor <> 'x'")
    assert catalog.ids(where, plain) == catalog.ids(Query(), plain)


def test_locked_items_alone_and_in_their_order(catalog: SqliteCatalog, items: list[Item]) -> None:
    order = Order(MosaicMethod.LOCK, locked=(7, 3, 999, 7, 12, 10**20, -1, 0))
    assert catalog.ids(Query(), order) == [7, 3, 12]
    assert catalog.ids(Query(pixel_size=1e12), order) == [7, 3, 12]
    assert catalog.ids(Query("OBJECTID <> 3"), order) == [7, 12]
    assert catalog.ids(Query(ids=(12, 7)), order) == [7, 12]
    assert catalog.ids(Query(), Order(MosaicMethod.LOCK, False, locked=(7, 3, 12))) == [12, 3, 7]
    assert [item.id for item in catalog.find(Query(), order, limit=2)] == [7, 3]
    assert catalog.ids(Query(), Order(MosaicMethod.LOCK)) == []
    three = items[2].extent
    inside = Extent(three.xmin + 1, three.ymin + 1, three.xmax - 1, three.ymax - 1)
    expected = [n for n in (7, 3, 12) if items[n - 1].extent.intersects(inside)]
    assert catalog.ids(Query(extent=inside), order) == expected


def test_by_several_fields(catalog: SqliteCatalog, items: list[Item]) -> None:
    def key(item: Item) -> tuple[Any, ...]:
        rank, cloud = item.attributes["Rank"], item.attributes["CloudCover"]
        return (rank is None, -(rank or 0), cloud is None, cloud or 0, item.id)

    order = Order(by=(("rank", False), ('"CloudCover"', True)))
    assert catalog.ids(Query(), order) == [item.id for item in sorted(items, key=key)]
    assert catalog.ids(Query("1=1"), order) == catalog.ids(Query(), order)


def test_seamlines_that_hold_the_centre_come_first(tmp_path: Path) -> None:
    def line(west: float, east: float) -> shapely.Polygon:
        return shapely.box(west, 5_800_000, east, 5_801_000)

    catalog = filled(
        tmp_path / "c.sqlite",
        [
            record("left", facts(500_000), seamline=line(500_000, 500_900)),
            record("right", facts(500_500), seamline=line(500_900, 501_500)),
            record("whole", facts(499_800)),
            record("far", facts(510_000), seamline=line(510_000, 511_000)),
        ],
    )
    # The centre is nearer to that of `right`, but lies on this side of the line; `whole` ends before it.
    center = (500_850.0, 5_800_500.0)
    assert catalog.ids(Query(), Order(MosaicMethod.SEAMLINE, center=center)) == [1, 2, 3, 4]
    assert catalog.ids(Query(), Order(MosaicMethod.CENTER, center=center)) == [2, 1, 3, 4]
    assert catalog.ids(Query(), Order(MosaicMethod.SEAMLINE, False, center)) == [4, 3, 2, 1]
    assert catalog.ids(Query(), Order(MosaicMethod.SEAMLINE, center=(499_900.0, 5_800_500.0)))[0] == 3
    assert catalog.ids(Query(), Order(MosaicMethod.SEAMLINE, center=(0.0, 0.0))) == [3, 1, 2, 4]


@pytest.mark.parametrize(
    "order",
    [
        Order(MosaicMethod.ATTRIBUTE, sort_field="Nothing"),
        Order(MosaicMethod.ATTRIBUTE),
        Order(MosaicMethod.ATTRIBUTE, sort_field="Shape"),
        Order(MosaicMethod.ATTRIBUTE, sort_field="Rank", sort_value="high"),
        Order(MosaicMethod.ATTRIBUTE, sort_field="Rank", sort_value="nan"),
        Order(MosaicMethod.ATTRIBUTE, sort_field="Rank", sort_value=float("inf")),
        Order(MosaicMethod.ATTRIBUTE, sort_field="AcquisitionDate", sort_value="soon"),
        Order(MosaicMethod.ATTRIBUTE, sort_field="AcquisitionDate", sort_value="0000/01/01"),
        Order(MosaicMethod.CENTER, center=(float("nan"), 0.0)),
        Order(by=(("Rank", True), ("Shape", True))),
        Order(by=(("Rank", True),) * 51),
    ],
)
def test_orders_that_cannot_be(catalog: SqliteCatalog, order: Order) -> None:
    with pytest.raises(InvalidParameter):
        catalog.find(Query(), order)


@pytest.mark.parametrize("name", FIELDS)
def test_injections_are_no_fields(catalog: SqliteCatalog, name: str) -> None:
    for order in (Order(by=((name, True),)), Order(MosaicMethod.ATTRIBUTE, sort_field=name)):
        with pytest.raises(InvalidParameter, match="There is no field"):
            catalog.find(Query(), order)
    with pytest.raises(InvalidParameter, match="There is no field"):
        catalog.values(name)
    with pytest.raises(InvalidParameter, match="There is no field"):
        catalog.rows(Query(), [name])
    assert len(catalog) == 400
