from __future__ import annotations

import math
from typing import Any

import pytest

from proxy.crs import WGS84, reference
from proxy.sources.cube.axes import Unplaceable
from proxy.sources.cube.systems import factor_of, system_of

SPHERE = {"grid_mapping_name": "latitude_longitude", "earth_radius": 6371229.0}
UTM = {
    "grid_mapping_name": "transverse_mercator",
    "longitude_of_central_meridian": 15.0,
    "latitude_of_projection_origin": 0.0,
    "scale_factor_at_central_meridian": 0.9996,
    "false_easting": 500000.0,
    "false_northing": 0.0,
    "semi_major_axis": 6378137.0,
    "inverse_flattening": 298.257223563,
}
GEOSTATIONARY = {
    "grid_mapping_name": "geostationary",
    "perspective_point_height": 35786023.0,
    "semi_major_axis": 6378137.0,
    "semi_minor_axis": 6356752.31414,
    "longitude_of_projection_origin": -75.0,
    "latitude_of_projection_origin": 0.0,
    "sweep_angle_axis": "x",
}


@pytest.mark.parametrize(
    ("mappings", "whole", "degrees", "code"),
    [
        ([], {}, True, "EPSG:4326"),
        ([SPHERE], {}, True, "EPSG:4326"),
        ([{"crs_wkt": reference("EPSG:25833").wkt}], {}, False, "EPSG:25833"),
        ([{"spatial_ref": "EPSG:3031"}], {}, False, "EPSG:3031"),
        ([UTM], {}, False, "EPSG:32633"),
        ([{"long_name": "nothing of use"}], {"crs": "EPSG:2056"}, False, "EPSG:2056"),
        ([], {"proj:code": "EPSG:3035"}, False, "EPSG:3035"),
    ],
)
def test_systems(mappings: list[dict[str, Any]], whole: dict[str, Any], degrees: bool, code: str) -> None:
    assert system_of(iter(mappings), whole, degrees) == reference(code)


@pytest.mark.parametrize(
    ("mappings", "whole"),
    [
        ([], {}),
        ([{"crs_wkt": "PROJCRS[nonsense"}], {}),
        ([], {"crs": "the usual one"}),
        ([{"grid_mapping_name": "polar_stereographic"}], {}),
    ],
)
def test_what_is_not_said_or_not_understood(mappings: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    with pytest.raises(Unplaceable):
        system_of(iter(mappings), whole, False)


@pytest.mark.parametrize(
    ("unit", "code", "mapping", "factor"),
    [
        ("m", "EPSG:32633", {}, 1.0),
        ("km", "EPSG:32633", {}, 1000.0),
        ("kilometers", "EPSG:32633", {}, 1000.0),
        ("metre", "EPSG:2225", {}, 1 / 0.3048006096012192),
        ("furlong", "EPSG:32633", {}, 1.0),
        ("degrees", "EPSG:4326", {}, 1.0),
        ("radians", "EPSG:4326", {}, 180 / math.pi),
    ],
)
def test_units_of_coordinates(unit: str, code: str, mapping: dict[str, Any], factor: float) -> None:
    assert factor_of(unit, reference(code), mapping) == pytest.approx(factor)


def test_angles_of_a_scan_are_metres_of_the_map() -> None:
    crs = system_of(iter([GEOSTATIONARY]), {}, False)
    assert not crs.is_geographic
    assert crs != WGS84
    assert factor_of("rad", crs, GEOSTATIONARY) == 35786023.0
