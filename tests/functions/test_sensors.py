from __future__ import annotations

import numpy as np
import pytest

from proxy.crs import WEB_MERCATOR
from proxy.errors import InvalidRule
from proxy.functions.parse import parse
from proxy.functions.sensors import Role, band_roles, wavelengths
from proxy.functions.tree import evaluate
from proxy.model import Extent, Grid, Raster

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


def test_wavelengths_of_labels_and_words() -> None:
    assert wavelengths(["B02", "B08", "extra"]) == (492.4, 832.8, None)
    assert wavelengths(LANDSAT_7)[3] == 835.0
    assert wavelengths(["Red", "NIR", "Band_3"]) == (660.0, 875.0, None)


def scene(names: tuple[str, ...]) -> Raster:
    data = np.arange(len(names), dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    return Raster(data, None, Grid(WEB_MERCATOR, Extent(0, 0, 2, 2), 2, 2), names)


@pytest.mark.parametrize(
    ("names", "wanted", "expected"),
    [
        (("B02", "B03", "B04", "B08"), ["850", "660", "560"], [3, 2, 1]),
        (("Band_1", "Blue", "Green", "Red", "NIR"), ["850", "660", "560"], [4, 3, 2]),
        (tuple(LANDSAT_8), ["11000", 440], [7, 0]),
    ],
)
def test_bands_by_wavelength(names: tuple[str, ...], wanted: list[object], expected: list[int]) -> None:
    found = evaluate(parse({"function": "extract_band", "band_wavelengths": wanted}), scene(names))
    assert found.data[:, 0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("names", "arguments", "why"),
    [
        (("Band_1", "Band_2"), {"band_wavelengths": ["660"]}, "not known"),
        (("Red", "NIR"), {"band_wavelengths": ["red"]}, "nanometres"),
        (
            ("Red", "NIR"),
            {"band_wavelengths": ["480"], "wavelength_match_tolerance": 50, "missing_band_action": "fail"},
            "no band within 50",
        ),
    ],
)
def test_wavelengths_not_found(names: tuple[str, ...], arguments: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidRule, match=why):
        evaluate(parse({"function": "extract_band", **arguments}), scene(names))
