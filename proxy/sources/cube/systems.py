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
_TEXTS = ("crs_wkt", "spatial_ref", "epsg_code", "EPSG_code", "esri_pe_string")
#: What is taken of a grid mapping that has no name by the conventions.
_PROJ = ("proj4", "proj4text", "proj4_params", "proj4_string")
#: Attributes that only grid mappings have.
MAPPINGS = frozenset({"grid_mapping_name", *_TEXTS, *_PROJ})
#: Of a grid mapping, what names a body or datum of its own.
_BODIES = ("semi_major_axis", "semi_minor_axis", "inverse_flattening", "horizontal_datum_name", *_TEXTS)
#: Semi-major axis and inverse flattening.
_WGS84 = 6378137.0, 298.257223563
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
    name = mapping.get("grid_mapping_name")
    wanted = _TEXTS if name else _TEXTS + _PROJ
    texts = [text for key in wanted if (text := str(mapping.get(key) or "").strip())]
    if texts:
        return _written(f"EPSG:{texts[0]}" if texts[0].isdigit() else texts[0])
    if not name:
        return None
    if name == "latitude_longitude" and not any(key in mapping for key in _BODIES):
        # A model's sphere: its latitudes are taken as those of maps by everyone.
        return WGS84
    try:
        return _known(pyproj.CRS.from_cf(dict(mapping) | _datum(mapping)))
    except (CRSError, KeyError, ValueError, TypeError) as error:
        raise Unplaceable(f"its grid mapping '{str(name)[:60]}' is not understood") from error


def _datum(mapping: Attributes) -> dict[str, str]:
    """The name of the datum where a mapping gives the ellipsoid of WGS 84 without one."""
    if "horizontal_datum_name" in mapping:
        return {}
    shape = (float(mapping.get(name) or 0) for name in ("semi_major_axis", "inverse_flattening"))
    same = all(math.isclose(number, own, rel_tol=1e-9) for number, own in zip(shape, _WGS84, strict=True))
    return {"horizontal_datum_name": "World Geodetic System 1984"} if same else {}


def _known(crs: pyproj.CRS) -> SpatialReference:
    code = crs.to_authority(min_confidence=50)
    if code is not None and _same(pyproj.CRS.from_authority(*code), crs):
        return reference(":".join(code))
    return reference(crs.to_wkt())


def _same(known: pyproj.CRS, crs: pyproj.CRS) -> bool:
    """True where two systems mean the same; how axes around a pole are named is no difference."""
    if known.equals(crs, ignore_axis_order=True):
        return True
    first, second = known.coordinate_operation, crs.coordinate_operation
    if first is None or second is None or first.method_code != second.method_code:
        return False
    numbers = [{part.code: part.value for part in each.params} for each in (first, second)]
    units = [[axis.unit_conversion_factor for axis in each.axis_info[:2]] for each in (known, crs)]
    datums = [each.datum.name if each.datum else "" for each in (known, crs)]
    return all(left == right for left, right in (numbers, units, datums))


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
