"""What every source says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from affine import Affine

from proxy.crs import SpatialReference
from proxy.model import BandStatistics, Colormap, DataKind, Extent, PixelType


@dataclass(frozen=True, slots=True)
class AttributeTable:
    """Raster attribute table: column names with one of `integer`, `real`, `text`, and rows of values."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[int | float | str, ...], ...]


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
            `warped` (through GDAL's warper), and `why` where it is not `blocks`.
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

    @property
    def band_count(self) -> int:
        """Number of bands, an alpha band included."""
        return len(self.band_names)


Statistics = tuple[BandStatistics, ...]
