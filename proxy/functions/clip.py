"""Clip: pixels inside or outside a polygon."""

from __future__ import annotations

from enum import IntEnum

from proxy.errors import BadRequest, InvalidRule
from proxy.functions.pixels import joined
from proxy.functions.polygon import Polygon, centres_inside, polygon_of
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, flag
from proxy.model import Raster


class ClippingType(IntEnum):
    """Which side of the outline is removed."""

    OUTSIDE = 1
    INSIDE = 2


def clip(
    raster: Raster,
    *,
    clipping_geometry: Polygon | None = None,
    extent: Polygon | None = None,
    clipping_type: ClippingType = ClippingType.OUTSIDE,
    clipping_raster: None = None,
    use_input_feature_geometry: bool = True,
) -> Raster:
    """Make pixels invalid outside a polygon, or inside it.

    Args:
        raster: any type.
        clipping_geometry: in any system; that of the request where it names none. A pixel is inside where
            its centre is.
        extent: used where there is no `clipping_geometry`.
        clipping_type: OUTSIDE keeps the inside, INSIDE the outside.
        clipping_raster: refused. use_input_feature_geometry: False clips to the envelope of the geometry.

    Returns:
        The pixels, type, names, colormap and statistics of the input under a smaller mask.
    """
    polygon = clipping_geometry or extent
    if polygon is None:
        raise InvalidRule("clipping_geometry", "It must be given.")
    if not use_input_feature_geometry:
        xs, ys = zip(*(point for ring in polygon.rings for point in ring), strict=True)
        corners = [min(xs), min(ys), max(xs), max(ys)]
        polygon = Polygon(polygon_of({"bbox": corners}).rings, polygon.crs)
    try:
        inside = centres_inside(polygon, raster.grid)
    except BadRequest as error:
        raise InvalidRule("clipping_geometry", error.message) from error
    kept = inside if clipping_type == ClippingType.OUTSIDE else ~inside
    same = {"band_names": raster.band_names, "colormap": raster.colormap, "statistics": raster.statistics}
    return raster.with_data(raster.data, mask=joined(raster.mask, kept), nodata=raster.nodata, **same)


def _no_raster(value: object) -> None:
    raise ValueError("Clipping to a raster is not offered; give its outline as the geometry.")


FUNCTIONS = (
    Function(
        "clip",
        clip,
        "Pixels inside or outside a polygon.",
        (
            INPUT,
            Argument("clipping_geometry", Kind.JSON, None, ("geometry",), convert=polygon_of),
            Argument("extent", Kind.JSON, None, convert=polygon_of),
            choice("clipping_type", ClippingType.OUTSIDE, "clip_type", "type"),
            Argument("clipping_raster", Kind.JSON, None, convert=_no_raster),
            flag("use_input_feature_geometry", True),
        ),
    ),
)
