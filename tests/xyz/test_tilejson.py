"""Zooms of sources whose middle says little."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from tests.conftest import RasterMaker
from tests.doors import client_of


@pytest.mark.parametrize(
    ("crs", "transform", "shape", "least", "most"),
    [
        # Around a pole, where Web Mercator has no end: 10 km are about zoom 3 at 65 degrees.
        ("EPSG:3413", Affine(1e4, 0, -2e6, 0, -1e4, 2e6), (400, 400), 1, 3),
        ("EPSG:3031", Affine(1e4, 0, -2.005e6, 0, -1e4, 2.005e6), (401, 401), 1, 3),
        # The world in a single pixel, whose neighbours are not on the earth.
        ("EPSG:4326", Affine(360, 0, -180, 0, -180, 90), (1, 1), 0, 0),
        ("EPSG:4326", Affine(1.5, 0, -180, 0, -1.5, 90), (120, 240), 0, 0),
        ("EPSG:32633", Affine(10, 0, 5e5, 0, -10, 5e6), (50, 60), 14, 14),
    ],
)
def test_native_zooms(
    make_raster: RasterMaker, crs: str, transform: Affine, shape: tuple[int, int], least: int, most: int
) -> None:
    path = make_raster("z.tif", np.ones(shape, np.uint8), crs=crs, transform=transform)
    with client_of(path) as client:
        found = client.get("/tiles/z/tilejson.json").json()
    assert found["minzoom"] == 0
    assert least <= found["maxzoom"] <= most
