"""Documents of variables, dimensions and slices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from proxy.arcgis.dimensions import _all, dimension_document, interval, variable_document
from proxy.selection import DimensionChoice
from proxy.sources.base import Dimension, Variable


def ms(year: int, month: int, day: int = 1) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp() * 1000


MONTHS = Dimension("time", "time", "", tuple(ms(2020, month) for month in range(1, 7)))
DEPTHS = Dimension("depth", "vertical", "m", (5.0, 15.0, 100.5), positive_down=True)
BOUNDED = Dimension("band", "", "nm", (450.0, 550.0), ranges=((400.0, 500.0), (500.0, 600.0)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (MONTHS.values, (1, "Months")),
        (tuple(ms(year, 3) for year in (1990, 1995, 2000)), (5, "Years")),
        (tuple(ms(2020, 1, day) for day in (1, 2, 3)), (1, "Days")),
        ((0.0, 21_600_000.0), (6, "Hours")),
        ((0.0, 1500.0, 3000.0), (1500, "Milliseconds")),
        ((0.0, 1000.0, 5000.0), None),
        ((ms(2020, 1), ms(2020, 2), ms(2020, 5)), None),
        ((ms(2020, 1),), None),
    ],
)
def test_steps_of_time(values: tuple[float, ...], expected: tuple[float, str] | None) -> None:
    assert interval(Dimension("t", "time", "", values)) == expected


def test_a_dimension_of_depths_shows_heights() -> None:
    found = dimension_document(DEPTHS, "StdZ")
    assert found["name"] == found["field"] == "StdZ"
    assert found["values"] == [-5, -15, -100.5]
    assert found["extent"] == [-100.5, -5]
    assert found["hasRegularIntervals"] is False
    assert "interval" not in found


def test_ranges_are_pairs() -> None:
    found = dimension_document(BOUNDED, "band")
    assert found["hasRanges"] is True
    assert found["values"] == [[400, 500], [500, 600]]
    assert found["extent"] == [400, 600]
    assert (found["interval"], found["intervalUnit"]) == (100, "nm")


def test_values_are_listed_as_asked() -> None:
    assert "values" in dimension_document(MONTHS, "StdTime", "always")
    assert "values" not in dimension_document(MONTHS, "StdTime", "never")
    assert "values" not in dimension_document(MONTHS, "StdTime", "ifirregular")
    assert "values" in dimension_document(DEPTHS, "ifirregular")


def test_a_variable_with_its_dimensions() -> None:
    found = variable_document(Variable("temp", "", "K", (MONTHS, DEPTHS)))
    assert (found["name"], found["description"], found["unit"]) == ("temp", "temp", "K")
    assert [each["name"] for each in found["dimensions"]] == ["StdTime", "StdZ"]


def test_slices_keep_their_numbers() -> None:
    variables = (Variable("a", "", "", (BOUNDED,)), Variable("b", "", "", (MONTHS, DEPTHS)))
    every = list(_all(variables, "", ()))
    assert len(every) == 2 + 6 * 3
    assert every[0] == [{"variableName": "a", "dimensionName": "band", "values": [[400, 500]]}]
    assert every[3] == [
        {"variableName": "b", "dimensionName": "StdTime", "values": [ms(2020, 1)]},
        {"variableName": "b", "dimensionName": "StdZ", "values": [-15]},
    ]
    some = list(_all(variables, "b", (DimensionChoice("depth", ((10.0, 20.0),)),)))
    assert [number for number, each in enumerate(some) if each] == list(range(3, 20, 3))
