"""Which coordinates are which: by the attributes of the CF conventions, by common names where they lack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.sources.cube.clock import is_time_unit

Attributes = Mapping[str, Any]

_EAST = frozenset({"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"})
_NORTH = frozenset({"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"})
_STANDARD = {
    "longitude": "x", "projection_x_coordinate": "x", "grid_longitude": "x",
    "projection_x_angular_coordinate": "x", "latitude": "y", "projection_y_coordinate": "y",
    "grid_latitude": "y", "projection_y_angular_coordinate": "y",
}  # fmt: skip
_NAMES = {
    "lon": "x", "longitude": "x", "long": "x", "x": "x", "easting": "x", "eastings": "x", "rlon": "x",
    "xc": "x", "lat": "y", "latitude": "y", "y": "y", "northing": "y", "northings": "y", "rlat": "y",
    "yc": "y",
}  # fmt: skip
_DEGREE_NAMES = frozenset({"lon", "longitude", "long", "lat", "latitude"})
_TIMES = frozenset({"time", "forecast_reference_time"})
_VERTICAL_STANDARD = frozenset(
    {"depth", "height", "altitude", "air_pressure", "geopotential_height", "model_level_number"}
)
_VERTICAL_NAMES = frozenset(
    {"depth", "height", "altitude", "elevation", "level", "lev", "plev", "pressure", "z", "isobaricinhpa"}
)
_PRESSURES = frozenset({"pa", "hpa", "kpa", "mbar", "mb", "millibar", "millibars", "bar", "dbar", "decibar"})


def text(attributes: Attributes, name: str) -> str:
    """An attribute as text, empty where there is none."""
    value = attributes.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def direction(name: str, attributes: Attributes) -> str:
    """`x` or `y` for a coordinate along the map, else empty."""
    units = text(attributes, "units").lower()
    if units in _EAST or units in _NORTH:
        return "x" if units in _EAST else "y"
    standard = text(attributes, "standard_name").lower()
    if standard in _STANDARD:
        return _STANDARD[standard]
    axis = text(attributes, "axis").lower()
    return axis if axis in ("x", "y") else _NAMES.get(name.lower(), "")


def in_degrees(name: str, attributes: Attributes) -> bool:
    """True for longitudes and latitudes."""
    units = text(attributes, "units").lower()
    standard = text(attributes, "standard_name").lower()
    return (
        units in _EAST
        or units in _NORTH
        or standard in ("longitude", "latitude")
        or (name.lower() in _DEGREE_NAMES and units in ("", "degree", "degrees"))
    )


def kind_of(name: str, attributes: Attributes) -> str:
    """Kind of another dimension: `time`, `vertical`, or empty."""
    units, axis = text(attributes, "units"), text(attributes, "axis").lower()
    standard = text(attributes, "standard_name").lower()
    if is_time_unit(units) or standard in _TIMES or axis == "t":
        return "time"
    if (
        axis == "z"
        or text(attributes, "positive").lower() in ("up", "down")
        or standard in _VERTICAL_STANDARD
        or standard.endswith("sigma_coordinate")
        or units.lower() in _PRESSURES
        or name.lower() in _VERTICAL_NAMES
    ):
        return "vertical"
    return ""
