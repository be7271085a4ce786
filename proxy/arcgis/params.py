"""Parameters of exportImage to a RenderRequest. Below this module there are no strings of Esri's."""

from __future__ import annotations

import math
from typing import Protocol

from proxy.arcgis import pixel_types
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.fields import Fields, numbers
from proxy.arcgis.geometry import read_bbox
from proxy.arcgis.rules import rendering_rule
from proxy.arcgis.spatial_reference import read_reference
from proxy.arcgis.vocabulary import COMPRESSIONS, FORMATS, INTERPOLATIONS
from proxy.config import ServiceConfig
from proxy.crs import WGS84, SpatialReference, transform_bounds
from proxy.errors import BadRequest, ImageTooLarge, InvalidParameter, OutsideExtent
from proxy.functions.tree import Node
from proxy.model import (
    Compression,
    Effort,
    EncodeOptions,
    Extent,
    Grid,
    ImageFormat,
    Interpolation,
    NoDataRule,
    PixelType,
    RenderRequest,
)
from proxy.renderings import Rendering
from proxy.sources.base import SourceInfo

DEFAULT_SIZE = (400, 400)
#: Sides of pixels that differ by less are square: such a box is left as it is to the last digit.
SQUARE = 1e-9
#: Part of a pixel by which a box may leave the extent under `validateExtent`: rounding of the caller's.
LEEWAY = 0.5

_WITH_QUALITY = frozenset({ImageFormat.AUTO, ImageFormat.JPEG, ImageFormat.WEBP})


class Subject(Protocol):
    """What has to be known of a service to read a request for it. Its source is open."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def config(self) -> ServiceConfig: ...  # noqa: D102
    @property
    def info(self) -> SourceInfo: ...  # noqa: D102
    @property
    def effort(self) -> Effort: ...  # noqa: D102
    @property
    def interpolation(self) -> Interpolation: ...  # noqa: D102
    @property
    def default_rendering(self) -> Rendering: ...  # noqa: D102
    @property
    def templates(self) -> dict[str, Node]: ...  # noqa: D102


def render_request(fields: Fields, service: Subject, output: ImageFormat | None = None) -> RenderRequest:
    """Everything that decides the picture.

    Args:
        fields: parameters of exportImage; unknown ones are ignored.
        service: whose source is open.
        output: format in place of the one asked for.

    Raises:
        InvalidParameter: a value has no meaning.
        InvalidRule: the raster function is wrong.
        ImageTooLarge: more pixels than the service's limits allow.
    """
    chosen = output or FORMATS.get(fields.text("format").lower(), ImageFormat.AUTO)
    grid = read_grid(fields, service)
    return RenderRequest(
        service=service.name,
        grid=in_degrees(grid) if chosen is ImageFormat.KMZ else grid,
        format=chosen,
        bands=read_bands(fields.text("bandIds"), service.info.band_count),
        interpolation=read_interpolation(fields.text("interpolation"), service.interpolation),
        rule=read_rule(fields, service),
        nodata=read_nodata(fields),
        pixel_type=read_pixel_type(fields),
        options=read_options(fields, chosen, service.effort),
        selection=read_selection(fields, service),
    )


def read_pixel_type(fields: Fields) -> PixelType | None:
    """`pixelType`; None to keep the type of the result.

    Raises:
        InvalidParameter: there is no such type.
    """
    text = fields.text("pixelType")
    try:
        return pixel_types.pixel_type(text) if text else None
    except (BadRequest, ValueError):
        raise InvalidParameter("pixelType") from None


def read_grid(fields: Fields, service: Subject) -> Grid:
    """Pixels to fill: bbox, bboxSR, imageSR, size, adjustAspectRatio and validateExtent.

    Raises:
        InvalidParameter: one of them is wrong, or the box does not exist in imageSR.
        ImageTooLarge: above the limits of the service.
    """
    own = service.info.crs
    width, height = read_size(fields.text("size"))
    limits = service.config.limits
    if width > limits.max_width or height > limits.max_height:
        raise ImageTooLarge(width, height, limits.max_width, limits.max_height)
    box, box_crs = read_bbox(fields, own)
    image_crs = read_reference("imageSR", fields.text("imageSR"), own)
    if fields.flag("validateExtent"):
        _check_extent(box, box_crs, service.info)
    extent = transformed(box, box_crs, image_crs)
    if fields.flag("adjustAspectRatio", True):
        extent = adjusted(extent, width, height)
    # Numbers near the end of their range overflow, and a box may shrink to nothing on its way.
    if not (0 < extent.width < math.inf and 0 < extent.height < math.inf):
        raise InvalidParameter("bbox")
    return Grid(image_crs, extent, width, height)


def transformed(box: Extent, source: SpatialReference, target: SpatialReference) -> Extent:
    """Envelope of a box in another system.

    Raises:
        InvalidParameter: nothing of it exists there.
    """
    try:
        return Extent(*transform_bounds(box.as_tuple(), source, target))
    except (OutsideExtent, BadRequest) as error:
        raise InvalidParameter("bbox", error.message) from error


def in_degrees(grid: Grid) -> Grid:
    """As many pixels over the same ground in longitude and latitude, the only system of KML."""
    return Grid(WGS84, transformed(grid.extent, grid.crs, WGS84), grid.width, grid.height)


def adjusted(extent: Extent, width: int, height: int) -> Extent:
    """The extent with square pixels: the shorter side grows about the centre, nothing is cut off."""
    x, y = extent.width / width, extent.height / height
    if abs(x - y) <= SQUARE * max(x, y):
        return extent
    center_x, center_y = extent.center
    if x > y:
        half = x * height / 2
        return Extent(extent.xmin, center_y - half, extent.xmax, center_y + half)
    half = y * width / 2
    return Extent(center_x - half, extent.ymin, center_x + half, extent.ymax)


def _check_extent(box: Extent, crs: SpatialReference, info: SourceInfo) -> None:
    inside, data = transformed(box, crs, info.crs), info.extent
    x, y = (LEEWAY * side for side in info.pixel_size)
    if (
        inside.xmin < data.xmin - x
        or inside.ymin < data.ymin - y
        or inside.xmax > data.xmax + x
        or inside.ymax > data.ymax + y
    ):
        raise InvalidParameter("bbox", "It leaves the extent of the service.")


def read_size(text: str) -> tuple[int, int]:
    """Columns and rows; fractions are rounded half up, to at least one.

    Raises:
        InvalidParameter: not two positive numbers.
    """
    if not text:
        return DEFAULT_SIZE
    found = numbers("size", text)
    if len(found) != 2 or min(found) <= 0:
        raise InvalidParameter("size")
    width, height = (max(1, math.floor(value + 0.5)) for value in found)
    return width, height


def read_bands(text: str, count: int) -> tuple[int, ...] | None:
    """Zero-based bands, None for all.

    Raises:
        InvalidParameter: one of them does not exist.
    """
    if not text:
        return None
    found = numbers("bandIds", text)
    if not all(value.is_integer() and 0 <= value < count for value in found):
        raise InvalidParameter("bandIds")
    return tuple(int(value) for value in found)


def read_interpolation(text: str, default: Interpolation) -> Interpolation:
    """`RSP_BilinearInterpolation` and its like; the default for unknown ones."""
    return INTERPOLATIONS.get(text.lower().removeprefix("rsp_"), default)


def read_nodata(fields: Fields) -> NoDataRule | None:
    """One number is transparent where any band has it, a list where all bands have theirs.

    Raises:
        InvalidParameter: neither numbers nor `NaN`.
    """
    text = fields.text("noData")
    if not text:
        return None
    try:
        values = tuple(float(part) for part in text.strip("[]() ").split(","))
    except ValueError:
        raise InvalidParameter("noData") from None
    asked = fields.text("noDataInterpretation").lower()
    match_all = {"esrinodatamatchall": True, "esrinodatamatchany": False}.get(asked, len(values) > 1)
    return NoDataRule(values, match_all)


def read_rule(fields: Fields, service: Subject) -> Node:
    """The raster function tree: that of the request, else of the service's default rendering.

    Raises:
        InvalidRule: with the path to the fault.
    """
    text = fields.text("renderingRule")
    return rendering_rule(text, service.templates) if text else service.default_rendering.rule


def read_options(fields: Fields, output: ImageFormat, effort: Effort) -> EncodeOptions:
    """Settings of the encoder; those that the format does not use keep their defaults, for the cache's sake.

    Raises:
        InvalidParameter: a number is wrong.
    """
    standard = EncodeOptions(effort=effort)
    wanted = COMPRESSIONS.get(fields.text("compression").lower(), Compression.NONE)
    compression = wanted if output is ImageFormat.TIFF else Compression.NONE
    lossy = output in _WITH_QUALITY or compression is Compression.JPEG
    lerc = output is ImageFormat.LERC or compression is Compression.LERC
    quality, tolerance = fields.number("compressionQuality"), fields.number("compressionTolerance")
    version = fields.number("lercVersion")
    if tolerance is not None and tolerance < 0:
        raise InvalidParameter("compressionTolerance")
    return EncodeOptions(
        quality=min(100, max(0, round(quality))) if lossy and quality is not None else standard.quality,
        compression=compression,
        tolerance=tolerance if lerc else None,
        lerc_version=1 if lerc and version == 1 else 2,
        effort=effort,
    )
