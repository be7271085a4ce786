"""Small rasters for the tests of functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from proxy.crs import WEB_MERCATOR, SpatialReference
from proxy.model import BandStatistics, Extent, Grid, Raster


def rows(text: str) -> np.ndarray[Any, Any]:
    """`1 2 / 3 4` as (2, 2) floats; `nd` is NaN."""
    return np.array([[float(v.replace("nd", "nan")) for v in line.split()] for line in text.split("/")])


def raster(
    data: Any,
    dtype: str | None = None,
    *,
    mask: Any = None,
    cell: float = 1.0,
    crs: SpatialReference = WEB_MERCATOR,
    **more: Any,
) -> Raster:
    """Raster of an array or of text as in `rows`; NaN in text is invalid."""
    if isinstance(data, str):
        values = rows(data)
        if np.isnan(values).any():
            mask = ~np.isnan(values)
            values = np.nan_to_num(values)
        data = values
    array = np.asarray(data) if dtype is None else np.asarray(data).astype(dtype)
    array = array if array.ndim == 3 else array.reshape(1, *np.atleast_2d(array).shape)
    height, width = array.shape[1:]
    grid = Grid(crs, Extent(0.0, 0.0, width * cell, height * cell), width, height)
    return Raster(array, None if mask is None else np.asarray(mask, bool), grid, **more)


def pixels(*values: float, dtype: str = "float32", **more: Any) -> Raster:
    """One pixel, one band a value."""
    return raster(np.array(values).reshape(-1, 1, 1), dtype, **more)


def shown(result: Raster, band: int = 0) -> list[list[float | None]]:
    """Values of a band as lists, None where invalid."""
    valid = result.valid()
    return [
        [float(v) if valid[y, x] else None for x, v in enumerate(line)]
        for y, line in enumerate(result.data[band].tolist())
    ]


def statistics(*rows: tuple[float, float, float, float]) -> tuple[BandStatistics, ...]:
    return tuple(BandStatistics(*row) for row in rows)


#: Nine 8-bit values that many measured examples share.
EIGHT_BIT = "0 10 50 / 100 128 200 / 220 250 255"


#: Arguments without which a function cannot run.
NEEDED: dict[str, dict[str, Any]] = {
    "band_arithmetic": {"band_indexes": "b1+b2"},
    "local": {"operation": "mean"},
    "convolution": {"type": "smoothing 3x3"},
    "clip": {"clipping_geometry": {"bbox": [-1000, -1000, 1000, 1000]}},
    "unit_conversion": {"from_unit": "meter", "to_unit": "foot"},
    "spectral_conversion": {"conversion_matrix": "1 2 3 1 1 1"},
    "table": {"table": [{"Value": 1, "Red": 9, "Green": 8, "Blue": 7}]},
    "expression": {"expression": "b1 + b2"},
    "spectral_index": {"index": "NDVI", "bands": "N=2, R=1"},
    "raster_calculator": {"expression": "r1 * 2"},
    "create_color_composite": {"band_indexes_r": "3", "band_indexes_g": "b2", "band_indexes_b": "b1 + b3"},
    "weighted_sum": {"weights": [2]},
    "weighted_overlay": {"influences": [1], "remaps": ["0 9 2, 9 999 3"]},
    "lookup": {"field": "size", "raster": {"function": "table", "table": [{"Value": 1, "Size": 7}]}},
}
