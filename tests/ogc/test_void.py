from __future__ import annotations

import numpy as np
import pytest

from proxy.crs import WEB_MERCATOR, WGS84, reference
from proxy.model import Extent, Grid
from proxy.ogc.void import HALF, beyond


def test_degrees_end_at_the_poles_and_at_the_antimeridian() -> None:
    found = beyond(Grid(WGS84, Extent(-360, -180, 360, 180), 8, 8))
    assert found.sum() == 64 - 4 * 4
    assert not found[2:6, 2:6].any()


def test_web_mercator_is_a_square() -> None:
    found = beyond(Grid(WEB_MERCATOR, Extent(-2 * HALF, -HALF, 2 * HALF, HALF), 16, 8))
    assert found[:, :4].all()
    assert not found[:, 4:12].any()
    assert found[:, 12:].all()
    assert not beyond(Grid(WEB_MERCATOR, Extent(-HALF, -HALF, HALF, HALF), 256, 256)).any()


def test_an_equal_area_projection_ends_in_a_circle() -> None:
    """Lambert's azimuthal projection shows the whole earth within twice its radius."""
    radius = 2 * 6371007.181
    crs = reference("+proj=laea +lat_0=0 +lon_0=0 +R=6371007.181 +type=crs")
    found = beyond(Grid(crs, Extent(-1.2 * radius, -1.2 * radius, 1.2 * radius, 1.2 * radius), 240, 240))
    ys, xs = np.mgrid[0:240, 0:240]
    away = np.hypot(xs - 119.5, ys - 119.5) / 100
    # Tried at every eighth pixel: true to some six pixels.
    assert not found[away < 0.93].any()
    assert found[away > 1.07].all()


@pytest.mark.parametrize("size", [(1, 1), (3, 17), (9, 8)])
def test_it_has_the_shape_of_the_grid(size: tuple[int, int]) -> None:
    crs = reference("EPSG:32633")
    found = beyond(Grid(crs, Extent(300000, 5000000, 700000, 6000000), *size))
    assert found.shape == (size[1], size[0])
    assert not found.any()
