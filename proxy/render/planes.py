"""Bands whose nodata lies in different places, each read by its own validity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from proxy.crs import SpatialReference
from proxy.model import Array, Grid, Interpolation, Level, Mask, Window
from proxy.render.warp import read_grid
from proxy.render.warp.source import PixelSource
from proxy.sources.validity import bands_valid


class _Watched:
    """A source that notes whether some pixel had only some of its bands."""

    def __init__(self, source: PixelSource, gap: float) -> None:
        self.crs: SpatialReference = source.crs
        self.levels: tuple[Level, ...] = source.levels
        self.dtype: np.dtype[Any] = source.dtype
        self.ragged = False
        self._source, self._gap = source, gap

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """See `PixelSource.read`."""
        data, mask = self._source.read(level, bands, window)
        if not self.ragged:
            # Where no band has a value, all lack it: beyond those, every value that is missing is a gap.
            missing = data.size - np.count_nonzero(bands_valid(data, self._gap))
            empty = 0 if mask is None else mask.size - np.count_nonzero(mask)
            self.ragged = bool(missing != empty * len(data))
        return data, mask


def read_planes(
    source: PixelSource,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    gap: float | None,
    *,
    budget: int | None = None,
    check: Callable[[], None] | None = None,
) -> tuple[Array, Mask | None]:
    """`read_grid`, but bands with gaps of their own are read one by one, so that none mixes with nodata.

    Args:
        gap: `SourceInfo.gap` of the source.

    Returns:
        Data (bands, height, width) with `gap` where a band has no value, and the mask: (height, width) as
        from `read_grid`, or (bands, height, width) where bands differ; None where all are valid.

    Raises:
        ReadBudgetExceeded, BadRequest: as `read_grid` does.
    """

    def read(one: PixelSource, some: tuple[int, ...]) -> tuple[Array, Mask | None]:
        return read_grid(one, grid, some, interpolation, budget=budget, check=check)

    if gap is None or len(bands) < 2:
        return read(source, bands)
    watched = _Watched(source, gap)
    data, mask = read(watched, bands)
    if not watched.ragged:
        return data, mask
    parts = [read(source, (band,)) for band in bands]
    valid = np.stack([np.ones(data.shape[1:], np.bool_) if own is None else own for _, own in parts])
    values = np.concatenate([part for part, _ in parts])
    return np.where(valid, values, np.asarray(gap).astype(values.dtype)), valid
