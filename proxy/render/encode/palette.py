"""Pictures as indices into at most 256 colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, Mask, Raster
from proxy.render.encode.display import gaps, palette_of, planes, values_used

#: Cells of the colour cube in which pixels are counted: 5 bits of red, 6 of green, 5 of blue.
CELLS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Indexed:
    """Indices and their colours.

    Attributes:
        indices: uint8 (rows, columns).
        colors: uint8 (up to 256, 4), red, green, blue, alpha.
    """

    indices: NDArray[np.uint8]
    colors: NDArray[np.uint8]


def free_value(band: Array, mask: Mask | None) -> int | None:
    """Least value of a uint8 band that no valid pixel has; None where all 256 occur."""
    free = np.flatnonzero(~values_used(band, mask))
    return int(free[0]) if free.size else None


def indexed(raster: Raster) -> Indexed:
    """A checked uint8 raster as indices, masked pixels with one transparent index.

    A single band keeps its values as indices, where a value is free for the masked pixels; all else
    is quantised.
    """
    if raster.count == 1:
        kept = single_band(raster)
        if kept is not None:
            return kept
    return quantised(raster)


def single_band(raster: Raster) -> Indexed | None:
    """Indices equal to the values of a uint8 band, the colours its colormap's, or greys without one.

    Masked pixels take the least index that no valid pixel has; None where all are taken.
    """
    if raster.colormap is not None:
        colors = palette_of(raster)
    else:
        colors = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
        colors[:, 3] = 255
    return _with_gaps(planes(raster)[0], gaps(raster), colors)


def _with_gaps(band: Array, mask: Mask | None, colors: NDArray[np.uint8]) -> Indexed | None:
    if mask is None:
        return Indexed(band, colors)
    free = free_value(band, mask)
    if free is None:
        return None
    colors[free] = 0
    return Indexed(np.where(mask, band, np.uint8(free)), colors)


def quantised(raster: Raster) -> Indexed:
    """At most 256 colours for any checked uint8 raster; index 0 is transparent where a mask hides pixels.

    Pictures of few colours keep them exactly. For others the colour cube is cut into boxes along the
    axis of greatest variance, and each box becomes the mean of its pixels.
    """
    bands, mask = planes(raster), gaps(raster)
    if raster.colormap is not None:
        table = palette_of(raster)
        bands = [table[:, channel][bands[0]] for channel in range(3)]
    pixels = cv2.merge(bands * 3 if len(bands) == 1 else bands)
    shown = pixels.reshape(-1, 3) if mask is None else pixels[mask]
    indices, colors = _quantised_pixels(shown, 256 if mask is None else 255)
    opaque = np.hstack([colors, np.full((len(colors), 1), 255, np.uint8)])
    shape: tuple[int, int] = raster.data.shape[1:]
    if mask is None:
        return Indexed(indices.reshape(shape), opaque)
    out = np.zeros(shape, np.uint8)
    out[mask] = indices + 1
    return Indexed(out, np.vstack([np.zeros((1, 4), np.uint8), opaque]))


def _quantised_pixels(pixels: Array, limit: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Indices (n,) and colours (m, 3) of pixels uint8 (n, 3)."""
    if not len(pixels):
        return np.zeros(0, np.uint8), np.zeros((0, 3), np.uint8)
    rows = np.ascontiguousarray(pixels)[:, None, :]
    cell = cv2.cvtColor(rows, cv2.COLOR_RGB2BGR565).view(np.uint16).ravel()
    counts = np.bincount(cell, minlength=CELLS)
    occupied = np.flatnonzero(counts)
    if len(occupied) <= limit:
        exact = _exact(pixels, limit)
        if exact is not None:
            return exact
    label = _boxes(_centers(occupied), counts[occupied].astype(np.float64), limit)
    table = np.zeros(CELLS, np.uint8)
    table[occupied] = label
    return table[cell], _means(pixels, table[cell], int(label.max()) + 1)


def _exact(pixels: Array, limit: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    red, green, blue = (pixels[:, channel].astype(np.uint32) for channel in range(3))
    packed, inverse = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    if len(packed) > limit:
        return None
    colors = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    return inverse.astype(np.uint8), colors.astype(np.uint8)


def _centers(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Colours (n, 3) in the middle of cells; red is in the highest bits."""
    red, green, blue = cells >> 11, cells >> 5 & 63, cells & 31
    return np.stack([red * 8 + 3.5, green * 4 + 1.5, blue * 8 + 3.5], axis=1).astype(np.float64)


def _boxes(points: NDArray[np.float64], weights: NDArray[np.float64], limit: int) -> NDArray[np.int64]:
    """Label of the box of every point, below `limit`, from repeated cuts at the mean."""
    label = np.zeros(len(points), np.int64)
    count = 1
    while count < limit:
        means, spread = _moments(points, weights, label, count)
        axis = spread.argmax(axis=1)
        error = spread.max(axis=1)
        # Half of the boxes a round, worst first: nearly the order of one by one, in a dozen rounds.
        worst = np.argsort(-error)[: min((count + 1) // 2, limit - count)]
        worst = worst[error[worst] > 0.5]
        if not worst.size:
            break
        target = np.full(count, -1, np.int64)
        target[worst] = np.arange(count, count + worst.size)
        along = axis[label]
        above = points[np.arange(len(points)), along] > means[label, along]
        label = np.where(above & (target[label] >= 0), target[label], label)
        count += int(worst.size)
    return label


def _moments(
    points: NDArray[np.float64], weights: NDArray[np.float64], label: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and sum of squared deviations, (count, 3) each, of every box and channel."""
    total = np.bincount(label, weights, count)
    means, spread = np.empty((count, 3)), np.empty((count, 3))
    for channel in range(3):
        weighted = weights * points[:, channel]
        means[:, channel] = np.bincount(label, weighted, count) / total
        squares = np.bincount(label, weighted * points[:, channel], count)
        spread[:, channel] = squares - total * means[:, channel] ** 2
    return means, spread


def _means(pixels: Array, indices: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    total = np.bincount(indices, minlength=count)
    sums = [np.bincount(indices, pixels[:, channel], count) for channel in range(3)]
    return np.rint(np.stack(sums, axis=1) / np.maximum(total, 1)[:, None]).astype(np.uint8)
