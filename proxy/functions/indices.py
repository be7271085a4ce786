"""Band arithmetic: an expression of the caller, or one of the known indices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import convert, without_nan
from proxy.functions.expression import Expression, compute, names_of, parse_expression
from proxy.functions.pixels import strips
from proxy.functions.signature import INPUT, Argument, Arguments, Function, Kind, choice
from proxy.model import Array, PixelType, Raster


class BandArithmeticMethod(IntEnum):
    """The expression of the caller, or an index by code."""

    USER_DEFINED = 0
    NDVI = 1
    SAVI = 2
    TSAVI = 3
    MSAVI = 4
    GEMI = 5
    PVI = 6
    GVITM = 7
    SULTAN = 8
    VARI = 9
    GNDVI = 10
    SR = 11
    NDVIRE = 12
    SRRE = 13
    MTVI2 = 14
    RTVICORE = 15
    CIRE = 16
    CIG = 17
    NDWI = 18
    EVI = 19
    IRON_OXIDE = 20
    FERROUS_MINERALS = 21
    CLAY_MINERALS = 22
    WNDWI = 23
    BAI = 24
    NBR = 25
    NDBI = 26
    NDMI = 27
    NDSI = 28
    MNDWI = 29


@dataclass(frozen=True)
class Index:
    """Bands by name in the order of `band_indexes`, then constants with their default, and the formulas."""

    bands: str
    formulas: tuple[str, ...]
    constants: tuple[tuple[str, float], ...] = ()


def _index(bands: str, *formulas: str, **constants: float) -> Index:
    return Index(bands, formulas, tuple(constants.items()))


# n near infrared, r red, g green, b blue, e red edge, s shortwave infrared; formulas as published for Esri's
# products, confirmed against its client and, where it has them, spyndex.
INDICES = {
    1: _index("n r", "(n-r)/(n+r)"),
    2: _index("n r", "(n-r)/(n+r+l)*(1+l)", l=0.33),
    3: _index("n r", "s*(n-s*r-a)/(a*n+r-a*s+x*(1+s^2))", s=0.33, a=0.5, x=1.5),
    4: _index("n r", "0.5*(2*n+1-sqrt((2*n+1)^2-8*(n-r)))"),
    5: _index(
        "n r",
        "(2*(n^2-r^2)+1.5*n+0.5*r)/(n+r+0.5)*(1-0.25*(2*(n^2-r^2)+1.5*n+0.5*r)/(n+r+0.5))-(r-0.125)/(1-r)",
    ),
    6: _index("n r", "(n-a*r-b)/sqrt(1+a^2)", a=0.3, b=0.5),
    7: _index(
        "b1 b2 b3 b4 b5 b7", "-0.2848*b1-0.2435*b2-0.5436*b3+0.7243*b4+0.0840*b5-0.1800*b7"
    ),
    8: _index("b1 b3 b4 b5 b6", "100*b5/b6", "100*b5/b1", "100*(b3/b4)*(b5/b4)"),
    9: _index("r g b", "(g-r)/(g+r-b)"),
    10: _index("n g", "(n-g)/(n+g)"),
    11: _index("n r", "n/r"),
    12: _index("n e", "(n-e)/(n+e)"),
    13: _index("n e", "n/e"),
    14: _index("n r g", "1.5*(1.2*(n-g)-2.5*(r-g))/sqrt((2*n+1)^2-(6*n-5*sqrt(r))-0.5)"),
    15: _index("n e g", "100*(n-e)-10*(n-g)"),
    16: _index("n e", "n/e-1"),
    17: _index("n g", "n/g-1"),
    18: _index("n g", "(g-n)/(g+n)"),
    19: _index("n r b", "2.5*(n-r)/(n+6*r-7.5*b+1)"),
    20: _index("r b", "r/b"),
    21: _index("s n", "s/n"),
    22: _index("s1 s2", "s1/s2"),
    23: _index("g n s", "(g-a*n-(1-a)*s)/(g+a*n+(1-a)*s)", a=0.5),
    24: _index("r n", "1/((0.1-r)^2+(0.06-n)^2)"),
    25: _index("n s", "(n-s)/(n+s)"),
    26: _index("s n", "(s-n)/(s+n)"),
    27: _index("n s", "(n-s)/(n+s)"),
    28: _index("g s", "(g-s)/(g+s)"),
    29: _index("g s", "(g-s)/(g+s)"),
}  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """What is computed: formulas, the band of each name, the value of each constant."""

    formulas: tuple[Expression, ...]
    bands: dict[str, int]
    constants: dict[str, float]


def band_arithmetic(
    raster: Raster,
    *,
    method: BandArithmeticMethod = BandArithmeticMethod.USER_DEFINED,
    band_indexes: str = "",
    output_type: PixelType | None = None,
) -> Raster:
    """Compute an index of the bands in float32; a quotient with denominator 0 is 0.

    Args:
        raster: any real type; values are used as they are, without scaling to reflectance.
        method: USER_DEFINED, or an index of `INDICES`.
        band_indexes: for USER_DEFINED an expression such as `(B4 - B3) / (B4 + B3)`, bands counted from 1;
            else the bands of the index in its order, counted from 1, then its constants, blank-separated.
        output_type: of the result; values beyond its range become invalid.

    Returns:
        One band (three for SULTAN) of `output_type`, float32 by default; NaN and infinity are invalid.

    Raises:
        InvalidRule: the expression cannot be read, or a band is missing.
    """
    plan = _plan(int(method), band_indexes)
    _check(plan, raster.count)
    shape = raster.data.shape[1:]
    data = np.empty((len(plan.formulas), *shape), np.float32)
    constants = {name: np.float32(value) for name, value in plan.constants.items()}
    for rows in strips(*shape):
        values: dict[str, Array | np.float32] = {**constants}
        values |= {
            name: raster.data[band, rows].astype(np.float32, copy=False) for name, band in plan.bands.items()
        }
        for place, formula in enumerate(plan.formulas):
            data[place, rows] = compute(formula, values)
    data, mask = without_nan(data, raster.mask)
    result = raster.with_data(data, mask=mask)
    return convert(result, output_type, beyond_is_nodata=True) if output_type else result


@lru_cache(maxsize=256)
def _plan(method: int, text: str) -> _Plan:
    if not text.strip():
        raise InvalidRule("band_indexes", "The bands are not given.")
    return _index_plan(method, text) if method else _expression_plan(text)


def _expression_plan(text: str) -> _Plan:
    try:
        formula = parse_expression(text)
    except ValueError as error:
        raise InvalidRule("band_indexes", str(error)) from error
    bands = {}
    for name in sorted(names_of(formula)):
        if not re.fullmatch(r"b\d{1,5}", name):
            raise InvalidRule("band_indexes", f"'{name[:40]}' is no band; bands are called B1, B2 and so on.")
        bands[name] = int(name[1:]) - 1
    return _Plan((formula,), bands, {})


def _index_plan(method: int, text: str) -> _Plan:
    index, name = INDICES[method], BandArithmeticMethod(method).name
    wanted = index.bands.split()
    try:
        given = [float(word.strip("bB")) for word in re.split(r"[\s,;]+", text.strip("[]() "))]
    except ValueError as error:
        raise InvalidRule("band_indexes", f"{name} takes numbers separated by blanks.") from error
    if len(given) < len(wanted):
        raise InvalidRule("band_indexes", f"{name} takes {len(wanted)} bands.")
    bands = {key: int(value) - 1 for key, value in zip(wanted, given, strict=False)}
    constants = dict(index.constants)
    constants.update(zip(constants, given[len(wanted) :], strict=False))
    return _Plan(tuple(parse_expression(formula) for formula in index.formulas), bands, constants)


def _check(plan: _Plan, count: int) -> None:
    for band in plan.bands.values():
        if not 0 <= band < count:
            raise InvalidRule(
                "band_indexes", f"There is no band {band + 1}; the raster has {count}, counted from 1."
            )


def _needed(arguments: Arguments, count: int) -> tuple[int, ...]:
    plan = _plan(int(arguments["method"]), arguments["band_indexes"])
    _check(plan, count)
    return tuple(plan.bands.values()) or (0,)


FUNCTIONS = (
    Function(
        "band_arithmetic",
        band_arithmetic,
        "An expression of bands, or one of 29 indices.",
        (
            INPUT,
            choice("method", BandArithmeticMethod.USER_DEFINED),
            Argument("band_indexes", Kind.TEXT, "", aliases=("expression",), longest=2000),
        ),
        bands=_needed,
        typed=True,
    ),
)
