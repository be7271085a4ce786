from __future__ import annotations

import pytest

from proxy.render.bands import display_bands


@pytest.mark.parametrize(
    ("names", "colors", "expected"),
    [
        (["a", "b", "c"], ["blue", "green", "red"], (2, 1, 0)),
        (["Red", "Green", "Blue", "Alpha"], ["red", "green", "blue", "alpha"], (0, 1, 2)),
        (["Blue", "Green", "Red", "NearInfrared"], [], (2, 1, 0)),
        (["Green", "Red", "NIR"], [], (2, 1, 0)),
        (["B02", "B03", "B04", "B08"], ["gray", "undefined", "undefined", "undefined"], (2, 1, 0)),
        (["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B10"], [], (3, 2, 1)),
        (["B1", "B2", "B3", "B4", "B5", "B6", "B7"], [], (0, 1, 2)),
        (["Band_1"], ["gray"], (0,)),
        (["Band_1", "Band_2"], ["gray", "alpha"], (0,)),
        (["Band_1", "Band_2"], ["gray", "undefined"], (0,)),
        (["x", "y", "z", "w"], ["alpha", "undefined", "undefined", "undefined"], (1, 2, 3)),
    ],
)
def test_display_bands(names: list[str], colors: list[str], expected: tuple[int, ...]) -> None:
    assert display_bands(names, colors) == expected
