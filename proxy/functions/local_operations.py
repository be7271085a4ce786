"""The operations of `local`: codes, how many rasters each takes, and what it does to their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from proxy.functions import cellstats
from proxy.functions.cellstats import Statistic
from proxy.model import Array


class LocalOperation(IntEnum):
    """Operations by their published codes."""

    PLUS = 1
    MINUS = 2
    TIMES = 3
    SQUARE_ROOT = 4
    POWER = 5
    ACOS = 6
    ASIN = 7
    ATAN = 8
    ATANH = 9
    ABS = 10
    BITWISE_AND = 11
    BITWISE_LEFT_SHIFT = 12
    BITWISE_NOT = 13
    BITWISE_OR = 14
    BITWISE_RIGHT_SHIFT = 15
    BITWISE_XOR = 16
    BOOLEAN_AND = 17
    BOOLEAN_NOT = 18
    BOOLEAN_OR = 19
    BOOLEAN_XOR = 20
    COS = 21
    COSH = 22
    DIVIDE = 23
    EQUAL_TO = 24
    EXP = 25
    EXP10 = 26
    EXP2 = 27
    GREATER_THAN = 28
    GREATER_THAN_EQUAL = 29
    INT = 30
    IS_NULL = 31
    FLOAT = 32
    LESS_THAN = 33
    LESS_THAN_EQUAL = 34
    LN = 35
    LOG10 = 36
    LOG2 = 37
    MAJORITY = 38
    MAX = 39
    MEAN = 40
    MEDIAN = 41
    MIN = 42
    MINORITY = 43
    MOD = 44
    NEGATE = 45
    NOT_EQUAL = 46
    RANGE = 47
    ROUND_DOWN = 48
    ROUND_UP = 49
    SET_NULL = 50
    SIN = 51
    SINH = 52
    SQUARE = 53
    STD = 54
    SUM = 55
    TAN = 56
    TANH = 57
    VARIETY = 58
    ACOSH = 59
    ASINH = 60
    ATAN2 = 61
    FLOAT_DIVIDE = 64
    FLOOR_DIVIDE = 65
    MAJORITY_IGNORE_NODATA = 66
    MAX_IGNORE_NODATA = 67
    MEAN_IGNORE_NODATA = 68
    MEDIAN_IGNORE_NODATA = 69
    MIN_IGNORE_NODATA = 70
    MINORITY_IGNORE_NODATA = 71
    RANGE_IGNORE_NODATA = 72
    STD_IGNORE_NODATA = 73
    SUM_IGNORE_NODATA = 74
    VARIETY_IGNORE_NODATA = 75
    CONDITIONAL = 76
    CON = 78
    PICK = 84
    PERCENTILE = 93
    PERCENTILE_IGNORE_NODATA = 94


@dataclass(frozen=True)
class Pointwise:
    """An operation on the values of one or two rasters, band by band.

    Attributes:
        arity: rasters that it takes.
        of: from float arrays, or integer ones where `whole`, to the values; NaN where there is none.
        result: type of the result.
        whole: True where the bits of whole numbers are meant.
    """

    arity: int
    of: Callable[..., Array]
    result: str = "float32"
    whole: bool = False


def _yes(of: Callable[..., Array], arity: int = 2) -> Pointwise:
    return Pointwise(arity, of, "uint8")


def _truth(of: Callable[..., Array]) -> Callable[..., Array]:
    return lambda *values: of(*(value != 0 for value in values))


def _shift(of: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda a, b: of(a, np.clip(b, 0, 62))


Op = LocalOperation

POINTWISE: Mapping[LocalOperation, Pointwise] = {
    Op.PLUS: Pointwise(2, np.add),
    Op.MINUS: Pointwise(2, np.subtract),
    Op.TIMES: Pointwise(2, np.multiply),
    Op.SQUARE_ROOT: Pointwise(1, np.sqrt),
    Op.POWER: Pointwise(2, np.power),
    Op.ACOS: Pointwise(1, np.arccos),
    Op.ASIN: Pointwise(1, np.arcsin),
    Op.ATAN: Pointwise(1, np.arctan),
    Op.ATANH: Pointwise(1, np.arctanh),
    Op.ABS: Pointwise(1, np.abs),
    Op.BITWISE_AND: Pointwise(2, np.bitwise_and, "int32", True),
    Op.BITWISE_LEFT_SHIFT: Pointwise(2, _shift(np.left_shift), "int32", True),
    Op.BITWISE_NOT: Pointwise(1, np.bitwise_not, "int32", True),
    Op.BITWISE_OR: Pointwise(2, np.bitwise_or, "int32", True),
    Op.BITWISE_RIGHT_SHIFT: Pointwise(2, _shift(np.right_shift), "int32", True),
    Op.BITWISE_XOR: Pointwise(2, np.bitwise_xor, "int32", True),
    Op.BOOLEAN_AND: _yes(_truth(np.logical_and)),
    Op.BOOLEAN_NOT: _yes(_truth(np.logical_not), 1),
    Op.BOOLEAN_OR: _yes(_truth(np.logical_or)),
    Op.BOOLEAN_XOR: _yes(_truth(np.logical_xor)),
    Op.COS: Pointwise(1, np.cos),
    Op.COSH: Pointwise(1, np.cosh),
    Op.DIVIDE: Pointwise(2, np.divide),
    Op.EQUAL_TO: _yes(np.equal),
    Op.EXP: Pointwise(1, np.exp),
    Op.EXP10: Pointwise(1, lambda a: np.power(a.dtype.type(10), a)),
    Op.EXP2: Pointwise(1, np.exp2),
    Op.GREATER_THAN: _yes(np.greater),
    Op.GREATER_THAN_EQUAL: _yes(np.greater_equal),
    Op.INT: Pointwise(1, np.trunc, "int32"),
    Op.FLOAT: Pointwise(1, np.positive),
    Op.LESS_THAN: _yes(np.less),
    Op.LESS_THAN_EQUAL: _yes(np.less_equal),
    Op.LN: Pointwise(1, np.log),
    Op.LOG10: Pointwise(1, np.log10),
    Op.LOG2: Pointwise(1, np.log2),
    # The sign is that of the dividend.
    Op.MOD: Pointwise(2, np.fmod),
    Op.NEGATE: Pointwise(1, np.negative),
    Op.NOT_EQUAL: _yes(np.not_equal),
    Op.ROUND_DOWN: Pointwise(1, np.floor),
    Op.ROUND_UP: Pointwise(1, np.ceil),
    Op.SIN: Pointwise(1, np.sin),
    Op.SINH: Pointwise(1, np.sinh),
    Op.SQUARE: Pointwise(1, np.square),
    Op.TAN: Pointwise(1, np.tan),
    Op.TANH: Pointwise(1, np.tanh),
    Op.ACOSH: Pointwise(1, np.arccosh),
    Op.ASINH: Pointwise(1, np.arcsinh),
    Op.ATAN2: Pointwise(2, np.arctan2),
    Op.FLOAT_DIVIDE: Pointwise(2, np.divide),
    Op.FLOOR_DIVIDE: Pointwise(2, lambda a, b: np.floor(np.divide(a, b))),
}

_STACKED = (
    "majority",
    "maximum",
    "mean",
    "median",
    "minimum",
    "minority",
    "range",
    "deviation",
    "sum",
    "variety",
)
_PLAIN = (38, 39, 40, 41, 42, 43, 47, 54, 55, 58)

#: Statistics over any number of rasters, and the ones that leave invalid members out.
ACROSS: Mapping[LocalOperation, Statistic] = {
    Op(code): cellstats.STATISTICS[name] for code, name in zip(_PLAIN, _STACKED, strict=True)
}
ACROSS_VALID: Mapping[LocalOperation, Statistic] = {
    Op(code): cellstats.STATISTICS[name] for code, name in zip(range(66, 76), _STACKED, strict=True)
}
