"""Several rasters of one place made one: sums by weight, overlays, extremes, mosaics, blends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.cellstats import maximum, mean, minimum, total
from proxy.functions.convert import without_nan
from proxy.functions.pixels import joined
from proxy.functions.remap import remap
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, number, numbers
from proxy.model import Array, Raster


def _firsts(rasters: Sequence[Raster]) -> Array:
    return np.stack([raster.data[0].astype(np.float32) for raster in rasters])


def _all_valid(rasters: Sequence[Raster]) -> Any:
    return joined(*(raster.mask for raster in rasters))


def weighted_sum(
    rasters: Sequence[Raster], *, weights: tuple[float, ...], fields: tuple[str, ...] = ()
) -> Raster:
    """Sum of the first bands by their weights.

    Args:
        rasters: any real types on one grid.
        weights: one a raster. fields: accepted; the values themselves are summed.

    Returns:
        One float32 band, valid where every raster is.
    """
    if len(weights) != len(rasters):
        raise InvalidRule("weights", f"There are {len(rasters)} rasters, one weight is needed for each.")
    with np.errstate(all="ignore"):
        stack = _firsts(rasters) * np.array(weights, np.float32)[:, None, None]
        data, mask = without_nan(total(stack, None)[None], _all_valid(rasters))
    return rasters[0].with_data(data, mask=mask)


def weighted_overlay(
    rasters: Sequence[Raster],
    *,
    influences: tuple[float, ...],
    remaps: tuple[str, ...],
    eval_from: float = 1.0,
    eval_to: float = 9.0,
    fields: tuple[str, ...] = (),
) -> Raster:
    """Put classes of several rasters on one scale and sum them by influence.

    Args:
        rasters: any real types on one grid; first bands are used.
        influences: one a raster; shares that add up to 1, or percent.
        remaps: one text a raster of entries separated by commas: `from to scale`, or `value scale`; a scale
            of NODATA makes the pixel invalid, RESTRICTED gives `eval_from` - 1 whatever the others say.
        eval_from: least scale. eval_to: greatest. fields: accepted; values are used.

    Returns:
        One float32 band of whole numbers, halves rounded up, within the scale; valid where every raster is
        and has an entry.
    """
    if not len(influences) == len(remaps) == len(rasters):
        raise InvalidRule("influences", "Each raster needs one influence and one remap.")
    share = np.array(influences, np.float32) / (100 if sum(influences) > 1.5 else 1)
    barred = np.zeros(rasters[0].data.shape[1:], np.bool_)
    found = np.zeros(barred.shape, np.float32)
    masks = []
    for raster, text, weight in zip(rasters, remaps, share, strict=True):
        ranges, values = _scales(text, eval_from - 1)
        scaled = remap(raster, input_ranges=ranges, output_values=values)
        barred |= scaled.data[0] == eval_from - 1
        found += weight * scaled.data[0].astype(np.float32)
        masks.append(scaled.mask)
    whole = np.clip(np.floor(found + np.float32(0.5)), eval_from, eval_to)
    data = np.where(barred, np.float32(eval_from - 1), whole).astype(np.float32)
    return rasters[0].with_data(data[None], mask=joined(*masks))


def _scales(text: str, restricted: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    ranges: list[float] = []
    values: list[float] = []
    for entry in filter(None, (part.strip() for part in re.split("[,;]", text))):
        *ends, scale = entry.lower().split()
        try:
            low, high = float(ends[0]), float(ends[-1])
            value = restricted if scale == "restricted" else float(scale if scale != "nodata" else "nan")
        except (ValueError, IndexError):
            raise InvalidRule("remaps", f"'{entry[:40]}' is no entry.") from None
        if not np.isnan(value):
            ranges += [low, high]
            values.append(value)
    return tuple(ranges), tuple(values)


class ArgStatisticsType(IntEnum):
    """What is told about the rasters at a pixel."""

    ARG_MAX = 0
    ARG_MIN = 1
    ARG_MEDIAN = 2
    DURATION = 3


def arg_statistics(
    rasters: Sequence[Raster],
    *,
    arg_statistics_type: ArgStatisticsType = ArgStatisticsType.ARG_MAX,
    min_value: float = 0.0,
    max_value: float = 0.0,
    undefined_class: int = 0,
) -> Raster:
    """Which band of all rasters has the greatest, least or middle value, counted from 0.

    Args:
        rasters: any real types; all bands of all rasters are counted one after the other.
        arg_statistics_type: DURATION is the longest run of bands with a value within min and max. The first
            of equal bands counts; the lower one of two middle ones.
        min_value: of DURATION. max_value: of DURATION. undefined_class: of DURATION where there is no run.

    Returns:
        One int32 band, valid where every raster is.
    """
    stack = np.concatenate([raster.data for raster in rasters]).astype(np.float64)
    if arg_statistics_type == ArgStatisticsType.ARG_MAX:
        data = stack.argmax(axis=0)
    elif arg_statistics_type == ArgStatisticsType.ARG_MIN:
        data = stack.argmin(axis=0)
    elif arg_statistics_type == ArgStatisticsType.ARG_MEDIAN:
        data = np.argsort(stack, axis=0, kind="stable")[(len(stack) - 1) // 2]
    else:
        data = _longest_run((stack >= min_value) & (stack <= max_value), undefined_class)
    return rasters[0].with_data(data.astype(np.int32)[None], mask=_all_valid(rasters))


def _longest_run(inside: Array, otherwise: int) -> Array:
    run = longest = np.zeros(inside.shape[1:], np.int64)
    for layer in inside:
        run = np.where(layer, run + 1, 0)
        longest = np.maximum(longest, run)
    return np.where(longest == 0, otherwise, longest)


class MosaicType(IntEnum):
    """Which raster counts where several are valid."""

    FIRST = 1
    LAST = 2
    MIN = 3
    MAX = 4
    MEAN = 5
    BLEND = 6
    SUM = 7


def merge_rasters(rasters: Sequence[Raster], *, mosaic_type: MosaicType = MosaicType.FIRST) -> Raster:
    """Lay rasters over each other.

    Args:
        rasters: any real types on one grid; the bands that all of them have are used.
        mosaic_type: see the enum; BLEND is the mean here, since rasters of one request have no seams.

    Returns:
        The common type of the inputs, float32 where they differ and for MEAN, BLEND and SUM; valid where any
        raster is.
    """
    count = min(raster.count for raster in rasters)
    types = {raster.data.dtype for raster in rasters}
    dtype = types.pop() if len(types) == 1 else np.dtype(np.float32)
    ordered = list(rasters) if mosaic_type != MosaicType.LAST else list(rasters)[::-1]
    valid = np.stack([raster.valid() for raster in ordered])
    mask = None if any(raster.mask is None for raster in ordered) else np.asarray(valid.any(axis=0))
    if mosaic_type in (MosaicType.FIRST, MosaicType.LAST):
        data = np.zeros((count, *valid.shape[1:]), dtype)
        for raster, here in zip(ordered[::-1], valid[::-1], strict=True):
            np.copyto(data, raster.data[:count].astype(dtype, copy=False), where=here)
        return rasters[0].with_data(data, mask=mask)
    of = {MosaicType.MIN: minimum, MosaicType.MAX: maximum, MosaicType.SUM: total}.get(mosaic_type, mean)
    with np.errstate(all="ignore"):
        bands = [of(np.stack([r.data[i].astype(np.float64) for r in ordered]), valid) for i in range(count)]
    data, _ = without_nan(np.stack(bands), None)
    kept = dtype if mosaic_type in (MosaicType.MIN, MosaicType.MAX) else np.dtype(np.float32)
    return rasters[0].with_data(data.astype(kept), mask=mask)


def blend(raster: Raster, raster2: Raster, *, opacity: float = 0.5) -> Raster:
    """Lay a raster over another, half transparent.

    Args:
        raster: the upper one. raster2: the lower one; a single band meets every band of the other.
        opacity: share of the upper one, 0..1.

    Returns:
        The type of the upper one, integers rounded half up; where one is invalid the other one shows.
    """
    count = min((r.count for r in (raster, raster2) if r.count > 1), default=1)
    upper, lower = (r.data[:count].astype(np.float32) for r in (raster, raster2))
    share = np.where(raster.valid(), np.where(raster2.valid(), opacity, 1.0), 0.0).astype(np.float32)
    with np.errstate(all="ignore"):
        # What lies under a mask may be NaN.
        mixed = share * np.nan_to_num(upper) + (1 - share) * np.nan_to_num(lower)
    dtype = raster.data.dtype
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        mixed = np.clip(np.floor(mixed + np.float32(0.5)), limits.min, limits.max)
    both = raster.mask is None or raster2.mask is None
    mask = None if both else raster.valid() | raster2.valid()
    return raster.with_data(mixed.astype(dtype), mask=mask, band_names=raster.band_names[:count])


_RASTERS = Argument("rasters", Kind.RASTERS, aliases=("raster",), longest=20)
_FIELDS = Argument("fields", Kind.TEXTS, ())

FUNCTIONS = (
    Function(
        "weighted_sum",
        weighted_sum,
        "Rasters summed by weight.",
        (_RASTERS, numbers("weights", required=True), _FIELDS),
    ),
    Function(
        "weighted_overlay",
        weighted_overlay,
        "Classes of several rasters on one scale, summed by influence.",
        (
            _RASTERS,
            numbers("influences", required=True),
            Argument("remaps", Kind.JSON, (), required=True, convert=lambda value: _texts(value)),
            number("eval_from", 1.0),
            number("eval_to", 9.0),
            _FIELDS,
        ),
    ),
    Function(
        "arg_statistics",
        arg_statistics,
        "Which band is greatest, least or in the middle.",
        (
            _RASTERS,
            choice("arg_statistics_type", ArgStatisticsType.ARG_MAX, "type"),
            number("min_value", 0.0),
            number("max_value", 0.0),
            Argument("undefined_class", Kind.INTEGER, 0),
        ),
    ),
    Function(
        "merge_rasters",
        merge_rasters,
        "Rasters laid over each other.",
        (_RASTERS, choice("mosaic_type", MosaicType.FIRST, "mosaic_operator", "resolve_overlap_method")),
        aliases=("mosaic_rasters", "mosaic"),
    ),
    Function(
        "blend",
        blend,
        "One raster over another, half transparent.",
        (INPUT, Argument("raster2", Kind.RASTER), number("opacity", 0.5, minimum=0, maximum=1)),
    ),
)


def _texts(value: object) -> tuple[str, ...]:
    rows = value if isinstance(value, list | tuple) else [value]
    if len(rows) > 20 or not all(isinstance(row, str) and len(row) <= 10_000 for row in rows):
        raise ValueError("It is a list of texts, one for each raster.")
    return tuple(str(row) for row in rows)
