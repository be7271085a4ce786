"""Expressions of the caller over bands or rasters, and what is made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.arithmetic import CellsizeType, ExtentType
from proxy.functions.convert import convert, without_nan
from proxy.functions.expression import Expression, compute, names_of, parse_expression
from proxy.functions.pixels import joined, strips, working_type
from proxy.functions.signature import INPUT, Argument, Arguments, Function, Kind, choice, fold
from proxy.model import Array, PixelType, Raster


def read(text: str, path: str) -> Expression:
    """An expression, with the fault told at `path`."""
    if not text.strip():
        raise InvalidRule(path, "It must be given.")
    try:
        return parse_expression(text)
    except ValueError as error:
        raise InvalidRule(path, str(error)) from error


def band_of(name: str, raster: Raster, path: str) -> int:
    """Zero-based band of `b1`, of a number from 1, or of the name of a band; `B08` is a name."""
    match = re.fullmatch(r"b?([1-9]\d{0,4})", name)
    if match:
        found = int(match.group(1)) - 1
        if 0 <= found < raster.count:
            return found
        raise InvalidRule(path, f"There is no band '{name}'; the raster has {raster.count}, counted from 1.")
    known = [fold(band) for band in raster.band_names]
    if fold(name) in known:
        return known.index(fold(name))
    raise InvalidRule(path, f"There is no band '{name[:40]}'.")


def computed(formula: Expression, bands: dict[str, Array], shape: tuple[int, ...]) -> Array:
    """(1, rows, columns) float32 of a formula over bands by name."""
    data = np.empty((1, *shape), np.float32)
    for rows in strips(*shape):
        values = {name: band[rows].astype(np.float32, copy=False) for name, band in bands.items()}
        data[0, rows] = compute(formula, {**values})
    return data


def expression(raster: Raster, *, expression: str, output_type: PixelType | None = None) -> Raster:
    """Compute an expression of the bands in float32.

    Bands are called `b1`, `b2` and so on, or by their name. `proxy.functions.expression` has the grammar:
    `where(b4 > 0 and b3 / b4 < 0.5, b4, 0)`. A quotient by 0 is 0; NaN and infinity are invalid.

    Args:
        raster: any real type.
        expression: what is computed.
        output_type: of the result; values beyond its range become invalid.

    Returns:
        One band, float32 by default.
    """
    formula = read(expression, "expression")
    bands = {name: raster.data[band_of(name, raster, "expression")] for name in names_of(formula)}
    data, mask = without_nan(computed(formula, bands, raster.data.shape[1:]), raster.mask)
    result = raster.with_data(data, mask=mask)
    return convert(result, output_type, beyond_is_nodata=True) if output_type else result


def _numbered(arguments: Arguments, count: int) -> tuple[int, ...] | None:
    names = names_of(read(arguments["expression"], "expression"))
    if not all(re.fullmatch(r"b[1-9]\d{0,4}", name) for name in names):
        return None
    bands = tuple(int(name[1:]) - 1 for name in names)
    if any(not 0 <= band < count for band in bands):
        raise InvalidRule("expression", f"The raster has {count} bands, counted from 1.")
    return bands or (0,)


def raster_calculator(
    rasters: Sequence[Raster],
    *,
    expression: str,
    input_names: tuple[str, ...] = (),
    extent_type: ExtentType = ExtentType.FIRST_OF,
    cellsize_type: CellsizeType = CellsizeType.FIRST_OF,
    output_type: PixelType | None = None,
) -> Raster:
    """Compute an expression of several rasters in float32, band by band.

    Args:
        rasters: any real types on one grid; a single band meets every band of the others.
        expression: over `input_names`; grammar in `proxy.functions.expression`. A quotient by 0 is 0.
        input_names: one a raster; `r1`, `r2` and so on where there are none.
        extent_type: accepted; has no effect. cellsize_type: accepted; has no effect.
        output_type: of the result; values beyond its range become invalid.

    Returns:
        float32 by default; valid where every raster is and the result is a number.
    """
    formula = read(expression, "expression")
    names = [name.lower() for name in input_names] or [f"r{i}" for i in range(1, len(rasters) + 1)]
    by_name = dict(zip(names, rasters, strict=False))
    if missing := names_of(formula) - set(by_name):
        raise InvalidRule("expression", f"There is no raster '{min(missing)[:40]}'.")
    used = [by_name[name] for name in sorted(names_of(formula))]
    count = min((raster.count for raster in used if raster.count > 1), default=1)
    shape = rasters[0].data.shape[1:]
    bands = [
        computed(formula, {n: r.data[min(i, r.count - 1)] for n, r in by_name.items()}, shape)
        for i in range(count)
    ]
    data, mask = without_nan(np.concatenate(bands), joined(*(raster.mask for raster in rasters)))
    result = rasters[0].with_data(data, mask=mask)
    return convert(result, output_type, beyond_is_nodata=True) if output_type else result


class CompositeMethod(IntEnum):
    """How the three bands are named."""

    BAND_NAMES = 0
    BAND_EXPRESSIONS = 1
    BAND_IDS = 2


def create_color_composite(
    raster: Raster,
    *,
    method: CompositeMethod = CompositeMethod.BAND_IDS,
    band_indexes_r: str = "",
    band_indexes_g: str = "",
    band_indexes_b: str = "",
) -> Raster:
    """Three bands named Red, Green and Blue from bands, or from expressions of them.

    Args:
        raster: any real type.
        method: accepted; each band is a number from 1, `B1`, a name, or an expression of these.
        band_indexes_r: red. band_indexes_g: green. band_indexes_b: blue.

    Returns:
        The bands in their type where all three are bands of the raster, else float32.
    """
    texts = {
        "band_indexes_r": band_indexes_r,
        "band_indexes_g": band_indexes_g,
        "band_indexes_b": band_indexes_b,
    }
    plain = [_plain_band(text, raster, path) for path, text in texts.items()]
    chosen = [band for band in plain if band is not None]
    if len(chosen) == 3:
        known = tuple(raster.statistics[band] for band in chosen) if raster.statistics else None
        return raster.with_data(raster.data[chosen], statistics=known, band_names=("Red", "Green", "Blue"))
    found = [expression(raster, expression=text) for text in texts.values()]
    data = np.concatenate([part.data for part in found])
    mask = joined(*(part.mask for part in found))
    return raster.with_data(data, mask=mask, band_names=("Red", "Green", "Blue"))


def _plain_band(text: str, raster: Raster, path: str) -> int | None:
    if not text.strip():
        raise InvalidRule(path, "It must be given.")
    if fold(text) in {fold(band) for band in raster.band_names} or re.fullmatch(r"\s*[bB]?\d+\s*", text):
        return band_of(text.strip().lower(), raster, path)
    return None


def rescale(
    raster: Raster, *, scale: float = 1.0, offset: float = 0.0, output_type: PixelType | None = None
) -> Raster:
    """v * scale + offset.

    Args:
        raster: any number of bands of any real type.
        scale: factor. offset: added after it.
        output_type: of the result; rounded half away from zero and clamped.

    Returns:
        float32 by default, with the names of the bands.
    """
    with np.errstate(all="ignore"):
        work = working_type(raster.data.dtype)
        data = raster.data.astype(work) * work(scale) + work(offset)
    data, mask = without_nan(data, raster.mask)
    return convert(
        raster.with_data(data, mask=mask, band_names=raster.band_names), output_type or PixelType.FLOAT32
    )


_EXPRESSION = Argument("expression", Kind.TEXT, "", required=True, longest=2000)

FUNCTIONS = (
    Function(
        "expression",
        expression,
        "An expression of bands with functions and comparisons.",
        (INPUT, _EXPRESSION),
        bands=_numbered,
        typed=True,
    ),
    Function(
        "raster_calculator",
        raster_calculator,
        "An expression of several rasters.",
        (
            Argument("rasters", Kind.RASTERS, aliases=("raster",), longest=20),
            _EXPRESSION,
            Argument("input_names", Kind.TEXTS, ()),
            choice("extent_type", ExtentType.FIRST_OF),
            choice("cellsize_type", CellsizeType.FIRST_OF),
        ),
        typed=True,
    ),
    Function(
        "create_color_composite",
        create_color_composite,
        "Red, green and blue from bands or expressions of them.",
        (
            INPUT,
            choice("method", CompositeMethod.BAND_IDS),
            *(Argument(f"band_indexes_{color}", Kind.TEXT, "", required=True) for color in "rgb"),
        ),
    ),
    Function(
        "rescale",
        rescale,
        "Numbers times a factor plus an offset.",
        (INPUT, Argument("scale", Kind.NUMBER, 1.0), Argument("offset", Kind.NUMBER, 0.0)),
        typed=True,
    ),
)
