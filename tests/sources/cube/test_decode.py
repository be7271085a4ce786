from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from proxy.model import PixelType
from proxy.sources.cube.decode import decoding_of

I16, U8 = np.int16, np.uint8

#: Stored type and attributes.
PACKED: list[tuple[Any, dict[str, Any]]] = [
    (I16, {"scale_factor": 0.01, "add_offset": 273.15, "_FillValue": I16(-32768)}),
    (I16, {"scale_factor": np.float32(0.01), "add_offset": np.float32(20), "_FillValue": I16(-999)}),
    (I16, {"scale_factor": np.float32(0.5)}),
    (U8, {"add_offset": 5.0, "missing_value": U8(255)}),
    (np.int32, {"scale_factor": np.float32(0.001), "add_offset": np.float32(1), "_FillValue": np.int32(-1)}),
    (np.int8, {"_Unsigned": "true", "scale_factor": 0.5, "_FillValue": np.int8(-1)}),
    (np.float32, {"_FillValue": np.float32(1e20), "missing_value": np.float32(-1e34)}),
    (np.float64, {"_FillValue": np.nan}),
]


@pytest.mark.parametrize(("dtype", "attributes"), PACKED)
@pytest.mark.filterwarnings(
    "ignore:variable .* has multiple fill values:xarray.coding.variables.SerializationWarning"
)
def test_values_and_types_are_those_of_xarray(dtype: Any, attributes: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    raw = rng.integers(-120, 120, (30, 40)).astype(dtype)
    for name in ("_FillValue", "missing_value"):
        if name in attributes:
            raw[rng.random(raw.shape) < 0.1] = attributes[name]
    theirs = xr.decode_cf(xr.Dataset({"v": (("y", "x"), raw, attributes)})).v.values
    data, mask = decoding_of(np.dtype(dtype), attributes).apply(raw)
    assert data.dtype == theirs.dtype
    valid = np.ones(raw.shape, bool) if mask is None else mask
    assert np.array_equal(valid, ~np.isnan(theirs))
    assert np.array_equal(data[valid], theirs[valid])


def test_whole_numbers_stay_whole_where_xarray_makes_floats_of_them() -> None:
    decoding = decoding_of(np.dtype(U8), {"_FillValue": U8(0)})
    data, mask = decoding.apply(np.array([0, 1, 2], U8))
    assert (data.dtype, decoding.nodata, decoding.mask_kind) == (U8, 0.0, "nodata")
    assert mask is not None
    assert mask.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("dtype", "attributes", "raw", "valid"),
    [
        (I16, {"valid_range": np.array([0, 100], I16)}, [-1, 0, 100, 101], [False, True, True, False]),
        (I16, {"valid_min": I16(0), "scale_factor": 0.1}, [-1, 0, 5, 9], [False, True, True, True]),
        # Limits of another type than the stored one are those of unpacked values.
        (I16, {"valid_max": 1.0, "scale_factor": 0.5}, [-4, 0, 2, 3], [True, True, True, False]),
        (
            np.int8,
            {"valid_max": np.int8(-2), "_Unsigned": "true"},
            [0, 127, -2, -1],
            [True, True, True, False],
        ),
        (np.float32, {"valid_range": [0.0, 1.0]}, [-0.5, 0.0, np.nan, 2.0], [False, True, False, False]),
        (np.float32, {"missing_value": [1.0, 2.0]}, [0, 1, 2, 3], [True, False, False, True]),
    ],
)
def test_what_does_not_count(
    dtype: Any, attributes: dict[str, Any], raw: list[float], valid: list[bool]
) -> None:
    mask = decoding_of(np.dtype(dtype), attributes).apply(np.array(raw, dtype))[1]
    assert mask is not None
    assert mask.tolist() == valid


def test_a_limit_alone_makes_a_mask_without_a_value_for_it() -> None:
    assert decoding_of(np.dtype(I16), {"valid_min": I16(0)}).mask_kind == "mask"
    assert decoding_of(np.dtype(I16), {}).mask_kind == "none"


def test_a_configured_value_stands_for_none_as_well() -> None:
    decoding = decoding_of(np.dtype(I16), {"scale_factor": 0.5, "_FillValue": I16(-1)}, nodata=3.0)
    mask = decoding.apply(np.array([-1, 6, 7], I16))[1]
    assert mask is not None
    assert mask.tolist() == [False, False, True]
    assert decoding.nodata == 3.0


@pytest.mark.parametrize("dtype", ["int64", "uint64", "bool", "float16"])
def test_types_without_a_counterpart_widen(dtype: str) -> None:
    decoding = decoding_of(np.dtype(dtype), {})
    data, _ = decoding.apply(np.array([0, 1], dtype))
    assert data.dtype == decoding.pixel_type.dtype
    assert decoding.pixel_type in (PixelType.FLOAT64, PixelType.UINT8, PixelType.FLOAT32)


@pytest.mark.parametrize("value", ["none", None, 1e400, -5.5, 70000])
def test_attributes_that_no_stored_value_can_have_are_passed_over(value: Any) -> None:
    decoding = decoding_of(np.dtype(U8), {"_FillValue": value})
    assert decoding.apply(np.array([0, 255], U8))[1] is None
