from __future__ import annotations

import pytest

from proxy.sources.band_places import band_places


@pytest.mark.parametrize(
    ("wanted", "found", "places"),
    [
        ("Red Green", "Red Green", (0, 1)),
        ("Red Green NIR", "nir red green", (1, 2, 0)),
        ("Red Green NIR", "NIR", (None, None, 0)),
        ("Red Green", "Band_1 Band_2 Band_3", (0, 1)),
        ("Band_1 Band_2 Band_3", "B4 B3", (0, 1, None)),
        ("Red Green Band_3", "Red Green Band_3", (0, 1, 2)),
        ("Red Green NIR", "Red Green Band_3", (0, 1, 2)),
        ("Red Green NIR", "Red Green Blue", (0, 1, None)),
        ("B1 B2", "B2 B2", (None, 0)),
    ],
)
def test_bands_go_by_name_and_else_by_position(
    wanted: str, found: str, places: tuple[int | None, ...]
) -> None:
    assert band_places(wanted.split(), found.split()) == places
