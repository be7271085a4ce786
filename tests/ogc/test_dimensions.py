from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.choices import iso
from proxy.ogc.dimensions import SLICES, InvalidDimension, offered, selection, selections
from proxy.selection import DimensionChoice, MosaicRule, Selection, TimeSpan
from proxy.sources.base import Dimension, SourceInfo, Variable
from tests.arcgis.conftest import INFO

DAY = 86_400_000.0
TIME = Dimension("StdTime", "time", "", (0.0, DAY, 2 * DAY, 40 * DAY))
DEPTH = Dimension("depth", "vertical", "m", (50.0, 10.0, 0.0), positive_down=True)
BAND = Dimension("member", "", "", (1.0, 2.0))
CUBE = replace(
    INFO,
    variables=(
        Variable("temperature", "", "K", (TIME, DEPTH, BAND)),
        Variable("salinity", "", "", (TIME,)),
    ),
)
MOSAIC = replace(INFO, time=(0, int(DAY)), item_count=3)


class Fake:
    """A source that knows only facts; its default slice is the last in time."""

    def __init__(self, info: SourceInfo) -> None:
        self.info = info

    def normalised(self, choice: Selection) -> Selection:
        return replace(choice, dimensions=(DimensionChoice("StdTime", ((40 * DAY, 40 * DAY),)),))


def cube() -> Any:
    return Fake(CUBE)


def mosaic() -> Any:
    return Fake(MOSAIC)


def chosen(source: Any, **query: str) -> list[dict[str, float]]:
    return [{c.name: c.values[0][0] for c in each.dimensions} for each in selections(source, query)]


def test_what_a_cube_offers() -> None:
    time, depth, member, variable = offered(cube())
    assert (time.name, time.wms, time.units) == ("time", "time", "ISO8601")
    assert time.values[0] == "1970-01-01T00:00:00Z"
    assert time.default == "1970-02-10T00:00:00Z"
    assert (depth.name, depth.values, depth.default, depth.symbol) == (
        "elevation",
        ("0", "10", "50"),
        "50",
        "m",
    )
    assert (member.wms, member.extent) == ("dim_member", "1,2")
    assert (variable.wms, variable.values) == ("dim_variable", ("temperature", "salinity"))


def test_what_a_mosaic_offers() -> None:
    (time,) = offered(mosaic())
    assert time.values == ("1970-01-01T00:00:00Z/1970-01-02T00:00:00Z",)
    assert time.extent == "1970-01-01T00:00:00Z/1970-01-02T00:00:00Z/PT0S"
    assert offered(Fake(INFO)) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970-01-02", [1]),
        ("1970-01-02T00:00:00Z", [1]),
        ("1970-01-02T10:00:00Z", [1]),
        ("1970-01-02T14:00:00Z", [2]),
        ("1970-01-25", [40]),
        ("1970-01", [0, 1, 2]),
        ("current", [40]),
        ("1970-01-03,1970-01-01", [0, 2]),
        ("1970-01-01/1970-01-02", [0, 1]),
        ("1970-01-02/1970-02-28/P1D", [1, 2, 40]),
        ("1970-01-02/..", [1, 2, 40]),
    ],
)
def test_times_of_a_cube(text: str, days: list[int]) -> None:
    assert chosen(cube(), TIME=text) == [{"StdTime": day * DAY} for day in days]


def test_other_dimensions() -> None:
    assert chosen(cube(), elevation="12") == [{"depth": 10}]
    assert chosen(cube(), depth="0") == chosen(cube(), DIM_DEPTH="0") == [{"depth": 0}]
    assert chosen(cube(), dim_member="2", time="current") == [{"StdTime": 40 * DAY, "member": 2}]
    assert chosen(cube(), elevation="0/20", dim_member="1") == [
        {"depth": 0, "member": 1},
        {"depth": 10, "member": 1},
    ]
    assert selections(cube(), {}) == selections(cube(), {"time": "default"}) == (Selection(),)
    assert selection(cube(), {"DIM_VARIABLE": "Salinity"}).variable == "Salinity"


@pytest.mark.parametrize(
    "query",
    [
        {"time": "yesterday"}, {"time": "1950-01-01"}, {"time": "2050-01-01"},
        {"time": "1970-01-05/1970-01-06"},
        {"time": "1970-01-01/1970-01-02/P1D/x"}, {"elevation": "deep"}, {"elevation": "60"},
        {"elevation": "current"}, {"elevation": "20/40"}, {"dim_variable": "nope"},
    ],
)  # fmt: skip
def test_values_that_there_are_not(query: dict[str, str]) -> None:
    with pytest.raises(InvalidDimension):
        selections(cube(), query)


def test_times_of_a_mosaic() -> None:
    def spans(text: str) -> list[TimeSpan | None]:
        return [each.time for each in selections(mosaic(), {"time": text})]

    assert spans("") == spans("default") == spans(offered(mosaic())[0].default) == [None]
    assert spans("current") == [TimeSpan(int(DAY), int(DAY))]
    assert spans("1970-01-01") == [TimeSpan(0, int(DAY) - 1)]
    assert spans("1970-01-02T00:00:00Z,1970-01-01T00:00:00Z") == [
        TimeSpan(int(DAY), int(DAY)) if late else TimeSpan(0, 0) for late in (False, True)
    ]
    assert selections(mosaic(), {"time": "1970"})[0].mosaic == MosaicRule()


@pytest.mark.parametrize("text", ["1969", "1970-01-03/..", "../1969-06-01", "1970-01-01,1990-01-01"])
def test_a_mosaic_has_no_times_outside_its_own(text: str) -> None:
    with pytest.raises(InvalidDimension, match="from 1970-01-01T00:00:00Z to 1970-01-02T00:00:00Z"):
        selections(mosaic(), {"time": text})


def test_a_request_has_an_end() -> None:
    moments = ",".join(iso(float(second * 1000)) for second in range(SLICES + 1))
    with pytest.raises(InvalidDimension, match="At most"):
        selections(mosaic(), {"time": moments})
    with pytest.raises(InvalidDimension, match="One value"):
        selection(cube(), {"time": "1970-01"})


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (DAY, "P1D"),
        (DAY / 4, "PT6H"),
        (1.5 * DAY, "PT36H"),
        (90_000.0, "PT90S"),
        (0.5, ""),
        (900_000.0, "PT15M"),
    ],
)
def test_many_moments_at_even_steps_are_told_by_their_step(step: float, told: str) -> None:
    moments = tuple(step * number for number in range(101))
    long = replace(CUBE, variables=(Variable("t", "", "", (replace(TIME, values=moments),)),))
    (found,) = offered(Fake(long))  # type: ignore[arg-type]
    assert len(found.values) == 101
    if told:
        assert found.extent == f"{found.values[0]}/{found.values[-1]}/{told}"
    else:
        assert found.extent == ",".join(found.values)
    uneven = replace(TIME, values=(*moments[:-1], moments[-1] + DAY))
    uneven_cube = replace(CUBE, variables=(Variable("t", "", "", (uneven,)),))
    (found,) = offered(Fake(uneven_cube))  # type: ignore[arg-type]
    assert found.extent == ",".join(found.values)
