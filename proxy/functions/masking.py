"""Mask: values and ranges that are to be invalid."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.pixels import joined
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, numbers
from proxy.model import Array, Mask, Raster


class NoDataInterpretation(IntEnum):
    """Which bands must match for a pixel to become invalid."""

    MATCH_ANY = 0
    MATCH_ALL = 1


def mask(
    raster: Raster,
    *,
    no_data_values: tuple[tuple[float, ...], ...] = (),
    included_ranges: tuple[float, ...] = (),
    no_data_interpretation: NoDataInterpretation = NoDataInterpretation.MATCH_ANY,
) -> Raster:
    """Make pixels invalid by value.

    A band is out where its value is listed, or lies outside its range.

    Args:
        raster: any type.
        no_data_values: values of each band; bands beyond the list are never out by value.
        included_ranges: min, max of each band, both inclusive; likewise.
        no_data_interpretation: MATCH_ANY where one band out is enough, MATCH_ALL where all must be.

    Returns:
        The pixels, type, names, colormap and statistics of the input under a smaller mask.
    """
    if len(included_ranges) % 2:
        raise InvalidRule("included_ranges", "A range has two ends; the number of ends is odd.")
    out = [_out(band, i, no_data_values, included_ranges) for i, band in enumerate(raster.data)]
    any_band = no_data_interpretation == NoDataInterpretation.MATCH_ANY
    gone = np.logical_or.reduce(out) if any_band else np.logical_and.reduce(out)
    kept = {"band_names": raster.band_names, "colormap": raster.colormap, "statistics": raster.statistics}
    return raster.with_data(raster.data, mask=joined(raster.mask, ~gone), nodata=raster.nodata, **kept)


def _out(band: Array, index: int, values: tuple[tuple[float, ...], ...], ranges: tuple[float, ...]) -> Mask:
    listed = values[index] if index < len(values) else ()
    found = np.isin(band, listed) if listed else np.zeros(band.shape, np.bool_)
    if 2 * index < len(ranges):
        low, high = ranges[2 * index : 2 * index + 2]
        found |= (band < low) | (band > high)
    return found


FUNCTIONS = (
    Function(
        "mask",
        mask,
        "Values and ranges made invalid.",
        (
            INPUT,
            Argument("no_data_values", Kind.ROWS, ()),
            numbers("included_ranges"),
            choice("no_data_interpretation", NoDataInterpretation.MATCH_ANY),
        ),
    ),
)
