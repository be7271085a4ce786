"""The last steps on pixels: pixel type, nodata, and what display formats need.

The order is that of the two steps of an export: first the data (type, nodata), then the conversion that only
display formats ask for (bands, default stretch to 8 bits).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from proxy.functions.convert import without_nan
from proxy.functions.stretch import StretchType, stretch
from proxy.model import (
    Array,
    BandStatistics,
    DataKind,
    ImageFormat,
    Mask,
    NoDataRule,
    PixelType,
    Raster,
)
from proxy.render.bands import display_bands
from proxy.sources.validity import fits

#: Share of pixels, in percent, left out at each end by the default stretch.
CLIP_PERCENT = 0.25

Statistics = tuple[BandStatistics, ...]
StatisticsReader = Callable[[], Statistics]


def apply_nodata(raster: Raster, rule: NoDataRule) -> Raster:
    """Make pixels invalid by value: where any band matches, or where all do.

    A single value is compared with every band, a list band by band; a list shorter than the bands leaves
    the others out. Floats match within a relative 1e-6, `nan` matches NaN.
    """
    values = rule.values * raster.count if len(rule.values) == 1 else rule.values
    matches = [_equal(band, value) for band, value in zip(raster.data, values, strict=False)]
    gone = np.logical_and.reduce(matches) if rule.match_all else np.logical_or.reduce(matches)
    mask = raster.valid() & ~gone
    kept = {"band_names": raster.band_names, "colormap": raster.colormap, "statistics": raster.statistics}
    return raster.with_data(_renamed(raster, rule.values[0]), mask=mask, nodata=rule.values[0], **kept)


def _renamed(raster: Raster, nodata: float) -> Array:
    """The data with another nodata value in the bands that a pixel lacks while it has others."""
    old, dtype = raster.nodata, raster.data.dtype
    # Of 8 bits the value is a colour like any other.
    if old is None or raster.count < 2 or dtype.itemsize < 2 or not fits(nodata, dtype):
        return raster.data
    gone = np.stack([_equal(band, old) for band in raster.data])
    return np.where(gone, dtype.type(nodata), raster.data) if gone.any() else raster.data


def full_scale(raster: Raster, pixel_type: PixelType | None) -> Raster:
    """Values of less than 8 bits spread over 8, so that the eye can tell them apart; others as they are."""
    if pixel_type is None or pixel_type.bits >= 8 or raster.colormap is not None:
        return raster
    data = raster.data * np.uint8(255 // pixel_type.range[1])
    return raster.with_data(data, mask=raster.mask, band_names=raster.band_names)


def for_display(raster: Raster, kind: DataKind, read_statistics: StatisticsReader) -> Raster:
    """One or three uint8 bands, or one with a colormap: what a picture can hold.

    Args:
        raster: any result of the functions.
        kind: of the service; elevation is stretched from minimum to maximum, other numbers by percent clip.
        read_statistics: statistics of the whole service, one for each band of `raster`, asked only if needed,
            so that neighbouring tiles agree.
    """
    bands = _shown_bands(raster)
    raster = _shown(raster, bands)
    if raster.colormap is not None:
        return raster if raster.data.dtype == np.uint8 else _colored(raster)
    if raster.data.dtype == np.uint8:
        return raster
    data, mask = raster.data, raster.mask
    if data.dtype.kind == "c":
        data = np.abs(data)
    if data.dtype.kind == "f":
        data, mask = without_nan(data, mask)
    statistics = raster.statistics or _picked(read_statistics(), bands)
    source = raster.with_data(data, mask=mask, statistics=statistics)
    flat = kind is DataKind.ELEVATION or any(band.histogram is None for band in statistics)
    method = StretchType.MINIMUM_MAXIMUM if flat else StretchType.PERCENT_CLIP
    return stretch(source, stretch_type=method, min_percent=CLIP_PERCENT, max_percent=CLIP_PERCENT)


def _shown_bands(raster: Raster) -> tuple[int, ...]:
    if raster.count in (1, 3):
        return tuple(range(raster.count))
    return display_bands(raster.band_names or [""] * raster.count, ())


def _shown(raster: Raster, bands: tuple[int, ...]) -> Raster:
    if len(bands) == raster.count:
        return raster
    statistics = _picked(raster.statistics, bands) if raster.statistics else None
    return raster.with_data(raster.data[list(bands)], mask=raster.mask, statistics=statistics)


def _picked(statistics: Statistics, bands: tuple[int, ...]) -> Statistics:
    return tuple(statistics[band] for band in bands)


def _colored(raster: Raster) -> Raster:
    # Only 8-bit indices fit a palette; wider ones become colours at once.
    assert raster.colormap is not None
    entries = np.array(raster.colormap.entries, np.int64).reshape(-1, 5)
    order = np.argsort(entries[:, 0])
    values, colors = entries[order, 0], entries[order, 1:].astype(np.uint8)
    band = raster.data[0]
    place = np.clip(np.searchsorted(values, band), 0, len(values) - 1)
    found = (values[place] == band) & (colors[place, 3] > 0)
    data = np.ascontiguousarray(np.moveaxis(colors[place, :3], -1, 0))
    return raster.with_data(data, mask=raster.valid() & found)


def _equal(band: Array, value: float) -> Mask:
    if np.isnan(value):
        return np.isnan(band) if band.dtype.kind in "fc" else np.zeros(band.shape, np.bool_)
    if band.dtype.kind in "fc":
        with np.errstate(over="ignore"):
            held = band.dtype.type(value)
        # What a float32 cannot hold is none of its values, also not infinity.
        known = np.isfinite(held) or not np.isfinite(value)
        close = np.isclose(band, held, rtol=1e-6, atol=0.0) if known else np.zeros(band.shape)
        return np.asarray(close, np.bool_)
    return np.asarray(np.equal(band, value), np.bool_)


def display_choice(
    names: Sequence[str], interpretation: Sequence[str], output: ImageFormat
) -> tuple[int, ...] | None:
    """Bands worth reading for a picture of raw bands; None for all, where numbers are written."""
    return display_bands(names, interpretation) if output.is_display else None
