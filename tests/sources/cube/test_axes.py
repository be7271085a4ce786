from __future__ import annotations

import numpy as np
import pytest

from proxy.sources.cube.axes import Unplaceable, eastwards, southwards


def centers(axis: object) -> np.ndarray:  # type: ignore[type-arg]
    return axis.start + axis.step * (np.arange(len(axis.indices)) + 0.5)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("values", [np.arange(-89.5, 90), np.arange(-89.5, 90)[::-1]])
def test_rows_run_from_north_to_south_in_whatever_order_they_are_stored(values: np.ndarray) -> None:  # type: ignore[type-arg]
    axis = southwards(values, "lat")
    assert (axis.start, axis.step) == (90.0, -1.0)
    assert np.array_equal(values[axis.indices], np.arange(-89.5, 90)[::-1])


def test_a_full_turn_is_cut_open_near_180() -> None:
    values = np.arange(0.0, 360, 2.5)
    axis = eastwards(values, "lon", turns=True)
    assert axis.start == -181.25
    assert np.allclose(values[axis.indices] % 360, centers(axis) % 360)


@pytest.mark.parametrize(
    ("values", "start"),
    [
        (np.arange(350.5, 371), -10.0),
        (np.arange(190.5, 200), -170.0),
        (np.arange(150.5, 240), 150.0),
        (np.arange(-200.5, -190), 159.0),
        (np.concatenate([np.arange(350.5, 360), np.arange(0.5, 10)]), -10.0),
    ],
    ids=["past-360", "west", "over-180", "below-180", "jump-at-greenwich"],
)
def test_parts_of_a_turn_begin_between_minus_180_and_180(values: np.ndarray, start: float) -> None:  # type: ignore[type-arg]
    axis = eastwards(values, "lon", turns=True)
    assert axis.start == start
    assert np.allclose(values[axis.indices] % 360, centers(axis) % 360)


def test_a_meridian_that_is_stored_twice_is_drawn_once() -> None:
    axis = eastwards(np.arange(0.0, 361), "lon", turns=True)
    assert len(axis.indices) == 360
    assert axis.step == 1.0


def test_eastings_do_not_turn() -> None:
    axis = eastwards(np.arange(200.0, 500, 10), "x")
    assert axis.start == 195.0


def test_rounded_coordinates_are_even() -> None:
    exact = 10 + np.arange(400) / 12
    axis = eastwards(np.round(exact, 2), "lon", turns=True)
    assert len(axis.indices) == 400
    assert axis.step == pytest.approx(1 / 12, rel=1e-4)


def test_uneven_coordinates_become_nearest_neighbours() -> None:
    values = np.array([0.0, 1, 2, 4, 8])
    axis = eastwards(values, "x")
    assert (axis.start, axis.step) == (-0.5, 10.5 / 11)
    for center, index in zip(centers(axis), axis.indices, strict=True):
        assert abs(values[index] - center) == np.abs(values - center).min()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([0.0, 1, 1, 2]), "not in order"),
        (np.array([0.0, 2, 1]), "not in order"),
        (np.array([0.0, np.nan, 2]), "gaps"),
        (np.array([0.0, 0.001, 500]), "unevenly"),
        (np.array([4.0]), "nothing says how wide"),
    ],
)
def test_what_makes_no_grid_says_why(values: np.ndarray, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(Unplaceable, match=words):
        eastwards(values, "x")


def test_one_cell_is_as_wide_as_its_bounds() -> None:
    axis = southwards(np.array([10.0]), "lat", np.array([[8.0, 12.0]]))
    assert (axis.start, axis.step) == (12.0, -4.0)
