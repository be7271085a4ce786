"""Arithmetic between two rasters, or a raster and a number."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from itertools import product

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import convert, without_nan
from proxy.functions.pixels import joined, narrowest
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice
from proxy.model import Array, PixelType, Raster


class ArithmeticOperation(IntEnum):
    """What is done to the first and the second raster."""

    PLUS = 1
    MINUS = 2
    MULTIPLY = 3
    DIVIDE = 4
    POWER = 5
    MOD = 6


class ExtentType(IntEnum):
    """Whose extent a result of several rasters has; all lie on the grid of the request here."""

    FIRST_OF = 0
    INTERSECTION_OF = 1
    UNION_OF = 2
    LAST_OF = 3


class CellsizeType(IntEnum):
    """Whose cell size a result of several rasters has; all have that of the request here."""

    FIRST_OF = 0
    MIN_OF = 1
    MAX_OF = 2
    MEAN_OF = 3
    LAST_OF = 4


_OPERATORS: dict[ArithmeticOperation, Callable[..., Array]] = {
    ArithmeticOperation.PLUS: np.add,
    ArithmeticOperation.MINUS: np.subtract,
    ArithmeticOperation.MULTIPLY: np.multiply,
    ArithmeticOperation.DIVIDE: np.divide,
    ArithmeticOperation.POWER: np.power,
    # The sign is that of the dividend.
    ArithmeticOperation.MOD: np.fmod,
}
_FLOATING = (ArithmeticOperation.DIVIDE, ArithmeticOperation.POWER)


def arithmetic(
    raster: Raster,
    raster2: Raster,
    *,
    operation: ArithmeticOperation = ArithmeticOperation.PLUS,
    extent_type: ExtentType = ExtentType.INTERSECTION_OF,
    cellsize_type: CellsizeType = CellsizeType.FIRST_OF,
    output_type: PixelType | None = None,
) -> Raster:
    """Combine two rasters band by band.

    Args:
        raster: any real type. raster2: likewise, on the same grid. A single band meets every band of the
            other; else bands without a partner are left out.
        operation: see `ArithmeticOperation`; `-8 mod 3` is -2.
        extent_type: accepted; has no effect. cellsize_type: accepted; has no effect.
        output_type: of the result; values beyond its range become invalid.

    Returns:
        float32 for divide and power and where an input is a float; else the smallest integer type that
        holds every result of the types of the inputs, float32 beyond 32 bits. Valid where both are and the
        result is a number: division and mod by 0 are invalid.
    """
    first, second = _paired(raster.data, raster2.data)
    work = _work_type(first, second, operation)
    with np.errstate(all="ignore"):
        data = _OPERATORS[operation](first.astype(work, copy=False), second.astype(work, copy=False))
    mask = joined(raster.mask, raster2.mask)
    if operation == ArithmeticOperation.MOD and work.kind in "iu" and not second.all():
        mask = joined(mask, (second != 0).all(axis=0) & np.ones(data.shape[1:], np.bool_))
    data, mask = without_nan(data, mask)
    result = raster.with_data(data, mask=mask)
    return convert(result, output_type, beyond_is_nodata=True) if output_type else result


def _paired(first: Array, second: Array) -> tuple[Array, Array]:
    if 1 in (len(first), len(second)):
        return first, second
    count = min(len(first), len(second))
    return first[:count], second[:count]


def _work_type(first: Array, second: Array, operation: ArithmeticOperation) -> np.dtype[np.generic]:
    types = PixelType.of(first.dtype), PixelType.of(second.dtype)
    if any(found.is_complex for found in types):
        raise InvalidRule("raster", "Complex numbers are not supported.")
    if operation in _FLOATING or not all(found.is_integer for found in types):
        wide = PixelType.FLOAT64 in types and operation not in _FLOATING
        return np.dtype(np.float64 if wide else np.float32)
    if operation == ArithmeticOperation.MOD:
        return (
            np.result_type(first.dtype, second.dtype) if max(t.bits for t in types) < 32 else np.dtype("f4")
        )
    ends = [_OPERATORS[operation](a, b) for a, b in product(types[0].range, types[1].range)]
    return narrowest(float(min(ends)), float(max(ends))).dtype


FUNCTIONS = (
    Function(
        "arithmetic",
        arithmetic,
        "Plus, minus, times, divide, power or mod of two rasters.",
        (
            INPUT,
            Argument("raster2", Kind.RASTER),
            choice("operation", ArithmeticOperation.PLUS),
            choice("extent_type", ExtentType.INTERSECTION_OF),
            choice("cellsize_type", CellsizeType.FIRST_OF),
        ),
        typed=True,
    ),
)
