"""The values that travel between the layers: frozen, typed, without any door's spelling."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from proxy.crs import SpatialReference
from proxy.selection import EVERYTHING, Selection

Array = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle in some coordinate reference system, x before y."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @property
    def width(self) -> float:
        """Length along x."""
        return self.xmax - self.xmin

    @property
    def height(self) -> float:
        """Length along y."""
        return self.ymax - self.ymin

    @property
    def center(self) -> tuple[float, float]:
        """Middle point."""
        return (self.xmin + self.xmax) / 2, (self.ymin + self.ymax) / 2

    def as_tuple(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax)."""
        return self.xmin, self.ymin, self.xmax, self.ymax

    def intersects(self, other: Extent) -> bool:
        """True where the two share an area."""
        return (
            self.xmin < other.xmax
            and other.xmin < self.xmax
            and self.ymin < other.ymax
            and other.ymin < self.ymax
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels on the ground: north up, row 0 at `extent.ymax`."""

    crs: SpatialReference
    extent: Extent
    width: int
    height: int

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixel width and height in units of the CRS, both positive."""
        return self.extent.width / self.width, self.extent.height / self.height

    @property
    def transform(self) -> Affine:
        """Pixel corner coordinates to CRS coordinates."""
        x, y = self.resolution
        return Affine(x, 0.0, self.extent.xmin, 0.0, -y, self.extent.ymax)

    def grown(self, margin: int) -> Grid:
        """The same grid with `margin` more pixels on every side."""
        if not margin:
            return self
        x, y = self.resolution
        e = self.extent
        extent = Extent(e.xmin - margin * x, e.ymin - margin * y, e.xmax + margin * x, e.ymax + margin * y)
        return Grid(self.crs, extent, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of a source: level 0 is native, the others are overviews, finer first.

    Attributes:
        transform: pixel corner of this level to the CRS of the source.
    """

    width: int
    height: int
    transform: Affine


@dataclass(frozen=True, slots=True)
class Window:
    """Whole pixels of a level, from its upper left."""

    column: int
    row: int
    width: int
    height: int


class Interpolation(StrEnum):
    """How a value between pixel centres, or over many pixels, is found."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    CUBIC = "cubic"
    AVERAGE = "average"
    MODE = "mode"
    MIN = "min"
    MAX = "max"


class PixelType(StrEnum):
    """Type of a pixel; the narrow ones are carried in one byte each."""

    BIT1 = "bit1"
    BIT2 = "bit2"
    BIT4 = "bit4"
    UINT8 = "uint8"
    INT8 = "int8"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    COMPLEX64 = "complex64"
    COMPLEX128 = "complex128"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Array type that carries it."""
        return np.dtype("uint8") if self.bits < 8 else np.dtype(self.value)

    @property
    def bits(self) -> int:
        """Bits of one value."""
        if self.value.startswith("bit"):
            return int(self.value[3:])
        return int(np.dtype(self.value).itemsize) * 8

    @property
    def is_integer(self) -> bool:
        """True for whole numbers."""
        return self.bits < 8 or np.dtype(self.value).kind in "iu"

    @property
    def is_complex(self) -> bool:
        """True for complex numbers."""
        return self.value.startswith("complex")

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value."""
        if self.bits < 8:
            return 0.0, float(2**self.bits - 1)
        dtype = np.dtype(self.value)
        if dtype.kind in "iu":
            return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)

    @classmethod
    def of(cls, dtype: np.dtype[Any] | str) -> PixelType:
        """Narrowest pixel type that carries arrays of `dtype`.

        Types without a counterpart widen: int64 and uint64 to float64, float16 to float32, bool to uint8.
        """
        name = np.dtype(dtype).name
        wider = {"bool": "uint8", "int64": "float64", "uint64": "float64", "float16": "float32"}
        return cls(wider.get(name, name))


class DataKind(StrEnum):
    """What the numbers of a raster mean, as far as display is concerned."""

    ELEVATION = "elevation"
    THEMATIC = "thematic"
    RGB = "rgb"
    GENERIC = "generic"


class ImageFormat(StrEnum):
    """How a picture or a block of numbers is written.

    AUTO is JPEG where every pixel is valid, else PNG32. PNG is the smallest lossless PNG that shows
    everything: grey, palette, RGB or RGBA. TIFF holds the numbers, TIFF_COLORS the colours of a picture.
    """

    AUTO = "auto"
    PNG = "png"
    PNG8 = "png8"
    PNG24 = "png24"
    PNG32 = "png32"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"
    TIFF_COLORS = "tiff_colors"
    BIP = "bip"
    BSQ = "bsq"
    LERC = "lerc"
    KMZ = "kmz"

    @property
    def is_display(self) -> bool:
        """True where 8-bit colours are written rather than the numbers themselves."""
        return self not in _NUMERIC


_NUMERIC = frozenset({ImageFormat.TIFF, ImageFormat.BIP, ImageFormat.BSQ, ImageFormat.LERC})


class Effort(StrEnum):
    """How hard lossless picture encoders try."""

    FAST = "fast"
    BALANCED = "balanced"
    SMALL = "small"


class Compression(StrEnum):
    """Compression inside a TIFF."""

    NONE = "none"
    DEFLATE = "deflate"
    LZW = "lzw"
    JPEG = "jpeg"
    LERC = "lerc"


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """Settings of the encoders.

    Attributes:
        quality: 0..100, of JPEG, WEBP and JPEG inside TIFF.
        compression: inside TIFF.
        tolerance: greatest error of LERC; None keeps integers exact and floats within 0.001.
        lerc_version: codec family of a LERC blob, 1 or 2.
        effort: of PNG.
        background: colour below transparent pixels of display formats, None to leave them transparent.
    """

    quality: int = 75
    compression: Compression = Compression.NONE
    tolerance: float | None = None
    lerc_version: int = 2
    effort: Effort = Effort.FAST
    background: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class NoDataRule:
    """Values of the result that are to be transparent.

    Attributes:
        values: one for all bands, or one per band.
        match_all: a pixel is nodata where all bands match, else where any does.
    """

    values: tuple[float, ...]
    match_all: bool


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


@dataclass(frozen=True, slots=True)
class Picture:
    """Encoded bytes, ready to send.

    Attributes:
        missing: items of a mosaic that belonged in the picture and could not be read.
    """

    body: bytes
    media_type: str
    extension: str
    missing: int = 0


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """Everything that decides the bytes of a picture; the same ground through any door is equal.

    Attributes:
        service: name of the service.
        grid: pixels to fill, after any adjustment of the aspect ratio.
        format: how to write them.
        bands: zero-based source bands in order, None for all.
        interpolation: how source pixels become pixels of the grid.
        rule: raster function tree (`proxy.functions.tree.Node`), None for the raw bands.
        nodata: values of the result to make transparent.
        pixel_type: type that the result is converted to before it is written, None to keep it.
        options: settings of the encoder.
        selection: which items of a mosaic, which slice of a cube.
    """

    service: str
    grid: Grid
    format: ImageFormat = ImageFormat.PNG
    bands: tuple[int, ...] | None = None
    interpolation: Interpolation = Interpolation.NEAREST
    rule: Any = None
    nodata: NoDataRule | None = None
    pixel_type: PixelType | None = None
    options: EncodeOptions = field(default_factory=EncodeOptions)
    selection: Selection = EVERYTHING
