from __future__ import annotations

import math

import pytest

from proxy.errors import OutsideExtent
from proxy.ogc.api.scale import metres_per_unit
from proxy.ogc.crs_names import CRS84, read


def test_degrees_shrink_towards_the_poles() -> None:
    """On the sphere that scales are defined on: pi x 6378137 / 180 metres a degree."""
    degree = math.pi * 6378137 / 180
    assert metres_per_unit(CRS84, 0, 0) == pytest.approx((degree, degree), rel=1e-6)
    assert metres_per_unit(CRS84, 10, 60) == pytest.approx((degree / 2, degree), rel=1e-5)
    across, up = metres_per_unit(CRS84, 0, 95)
    assert across > 0
    assert up == pytest.approx(degree, rel=1e-5)


@pytest.mark.parametrize("latitude", [0.0, 45.0, -70.0])
def test_web_mercator_stretches_both_ways_alike(latitude: float) -> None:
    y = 6378137 * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
    expected = math.cos(math.radians(latitude))
    assert metres_per_unit(read("EPSG:3857"), 1e6, y) == pytest.approx((expected, expected), rel=1e-5)


def test_a_local_system_is_true_to_scale() -> None:
    # UTM reduces its central meridian by 0.9996.
    found = metres_per_unit(read("EPSG:32633"), 500000, 5800000)
    assert found == pytest.approx((1 / 0.9996, 1 / 0.9996), rel=1e-5)


def test_where_a_system_does_not_reach_there_is_no_scale() -> None:
    with pytest.raises(OutsideExtent):
        metres_per_unit(read("EPSG:3035"), 1e9, 1e9)
