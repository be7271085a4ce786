"""Which slice is meant: exact values, nearest ones, ranges, times, defaults, and what is said of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.choices import selection as read
from proxy.choices import slice_count, slice_of
from proxy.errors import InvalidParameter
from proxy.selection import EVERYTHING, DimensionChoice, MosaicMethod, MosaicRule, Selection, TimeSpan
from proxy.services import Service
from proxy.sources.base import Dimension
from proxy.sources.cube.steps import Steps, steps_of
from tests.sources.cube.build import DEPTH, OCEAN, TIME, service_of

DAY = 86_400_000


@pytest.fixture(scope="module")
def service() -> Service:
    return service_of(OCEAN)


def time_steps(*days: float, ranges: tuple[tuple[float, float], ...] = ()) -> Steps:
    spans = tuple((low * DAY, high * DAY) for low, high in ranges)
    return steps_of(Dimension("time", "time", "", tuple(day * DAY for day in days), ranges=spans))


def depths(*values: float, **more: object) -> Steps:
    return steps_of(Dimension("depth", "vertical", "m", values, positive_down=True, **more))  # type: ignore[arg-type]


def at(steps: Steps, span: TimeSpan) -> int:
    """The step that is shown of those in a span."""
    return steps.default(steps.during(span))


def only(value: float, nearest: bool = False) -> DimensionChoice:
    return DimensionChoice("depth", ((value, value),), nearest)


def test_without_a_choice_it_is_the_latest_time_and_the_first_of_anything_else() -> None:
    assert time_steps(3, 9, 5).default() == 1
    assert depths(100, 10, 0).default() == 0
    assert time_steps(3, 9, 5).dimension.default == 9 * DAY
    assert depths(100, 10, 0).dimension.default == 100


@pytest.mark.parametrize(("value", "index"), [(0.0, 0), (10.0, 1), (10.000001, 1), (500.0, 3)])
def test_equal_values(value: float, index: int) -> None:
    assert depths(0, 10, 100, 500).chosen(only(value)) == index


@pytest.mark.parametrize(
    ("value", "index"), [(4.0, 0), (6.0, 1), (80.0, 2), (499.0, 3), (530.0, 3), (-20.0, 0)]
)
def test_the_nearest_where_it_is_asked_for(value: float, index: int) -> None:
    assert depths(0, 10, 100, 500).chosen(only(value, nearest=True)) == index


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (only(11.0), "There are 4 values from 0 m to 500 m."),
        (only(600.0, nearest=True), "There are 4 values from 0 m to 500 m."),
        (DimensionChoice("depth", ((20.0, 90.0),)), "There are 4 values from 0 m to 500 m."),
    ],
)
def test_what_is_not_there_is_told_with_what_is(choice: DimensionChoice, words: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        depths(0, 10, 100, 500).chosen(choice)
    assert (caught.value.name, caught.value.why) == ("depth", words)


def test_a_single_value_is_told_as_such() -> None:
    with pytest.raises(InvalidParameter, match="There is only 2 m"):
        depths(2).chosen(only(10.0, nearest=True))


def test_of_a_range_the_first_and_of_times_the_last() -> None:
    assert depths(0, 10, 100, 500).chosen(DimensionChoice("depth", ((5, 600),))).tolist() == [1, 2, 3]
    assert depths(0, 10, 100, 500).chosen(DimensionChoice("depth", ((400, 600), (9, 11)))).tolist() == [1, 3]
    span = TimeSpan(2 * DAY, 8 * DAY)
    assert at(time_steps(1, 3, 5, 9), span) == 2


@pytest.mark.parametrize(
    ("start", "end", "index"),
    [
        (5.0, 5.0, 2),
        (4.2, 4.2, 2),
        (3.9, 3.9, 1),
        (6.0, 6.5, 2),
        (None, 4.0, 1),
        (4.0, None, 3),
        (9.5, 9.5, 3),
        (0.2, 0.4, 0),
    ],
)
def test_times_within_a_span_or_nearest_to_it(start: float | None, end: float | None, index: int) -> None:
    span = TimeSpan(*(None if day is None else int(day * DAY) for day in (start, end)))
    assert at(time_steps(1, 3, 5, 9), span) == index


@pytest.mark.parametrize(("start", "end"), [(20.0, 20.0), (None, -5.0), (15.0, None)])
def test_times_beyond_all_are_refused_with_the_range(start: float | None, end: float | None) -> None:
    span = TimeSpan(*(None if day is None else int(day * DAY) for day in (start, end)))
    with pytest.raises(InvalidParameter) as caught:
        at(time_steps(1, 3, 5, 9), span)
    assert caught.value.why == "There are 4 values from 1970-01-02T00:00:00Z to 1970-01-10T00:00:00Z."


def test_a_moment_within_the_bounds_of_a_step_means_that_step() -> None:
    months = time_steps(15, 45, 75, ranges=((0, 31), (31, 59), (59, 90)))
    assert [at(months, TimeSpan(int(day * DAY), int(day * DAY))) for day in (1, 30.5, 31, 58, 89)] == [
        0,
        0,
        1,
        1,
        2,
    ]
    layers = depths(5, 15, ranges=((0.0, 10.0), (10.0, 20.0)))
    assert layers.chosen(only(12.0)) == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30, unique=True), st.floats(-1e6, 1e6))
def test_nearest_is_nearest(values: list[float], wanted: float) -> None:
    steps = depths(*values)
    try:
        index = steps.default(steps.chosen(only(wanted, nearest=True)))
    except InvalidParameter:
        assert not min(values) <= wanted <= max(values)
        return
    # Values nearer than a millionth of the spacing are equal.
    same = 1e-6 * (steps.spacing + abs(wanted) + 1)
    assert abs(values[index] - wanted) <= min(abs(value - wanted) for value in values) + same


def test_a_selection_has_one_way_of_being_written(service: Service) -> None:
    source = service.source
    everything = source.normalised(EVERYTHING)
    assert everything.variable == "TEMP"
    assert [choice.name for choice in everything.dimensions] == [TIME, DEPTH]
    latest = everything.dimensions[0].values[0][0]
    same = [
        Selection(variable="temp"),
        Selection(time=TimeSpan(int(latest), int(latest))),
        Selection(dimensions=(DimensionChoice(DEPTH.lower(), ((-5.0, 15.0),)),)),
        Selection(
            MosaicRule(MosaicMethod.NORTHWEST), dimensions=(DimensionChoice(DEPTH, ((4.0, 4.0),), True),)
        ),
        everything,
    ]
    assert {source.normalised(selection) for selection in same} == {everything}
    assert hash(everything) == hash(source.normalised(everything))


def test_the_dimension_by_name_comes_before_the_time(service: Service) -> None:
    first = service.info.variables[0].dimensions[0].values[0]
    selection = Selection(time=TimeSpan(None, None), dimensions=(DimensionChoice(TIME, ((first, first),)),))
    assert service.source.normalised(selection).dimensions[0].values == ((first, first),)


@pytest.mark.parametrize(
    ("selection", "name", "words"),
    [
        (Selection(variable="salt"), "variable", "There is no variable 'salt'; there are TEMP."),
        (
            Selection(dimensions=(DimensionChoice("member", ((1, 1),)),)),
            "member",
            f"It is no dimension of the variable TEMP, which has {TIME}, {DEPTH}.",
        ),
    ],
)
def test_names_that_are_not_there(service: Service, selection: Selection, name: str, words: str) -> None:
    for ask in (service.source.normalised, service.source.at):
        with pytest.raises(InvalidParameter) as caught:
            ask(selection)
        assert (caught.value.name, caught.value.why) == (name, words)


def test_every_slice_number_is_a_slice_of_its_own(service: Service) -> None:
    info = service.info
    assert slice_count(info) == 16
    chosen = {
        service.source.normalised(Selection(variable=variable, dimensions=dimensions))
        for variable, dimensions in (slice_of(info, str(number)) for number in range(16))
    }
    assert len(chosen) == 16


def test_the_words_of_a_query_string_choose_a_slice(service: Service) -> None:
    found = service.source.normalised(read(service, {"time": "0001-04", "elevation": "90"}))
    assert found.dimensions[1].values == ((100.0, 100.0),)
    assert service.source.at(found).info.acquired == service.info.variables[0].dimensions[0].values[1]
