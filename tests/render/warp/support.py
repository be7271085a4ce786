from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.enums import MaskFlags, Resampling
from rasterio.warp import reproject
from rasterio.windows import Window as RasterioWindow

from proxy.crs import SpatialReference, reference, transform_bounds
from proxy.model import Array, Extent, Grid, Interpolation, Level, Mask, Window

UNIT = Affine(1, 0, 0, 0, -1, 0)
MERCATOR = reference("EPSG:3857")


class Memory:
    """Pixels in memory, counted when read, as one level or several."""

    def __init__(
        self,
        data: Array | list[Array],
        transform: Affine = UNIT,
        crs: str | SpatialReference = "EPSG:32633",
        mask: Mask | None = None,
        nodata: float | None = None,
    ) -> None:
        stack = data if isinstance(data, list) else [data]
        self._data = [level if level.ndim == 3 else level[None] for level in stack]
        self._mask = mask
        self.nodata = nodata
        self.crs = reference(crs) if isinstance(crs, str) else crs
        self.dtype = self._data[0].dtype
        height, width = self._data[0].shape[1:]
        self.levels = tuple(
            Level(d.shape[2], d.shape[1], transform * Affine.scale(width / d.shape[2], height / d.shape[1]))
            for d in self._data
        )
        self.windows: list[tuple[int, Window]] = []

    @property
    def pixels(self) -> int:
        return sum(window.width * window.height for _, window in self.windows)

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        check_inside(window, self.levels[level])
        self.windows.append((level, window))
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        mask = None if self._mask is None else self._mask[rows, columns].copy()
        return self._data[level][list(bands), rows, columns], mask


class File:
    """A raster file's native pixels through rasterio."""

    def __init__(self, path: Path) -> None:
        self.file = rasterio.open(path)
        self.crs = reference(self.file.crs.to_wkt())
        self.dtype = np.dtype(self.file.dtypes[0])
        self.nodata = self.file.nodata
        self.levels = (Level(self.file.width, self.file.height, self.file.transform),)
        self.pixels = 0

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        check_inside(window, self.levels[level])
        self.pixels += window.width * window.height
        area = RasterioWindow(window.column, window.row, window.width, window.height)
        data = self.file.read([band + 1 for band in bands], window=area)
        if self.file.mask_flag_enums[0] == [MaskFlags.all_valid]:
            return data, None
        return data, self.file.dataset_mask(window=area) > 0


def check_inside(window: Window, level: Level) -> None:
    assert min(window.column, window.row) >= 0
    assert min(window.width, window.height) > 0
    assert window.column + window.width <= level.width
    assert window.row + window.height <= level.height


def around(x: float, y: float, size: float, pixels: int = 256, crs: SpatialReference = MERCATOR) -> Grid:
    """A square grid about a point."""
    half = size * pixels / 2
    return Grid(crs, Extent(x - half, y - half, x + half, y + half), pixels, pixels)


def over(
    source: Memory | File, ratio: float = 1.0, pixels: int = 256, crs: SpatialReference = MERCATOR
) -> Grid:
    """A grid about the middle of a source, its pixels `ratio` times those of the source."""
    level = source.levels[0]
    x, y = level.transform * (level.width / 2 + 0.3, level.height / 2 + 0.7)
    across, down = abs(level.transform.a) / 2, abs(level.transform.e) / 2
    x0, y0, x1, y1 = transform_bounds((x - across, y - down, x + across, y + down), source.crs, crs)
    return around((x0 + x1) / 2, (y0 + y1) / 2, ratio * float(np.sqrt((x1 - x0) * (y1 - y0))), pixels, crs)


def relief(width: int, height: int, top: float, dtype: Any, bands: int = 1) -> Array:
    """Hills, valleys and a little grain up to `top`, the same every time."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    grain = np.random.default_rng(7).random((bands, height, width))
    hills = [
        np.sin(x / 21 + k) * np.cos(y / 17) + np.sin((x + 2 * y) / 55 - k) + 0.3 * np.sin(x * y / 9000)
        for k in range(bands)
    ]
    return ((np.stack(hills) / 4.8 + 0.5 + 0.04 * (grain - 0.5)) * top).astype(dtype)


def gdal(
    source: Memory | File, target: Grid, how: Interpolation, data: Array, mask: Mask | None = None
) -> Array:
    """One band of native pixels on a grid by GDAL's warper; NaN where it gives none."""
    given = np.where(mask, data, np.nan) if mask is not None else data
    out = np.full((target.height, target.width), np.nan)
    reproject(
        given.astype(np.float64), out,
        src_transform=source.levels[0].transform, dst_transform=target.transform,
        src_crs=source.crs.wkt, dst_crs=target.crs.wkt, resampling=Resampling[how.value],
        src_nodata=np.nan, dst_nodata=np.nan,
    )  # fmt: skip
    return out
