"""Where, when and along which further dimensions a collection has data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from proxy.choices import iso
from proxy.crs import Bounds, transform_bounds
from proxy.errors import ProxyError
from proxy.ogc.crs_names import CRS84, NamedCRS, named
from proxy.ogc.dimensions import VARIABLE, public_name
from proxy.sources.base import Dimension, SourceInfo

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
#: Values of a dimension that are written out; longer ones are described by their number.
WRITTEN = 200
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


def storage_crs(info: SourceInfo) -> NamedCRS:
    """The system that a map has where the request names none: that of the pixels.

    Longitude and latitude are taken as CRS84, in which they are stored. CRS84 too where the system of the
    pixels is in no register, so that no address could name it.
    """
    found = named(info.crs)
    return CRS84 if found is None or found.reference == CRS84.reference else found


def extent(info: SourceInfo) -> dict[str, Any]:
    """The `extent` of a collection.

    `info.geographic_bounds` is not None. Longitudes are within -180..180, west above east where the data
    cross the antimeridian.
    """
    assert info.geographic_bounds is not None
    spatial: dict[str, Any] = {"bbox": [world_bbox(info.geographic_bounds)], "crs": CRS84.uri}
    storage = storage_crs(info)
    if storage != CRS84:
        corners = storage.corners(info.extent) if storage.reference == info.crs else None
        spatial["storageCrsBbox"] = [list(corners or _envelope(info, storage))]
    found: dict[str, Any] = {"spatial": spatial}
    if (temporal := temporal_extent(info)) is not None:
        found["temporal"] = temporal
    found |= {axis_name(public_name(d)): _dimension(d) for d in further_dimensions(info)}
    if len(info.variables) > 1:
        names = [variable.name for variable in info.variables]
        found[VARIABLE] = {"interval": [[names[0], names[-1]]], "grid": _grid(names)}
    return found


def world_bbox(bounds: Bounds) -> list[float]:
    """Bounds in degrees as [west, south, east, north], longitudes folded into -180..180."""
    west, south, east, north = bounds
    if east - west >= 360:
        west, east = -180.0, 180.0
    else:
        west, east = _folded(west), _folded(east)
    # No farther in than the data: a box contains all of them.
    return [round(west, 9), round(south, 9), round(east, 9), round(north, 9)]


def _folded(longitude: float) -> float:
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def union(boxes: Sequence[Bounds]) -> Bounds:
    """Bounds around several."""
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _envelope(info: SourceInfo, crs: NamedCRS) -> Bounds:
    try:
        box = transform_bounds(info.extent.as_tuple(), info.crs, crs.reference)
    except ProxyError:
        box = info.extent.as_tuple()
    return box


def time_dimension(info: SourceInfo) -> Dimension | None:
    """The time of the default variable."""
    dimensions = info.variables[0].dimensions if info.variables else ()
    return next((dimension for dimension in dimensions if dimension.kind == "time"), None)


def time_range(info: SourceInfo) -> tuple[float, float] | None:
    """First and last moment in epoch milliseconds; None without time."""
    if info.time is not None:
        return info.time
    dimension = time_dimension(info)
    return None if dimension is None else (min(dimension.values), max(dimension.values))


def temporal_extent(info: SourceInfo) -> dict[str, Any] | None:
    """`extent.temporal`; None without time."""
    span = time_range(info)
    if span is None:
        return None
    found: dict[str, Any] = {"interval": [[iso(span[0]), iso(span[1])]], "trs": GREGORIAN}
    if (dimension := time_dimension(info)) is not None:
        found["grid"] = _grid([iso(value) for value in dimension.values])
    return found


def further_dimensions(info: SourceInfo) -> tuple[Dimension, ...]:
    """Dimensions of the default variable other than time."""
    dimensions = info.variables[0].dimensions if info.variables else ()
    return tuple(dimension for dimension in dimensions if dimension.kind != "time")


def axis_name(name: str) -> str:
    """Name of a dimension as `subset` writes it: letters, digits and underscores."""
    return _NOT_IN_NAMES.sub("_", name)


def _dimension(dimension: Dimension) -> dict[str, Any]:
    found: dict[str, Any] = {"interval": [[min(dimension.values), max(dimension.values)]]}
    if dimension.kind == "vertical":
        found["definition"] = "http://www.opengis.net/def/property/OGC/0/vertical"
    if dimension.unit:
        found["unit"] = dimension.unit
    if dimension.description:
        found["description"] = dimension.description
    return found | {"grid": _grid(list(dimension.values))}


def _grid(values: Sequence[float | str]) -> dict[str, Any]:
    found: dict[str, Any] = {"cellsCount": len(values)}
    return found | ({"coordinates": list(values)} if len(values) <= WRITTEN else {})
