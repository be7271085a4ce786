"""Felt temperatures, and slope and aspect in classes of one code."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.functions.convert import without_nan
from proxy.functions.pixels import joined
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, number
from proxy.functions.surface import SlopeType, aspect, slope
from proxy.functions.units import TO_BASE, Unit
from proxy.model import Array, Raster


class Degrees(IntEnum):
    """Units of temperature."""

    CELSIUS = 200
    FAHRENHEIT = 201
    KELVIN = 202


class Speed(IntEnum):
    """Units of wind speed."""

    MPS = 100
    KMPH = 101
    KNOTS = 102
    FPS = 103
    MPH = 104


def _as(values: Array, from_unit: int, to_unit: int) -> Array:
    (factor, offset), (other, other_offset) = TO_BASE[Unit(from_unit)], TO_BASE[Unit(to_unit)]
    return np.asarray((values * factor + (offset - other_offset)) / other)


def windchill(
    temperature: Raster,
    ws: Raster,
    *,
    tunits: Degrees = Degrees.FAHRENHEIT,
    wunits: Speed = Speed.MPH,
    ounits: Degrees = Degrees.FAHRENHEIT,
) -> Raster:
    """Wind chill of the US National Weather Service (2001).

    35.74 + 0.6215 T - 35.75 V^0.16 + 0.4275 T V^0.16, T in Fahrenheit and V in miles an hour; T itself above
    50 F and below 3 miles an hour, for which the index is not defined.

    Args:
        temperature: of the air, first band. ws: wind speed, first band.
        tunits: of the temperature. wunits: of the speed. ounits: of the result.

    Returns:
        One float32 band, valid where both are.
    """
    with np.errstate(all="ignore"):
        t = _as(temperature.data[0].astype(np.float64), tunits, Unit.FAHRENHEIT)
        v = _as(ws.data[0].astype(np.float64), wunits, Unit.MILE_PER_HOUR)
        power = np.maximum(v, 0) ** 0.16
        felt = 35.74 + 0.6215 * t - 35.75 * power + 0.4275 * t * power
        felt = np.where((t > 50) | (v < 3), t, felt)
        data = _as(felt, Unit.FAHRENHEIT, ounits).astype(np.float32)
    found, mask = without_nan(data[None], joined(temperature.mask, ws.mask))
    return temperature.with_data(found, mask=mask)


def heat_index(
    temperature: Raster,
    rh: Raster,
    *,
    units: Degrees = Degrees.FAHRENHEIT,
    out_units: Degrees = Degrees.FAHRENHEIT,
) -> Raster:
    """Heat index of the US National Weather Service: Steadman's simple form, Rothfusz's regression from 80 F.

    Args:
        temperature: of the air, first band. rh: relative humidity in percent, first band.
        units: of the temperature. out_units: of the result.

    Returns:
        One float32 band, valid where both are.
    """
    with np.errstate(all="ignore"):
        t = _as(temperature.data[0].astype(np.float64), units, Unit.FAHRENHEIT)
        felt = _felt_heat(t, rh.data[0].astype(np.float64))
        data = _as(felt, Unit.FAHRENHEIT, out_units).astype(np.float32)
    found, mask = without_nan(data[None], joined(temperature.mask, rh.mask))
    return temperature.with_data(found, mask=mask)


def _felt_heat(t: Array, r: Array) -> Array:
    simple = (0.5 * (t + 61 + (t - 68) * 1.2 + r * 0.094) + t) / 2
    full = (
        -42.379
        + 2.04901523 * t
        + 10.14333127 * r
        - 0.22475541 * t * r
        - 6.83783e-3 * t * t
        - 5.481717e-2 * r * r
        + 1.22874e-3 * t * t * r
        + 8.5282e-4 * t * r * r
        - 1.99e-6 * t * t * r * r
    )
    dry = (13 - r) / 4 * np.sqrt(np.maximum(17 - np.abs(t - 95), 0) / 17)
    moist = (r - 85) / 10 * (87 - t) / 5
    full = np.where((r < 13) & (t >= 80) & (t <= 112), full - dry, full)
    full = np.where((r > 85) & (t >= 80) & (t <= 87), full + moist, full)
    return np.where(simple < 80, simple, full)


def aspect_slope(raster: Raster, *, z_factor: float = 1.0) -> Raster:
    """Slope and aspect in one code: classes of slope 10, 20, 30, 40 plus octants of aspect 1..8.

    Slope below 5 percent is 19, flat; classes 20, 30 and 40 begin at 5, 20 and 40 percent. The octant 1 is
    centred on north, 2 on north-east and so on clockwise.

    Args:
        raster: elevations in its first band. z_factor: metres per unit of elevation.

    Returns:
        One uint8 band, masked as `slope`.
    """
    steep = slope(raster, z_factor=z_factor, slope_type=SlopeType.PERCENT_RISE)
    angle = aspect(raster).data[0]
    octant = (np.floor((angle + np.float32(22.5)) / np.float32(45)) % 8).astype(np.uint8) + 1
    classes = np.searchsorted([5, 20, 40], steep.data[0], "right").astype(np.uint8)
    data = np.where(classes == 0, np.uint8(19), (classes + 1) * np.uint8(10) + octant)
    return steep.with_data(data[None].astype(np.uint8))


FUNCTIONS = (
    Function(
        "windchill",
        windchill,
        "Temperature as felt in wind.",
        (
            Argument("temperature", Kind.RASTER, aliases=("raster",)),
            Argument("ws", Kind.RASTER, aliases=("wind_speed",)),
            choice("tunits", Degrees.FAHRENHEIT, "temperature_units"),
            choice("wunits", Speed.MPH, "wind_units"),
            choice("ounits", Degrees.FAHRENHEIT, "out_units"),
        ),
    ),
    Function(
        "heat_index",
        heat_index,
        "Temperature as felt in damp air.",
        (
            Argument("temperature", Kind.RASTER, aliases=("raster",)),
            Argument("rh", Kind.RASTER, aliases=("relative_humidity",)),
            choice("units", Degrees.FAHRENHEIT, "temperature_units"),
            choice("out_units", Degrees.FAHRENHEIT),
        ),
    ),
    Function(
        "aspect_slope",
        aspect_slope,
        "Slope and aspect in one code.",
        (INPUT, number("z_factor", 1.0, "zf")),
        margin=1,
    ),
)
