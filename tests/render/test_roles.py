from __future__ import annotations

import pytest

from proxy.render.roles import Role, band_roles, wavelengths

BLUE, GREEN, RED, NIR, SWIR1, SWIR2 = Role
LANDSAT_8 = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B10"]
LANDSAT_7 = ["B1", "B2", "B3", "B4", "B5", "B6_VCID_2", "B7"]


@pytest.mark.parametrize(
    ("names", "colors", "expected"),
    [
        (["Blue", "Green", "Red", "NearInfrared"], [], {BLUE: 0, GREEN: 1, RED: 2, NIR: 3}),
        (["red", "nir08", "swir16", "swir22"], [], {RED: 0, NIR: 1, SWIR1: 2, SWIR2: 3}),
        (["B02", "B03", "B04", "B08"], ["gray"] * 4, {BLUE: 0, GREEN: 1, RED: 2, NIR: 3}),
        (["B05", "B06", "B07", "B8A", "B11", "B12"], [], {NIR: 3, SWIR1: 4, SWIR2: 5}),
        (["B08", "B8A"], [], {NIR: 0}),
        (LANDSAT_8, [], {BLUE: 1, GREEN: 2, RED: 3, NIR: 4, SWIR1: 5, SWIR2: 6}),
        (LANDSAT_7, [], {BLUE: 0, GREEN: 1, RED: 2, NIR: 3, SWIR1: 4, SWIR2: 6}),
        # Two sensors share these labels and differ by one band: neither is believed.
        (["B1", "B2", "B3", "B4", "B5", "B6", "B7"], [], {}),
        (["B02", "B03", "B04", "B05"], [], {}),
        (["Band_1", "Band_2", "Band_3"], ["red", "green", "nir"], {RED: 0, GREEN: 1, NIR: 2}),
        (["Red", "x"], ["blue", "red"], {RED: 0, BLUE: 0}),
        (["Band_1"], ["gray"], {}),
        ([], [], {}),
    ],
)
def test_band_roles(names: list[str], colors: list[str], expected: dict[Role, int]) -> None:
    assert dict(band_roles(names, colors)) == expected


def test_wavelengths_of_known_sensors_only() -> None:
    assert wavelengths(["B02", "B08", "extra"]) == (492.4, 832.8, 0.0)
    assert wavelengths(LANDSAT_7)[3] == 835.0
    assert wavelengths(["Red", "Green"]) == ()
