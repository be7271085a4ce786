"""Neighbourhoods, speckle, blocks, voids, gradients, contours, tasselled cap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.contour import ContourType, contour
from proxy.functions.neighbourhood import FocalStatistic, NeighborhoodType, focal
from proxy.functions.speckle import FilterSize, NoiseModel, SpeckleFilter, speckle
from proxy.functions.tasseled import COEFFICIENTS, Sensor, tasseled_cap
from proxy.functions.terrain import (
    AggregationType,
    GradientDimension,
    aggregate,
    elevation_void_fill,
    gradient,
)

from .build import pixels, raster, shown

NOISE = np.random.default_rng(6).integers(1, 99, (21, 23)).astype("float32")
Y, X = np.mgrid[-3:4, -3:4]


@pytest.mark.parametrize(
    ("shape", "options", "footprint"),
    [
        (1, {"width": 5, "height": 3}, np.ones((3, 5))),
        (2, {"radius": 3}, np.hypot(Y, X) <= 3),
        (3, {"inner_radius": 2, "outer_radius": 3}, (np.hypot(Y, X) >= 2) & (np.hypot(Y, X) <= 3)),
        (4, {"radius": 3}, (np.hypot(Y, X) <= 3) & (X >= 0) & (Y <= 0)),
        (5, {"neighborhood_values": (0, 1, 0, 1, 0, 1, 0, 1, 0)}, [[0, 1, 0], [1, 0, 1], [0, 1, 0]]),
    ],
)
def test_neighbourhoods_as_scipy_filters_them(shape: int, options: Any, footprint: Any) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    cut = (slice(None), slice(4, -4), slice(4, -4))
    kinds = {
        FocalStatistic.MEAN: np.mean, FocalStatistic.MEDIAN: np.median, FocalStatistic.RANGE: np.ptp,
        FocalStatistic.STD: np.std, FocalStatistic.SUM: np.sum, FocalStatistic.MAXIMUM: np.max,
        FocalStatistic.VARIETY: lambda v: len(set(v.tolist())), FocalStatistic.MINIMUM: np.min,
        FocalStatistic.PERCENTILE: lambda v: np.percentile(v, 90),
    }  # fmt: skip
    for kind, of in kinds.items():
        found = focal(
            raster(NOISE), neighborhood_type=NeighborhoodType(shape), statistic_type=kind, **options
        )
        expected = ndimage.generic_filter(NOISE.astype(float), of, footprint=np.asarray(footprint, bool))
        assert np.allclose(found.data[cut], expected[None][cut], rtol=1e-4), kind


def test_nodata_in_neighbourhoods() -> None:
    source = raster("1 nd 3 / 4 5 6 / 7 8 9", "float32")
    assert shown(focal(source))[1][1] == pytest.approx(43 / 8)
    assert shown(focal(source, no_data_policy=False))[1][1] is None
    with pytest.raises(InvalidRule, match="9 numbers"):
        focal(source, neighborhood_type=NeighborhoodType.IRREGULAR)


@pytest.mark.parametrize("kind", list(SpeckleFilter))
def test_speckle_becomes_less_and_the_mean_stays(kind: SpeckleFilter) -> None:
    looks = 4
    rng = np.random.default_rng(9)
    flat = raster(100 * rng.gamma(looks, 1 / looks, (80, 80)), "float32")
    result = speckle(flat, filter_type=kind, filter_size=FilterSize.SIZE_7X7, n_looks=looks).data
    assert result.mean() == pytest.approx(flat.data.mean(), rel=0.05)
    assert result.std() < 0.6 * flat.data.std()
    # One value has no noise, and an edge of it stays where it is.
    even = raster(np.full((9, 9), 7.0), "float32")
    assert np.allclose(speckle(even, filter_type=kind).data, 7)


def test_lee_by_hand() -> None:
    source = raster("10 12 13 / 11 15 14 / 9 12 16", "float32")
    mean, variance = 112 / 9, np.var([10, 12, 13, 11, 15, 14, 9, 12, 16])
    weight = max(0.0, 1 - 0.01 / (variance / mean**2))
    assert shown(speckle(source, n_looks=100))[1][1] == pytest.approx(mean + (15 - mean) * weight, rel=1e-6)
    added = speckle(source, noise_model=NoiseModel.ADDITIVE, noise_var=2.0)
    assert shown(added)[1][1] == pytest.approx(mean + (15 - mean) * variance / (variance + 2), rel=1e-6)


@pytest.mark.parametrize("kind", list(AggregationType))
def test_blocks(kind: AggregationType) -> None:
    data = NOISE[:12, :18]
    found = aggregate(raster(data), cell_factor=3, aggregation_type=kind).data[0]
    of = {"MAXIMUM": np.max, "MEAN": np.mean, "MEDIAN": np.median, "MINIMUM": np.min, "SUM": np.sum}[
        kind.name
    ]
    blocks = of(data.reshape(4, 3, 6, 3).transpose(0, 2, 1, 3).reshape(4, 6, 9), axis=2)
    assert np.allclose(found, np.kron(blocks, np.ones((3, 3))), rtol=1e-6)
    gap = raster("1 nd / 3 4", "float32")
    assert shown(aggregate(gap)) == [[8, 8], [8, 8]]
    assert not aggregate(gap, ignore_no_data=False).valid().any()


def test_voids() -> None:
    plane = np.add.outer(np.arange(9.0), np.arange(9.0))
    mask = np.ones((9, 9), bool)
    mask[3:5, 4] = False
    mask[:, 8] = False
    result = elevation_void_fill(raster(plane, "float32", mask=mask))
    assert result.valid()[:, :8].all()
    assert not result.valid()[:, 8].any()
    assert np.allclose(result.data[0, 3:5, 4], plane[3:5, 4], atol=0.6)
    assert np.array_equal(result.data[0][mask], plane[mask].astype("float32"))
    wide = np.ones((9, 9), bool)
    wide[2:7, 2:7] = False
    assert not elevation_void_fill(raster(plane, mask=wide), max_void_width=2).valid()[4, 4]
    assert elevation_void_fill(raster(plane, mask=wide), max_void_width=5).valid().all()
    whole = raster(plane)
    assert elevation_void_fill(whole) is whole


@pytest.mark.parametrize(("axis", "expected"), [("X", 2), ("Y", -3), ("XY", np.hypot(2, 3))])
def test_gradients(axis: str, expected: float) -> None:
    plane = 10 * np.add.outer(3.0 * np.arange(5), 2.0 * np.arange(5))
    result = gradient(raster(plane, "float32", cell=10), gradient_dimension=GradientDimension[axis])
    assert result.data[0, 2, 2] == pytest.approx(expected)


def test_contours() -> None:
    slope = raster(np.tile(np.arange(0, 100, 10.0), (10, 1)), "float32")
    options: dict[str, Any] = {"sigma_gaussian": 0.0, "contour_interval": 25.0, "nth_contour_line_in_bold": 0}
    lines = shown(contour(slope, **options))[4]
    assert lines == [None, None, None, 25, None, 50, None, None, 75, None]
    filled = shown(contour(slope, contour_type=ContourType.CONTOUR_FILL, **options))[4]
    assert filled == [0, 0, 0, 25, 25, 50, 50, 50, 75, 75]
    bold = shown(contour(slope, **(options | {"nth_contour_line_in_bold": 2})))[4]
    assert bold == [None, None, None, 25, 50, 50, 50, None, 75, None]


def test_smoothed_surfaces_are_those_of_scipy() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    found = contour(raster(NOISE), contour_type=ContourType.SMOOTH_SURFACE, sigma_gaussian=1.5).data[0]
    expected = ndimage.gaussian_filter(NOISE.astype(float), 1.5, mode="nearest", radius=5)
    assert np.allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("sensor", list(Sensor))
def test_tasselled_cap(sensor: Sensor) -> None:
    rows = np.array(COEFFICIENTS[sensor])
    # The rows are axes of a turned system: of length 1, at right angles.
    assert np.allclose(rows @ rows.T, np.eye(3), atol=0.06)
    result = tasseled_cap(pixels(1, 2, 3, 4, 5, 6, 7), sensor=sensor)
    assert np.allclose(result.data.ravel(), rows @ np.arange(1, 7), rtol=1e-5)
    with pytest.raises(InvalidRule, match="Six"):
        tasseled_cap(pixels(1))
