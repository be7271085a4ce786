"""Statistics of a source, from a coarse look at the whole of it."""

from __future__ import annotations

import math

import numpy as np

from proxy.functions.summary import summary
from proxy.model import Array, BandStatistics, Level, Mask, Window
from proxy.sources.base import Readable, Sliced
from proxy.sources.validity import bands_valid

#: Pixels of the level that is looked at: enough for stable percentiles, quick to read.
LOOK_PIXELS = 1_500_000
#: Pixels read at a time where no overview is coarse enough.
CHUNK_PIXELS = 16_000_000
#: Pixels of all bands read at most; of larger levels windows are looked at, evenly spread.
MOST_PIXELS = 256_000_000
#: Least side of such a window.
WINDOW_SIDE = 512


def band_statistics(source: Readable) -> tuple[BandStatistics, ...]:
    """Minimum, maximum, mean, deviation and histogram of every band.

    The coarsest level with at least `LOOK_PIXELS` pixels is read, thinned to about that many. Sampling
    thins by whole steps and never averages, so values are real ones. Where that level has more than
    `MOST_PIXELS` pixels, only windows of whole blocks are read, evenly spread. Of a slice several of its like
    are looked at, and all of them have the same statistics.

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
    spread = level.width * level.height * len(bands) > MOST_PIXELS
    windows = _spread(level, source.info.block, len(bands)) if spread else _strips(level, len(bands))
    seen = sum(window.width * window.height for window in windows)
    step = max(1, math.isqrt(seen // LOOK_PIXELS))
    parts, masks = [], []
    for window in windows:
        data, mask = source.read(index, bands, window)
        # Thinned alike, whichever window a row lies in.
        first = -window.row % step if window.height >= step else 0
        parts.append(data[:, first::step, ::step].reshape(len(bands), 1, -1).copy())
        valid = np.ones(data.shape[1:], np.bool_) if mask is None else mask
        masks.append(valid[first::step, ::step].reshape(1, -1).copy())
    return np.concatenate(parts, axis=2), np.concatenate(masks, axis=1)


def _strips(level: Level, bands: int) -> list[Window]:
    """The whole level, in parts of bounded size."""
    rows = max(1, CHUNK_PIXELS // max(1, level.width * bands))
    return [
        Window(0, row, level.width, min(rows, level.height - row)) for row in range(0, level.height, rows)
    ]


def _spread(level: Level, block: tuple[int, int], bands: int) -> list[Window]:
    """Windows of whole blocks from all over a level, the first and the last ones included."""
    width, height = (
        min(size, -(-max(WINDOW_SIDE, side) // side) * side)
        for size, side in zip((level.width, level.height), block, strict=True)
    )
    most = max(1, MOST_PIXELS // (width * height * bands))
    across, down = -(-level.width // width), -(-level.height // height)
    share = min(1.0, math.sqrt(most / (across * down)))
    columns = max(1, min(across, round(across * share)))
    rows = max(1, min(down, most // columns))
    return [
        Window(left, top, min(width, level.width - left), min(height, level.height - top))
        for top in (int(row) * height for row in np.linspace(0, down - 1, rows))
        for left in (int(column) * width for column in np.linspace(0, across - 1, columns))
    ]
