"""What every source says of itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from affine import Affine

from proxy.crs import SpatialReference
from proxy.model import (
    Array,
    BandStatistics,
    Colormap,
    DataKind,
    Extent,
    Level,
    Mask,
    PixelType,
    Window,
)
from proxy.selection import Selection
from proxy.sources.location import Location


@dataclass(frozen=True, slots=True)
class AttributeTable:
    """Raster attribute table: column names with one of `integer`, `real`, `text`, and rows of values."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[int | float | str, ...], ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of a variable.

    Attributes:
        kind: `time`, `vertical`, or empty for any other.
        unit: of the values; times are in epoch milliseconds, whatever the file says.
        values: in the order of the file. ranges: (low, high) for each value where the file gives bounds.
        positive_down: True for depths.
    """

    name: str
    kind: str
    unit: str
    values: tuple[float, ...]
    description: str = ""
    ranges: tuple[tuple[float, float], ...] = ()
    positive_down: bool = False

    @property
    def default(self) -> float:
        """Value that is shown where none is chosen: the latest time, else the first in order of the file."""
        return max(self.values) if self.kind == "time" else self.values[0]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a source with dimensions; the dimensions in the order of the file, slowest first."""

    name: str
    description: str
    unit: str
    dimensions: tuple[Dimension, ...]
    pixel_type: PixelType = PixelType.FLOAT32


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Facts read from the header once.

    Attributes:
        version: changes whenever the pixels may have changed.
        crs: of the pixels.
        extent: envelope of the pixels in `crs`; for rotated rasters the envelope of the turned rectangle.
        width: columns. height: rows.
        transform: pixel corner to `crs`.
        pixel_size: width and height of a pixel in units of `crs`, both positive.
        pixel_type: of the bands.
        band_names: one per band; `Band_1` and so on where the file has none.
        color_interpretation: per band, such as `red`, `alpha`, `palette`, `undefined`.
        nodata: declared or configured value, None where there is none.
        mask_kind: `none`, `nodata`, `alpha` or `mask`.
        colormap: of the first band.
        kind: what the numbers mean.
        level_sizes: (columns, rows) of the overviews, finest first.
        block: (columns, rows) of a block.
        driver: GDAL's name of the format. compression: of the blocks, or `NONE`.
        geographic_bounds: west, south, east, north in WGS 84 degrees, east beyond 180 where the data cross
            the antimeridian; None where the source cannot be placed on the earth.
        acquired: acquisition time in epoch milliseconds, None where not known.
        way: how pixels are read: `blocks` (decoded here, shared by all requests), `window` (by GDAL) or
            `warped` (through GDAL's warper), and `why` where it is not `blocks`; else `mosaic` or `cube`.
        variables: of a source with dimensions; the first is the default.
        time: first and last moment in epoch milliseconds, None where the source has no time.
        item_count: of a mosaic, None for anything else.
    """

    version: str
    crs: SpatialReference
    extent: Extent
    width: int
    height: int
    transform: Affine
    pixel_size: tuple[float, float]
    pixel_type: PixelType
    band_names: tuple[str, ...]
    color_interpretation: tuple[str, ...]
    nodata: float | None
    mask_kind: str
    colormap: Colormap | None
    attribute_table: AttributeTable | None
    kind: DataKind
    level_sizes: tuple[tuple[int, int], ...]
    block: tuple[int, int]
    driver: str
    compression: str
    geographic_bounds: tuple[float, float, float, float] | None
    acquired: int | None = None
    way: str = "window"
    why: str = ""
    variables: tuple[Variable, ...] = ()
    time: tuple[int, int] | None = None
    item_count: int | None = None

    @property
    def is_mosaic(self) -> bool:
        """True for a source of many rasters."""
        return self.item_count is not None

    @property
    def band_count(self) -> int:
        """Number of bands, an alpha band included."""
        return len(self.band_names)

    @property
    def gap(self) -> float | None:
        """Value of a band that a pixel lacks while it has others; None where bands are there or not together.

        That is nodata, or NaN where there is none. Of 8 bits it is taken for a colour like any other: black
        in one band is no gap.
        """
        if self.band_count < 2 or self.pixel_type.bits <= 8 or self.pixel_type.is_complex:
            return None
        if self.mask_kind == "nodata":
            return self.nodata
        # Items of a mosaic may each have a nodata value of their own.
        unmarked = self.mask_kind == "none" or self.is_mosaic
        return math.nan if unmarked and not self.pixel_type.is_integer else None


Statistics = tuple[BandStatistics, ...]


class Source(Protocol):
    """Any source: a raster, a mosaic, a cube.

    Attributes:
        location: where it is, of a mosaic its listing.
        info: facts; of a cube those of its default slice.
        crs: of its pixels.
    """

    location: Location
    info: SourceInfo
    crs: SpatialReference

    @property
    def stale(self) -> bool:
        """True once it is known to have changed."""

    def normalised(self, selection: Selection) -> Selection:
        """The one way of writing a selection that chooses the same pixels; defaults are filled in.

        Raises:
            InvalidParameter: it names something that is not there, or cannot be understood.
        """

    def at(self, selection: Selection) -> Source:
        """What is read for a selection: the slice of a cube; else the source itself."""

    def close(self) -> None:
        """Let go of everything that is open."""


@runtime_checkable
class Readable(Source, Protocol):
    """A source whose pixels are read by level and window: a raster, the slice of a cube.

    Attributes:
        levels: level 0 is native, the others are overviews, finer first.
        dtype: of the data that `read` returns.
    """

    levels: tuple[Level, ...]
    dtype: np.dtype[Any]

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Data (bands, rows, columns) and the mask (rows, columns), True where valid, None where all are."""


@runtime_checkable
class Sliced(Protocol):
    """One slice among others that share its statistics."""

    def sample(self) -> tuple[Array, Mask | None]:
        """Pixels of several of the slices: data (bands, rows, columns) and the mask, shaped as it suits."""

    def looks(self) -> Sequence[Readable]:
        """A few of the slices, the same whichever is asked."""
