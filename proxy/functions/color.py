"""Colours of a single band: a colormap beside the values, or three bands in place of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proxy.functions.convert import convert
from proxy.functions.palettes import named_palette
from proxy.functions.pixels import by_table, every_value, joined
from proxy.functions.ramps import Ramp, named_ramp, ramp_of
from proxy.functions.signature import INPUT, Argument, Function, Kind
from proxy.model import Array, Colormap, PixelType, Raster

Rows = tuple[tuple[int, ...], ...]

#: Most rows of a colormap, and the widest span of values for which a table is made.
LONGEST = 65536


def colormap(
    raster: Raster,
    *,
    colormap: Rows = (),
    color_ramp: Ramp | None = None,
    color_ramp_name: str = "",
    colormap_name: str = "",
) -> Raster:
    """Attach colours to the values of a band.

    Args:
        raster: its first band is used. Floats are cut to whole numbers, as measured in Esri's client.
        colormap: rows (value, red, green, blue, alpha); the last row of a value wins.
        color_ramp: 256 colours for the values 0..255. color_ramp_name: likewise, by the name of a ramp.
        colormap_name: likewise, by the name of a map. The first of these that is given is used; black to
            white where none is.

    Returns:
        One band of integers with a colormap, band name and statistics dropped. A value without an entry is
        transparent when the band is shown.
    """
    band = raster.with_data(raster.data[:1])
    if not band.pixel_type.is_integer:
        band = convert(band, PixelType.INT32, truncate=True)
    rows = chosen_entries(colormap, color_ramp, color_ramp_name, colormap_name)
    return band.with_data(band.data, colormap=colormap_of(rows))


def chosen_entries(colormap: Rows, color_ramp: Ramp | None, color_ramp_name: str, colormap_name: str) -> Rows:
    """Rows (value, red, green, blue, alpha) of the first argument given; black to white if none is."""
    if colormap:
        return colormap
    if color_ramp is not None:
        return _numbered(color_ramp)
    if color_ramp_name or not colormap_name:
        return _numbered(named_ramp(color_ramp_name or "black to white"))
    return _listed(named_palette(colormap_name))


@lru_cache(maxsize=64)
def _numbered(ramp: Ramp) -> Rows:
    return _listed(ramp.colors())


def _listed(colors: NDArray[np.uint8]) -> Rows:
    return tuple((index, *color) for index, color in enumerate(colors.tolist()))


@lru_cache(maxsize=64)
def colormap_of(rows: Rows) -> Colormap:
    """Colormap of rows (value, red, green, blue, alpha) in any order; the last row of a value wins."""
    by_value = {value: (value, r, g, b, a) for value, r, g, b, a in rows}
    return Colormap(tuple(by_value[value] for value in sorted(by_value)))


def colormap_to_rgb(raster: Raster) -> Raster:
    """Three bands of colour from a band with a colormap.

    A value without an entry becomes black and stays valid, as measured in Esri's client; an entry that is
    fully transparent becomes invalid. A raster without a colormap is returned as it is.

    Returns:
        Three uint8 bands named Red, Green, Blue.
    """
    if raster.colormap is None:
        return raster
    first, table = _table(raster.colormap)
    band = raster.data[0]
    data = np.empty((3, *band.shape), np.uint8)
    for channel in range(3):
        data[channel] = _looked_up(band, first, table[:, channel])
    mask = raster.mask
    if not table[:, 3].all():
        mask = joined(mask, _looked_up(band, first, table[:, 3]) > 0)
    return raster.with_data(data, mask=mask, band_names=("Red", "Green", "Blue"))


@lru_cache(maxsize=32)
def _table(colormap: Colormap) -> tuple[int, NDArray[np.uint8]]:
    """(value of the first entry but one, colours from there on); a black entry stands at either end."""
    entries = np.array(colormap.entries, np.int64).reshape(-1, 5)
    if not len(entries):
        entries = np.array([[0, 0, 0, 0, 255]])
    first, last = int(entries[0, 0]), int(entries[-1, 0])
    last = min(last, first + LONGEST)
    table = np.zeros((last - first + 3, 4), np.uint8)
    table[:, 3] = 255
    entries = entries[entries[:, 0] <= last]
    table[entries[:, 0] - first + 1] = entries[:, 1:]
    return first - 1, table


def _looked_up(band: Array, first: int, channel: NDArray[np.uint8]) -> Array:
    every = every_value(band)
    if every is not None:
        return by_table(_looked_up(every.astype(np.int64), first, channel), band)
    return channel[np.clip(band.astype(np.int64) - first, 0, len(channel) - 1)]


def _rows(value: Sequence[Sequence[float | None]]) -> Rows:
    return tuple(_row(row) for row in value)


def _row(row: Sequence[float | None]) -> tuple[int, ...]:
    if len(row) not in (4, 5) or None in row:
        raise ValueError("A row is [value, red, green, blue] or [value, red, green, blue, alpha].")
    value, *color = (int(v) for v in row if v is not None)
    if not all(0 <= v <= 255 for v in color):
        raise ValueError("Red, green, blue and alpha lie between 0 and 255.")
    return (value, *color, *([255] if len(color) == 3 else []))


RAMP_ARGUMENTS = (
    Argument("colormap", Kind.ROWS, (), longest=LONGEST, convert=_rows),
    Argument("color_ramp", Kind.JSON, None, convert=ramp_of),
    Argument("color_ramp_name", Kind.TEXT, ""),
    Argument("colormap_name", Kind.TEXT, ""),
)

FUNCTIONS = (
    Function("colormap", colormap, "Colours for the values of a band.", (INPUT, *RAMP_ARGUMENTS)),
    Function(
        "colormap_to_rgb", colormap_to_rgb, "Three bands of colour from a band with a colormap.", (INPUT,)
    ),
)
