"""Curvature of a surface, from a polynomial through 3 x 3 pixels (Zevenbergen and Thorne 1987)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.functions.pixels import joined
from proxy.functions.signature import INPUT, Function, choice, number
from proxy.functions.windows import box, shifted
from proxy.model import Array, Mask, Raster


class CurvatureType(IntEnum):
    """Direction of the curvature. The codes are those of Esri's server; its client swaps 1 and 2."""

    STANDARD = 0
    PROFILE = 1
    PLANFORM = 2


def curvature(
    raster: Raster, *, curvature_type: CurvatureType = CurvatureType.STANDARD, z_factor: float = 1.0
) -> Raster:
    """How much a surface bends, in hundredths per unit of length.

    Over the window `a b c / d e f / g h i` with cells of size L (the mean of width and height):
    D = (d + f) / 2 - e, E = (b + h) / 2 - e, F = (c - a + g - i) / 4, G = (f - d) / 2, H = (b - h) / 2,
    k = 200 z / L^2, S = G^2 + H^2. Standard is -k (D + E), profile k (D G^2 + E H^2 + F G H) / S, planform
    -k (D H^2 + E G^2 - F G H) / S, both 0 where S is 0.

    Args:
        raster: elevations in its first band; any real type.
        curvature_type: see `CurvatureType`. z_factor: metres per unit of elevation.

    Returns:
        One float32 band. An invalid centre stays so; where one neighbour is invalid it takes the value of the
        centre, where more are the result is invalid.
    """
    band = raster.data[0].astype(np.float32, copy=False)
    near = list(shifted(band, box(3, 3)))
    mask = raster.mask
    if mask is not None and not mask.all():
        gaps = [~view for view in shifted(mask, box(3, 3))]
        near = [np.where(gap, band, view) for gap, view in zip(gaps, near, strict=True)]
        missing = np.sum(gaps, axis=0)
        mask = joined(mask, np.asarray(missing <= 1))
    width, height = raster.cell_size
    factor = np.float32(200 * z_factor / ((width + height) / 2) ** 2)
    with np.errstate(all="ignore"):
        data = factor * _bend(near, curvature_type)
    return _result(raster, data, mask)


def _result(raster: Raster, data: Array, mask: Mask | None) -> Raster:
    return raster.with_data(data[None].astype(np.float32, copy=False), mask=mask)


def _bend(near: list[Array], kind: CurvatureType) -> Array:
    a, b, c, d, e, f, g, h, i = near
    half = np.float32(0.5)
    along, across = (d + f) * half - e, (b + h) * half - e
    if kind == CurvatureType.STANDARD:
        return np.asarray(-(along + across))
    mixed = (c - a + g - i) * np.float32(0.25)
    east, north = (f - d) * half, (b - h) * half
    twist, steep = mixed * east * north, east * east + north * north
    if kind == CurvatureType.PROFILE:
        found = along * east * east + across * north * north + twist
    else:
        found = twist - along * north * north - across * east * east
    return np.where(steep == 0, np.float32(0), found / np.where(steep == 0, np.float32(1), steep))


FUNCTIONS = (
    Function(
        "curvature",
        curvature,
        "How much a surface bends.",
        (INPUT, choice("curvature_type", CurvatureType.STANDARD, "type"), number("z_factor", 1.0)),
        margin=1,
    ),
)
