"""Remap: ranges of values to new values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proxy.errors import InvalidRule
from proxy.functions.convert import convert
from proxy.functions.pixels import by_table, every_value, joined, narrowest
from proxy.model import Array, PixelType, Raster

#: Owners of a value besides the index of a range.
_UNMATCHED, _NODATA = -1, -2


def remap(
    raster: Raster,
    *,
    input_ranges: tuple[float, ...] = (),
    output_values: tuple[float, ...] = (),
    no_data_ranges: tuple[float, ...] = (),
    allow_unmatched: bool = False,
    replacement_value: float | None = None,
    output_type: PixelType | None = None,
) -> Raster:
    """Give every value of a range one new value.

    Args:
        raster: its first band is used; any real type.
        input_ranges: min, max, min, max, ...; min <= v < max, or v = min where the two are equal. On overlap
            the last range wins.
        output_values: one a range.
        no_data_ranges: min, max, ... inclusive at both ends; they become invalid and win over the ranges.
        allow_unmatched: what lies in no range keeps its value, or takes `replacement_value`; by default it
            becomes invalid. Ranges and default as measured in Esri's client.
        replacement_value: see `allow_unmatched`.
        output_type: of the result, cut toward zero and clamped; None for the smallest type that holds the
            new values, and those of the input where they can remain.

    Returns:
        One band.

    Raises:
        InvalidRule: ranges and values do not fit together.
    """
    _check(input_ranges, output_values, no_data_ranges)
    band = raster.data[0]
    edges, owners = _owners(input_ranges, no_data_ranges)
    values = [*output_values] + ([replacement_value] if replacement_value is not None else [])
    passes = allow_unmatched and replacement_value is None
    dtype = _result_type(band.dtype, values, passes)
    owner = _owner_of(band, edges, owners)
    table = np.array([*output_values, 0, replacement_value or 0]).astype(dtype)
    data = table[owner]
    unmatched = owner == _UNMATCHED
    if passes:
        np.copyto(data, band.astype(dtype, copy=False), where=unmatched)
    gone = owner == _NODATA
    if not allow_unmatched:
        gone |= unmatched
    mask = joined(raster.mask, ~gone) if gone.any() else raster.mask
    result = raster.with_data(data[None], mask=mask)
    return convert(result, output_type, truncate=True) if output_type else result


def _check(
    input_ranges: tuple[float, ...], output_values: tuple[float, ...], no_data: tuple[float, ...]
) -> None:
    for name, ranges in (("input_ranges", input_ranges), ("no_data_ranges", no_data)):
        if len(ranges) % 2:
            raise InvalidRule(name, "A range has two ends; the number of ends is odd.")
    if len(output_values) != len(input_ranges) // 2:
        raise InvalidRule(
            "output_values", f"There are {len(input_ranges) // 2} ranges, one value is needed for each."
        )


def _result_type(dtype: np.dtype[np.generic], values: list[float], passes: bool) -> np.dtype[np.generic]:
    if all(float(value).is_integer() for value in values):
        found = narrowest(min(values, default=0), max(values, default=0)).dtype
    else:
        found = np.dtype(np.float32)
    if not passes:
        return found
    joint = np.result_type(found, dtype)
    return joint if joint.itemsize <= 4 or joint == dtype else np.dtype(np.float32)


def _owners(
    ranges: tuple[float, ...], no_data: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Edges in rising order, and the owners: below the first, at it, between it and the next, at that, ..."""
    edges = np.unique(np.array([*ranges, *no_data], np.float64))
    owners = np.full(2 * len(edges) + 1, _UNMATCHED, np.intp)
    for index in range(0, len(ranges), 2):
        low, high = np.searchsorted(edges, ranges[index : index + 2])
        # An empty range owns nothing, a point owns its edge.
        owners[2 * low + 1 : 2 * high + (2 if low == high else 1)] = index // 2
    for index in range(0, len(no_data), 2):
        low, high = np.searchsorted(edges, no_data[index : index + 2])
        owners[2 * low + 1 : 2 * high + 2] = _NODATA
    return edges, owners


def _owner_of(band: Array, edges: NDArray[np.float64], owners: NDArray[np.intp]) -> NDArray[np.intp]:
    every = every_value(band)
    if every is not None:
        return by_table(_owner_of(every.astype(np.float64), edges, owners), band)
    if not len(edges):
        return np.full(band.shape, _UNMATCHED, np.intp)
    above = np.searchsorted(edges, band, "right")
    at_edge = (above > 0) & (edges[above - 1] == band)
    return np.asarray(owners[2 * above - at_edge], np.intp)
