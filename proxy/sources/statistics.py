"""Statistics of a source, from a coarse look at the whole of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from proxy.model import Array, BandStatistics, Histogram, Mask, PixelType, Window
from proxy.sources.raster import RasterSource

#: Pixels of the level that is looked at: enough for stable percentiles, quick to read.
LOOK_PIXELS = 1_500_000
#: Pixels read at a time where no overview is coarse enough.
CHUNK_PIXELS = 16_000_000
BINS = 256


def band_statistics(source: RasterSource) -> tuple[BandStatistics, ...]:
    """Minimum, maximum, mean, deviation and histogram of every band.

    The coarsest level with at least `LOOK_PIXELS` pixels is read, thinned to about that many. Sampling
    thins by whole steps and never averages, so values are real ones.

    Raises:
        CannotRead: the pixels cannot be read.
    """
    bands = tuple(range(source.info.band_count))
    data, mask = _look(source, bands)
    return tuple(summary(data[band], mask, source.info.pixel_type) for band in bands)


def summary(band: Array, mask: Mask | None, pixel_type: PixelType) -> BandStatistics:
    """Statistics of one band.

    Args:
        band: (rows, columns), any real or complex type; complex numbers count by their modulus.
        mask: True where valid, None for all.
        pixel_type: of the source: 8-bit types get one histogram bin for each value, from -0.5 to 255.5.

    Returns:
        Zeros and no histogram where no pixel is valid.
    """
    values: Array = band[mask] if mask is not None else band.ravel()
    if values.dtype.kind == "c":
        values = np.abs(values)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        return BandStatistics(0.0, 0.0, 0.0, 0.0)
    low, high = float(values.min()), float(values.max())
    wide = values.astype(np.float64, copy=False)
    eight_bit = pixel_type.bits <= 8 and low >= 0
    edges = (-0.5, 255.5) if eight_bit else (low, high if high > low else low + 1.0)
    counts = np.histogram(wide, BINS, edges)[0]
    return BandStatistics(
        low,
        high,
        float(wide.mean()),
        float(wide.std()),
        int(values.size),
        Histogram(edges[0], edges[1], tuple(int(count) for count in counts)),
        float(np.median(wide)),
        _mode(counts, edges),
    )


def _mode(counts: Any, edges: tuple[float, float]) -> float:
    width = (edges[1] - edges[0]) / BINS
    return float(edges[0] + (int(counts.argmax()) + 0.5) * width)


def _look(source: RasterSource, bands: tuple[int, ...]) -> tuple[Array, Mask | None]:
    index = max(
        (i for i, level in enumerate(source.levels) if i == 0 or level.width * level.height >= LOOK_PIXELS),
    )
    level = source.levels[index]
    step = max(1, math.isqrt(level.width * level.height // LOOK_PIXELS))
    rows = max(step, CHUNK_PIXELS // max(1, level.width * len(bands)) // step * step)
    parts, masks = [], []
    for row in range(0, level.height, rows):
        window = Window(0, row, level.width, min(rows, level.height - row))
        data, mask = source.read(index, bands, window)
        parts.append(data[:, ::step, ::step].copy())
        valid = np.ones(data.shape[1:], np.bool_) if mask is None else mask
        masks.append(valid[::step, ::step].copy())
    return np.concatenate(parts, axis=1), np.concatenate(masks, axis=0)
