"""Statistics of a source, from a coarse look at the whole of it."""

from __future__ import annotations

import math

import numpy as np

from proxy.functions.summary import summary
from proxy.model import Array, BandStatistics, Mask, Window
from proxy.sources.base import Readable, Sliced
from proxy.sources.validity import bands_valid

#: Pixels of the level that is looked at: enough for stable percentiles, quick to read.
LOOK_PIXELS = 1_500_000
#: Pixels read at a time where no overview is coarse enough.
CHUNK_PIXELS = 16_000_000


def band_statistics(source: Readable) -> tuple[BandStatistics, ...]:
    """Minimum, maximum, mean, deviation and histogram of every band.

    The coarsest level with at least `LOOK_PIXELS` pixels is read, thinned to about that many. Sampling
    thins by whole steps and never averages, so values are real ones. Of a slice several of its like are
    looked at, and all of them have the same statistics.

    Raises:
        CannotRead: the pixels cannot be read.
    """
    bands = tuple(range(source.info.band_count))
    data, mask = source.sample() if isinstance(source, Sliced) else _look(source, bands)
    own = own_masks(data, mask, source.info.gap)
    return tuple(summary(data[band], own[band], source.info.pixel_type) for band in bands)


def own_masks(data: Array, mask: Mask | None, gap: float | None) -> list[Mask | None]:
    """The mask of each band: that of all, without the gaps of its own.

    Args:
        data: (bands, rows, columns). mask: (rows, columns), None where all are valid.
        gap: `SourceInfo.gap`.
    """
    if gap is None:
        return [mask] * len(data)
    valid = bands_valid(data, gap)
    return list(valid if mask is None else valid & mask)


def _look(source: Readable, bands: tuple[int, ...]) -> tuple[Array, Mask | None]:
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
