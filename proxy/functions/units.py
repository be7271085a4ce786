"""Conversion between units of length, speed and temperature."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import without_nan
from proxy.functions.signature import INPUT, Argument, Function, Kind
from proxy.model import Raster


class Unit(IntEnum):
    """Units by their published codes."""

    INCH = 1
    FOOT = 3
    YARD = 4
    MILE = 5
    NAUTICAL_MILE = 6
    MILLIMETER = 7
    CENTIMETER = 8
    METER = 9
    METER_PER_SECOND = 100
    KILOMETER_PER_HOUR = 101
    KNOT = 102
    FOOT_PER_SECOND = 103
    MILE_PER_HOUR = 104
    CELSIUS = 200
    FAHRENHEIT = 201
    KELVIN = 202


#: (factor, offset) to metres, metres a second and kelvin; lengths are the international ones.
TO_BASE = {
    Unit.INCH: (0.0254, 0.0),
    Unit.FOOT: (0.3048, 0.0),
    Unit.YARD: (0.9144, 0.0),
    Unit.MILE: (1609.344, 0.0),
    Unit.NAUTICAL_MILE: (1852.0, 0.0),
    Unit.MILLIMETER: (0.001, 0.0),
    Unit.CENTIMETER: (0.01, 0.0),
    Unit.METER: (1.0, 0.0),
    Unit.METER_PER_SECOND: (1.0, 0.0),
    Unit.KILOMETER_PER_HOUR: (1 / 3.6, 0.0),
    Unit.KNOT: (1852 / 3600, 0.0),
    Unit.FOOT_PER_SECOND: (0.3048, 0.0),
    Unit.MILE_PER_HOUR: (0.44704, 0.0),
    Unit.CELSIUS: (1.0, 273.15),
    Unit.FAHRENHEIT: (5 / 9, 273.15 - 32 * 5 / 9),
    Unit.KELVIN: (1.0, 0.0),
}


def linear(from_unit: Unit, to_unit: Unit) -> tuple[float, float]:
    """(factor, offset) from one unit to another of the same kind.

    Raises:
        InvalidRule: they measure different things.
    """
    if from_unit // 100 != to_unit // 100:
        raise InvalidRule("to_unit", f"{from_unit.name} does not convert to {to_unit.name}.")
    (factor, offset), (other, other_offset) = TO_BASE[from_unit], TO_BASE[to_unit]
    return factor / other, (offset - other_offset) / other


def unit_conversion(raster: Raster, *, from_unit: Unit, to_unit: Unit) -> Raster:
    """Express numbers in another unit of the same kind.

    Args:
        raster: any number of bands of any real type.
        from_unit: unit of the numbers. to_unit: unit of the result.

    Returns:
        float32 bands with their names.

    Raises:
        InvalidRule: one is a length, a speed or a temperature and the other is not.
    """
    factor, offset = linear(from_unit, to_unit)
    # Offsets of temperatures cancel to the last digits in double.
    with np.errstate(all="ignore"):
        data = (raster.data.astype(np.float64) * factor + offset).astype(np.float32)
    data, mask = without_nan(data, raster.mask)
    return raster.with_data(data, mask=mask, band_names=raster.band_names)


FUNCTIONS = (
    Function(
        "unit_conversion",
        unit_conversion,
        "Numbers in another unit of length, speed or temperature.",
        (
            INPUT,
            Argument("from_unit", Kind.ENUM, choices=Unit, required=True),
            Argument("to_unit", Kind.ENUM, choices=Unit, required=True),
        ),
    ),
)
