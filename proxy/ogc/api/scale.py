"""How large a unit of a system is on the ground, near a place."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyproj

from proxy.crs import WEB_MERCATOR, WGS84, transformer
from proxy.errors import OutsideExtent
from proxy.ogc.crs_names import NamedCRS

#: Size of a pixel of a display where nothing else is said, in millimetres.
MM_PER_PIXEL = 0.28
#: Nearer to a pole a degree of longitude has no length worth speaking of.
POLAR = 89.0
_EARTH = pyproj.Geod(ellps="WGS84")
#: Degrees and Web Mercator are measured on the sphere, as the scales of tile matrix sets are.
_SPHERE = pyproj.Geod(a=6378137.0, b=6378137.0)


@lru_cache(maxsize=1024)
def metres_per_unit(crs: NamedCRS, x: float, y: float) -> tuple[float, float]:
    """Metres on the ground in one unit along x and along y at a place.

    Measured along the geodesic between two places to both sides, 0.001 degrees or 100 m away.

    Raises:
        OutsideExtent: the system does not reach there.
    """
    geographic = crs.reference.is_geographic
    step = 0.001 if geographic else 100.0 / crs.reference.metres_per_unit
    if geographic:
        y = max(-POLAR, min(POLAR, y))
    xs, ys = [x - step, x + step, x, x], [y, y, y - step, y + step]
    lon, lat = transformer(crs.reference, WGS84).transform(xs, ys)
    if not np.isfinite([lon, lat]).all():
        raise OutsideExtent(f"The middle of the map does not exist in {crs.short}.")
    earth = _SPHERE if geographic or crs.reference == WEB_MERCATOR else _EARTH
    _, _, along = earth.inv([lon[0], lon[2]], [lat[0], lat[2]], [lon[1], lon[3]], [lat[1], lat[3]])
    across, up = (float(length) / (2 * step) for length in along)
    if not (across > 0 and up > 0):
        raise OutsideExtent(f"The middle of the map has no scale in {crs.short}.")
    return across, up
