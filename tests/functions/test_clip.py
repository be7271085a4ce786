from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rasterio.features import rasterize
from rasterio.transform import from_origin

from proxy.crs import WGS84, SpatialReference
from proxy.errors import InvalidRule
from proxy.functions.clip import ClippingType, clip
from proxy.functions.polygon import centres_inside, polygon_of
from proxy.model import Extent, Grid

from .build import pixels, raster

UTM = SpatialReference("EPSG:32633")


def kept(source: Any, **options: Any) -> list[str]:
    return ["".join(".#"[int(v)] for v in row) for row in clip(source, **options).valid()]


SQUARE = polygon_of({"bbox": [0.6, 0.6, 3.4, 2.4]})


def test_clip_by_centres() -> None:
    source = raster(np.ones((4, 4)), "uint8")
    # Centres lie at 0.5, 1.5, 2.5, 3.5.
    assert kept(source, clipping_geometry=SQUARE) == ["....", "....", ".##.", "...."]
    outside = kept(source, clipping_geometry=SQUARE, clipping_type=ClippingType.INSIDE)
    assert outside == ["####", "####", "#..#", "####"]
    assert kept(source, extent=SQUARE) == ["....", "....", ".##.", "...."]


def test_holes_and_what_the_raster_has() -> None:
    hole = {"rings": [[[0, 0], [0, 5], [5, 5], [5, 0]], [[1, 1], [4, 1], [4, 4], [1, 4], [1, 1]]]}
    mask = np.ones((5, 5), bool)
    mask[0, 0] = False
    source = raster(np.ones((5, 5)), "uint8", mask=mask, band_names=("a",), nodata=9.0)
    assert kept(source, clipping_geometry=polygon_of(hole)) == [".####", "#...#", "#...#", "#...#", "#####"]
    triangle = polygon_of({"rings": [[[0, 0], [0, 5], [5, 0]]]})
    boxed = kept(source, clipping_geometry=triangle, use_input_feature_geometry=False)
    assert boxed == [".####"] + ["#####"] * 4
    result = clip(source, clipping_geometry=triangle)
    assert (result.band_names, result.nodata) == (("a",), 9.0)
    assert result.data is source.data


@pytest.mark.parametrize("seed", range(6))
def test_polygons_as_gdal_burns_them(seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-10, 70, (12, 2))
    centre = points.mean(axis=0)
    points = points[np.argsort(np.arctan2(*(points - centre).T))]
    grid = Grid(UTM, Extent(0, 0, 60, 50), 60, 50)
    shape = {"type": "Polygon", "coordinates": [[*points.tolist(), points[0].tolist()]]}
    expected = rasterize([shape], (50, 60), transform=from_origin(0, 50, 1, 1), dtype="uint8")
    found = centres_inside(polygon_of({"rings": [points.tolist()]}), grid)
    assert np.array_equal(found, expected == 1)


def test_geometries_in_another_system() -> None:
    # Degrees along a meridian and a parallel, checked by the longitude and latitude of every centre.
    from proxy.crs import transformer

    grid = Grid(UTM, Extent(400_000, 5_800_000, 600_000, 5_900_000), 100, 50)
    box = polygon_of({"bbox": [14.2, 52.6, 15.9, 53.1], "crs": "EPSG:4326"})
    x, y = np.meshgrid(401_000 + 2000 * np.arange(100), 5_899_000 - 2000 * np.arange(50))
    lon, lat = transformer(UTM, WGS84).transform(x, y)
    expected = (lon > 14.2) & (lon < 15.9) & (lat > 52.6) & (lat < 53.1)
    found = centres_inside(box, grid)
    # Pieces of the parallels are straight: a centre within metres of one may fall to either side.
    assert (found != expected).sum() <= 2
    assert 500 < expected.sum() < 4500


@pytest.mark.parametrize(
    "value",
    [{}, [], "x", {"rings": []}, {"rings": [[[0, 0], [1, 1]]]}, {"rings": [[[0, "a"], [1, 1], [2, 2]]]},
     {"rings": [[[0, float("nan")], [1, 1], [2, 2]]]}, {"bbox": [1, 2, 3]}, {"rings": [5]},
     {"bbox": [0, 0, 1, 1], "crs": "EPSG:1"}],
)  # fmt: skip
def test_geometries_that_are_none(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        polygon_of(value)


def test_clips_that_cannot_be() -> None:
    with pytest.raises(InvalidRule, match="given"):
        clip(pixels(1))
    moon = polygon_of({"bbox": [0, 0, 1, 1], "crs": "IAU_2015:30100"})
    with pytest.raises(InvalidRule, match="transformation"):
        clip(pixels(1), clipping_geometry=moon)
    pole = polygon_of({"bbox": [0, 0, 1, 100], "crs": "EPSG:4326"})
    with pytest.raises(InvalidRule, match="exist"):
        clip(pixels(1), clipping_geometry=pole)
