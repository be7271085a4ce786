"""What is asked for, and what is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from proxy.model.kinds import Compression, Effort, ImageFormat, Interpolation, PixelType
from proxy.model.places import Grid
from proxy.selection import EVERYTHING, Selection


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
