"""Pixels with their place and meaning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.model.kinds import PixelType
from proxy.model.places import Extent, Grid

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def marks_bands(nodata: float | None, dtype: np.dtype[Any]) -> bool:
    """True where a nodata value says of a single band that it has none, whatever the other bands have.

    Not of bytes, and not 0 of unsigned numbers: those are usual colours of single bands, and only all bands
    together are nodata.
    """
    return nodata is not None and dtype != np.uint8 and not (dtype.kind == "u" and nodata == 0)


@dataclass(frozen=True, slots=True)
class Colormap:
    """Colours of a single band: rows of (value, red, green, blue, alpha), by rising value."""

    entries: tuple[tuple[int, int, int, int, int], ...]

    def table(self) -> NDArray[np.uint8]:
        """The 256 colours of an 8-bit band, uint8 (256, 4); values without an entry are transparent."""
        table = np.zeros((256, 4), np.uint8)
        for value, *rgba in self.entries:
            if 0 <= value < 256:
                table[value] = rgba
        return table


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts over equal bins between two edges."""

    minimum: float
    maximum: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BandStatistics:
    """Summary of the valid pixels of one band."""

    minimum: float
    maximum: float
    mean: float
    stddev: float
    count: int = 0
    histogram: Histogram | None = None
    median: float | None = None
    mode: float | None = None


@dataclass(frozen=True, slots=True)
class AttributeTable:
    """What the values of a band mean: a row of texts and numbers for each, under the names of `fields`."""

    fields: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Pixels with their place and meaning.

    Attributes:
        data: (bands, rows, columns), any numeric type. Values under the mask are arbitrary.
        mask: (rows, columns), True where valid; None where every pixel is valid.
        grid: where the pixels lie; its height and width are those of `data`.
        band_names: one per band, or empty.
        colormap: of a single band, None where there is none.
        statistics: of the whole source, one per band; None where unknown or no longer true.
        nodata: value that marks nodata in formats without a mask, None where there is none.
        attributes: attribute table of a single band, None where there is none.
    """

    data: Array
    mask: Mask | None
    grid: Grid
    band_names: tuple[str, ...] = ()
    colormap: Colormap | None = None
    statistics: tuple[BandStatistics, ...] | None = None
    nodata: float | None = None
    attributes: AttributeTable | None = None

    @property
    def count(self) -> int:
        """Number of bands."""
        return int(self.data.shape[0])

    @property
    def cell_size(self) -> tuple[float, float]:
        """Pixel width and height in units of the CRS."""
        return self.grid.resolution

    @property
    def pixel_type(self) -> PixelType:
        """Type of the pixels."""
        return PixelType.of(self.data.dtype)

    def valid(self) -> Mask:
        """The mask as an array, also where every pixel is valid."""
        return np.ones(self.data.shape[1:], np.bool_) if self.mask is None else self.mask

    def with_data(self, data: Array, **changes: Any) -> Raster:
        """The same place with other pixels; what described the old pixels is dropped unless given."""
        kept: dict[str, Any] = {"band_names": (), "colormap": None, "statistics": None, "nodata": None}
        kept["attributes"] = None
        return replace(self, data=data, **(kept | changes))

    def cropped(self, margin: int) -> Raster:
        """Without `margin` pixels on every side."""
        if not margin:
            return self
        inner = slice(margin, -margin)
        data = self.data[:, inner, inner]
        mask = None if self.mask is None else self.mask[inner, inner]
        x, y = self.grid.resolution
        e = self.grid.extent
        extent = Extent(e.xmin + margin * x, e.ymin + margin * y, e.xmax - margin * x, e.ymax - margin * y)
        grid = Grid(self.grid.crs, extent, data.shape[2], data.shape[1])
        return replace(self, data=data, mask=mask, grid=grid)
