"""Coordinate reference systems as hashable values, and transformation of extents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyproj
from pyproj.enums import WktVersion
from pyproj.exceptions import CRSError, ProjError

from proxy.errors import BadRequest, OutsideExtent

#: Latitude at which Web Mercator is a square.
MERCATOR_LIMIT = 85.0511287798066
#: Points per edge when the envelope of a transformed rectangle is sought.
DENSIFY = 21


class UnknownCRS(BadRequest):
    """The text does not describe a coordinate reference system that PROJ knows."""


@dataclass(frozen=True)
class SpatialReference:
    """A coordinate reference system, x before y, compared by its canonical text.

    Attributes:
        definition: `AUTHORITY:CODE` where one is known for certain, else WKT2.
    """

    definition: str

    @cached_property
    def pyproj(self) -> pyproj.CRS:
        """The parsed system."""
        return _parse(self.definition)

    @cached_property
    def wkt(self) -> str:
        """WKT2:2019, or WKT1 where the system cannot be written as WKT2."""
        text = self.pyproj.to_wkt(WktVersion.WKT2_2019)
        return str(text or self.pyproj.to_wkt(WktVersion.WKT1_GDAL))

    @cached_property
    def is_geographic(self) -> bool:
        """True for longitude and latitude, also below a compound or bound system."""
        return bool(self.pyproj.is_geographic)

    @cached_property
    def epsg(self) -> int | None:
        """EPSG code, if the definition is one."""
        authority, _, code = self.definition.partition(":")
        return int(code) if authority == "EPSG" and code.isdigit() else None

    @cached_property
    def metres_per_unit(self) -> float:
        """Metres in one unit of the axes; along the equator of this body for degrees."""
        axes = self.pyproj.axis_info
        factor = float(axes[0].unit_conversion_factor) if axes else 1.0
        if self.is_geographic:
            ellipsoid = self.pyproj.ellipsoid
            return factor * (ellipsoid.semi_major_metre if ellipsoid else 6378137.0)
        return factor or 1.0

    def __str__(self) -> str:
        return self.definition if len(self.definition) < 40 else self.pyproj.name


@lru_cache(maxsize=1024)
def _parse(text: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(text)
    except (CRSError, ValueError) as error:
        raise UnknownCRS("The coordinate reference system is not known.") from error


@lru_cache(maxsize=1024)
def reference(text: str) -> SpatialReference:
    """Canonical reference for a code (`EPSG:3857`, `ESRI:54030`), WKT, PROJ text or URN.

    Raises:
        UnknownCRS: PROJ does not know it.
    """
    parsed = _parse(text.strip())
    authority = parsed.to_authority(min_confidence=100)
    if authority:
        # They differ in the order of their axes alone, and x stands before y here.
        return WGS84 if authority == ("OGC", "CRS84") else SpatialReference(":".join(authority))
    found = SpatialReference(text)
    return SpatialReference(found.wkt)


WGS84 = SpatialReference("EPSG:4326")
WEB_MERCATOR = SpatialReference("EPSG:3857")


@lru_cache(maxsize=512)
def transformer(source: SpatialReference, target: SpatialReference) -> pyproj.Transformer:
    """Transformer with x before y on both sides; safe to share between threads.

    Raises:
        BadRequest: no operation leads from one to the other (another planet, for instance).
    """
    try:
        return pyproj.Transformer.from_crs(source.pyproj, target.pyproj, always_xy=True)
    except ProjError as error:
        raise BadRequest(f"There is no transformation from {source} to {target}.") from error


Bounds = tuple[float, float, float, float]


def transform_bounds(bounds: Bounds, source: SpatialReference, target: SpatialReference) -> Bounds:
    """Envelope of a rectangle in another system: (xmin, ymin, xmax, ymax).

    Edges are densified, since straight edges bend. Latitudes beyond the reach of Web
    Mercator are clamped to its square first.

    Raises:
        OutsideExtent: no point of the rectangle exists in the target system.
        BadRequest: no transformation exists between the two.
    """
    if source == target:
        return bounds
    xmin, ymin, xmax, ymax = bounds
    if source.is_geographic and target == WEB_MERCATOR:
        ymin, ymax = max(ymin, -MERCATOR_LIMIT), min(ymax, MERCATOR_LIMIT)
        if ymin >= ymax:
            raise OutsideExtent("The extent lies beyond the reach of Web Mercator.")
        if (xmin < -180 or xmax > 180) and source == WGS84:
            # PROJ folds longitudes into one turn; the map does not end there.
            radius = math.pi * 6378137.0 / 180.0
            inner = transform_bounds((-180.0, ymin, 180.0, ymax), source, target)
            return xmin * radius, inner[1], xmax * radius, inner[3]
    steps = np.linspace(0.0, 1.0, DENSIFY)
    xs, ys = xmin + steps * (xmax - xmin), ymin + steps * (ymax - ymin)
    grid_x, grid_y = np.meshgrid(xs, ys)
    out_x, out_y = transformer(source, target).transform(grid_x, grid_y)
    good = np.isfinite(out_x) & np.isfinite(out_y)
    if not good.any():
        raise OutsideExtent("The extent does not exist in the target coordinate reference system.")
    out_x, out_y = out_x[good], out_y[good]
    return float(out_x.min()), float(out_y.min()), float(out_x.max()), float(out_y.max())
