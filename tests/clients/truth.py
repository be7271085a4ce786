"""What GDAL reads from the demo's rasters: the truth that clients are held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform

Array = np.ndarray[Any, Any]
Box = tuple[float, float, float, float]


def warped(
    path: Path, box: Box, size: int, crs: str = "EPSG:3857", how: Resampling = Resampling.bilinear
) -> tuple[Array, Array]:
    """All bands (bands, size, size) over a box of a reference system, and which pixels are valid."""
    with (
        rasterio.open(path) as file,
        WarpedVRT(
            file, crs=crs, transform=from_bounds(*box, size, size), width=size, height=size, resampling=how,
            add_alpha=file.nodata is None,
        ) as view,
    ):  # fmt: skip
        mask = view.dataset_mask() > 0
        return view.read(tuple(range(1, file.count + 1))), mask


def value_at(path: Path, lon: float, lat: float) -> list[float]:
    """Every band of the pixel below a place."""
    with rasterio.open(path) as file:
        x, y = transform("EPSG:4326", file.crs, [lon], [lat])
        return [float(value) for value in next(file.sample([(x[0], y[0])]))]
