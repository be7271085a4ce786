"""The slices of a cube as rows: numbers, attributes, conditions, orders."""

from __future__ import annotations

import dataclasses

import pytest

from proxy.errors import InvalidParameter, TooLarge
from proxy.model import Window
from proxy.selection import EVERYTHING, DimensionChoice, MosaicMethod, MosaicRule, Selection
from proxy.sources.cube import rows as module
from proxy.sources.cube.cube import NOTHING, CubeSource
from proxy.sources.cube.rows import Rows
from tests.sources.cube.build import OCEAN, service_of

WINDOW = Window(2, 3, 5, 4)


@pytest.fixture(scope="module")
def cube() -> CubeSource:
    source = service_of(OCEAN).source
    assert isinstance(source, CubeSource)
    return source


def numbers(cube: CubeSource, rule: MosaicRule = EVERYTHING.mosaic, *choices: DimensionChoice) -> list[int]:
    return [row.id for row in cube.rows.chosen(Selection(rule, None, "", choices))]


def test_every_slice_is_a_row(cube: CubeSource) -> None:
    assert numbers(cube) == list(range(1, cube.slices + 1))
    for number in (1, 7, cube.slices):
        row = cube.rows.get(number)
        assert row is not None
        assert row.id == number
        # The row writes the very slice that it stands for.
        assert cube.normalised(row.selection) == row.selection
        assert [one.id for one in cube.rows.chosen(row.selection)] == [number]
    assert cube.rows.get(0) is None
    assert cube.rows.get(cube.slices + 1) is None


def test_attributes_have_the_fields_that_are_told(cube: CubeSource) -> None:
    row = cube.rows.get(3)
    assert row is not None
    found = cube.rows.attributes(row)
    assert set(found) == {field.name for field in cube.rows.fields} - {"Shape"}
    assert (found["Variable"], found["Dimensions"]) == (row.variable.name, "StdTime,StdZ")
    assert found["StdTime"] == found["AcquisitionDate"] == row.acquired
    assert found["StdZ"] == -float(row.variable.dimensions[1].values[2])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (MosaicRule(where="StdZ = -100"), [3, 7, 11, 15]),
        (MosaicRule(where="1=1", ids=(9, 2, 99)), [2, 9]),
        (MosaicRule(MosaicMethod.LOCK, locked=(9, 2, 99)), [9, 2]),
        (MosaicRule(MosaicMethod.LOCK, locked=(9, 2), ids=(2,)), [2]),
        (MosaicRule(MosaicMethod.ATTRIBUTE, ids=(2, 3, 4), sort_field="StdZ"), [4, 3, 2]),
        (MosaicRule(MosaicMethod.ATTRIBUTE, ids=(2, 3, 4), sort_field="stdz", ascending=False), [2, 3, 4]),
        (MosaicRule(MosaicMethod.ATTRIBUTE, ids=(1, 2, 3), sort_field="StdZ", sort_value=-30.0), [2, 1, 3]),
        (MosaicRule(MosaicMethod.ATTRIBUTE, ids=(1, 2), sort_field="Name", sort_value="x"), [1, 2]),
        (MosaicRule(MosaicMethod.ATTRIBUTE, ids=(1, 2), sort_field="Other"), [1, 2]),
        (MosaicRule(MosaicMethod.NONE, ids=(1, 2), ascending=False), [2, 1]),
        (MosaicRule(where="StdZ > 0"), []),
    ],
)
def test_rules_leave_rows_in_their_order(cube: CubeSource, rule: MosaicRule, expected: list[int]) -> None:
    assert numbers(cube, rule) == expected


def test_a_rule_is_written_as_the_slice_that_it_means(cube: CubeSource) -> None:
    locked = cube.normalised(Selection(MosaicRule(MosaicMethod.LOCK, locked=(7, 3))))
    row = cube.rows.get(7)
    assert row is not None
    assert locked == row.selection
    # What chooses nothing is the default, whatever else the rule says.
    assert cube.normalised(Selection(MosaicRule(MosaicMethod.CENTER, where="1 = 1"))) == cube.normalised(
        EVERYTHING
    )
    empty = cube.normalised(Selection(MosaicRule(where="StdZ > 0")))
    assert empty.mosaic == NOTHING
    assert cube.normalised(empty) == empty
    slice_ = cube.at(empty)
    data, mask = slice_.read(0, (0,), WINDOW)
    assert data.shape == (1, 4, 5)
    assert mask is not None
    assert not mask.any()


def test_slices_of_the_first_variable_are_shown_in_either_direction(cube: CubeSource) -> None:
    (layer, *_) = cube._layers
    later = dataclasses.replace(layer, variable=dataclasses.replace(layer.variable, name="later"))
    rows = Rows([layer, later], {each.variable.name: cube.info for each in (layer, later)}, "ocean")
    for ascending in (True, False):
        shown = rows.shown(Selection(MosaicRule(where="StdZ < 0", ascending=ascending)))
        assert shown is not None
        assert shown.variable.name == layer.variable.name


def test_a_condition_on_the_present_is_looked_at_every_time(
    cube: CubeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Selection(MosaicRule(where="StdTime > CURRENT_TIMESTAMP"))
    assert cube.normalised(asked).mosaic == NOTHING
    monkeypatch.setattr("time.time", lambda: -62_135_000_000.0)
    assert cube.normalised(asked).mosaic != NOTHING


def test_what_a_rule_cannot_ask(cube: CubeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in (
        MosaicRule(where="Depth > 3"),
        MosaicRule(MosaicMethod.LOCK, locked=(99,)),
        MosaicRule(MosaicMethod.ATTRIBUTE, sort_field="StdZ", sort_value="deep"),
    ):
        with pytest.raises(InvalidParameter):
            numbers(cube, rule)
    with pytest.raises(InvalidParameter):
        numbers(cube, MosaicRule(), DimensionChoice("depth", ((5e9, 5e9),)))
    monkeypatch.setattr(module, "MOST", 15)
    with pytest.raises(TooLarge):
        numbers(cube)


def test_slices_that_the_source_lacks_are_no_rows(cube: CubeSource) -> None:
    (layer, *_) = cube._layers
    info = {layer.variable.name: cube.info}
    rows = Rows([dataclasses.replace(layer, absent=frozenset({(0, 1)}))], info, "ocean")
    assert rows.get(2) is None
    assert [row.id for row in rows.chosen(EVERYTHING)][:3] == [1, 3, 4]
