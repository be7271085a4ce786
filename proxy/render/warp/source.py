"""What the warp asks of a source."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from proxy.crs import SpatialReference
from proxy.model import Array, Level, Mask, Window


class PixelSource(Protocol):
    """Pixels by level and window; `proxy.sources.raster.RasterSource` is one.

    Attributes:
        crs: of the transforms of the levels.
        levels: level 0 is native, the others are overviews, finer first.
        dtype: of the data that `read` returns.
    """

    crs: SpatialReference
    levels: tuple[Level, ...]
    dtype: np.dtype[Any]

    @property
    def nodata(self) -> float | None:
        """Value of a single band that is missing where others are not; None where there is none."""

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Data (bands, rows, columns) and the mask (rows, columns), True where valid, None where all are."""
