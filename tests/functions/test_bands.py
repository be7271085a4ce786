from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.bands import MissingBandAction, composite_band, extract_band, grayscale, identity, ndvi

from .build import pixels, raster, shown, statistics

NAMES = ("Blue", "Red", "NearInfrared_2", "NearInfrared_1")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"band_ids": (2, 0)}, [3, 1]),
        ({"band_ids": (1, 1, 1)}, [2, 2, 2]),
        ({"band_ids": (9, 0)}, [4, 1]),
        ({"band_names": ("red", "BLUE")}, [2, 1]),
        ({"band_names": ("NearInfrared",)}, [4]),
        ({}, [1, 2, 3, 4]),
    ],
)
def test_extracted_bands(arguments: Any, expected: list[int]) -> None:
    source = pixels(1, 2, 3, 4, dtype="uint16", band_names=NAMES, nodata=0.0)
    result = extract_band(source, **arguments)
    assert result.data[:, 0, 0].tolist() == expected
    assert result.data.dtype == np.uint16
    assert result.nodata == 0
    assert result.band_names == tuple(NAMES[value - 1] for value in expected)


def test_extracted_bands_keep_their_statistics() -> None:
    known = statistics((0, 1, 0, 0), (0, 2, 0, 0))
    result = extract_band(pixels(1, 2, statistics=known), band_ids=(1, 0))
    assert result.statistics == known[::-1]


@pytest.mark.parametrize(
    "arguments",
    [
        {"band_ids": (4,), "missing_band_action": MissingBandAction.FAIL},
        {"band_names": ("Green",)},
        {"band_wavelengths": ("far away",)},
    ],
)
def test_missing_bands(arguments: Any) -> None:
    with pytest.raises(InvalidRule):
        extract_band(pixels(1, 2, 3, 4, band_names=NAMES), **arguments)


def test_composite_stacks_and_joins_masks() -> None:
    first = raster([[1, 2, 3]], "uint8", mask=[[True, True, False]], band_names=("a",))
    second = raster([[4, 5, 6]], "uint8", mask=[[False, True, True]], band_names=("b",))
    result = composite_band([first, second])
    assert result.data[:, 0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert result.data.dtype == np.uint8
    assert result.valid().tolist() == [[False, True, False]]
    assert result.band_names == ("a", "b")
    assert composite_band([first, raster([[0, 0, 0]], "uint16")]).data.dtype == np.float32


@pytest.mark.parametrize(
    ("near", "red", "scaled", "scientific"),
    [
        (120, 40, 150, 0.5),
        (3000, 1000, 150, 0.5),
        (0.40, 0.06, 174, 0.7391304),
        (0.5, 0.1, 167, 2 / 3),
        (0.1, 0.5, 33, -2 / 3),
        (0, 0, 0, 0),
        (5, -5, 0, 0),
        (5, 0, 200, 1),
    ],
)
def test_ndvi(near: float, red: float, scaled: int, scientific: float) -> None:
    source = pixels(red, near)
    result = ndvi(source)
    assert (result.data.dtype, shown(result)) == (np.uint8, [[scaled]])
    found = ndvi(source, scientific_output=True)
    assert found.data.dtype == np.float32
    assert found.data[0, 0, 0] == pytest.approx(scientific, abs=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "uint32", "float64"])
def test_ndvi_of_any_type_and_under_a_mask(dtype: str) -> None:
    source = raster([[[40, 0]], [[7, 7]], [[120, 0]]], dtype, mask=[[True, False]])
    result = ndvi(source, visible_band_id=0, infrared_band_id=2)
    assert shown(result) == [[150, None]]
    assert result.statistics is not None
    assert (result.statistics[0].minimum, result.statistics[0].maximum) == (0, 200)


def test_ndvi_needs_its_bands() -> None:
    with pytest.raises(InvalidRule, match="infrared_band_id"):
        ndvi(pixels(1, 2), infrared_band_id=2)


@pytest.mark.parametrize(
    ("values", "weights", "dtype", "expected"),
    [
        ((10, 100, 245), (1, 2, 1), "uint8", 114),
        ((10, 100, 245), (21, 72, 7), "uint8", 91),
        ((10, 20), (), "uint8", 15),
        ((1, 2), (1, 1), "float32", 1.5),
        ((10, 20, 30, 99), (), "uint8", 20),
    ],
)
def test_grayscale(values: Any, weights: Any, dtype: str, expected: float) -> None:
    result = grayscale(pixels(*values, dtype=dtype), conversion_parameters=weights)
    assert (result.data.dtype, shown(result)) == (np.dtype(dtype), [[expected]])


def test_weights_that_cancel_are_refused() -> None:
    with pytest.raises(InvalidRule, match="add up to 0"):
        grayscale(pixels(1, 2), conversion_parameters=(1, -1))


def test_identity() -> None:
    source = pixels(1)
    assert identity(source) is source
