"""Functions that choose, stack or combine bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from proxy.errors import InvalidRule
from proxy.functions.convert import without_nan
from proxy.functions.pixels import evenly_spread, joined, strips, working_type
from proxy.functions.sensors import by_wavelength
from proxy.functions.signature import (
    INPUT,
    Argument,
    Arguments,
    Function,
    Kind,
    choice,
    flag,
    fold,
    number,
    numbers,
)  # fmt: skip
from proxy.model import Raster


class MissingBandAction(IntEnum):
    """What to do about a band that does not exist."""

    BEST_MATCH = 0
    FAIL = 1


def extract_band(
    raster: Raster,
    *,
    band_ids: tuple[float, ...] = (),
    band_names: tuple[str, ...] = (),
    band_wavelengths: tuple[str, ...] = (),
    wavelength_match_tolerance: float = 0.0,
    missing_band_action: MissingBandAction = MissingBandAction.BEST_MATCH,
) -> Raster:
    """Choose bands, in any order, with repetition.

    Args:
        raster: any number of bands of any type.
        band_ids: zero-based. band_names: used where no ids are given; `NearInfrared` also finds
            `NearInfrared_1` and other names that begin so.
        band_wavelengths: in nanometres; of each the band with the nearest centre, which is known of the
        sensors in `proxy.functions.sensors` and of bands named in words.
        wavelength_match_tolerance: in nanometres, greatest distance of that centre; 0 for any.
        missing_band_action: BEST_MATCH takes the last band for an id that does not exist, and the nearest
        wavelength beyond the tolerance.

    Returns:
        The bands with their type, names and statistics; all bands where nothing is asked for.
    """
    if band_ids:
        chosen = _by_id(band_ids, raster.count, missing_band_action)
    elif band_names:
        chosen = tuple(_by_name(name, raster.band_names) for name in band_names)
    elif band_wavelengths:
        reach = wavelength_match_tolerance if missing_band_action == MissingBandAction.FAIL else 0.0
        chosen = tuple(by_wavelength(text, raster.band_names, reach) for text in band_wavelengths)
    else:
        return raster
    statistics = tuple(raster.statistics[band] for band in chosen) if raster.statistics else None
    names = tuple(raster.band_names[band] for band in chosen) if raster.band_names else ()
    kept = raster.colormap if raster.count == 1 and len(chosen) == 1 else None
    return raster.with_data(
        raster.data[list(chosen)],
        band_names=names,
        statistics=statistics,
        nodata=raster.nodata,
        colormap=kept,
    )


def _by_id(wanted: Sequence[float], count: int, missing: MissingBandAction) -> tuple[int, ...]:
    if missing == MissingBandAction.FAIL and any(not 0 <= band < count for band in wanted):
        raise InvalidRule("band_ids", f"The raster has {count} bands.")
    return tuple(min(int(band), count - 1) for band in wanted)


def _by_name(wanted: str, names: Sequence[str]) -> int:
    key, known = fold(wanted), [fold(name) for name in names]
    beginnings = [key + "1", key] if key == "nearinfrared" else []
    matches = [known.index(key)] if key in known else []
    matches += [i for start in beginnings for i, name in enumerate(known) if name.startswith(start)]
    if not matches:
        raise InvalidRule("band_names", f"There is no band '{wanted[:80]}'.")
    return matches[0]


def _extracted(arguments: Arguments, count: int) -> tuple[int, ...] | None:
    if not arguments["band_ids"]:
        return None
    return _by_id(arguments["band_ids"], count, arguments["missing_band_action"])


def composite_band(rasters: Sequence[Raster]) -> Raster:
    """Stack the bands of all rasters in order.

    Returns:
        The common type of the inputs, float32 where they differ, as measured in Esri's client; valid where
        every input is. Statistics are kept where every input has them.
    """
    first = rasters[0]
    types = {raster.data.dtype for raster in rasters}
    dtype = types.pop() if len(types) == 1 else np.dtype(np.float32)
    data = np.concatenate([raster.data for raster in rasters]).astype(dtype, copy=False)
    known = [s for raster in rasters for s in raster.statistics or ()]
    names = [name for raster in rasters for name in raster.band_names]
    return first.with_data(
        data,
        mask=joined(*(raster.mask for raster in rasters)),
        statistics=tuple(known) if len(known) == len(data) else None,
        band_names=tuple(names) if len(names) == len(data) else (),
    )


def ndvi(
    raster: Raster, *, visible_band_id: int = 0, infrared_band_id: int = 1, scientific_output: bool = False
) -> Raster:
    """Normalised difference vegetation index, (infrared - visible) / (infrared + visible); x / 0 is 0.

    Args:
        raster: reflectances in any real type, used as they are.
        visible_band_id: zero-based. infrared_band_id: zero-based.
        scientific_output: True for float32 -1..1. False for uint8 0..200: the index times 100 plus 100,
            rounded half up, where a denominator of 0 gives 0, as measured in Esri's client.

    Returns:
        One band, statistics -1..1 or 0..200.
    """
    _known(raster.count, visible_band_id=visible_band_id, infrared_band_id=infrared_band_id)
    visible, infrared = raster.data[visible_band_id], raster.data[infrared_band_id]
    out = np.empty(visible.shape, np.float32 if scientific_output else np.uint8)
    with np.errstate(all="ignore"):
        for rows in strips(*visible.shape):
            red, near = visible[rows].astype(np.float32), infrared[rows].astype(np.float32)
            total = near + red
            near -= red
            near /= total
            if not scientific_output:
                near *= np.float32(100)
                near += np.float32(100.5)
                np.clip(near, 0, 200, out=near)
            # Written over NaN and infinity before they are cast.
            np.copyto(near, 0, where=total == 0)
            out[rows] = near
    data, mask = without_nan(out[None], raster.mask)
    least, greatest = (-1.0, 1.0) if scientific_output else (0.0, 200.0)
    return raster.with_data(data, mask=mask, statistics=evenly_spread(least, greatest))


def _ndvi_bands(arguments: Arguments, count: int) -> tuple[int, ...]:
    chosen = {name: arguments[name] for name in ("visible_band_id", "infrared_band_id")}
    _known(count, **chosen)
    return tuple(chosen.values())


def _known(count: int, **bands: int) -> None:
    for name, band in bands.items():
        if band >= count:
            raise InvalidRule(name, f"There is no band {band}; the raster has {count}, counted from 0.")


def grayscale(raster: Raster, *, conversion_parameters: tuple[float, ...] = ()) -> Raster:
    """Weighted mean of the bands.

    Args:
        raster: any real type.
        conversion_parameters: one weight a band, divided by their sum; the first three bands alike where
            absent. Bands without a weight are left out.

    Returns:
        One band of the input's type; integers are rounded half up.
    """
    weights = (conversion_parameters or (1.0, 1.0, 1.0))[: raster.count]
    total = sum(weights)
    if total == 0:
        raise InvalidRule("conversion_parameters", "The weights add up to 0.")
    parts = (
        band.astype(np.float32) * np.float32(weight / total)
        for weight, band in zip(weights, raster.data, strict=False)
    )
    with np.errstate(all="ignore"):
        gray = reduce(np.add, parts)
        if raster.data.dtype.kind in "iu":
            limits = np.iinfo(raster.data.dtype)
            gray = np.clip(np.floor(gray + np.float32(0.5)), limits.min, limits.max)
        return raster.with_data(gray.astype(raster.data.dtype)[None])


def spectral_conversion(raster: Raster, *, conversion_matrix: tuple[float, ...]) -> Raster:
    """Multiply the bands of each pixel by a matrix.

    Args:
        raster: any real type.
        conversion_matrix: row after row, one weight a band, one row for each band of the result. A square
            matrix of fewer columns meets the first bands.

    Returns:
        Bands of the input's type; integers are rounded half up and clamped.

    Raises:
        InvalidRule: the weights do not make whole rows.
    """
    matrix = _matrix(conversion_matrix, raster.count)
    dtype = raster.data.dtype
    work = working_type(dtype)
    with np.errstate(all="ignore"):
        bands = [
            reduce(
                np.add,
                (work(weight) * band for weight, band in zip(row, raster.data.astype(work), strict=False)),
            )
            for row in matrix
        ]
        data, mask = without_nan(np.stack(bands), raster.mask)
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            data = np.clip(np.floor(data + work(0.5)), limits.min, limits.max)
        return raster.with_data(data.astype(dtype), mask=mask)


def _matrix(weights: tuple[float, ...], count: int) -> NDArray[np.float64]:
    """Rows of at most `count` weights."""
    side = math.isqrt(len(weights))
    if side * side == len(weights) and 0 < side < count:
        return np.array(weights).reshape(side, side)
    if not weights or len(weights) % count:
        raise InvalidRule("conversion_matrix", f"It has {len(weights)} weights; a row has {count}.")
    return np.array(weights).reshape(-1, count)


def identity(raster: Raster) -> Raster:
    """The raster as it is."""
    return raster


FUNCTIONS = (
    Function(
        "extract_band",
        extract_band,
        "Chosen bands.",
        (
            INPUT,
            numbers("band_ids", minimum=0, maximum=65535),
            Argument("band_names", Kind.TEXTS, ()),
            Argument("band_wavelengths", Kind.TEXTS, ()),
            number("wavelength_match_tolerance", 0.0, minimum=0),
            choice("missing_band_action", MissingBandAction.BEST_MATCH),
        ),
        bands=_extracted,
    ),
    Function(
        "composite_band",
        composite_band,
        "Bands of several rasters, stacked.",
        (Argument("rasters", Kind.RASTERS, aliases=("raster",), longest=20),),
    ),
    Function(
        "ndvi",
        ndvi,
        "Vegetation index of a visible and an infrared band.",
        (
            INPUT,
            Argument("visible_band_id", Kind.INTEGER, 0, minimum=0, maximum=65535),
            Argument("infrared_band_id", Kind.INTEGER, 1, minimum=0, maximum=65535),
            flag("scientific_output", False, "scientific"),
        ),
        bands=_ndvi_bands,
    ),
    Function(
        "grayscale",
        grayscale,
        "Weighted mean of the bands.",
        (INPUT, numbers("conversion_parameters")),
    ),
    Function(
        "spectral_conversion",
        spectral_conversion,
        "Bands multiplied by a matrix.",
        (INPUT, Argument("conversion_matrix", Kind.NUMBERS, (), required=True, longest=4096)),
    ),
    Function("identity", identity, "The raster as it is.", (INPUT,)),
)
