"""Local: one operation on the values that several rasters have at a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.arithmetic import CellsizeType, ExtentType
from proxy.functions.cellstats import Statistic, percentile
from proxy.functions.convert import convert, without_nan
from proxy.functions.local_operations import ACROSS, ACROSS_VALID, POINTWISE, LocalOperation, Pointwise
from proxy.functions.pixels import joined, working_type
from proxy.functions.signature import Argument, Function, Kind, choice, flag, number
from proxy.model import Array, Mask, PixelType, Raster

Op = LocalOperation


class PercentileInterpolationType(IntEnum):
    """Between two members: the nearer one, or a straight line; AUTO_DETECT by the type of the pixels."""

    AUTO_DETECT = 1
    NEAREST = 2
    LINEAR = 3


def local(
    rasters: Sequence[Raster],
    *,
    operation: LocalOperation,
    process_as_multiband: bool = False,
    percentile_value: float = 90.0,
    percentile_interpolation_type: PercentileInterpolationType = PercentileInterpolationType.AUTO_DETECT,
    extent_type: ExtentType = ExtentType.FIRST_OF,
    cellsize_type: CellsizeType = CellsizeType.FIRST_OF,
    output_type: PixelType | None = None,
) -> Raster:
    """Apply one operation to the values of several rasters, pixel by pixel.

    Angles are in radians. Where the mathematics has no result (a root of a negative number, a logarithm of
    0, a quotient by 0) the pixel is invalid. Of several majorities or minorities the least value counts.

    Args:
        rasters: any real types on one grid; one, two or three of them as the operation asks, band by band,
            a single band with every band of the others; statistics take any number.
        operation: see `LocalOperation`. CON takes the second where the first is not 0, else the third, and
            only the raster that is taken need be valid. SET_NULL is the second where the first is 0. PICK
            takes the raster whose place, from 1, the first one says. IS_NULL is valid everywhere.
        process_as_multiband: statistics band by band; else of all bands of all rasters, one band.
        percentile_value: of PERCENTILE, 0..100. percentile_interpolation_type: see the enum.
        extent_type: accepted; has no effect. cellsize_type: accepted; has no effect.
        output_type: of the result; values beyond its range become invalid.

    Returns:
        float32; uint8 0 or 1 for comparisons and boolean operations; int32 for INT and bitwise operations.
        Valid where every raster is, except as said above and for operations that leave nodata out.
    """
    with np.errstate(all="ignore"):
        if operation in POINTWISE:
            result = _pointwise(rasters, POINTWISE[operation])
        elif operation in _SPECIAL:
            arity, run = _SPECIAL[operation]
            _counted(rasters, arity)
            result = run(rasters)
        else:
            between = _between(rasters, percentile_interpolation_type)
            found, ignores = _across(operation, percentile(percentile_value, between))
            result = _stacked(rasters, found, ignores, process_as_multiband)
    return convert(result, output_type, beyond_is_nodata=True) if output_type else result


def _counted(rasters: Sequence[Raster], arity: int) -> None:
    if arity and len(rasters) != arity:
        raise InvalidRule("rasters", f"The operation takes {arity}, {len(rasters)} are given.")


def _aligned(rasters: Sequence[Raster]) -> list[Array]:
    """Bands of every raster, equally many, a single one repeated."""
    several = [raster.count for raster in rasters if raster.count > 1]
    count = min(several, default=1)
    return [
        np.broadcast_to(raster.data, (count, *raster.data.shape[1:]))
        if raster.count == 1
        else raster.data[:count]
        for raster in rasters
    ]


def _work(rasters: Sequence[Raster]) -> type[np.floating[Any]]:
    wide = any(working_type(raster.data.dtype) is np.float64 for raster in rasters)
    return np.float64 if wide else np.float32


def _pointwise(rasters: Sequence[Raster], operation: Pointwise) -> Raster:
    _counted(rasters, operation.arity)
    work = np.int64 if operation.whole else _work(rasters)
    values = [part.astype(work, copy=False) for part in _aligned(rasters)]
    data = np.asarray(operation.of(*values))
    mask = joined(*(raster.mask for raster in rasters))
    if operation.result == "float32":
        # After the cast: what float32 cannot hold is infinite.
        data, mask = without_nan(data.astype(np.float32, copy=False), mask)
        return rasters[0].with_data(data, mask=mask)
    if operation.result == "uint8":
        return rasters[0].with_data(data.astype(np.uint8), mask=mask)
    whole = rasters[0].with_data(data.astype(np.float64), mask=mask)
    return convert(whole, PixelType.INT32, beyond_is_nodata=True)


def _is_null(rasters: Sequence[Raster]) -> Raster:
    data = np.broadcast_to(~rasters[0].valid(), rasters[0].data.shape)
    return rasters[0].with_data(data.astype(np.uint8), mask=None)


def _set_null(rasters: Sequence[Raster]) -> Raster:
    test, value = rasters
    gone = (test.data != 0).any(axis=0)
    return value.with_data(value.data, mask=joined(test.mask, value.mask, ~gone))


def _con(rasters: Sequence[Raster]) -> Raster:
    test, *branches = _aligned(rasters)
    work = _common(rasters[1:])
    data = np.where(test != 0, branches[0].astype(work), branches[1].astype(work))
    taken = (test != 0).any(axis=0)
    chosen = np.where(taken, rasters[1].valid(), rasters[2].valid())
    return rasters[0].with_data(data, mask=joined(rasters[0].mask, chosen))


def _pick(rasters: Sequence[Raster]) -> Raster:
    place = np.asarray(rasters[0].data[0])
    values = _aligned(rasters[1:])
    if not values:
        raise InvalidRule("rasters", "There is nothing to pick from.")
    data = np.zeros(values[0].shape, _common(rasters[1:]))
    chosen = np.zeros(place.shape, np.bool_)
    for index, (raster, part) in enumerate(zip(rasters[1:], values, strict=True), 1):
        here = place == index
        np.copyto(data, part.astype(data.dtype), where=here)
        chosen |= here & raster.valid()
    return rasters[0].with_data(data, mask=joined(rasters[0].mask, chosen))


def _common(rasters: Sequence[Raster]) -> np.dtype[np.generic]:
    types = {raster.data.dtype for raster in rasters}
    return types.pop() if len(types) == 1 else np.dtype(np.float32)


_SPECIAL = {
    Op.IS_NULL: (1, _is_null),
    Op.SET_NULL: (2, _set_null),
    Op.CONDITIONAL: (3, _con),
    Op.CON: (3, _con),
    Op.PICK: (0, _pick),
}


def _between(rasters: Sequence[Raster], kind: PercentileInterpolationType) -> bool:
    if kind == PercentileInterpolationType.AUTO_DETECT:
        return any(not raster.pixel_type.is_integer for raster in rasters)
    return kind == PercentileInterpolationType.LINEAR


def _across(operation: LocalOperation, share: Statistic) -> tuple[Statistic, bool]:
    """The statistic, and whether it leaves invalid members out."""
    if operation in (Op.PERCENTILE, Op.PERCENTILE_IGNORE_NODATA):
        return share, operation == Op.PERCENTILE_IGNORE_NODATA
    ignores = operation in ACROSS_VALID
    return (ACROSS_VALID if ignores else ACROSS)[operation], ignores


def _stacked(rasters: Sequence[Raster], found: Statistic, ignores: bool, by_band: bool) -> Raster:
    work = _work(rasters)
    if by_band:
        groups = [np.stack(parts) for parts in zip(*_aligned(rasters), strict=True)]
        members = [raster.mask for raster in rasters]
    else:
        groups = [np.concatenate([raster.data for raster in rasters])]
        members = [raster.mask for raster in rasters for _ in range(raster.count)]
    valid, mask = _validity(members, groups[0].shape, ignores)
    data = np.stack([found(group.astype(work, copy=False), valid) for group in groups])
    data, mask = without_nan(data.astype(np.float32, copy=False), mask)
    return rasters[0].with_data(data, mask=mask)


def _validity(
    members: Sequence[Mask | None], shape: tuple[int, ...], ignores: bool
) -> tuple[Mask | None, Mask | None]:
    """(which members count, mask of the result)."""
    if not ignores or all(member is None for member in members):
        return None, joined(*members)
    valid = np.stack([np.ones(shape[1:], np.bool_) if member is None else member for member in members])
    return valid, np.asarray(valid.any(axis=0))


FUNCTIONS = (
    Function(
        "local",
        local,
        "One operation on the values of several rasters at each pixel.",
        (
            Argument("rasters", Kind.RASTERS, aliases=("raster",), longest=20),
            Argument("operation", Kind.ENUM, choices=LocalOperation, required=True),
            flag("process_as_multiband"),
            number("percentile_value", 90.0, minimum=0, maximum=100),
            choice("percentile_interpolation_type", PercentileInterpolationType.AUTO_DETECT),
            choice("extent_type", ExtentType.FIRST_OF),
            choice("cellsize_type", CellsizeType.FIRST_OF),
        ),
        typed=True,
    ),
)
