"""`datetime` and `subset` on sources with time and further dimensions."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from proxy.config import parse
from proxy.errors import InvalidParameter, OutsideExtent
from proxy.ogc.api.extents import extent
from proxy.ogc.api.map_grid import NothingThere
from proxy.ogc.api.slices import content_datetime, dimensions_of
from proxy.ogc.api.subset import ranges
from proxy.ogc.dimensions import selections
from proxy.selection import EVERYTHING, DimensionChoice, Selection
from proxy.services import Registry
from proxy.sources.base import Dimension, SourceInfo, Variable
from tests.conftest import DEMO
from tests.ogc.api.conftest import Checker

DAY = 86_400_000
#: 2020-01-01 and the two days after it.
DAYS = (1577836800000.0, 1577836800000.0 + DAY, 1577836800000.0 + 2 * DAY)
TIME = Dimension("StdTime", "time", "ms", DAYS)
DEPTH = Dimension("StdZ", "vertical", "m", (0.0, 10.0, 50.0), "Depth", (), True)
BAND = Dimension("wave length", "", "nm", (400.0, 500.0))


class Cube:
    """What the API needs to know of a cube."""

    def __init__(self, info: SourceInfo) -> None:
        self.info = info

    def normalised(self, selection: Selection) -> Selection:
        chosen = {choice.name: choice for choice in selection.dimensions}
        variables = self.info.variables
        every = variables[0].dimensions if variables else ()
        filled = [chosen.get(d.name, DimensionChoice(d.name, ((d.values[0],) * 2,))) for d in every]
        return dataclasses.replace(selection, dimensions=tuple(sorted(filled, key=lambda c: c.name)))


@pytest.fixture(scope="module")
def plain() -> SourceInfo:
    config = parse({"services": [{"name": "world", "source": str(DEMO / "bluemarble.tif")}]}, {})
    return Registry(config, lambda _: ()).get("world").info


@pytest.fixture
def cube(plain: SourceInfo) -> Any:
    variables = (
        Variable("temperature", "Temperature", "K", (TIME, DEPTH, BAND)),
        Variable("salt", "", "", ()),
    )
    return Cube(dataclasses.replace(plain, variables=variables, time=(int(DAYS[0]), int(DAYS[2]))))


@pytest.fixture
def mosaic(plain: SourceInfo) -> Any:
    return Cube(dataclasses.replace(plain, time=(int(DAYS[0]), int(DAYS[2])), item_count=3))


def chosen(source: Any, datetime: str = "", *subset: str) -> list[dict[str, tuple[tuple[float, float], ...]]]:
    found = selections(source, dimensions_of(source, datetime, ranges(subset)))
    return [{choice.name: choice.values for choice in each.dimensions} for each in found]


def test_an_extent_describes_every_dimension(cube: Any, checked: Checker) -> None:
    """[general-subsetting/uniform-additional-dimensions]"""
    found = extent(cube.info)
    checked(found, "extent")
    assert found["temporal"]["interval"] == [["2020-01-01T00:00:00Z", "2020-01-03T00:00:00Z"]]
    assert found["temporal"]["grid"]["cellsCount"] == 3
    assert found["elevation"]["grid"]["coordinates"] == [0.0, 10.0, 50.0]
    assert found["elevation"]["unit"] == "m"
    assert found["wave_length"]["interval"] == [[400.0, 500.0]]
    assert found["variable"]["grid"]["coordinates"] == ["temperature", "salt"]


@pytest.mark.parametrize(
    ("datetime", "subset", "days"),
    [
        ("2020-01-02T00:00:00Z", (), [1]),
        ("2020-01-02", (), [1]),
        ("2020-01-02T00:00:00Z/..", (), [1, 2]),
        ("../2020-01-02T00:00:00Z", (), [0, 1]),
        ("/2020-01-02T00:00:00Z", (), [0, 1]),
        ("2019-06-01/2020-01-01", (), [0]),
        ("2020-01", (), [0, 1, 2]),
        ("", ('time("2020-01-02")',), [1]),
        ("", ('time("2020-01-01":"2020-01-02")',), [0, 1]),
        ("", ("time(2020-01-02T00:00:00Z:*)",), [1, 2]),
        ("", ("time(*)",), [2]),
        ("", ("T(2020-01-03T00:00:00Z)",), [2]),
    ],
)
def test_a_time_chooses_slices(cube: Any, datetime: str, subset: tuple[str, ...], days: list[int]) -> None:
    """[datetime/datetime-definition, subset-definition]"""
    assert [found["StdTime"] for found in chosen(cube, datetime, *subset)] == [
        ((DAYS[d],) * 2,) for d in days
    ]


def test_an_open_interval_chooses_nothing(cube: Any) -> None:
    assert dimensions_of(cube, "../..", ()) == {}


@pytest.mark.parametrize(
    ("datetime", "subset"),
    [
        ("2019-12-31T00:00:00Z", ()), ("2020-02-01/..", ()), ("../2019-01-01", ()),
        ("", ('time("2030-01-01")',)), ("2020-01-01T01:00:00Z/2020-01-01T02:00:00Z", ()),
    ],
)  # fmt: skip
def test_what_lies_outside_in_time_is_no_error(cube: Any, datetime: str, subset: tuple[str, ...]) -> None:
    """[datetime/subset-definition] 204"""
    with pytest.raises(NothingThere):
        dimensions_of(cube, datetime, ranges(subset))


@pytest.mark.parametrize(
    "subset", ["elevation(60)", "elevation(-20:-10)", "elevation(1:2)", "wave_length(600:700)"]
)
def test_what_lies_outside_on_another_dimension_is_not_found(cube: Any, subset: str) -> None:
    """[general-subsetting/subset-definition] 204 or 404; the suite takes 404"""
    with pytest.raises(OutsideExtent):
        dimensions_of(cube, "", ranges((subset,)))


def test_of_a_long_interval_the_latest_slices_are_drawn(cube: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.ogc.api.slices.SLICES", 2)
    drawn = [found["StdTime"] for found in chosen(cube, "2020-01-01/2020-01-03")]
    assert drawn == [((DAYS[day],) * 2,) for day in (1, 2)]


@pytest.mark.parametrize(
    ("datetime", "subset"),
    [
        ("tomorrow", ()), ("2020-01-02/2020-01-01", ()), ("2020-01-01,2020-01-02", ()), ("a/b/c", ()),
        ("2020-01-01", ('time("2020-01-01")',)), ("", ("height(5)",)), ("", ("elevation(deep)",)),
        ("", ("elevation(10:0)",)), ("", ("variable(a:b)",)),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(cube: Any, datetime: str, subset: tuple[str, ...]) -> None:
    with pytest.raises(InvalidParameter):
        dimensions_of(cube, datetime, ranges(subset))


def test_further_dimensions_are_axes_of_a_subset(cube: Any) -> None:
    """[general-subsetting/subset-definition A]"""
    assert chosen(cube, "", "elevation(10)") == [{"StdZ": ((10.0, 10.0),)}]
    assert chosen(cube, "", "Elevation(5:60)") == [{"StdZ": ((10.0, 10.0),)}, {"StdZ": ((50.0, 50.0),)}]
    assert chosen(cube, "", "wave_length(500)") == [{"wave length": ((500.0, 500.0),)}]
    [selection] = selections(cube, dimensions_of(cube, "", ranges(["variable(salt)"])))
    assert selection.variable == "salt"


def test_a_source_without_time_has_nothing_that_could_not_match(plain: SourceInfo) -> None:
    """[datetime/datetime-response B]"""
    source: Any = Cube(plain)
    assert dimensions_of(source, "2020-01-01", ()) == {}
    with pytest.raises(InvalidParameter):
        dimensions_of(source, "whenever", ())


def test_a_mosaic_is_asked_for_a_span(mosaic: Any) -> None:
    [found] = selections(mosaic, dimensions_of(mosaic, "2020-01-02/..", ()))
    assert found.time is not None
    assert (found.time.start, found.time.end) == (int(DAYS[1]), int(DAYS[2]))


def test_the_time_of_what_is_drawn_is_told(cube: Any, mosaic: Any, plain: SourceInfo) -> None:
    """[core/map-response F, G, H]"""

    def told(source: Any, datetime: str) -> str | None:
        found = selections(source, dimensions_of(source, datetime, ()))
        return content_datetime([(source, each) for each in found])

    assert told(cube, "") == "2020-01-01T00:00:00Z"
    assert told(cube, "2020-01-02") == "2020-01-02T00:00:00Z"
    assert told(cube, "2020-01-02/..") == "2020-01-02T00:00:00Z/2020-01-03T00:00:00Z"
    assert told(mosaic, "") == "2020-01-01T00:00:00Z/2020-01-03T00:00:00Z"
    assert told(mosaic, "2020-01-02T00:00:00Z") == "2020-01-02T00:00:00Z"
    assert content_datetime([(Cube(plain), EVERYTHING)]) is None  # type: ignore[list-item]
