"""Coordinate reference systems of variables, from grid mappings and what else files say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyproj
from pyproj.exceptions import CRSError

from proxy.crs import WGS84, SpatialReference, reference
from proxy.errors import BadRequest
from proxy.sources.cube.axes import Unplaceable

Attributes = Mapping[str, Any]

#: Attributes of a data set by which writers other than CF's say where it lies.
_WHOLE = ("crs_wkt", "spatial_ref", "proj:wkt2", "proj:code", "crs", "proj4")
_TEXTS = ("crs_wkt", "spatial_ref")
#: Of a grid mapping, what names a body or datum of its own.
_BODIES = ("semi_major_axis", "semi_minor_axis", "inverse_flattening", "horizontal_datum_name", *_TEXTS)
_METRES = {"m": 1.0, "metre": 1.0, "meter": 1.0, "km": 1000.0, "kilometre": 1000.0, "kilometer": 1000.0}
_RADIANS = frozenset({"rad", "radian", "radians"})


def system_of(mappings: Iterator[Attributes], whole: Attributes, degrees: bool) -> SpatialReference:
    """The system of a variable's coordinates.

    Args:
        mappings: attributes of grid mapping variables, the variable's own first.
        whole: attributes of the data set.
        degrees: the coordinates are longitudes and latitudes.

    Raises:
        Unplaceable: nothing says it, or what is said cannot be understood.
    """
    for mapping in mappings:
        if (found := _mapped(mapping)) is not None:
            return found
    for name in _WHOLE:
        if isinstance(text := whole.get(name), str) and text.strip():
            return _written(text)
    if degrees:
        return WGS84
    raise Unplaceable("nothing says in which coordinate reference system it lies; set 'cube.crs'")


def _mapped(mapping: Attributes) -> SpatialReference | None:
    texts = [str(mapping[name]) for name in _TEXTS if str(mapping.get(name) or "").strip()]
    if texts:
        return _written(texts[0])
    name = mapping.get("grid_mapping_name")
    if not name:
        return None
    if name == "latitude_longitude" and not any(key in mapping for key in _BODIES):
        # A model's sphere: its latitudes are taken as those of maps by everyone.
        return WGS84
    try:
        return _known(pyproj.CRS.from_cf(dict(mapping)))
    except (CRSError, KeyError, ValueError, TypeError) as error:
        raise Unplaceable(f"its grid mapping '{str(name)[:60]}' is not understood") from error


def _known(crs: pyproj.CRS) -> SpatialReference:
    code = crs.to_authority(min_confidence=70)
    if code is not None:
        known = pyproj.CRS.from_authority(*code)
        if known.equals(crs, ignore_axis_order=True):
            return reference(":".join(code))
    return reference(crs.to_wkt())


def _written(text: str) -> SpatialReference:
    try:
        return _known(pyproj.CRS.from_user_input(text.strip()))
    except (CRSError, BadRequest) as error:
        raise Unplaceable("its coordinate reference system is not understood") from error


def metres_to_units(crs: SpatialReference) -> float:
    """What metres are multiplied by to become units of a projected system."""
    return 1.0 / crs.metres_per_unit


def factor_of(unit: str, crs: SpatialReference, mapping: Attributes) -> float:
    """What coordinates are multiplied by to become those of the system: kilometres, angles of a scan.

    Args:
        unit: of the coordinates; an unknown one is taken as that of the system.
        mapping: attributes of the grid mapping.
    """
    if crs.is_geographic:
        return 180.0 / math.pi if unit in _RADIANS else 1.0
    if unit in _RADIANS and mapping.get("perspective_point_height") is not None:
        return float(mapping["perspective_point_height"]) * metres_to_units(crs)
    plain = unit.strip().lower()
    plain = plain if plain in _METRES else plain.removesuffix("s")
    return _METRES[plain] * metres_to_units(crs) if plain in _METRES else 1.0
