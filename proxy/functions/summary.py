"""Statistics of the valid pixels of a band."""

from __future__ import annotations

from typing import Any

import numpy as np

from proxy.model import Array, BandStatistics, Histogram, Mask, PixelType

BINS = 256


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
