"""Coordinate reference systems as OGC services write them, and the order of their axes.

Below the doors x always stands before y. What is written in a request or a document has the order of axes
that the register of the system says: latitude first for `EPSG:4326`, longitude first for `CRS:84`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from proxy.crs import WGS84, SpatialReference, UnknownCRS, reference
from proxy.model import Extent
from proxy.xyz.params import matrix_set

_CODE = r"(?P<code>[A-Za-z0-9_.\-]{1,32})"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        r"\[?(?P<authority>[A-Za-z][A-Za-z0-9_]{0,31}):" + _CODE + r"\]?",
        r"urn:(?:x-)?ogc:def:crs:(?P<authority>[A-Za-z0-9_]{1,32}):(?:[0-9.]*:){0,2}" + _CODE,
        r"https?://www\.opengis\.net/def/crs/(?P<authority>[A-Za-z0-9_]{1,32})/[0-9.]{1,16}/" + _CODE,
    )
)
#: Longitude before latitude, by code: the system that has the same coordinates in that order.
_LONGITUDE_FIRST = {"84": WGS84, "83": SpatialReference("EPSG:4269"), "27": SpatialReference("EPSG:4267")}
#: Codes that other registers and older programs have for Web Mercator.
_MERCATORS = frozenset({"900913", "102100", "102113", "3785", "3857"})


@dataclass(frozen=True, slots=True)
class NamedCRS:
    """A system by its name in a register.

    Attributes:
        authority: register, in capitals: `EPSG`, `OGC`, `ESRI`.
        code: in that register.
        reference: the system, x before y.
        flipped: the register puts y (latitude, northing) before x.
    """

    authority: str
    code: str
    reference: SpatialReference
    flipped: bool

    @property
    def short(self) -> str:
        """`EPSG:3857`, `OGC:CRS84`."""
        return f"{self.authority}:{self.code}"

    @property
    def wms(self) -> str:
        """As WMS 1.3.0 writes it: `EPSG:3857`, `CRS:84`."""
        return f"CRS:{self.code[3:]}" if self.authority == "OGC" and self.code[:3] == "CRS" else self.short

    @property
    def urn(self) -> str:
        """`urn:ogc:def:crs:EPSG::3857`, `urn:ogc:def:crs:OGC:1.3:CRS84`."""
        return f"urn:ogc:def:crs:{self.authority}:{'1.3' if self.authority == 'OGC' else ''}:{self.code}"

    @property
    def uri(self) -> str:
        """`http://www.opengis.net/def/crs/EPSG/0/3857`, `…/OGC/1.3/CRS84`."""
        version = "1.3" if self.authority == "OGC" else "0"
        return f"http://www.opengis.net/def/crs/{self.authority}/{version}/{self.code}"

    def ordered(self, x: float, y: float) -> tuple[float, float]:
        """A place in the register's order of axes, or such a pair as (x, y)."""
        return (y, x) if self.flipped else (x, y)

    def box(self, corners: tuple[float, float, float, float]) -> Extent:
        """Box of (min 1, min 2, max 1, max 2) in the register's order of axes."""
        return Extent(*self.ordered(*corners[:2]), *self.ordered(*corners[2:]))

    def corners(self, extent: Extent) -> tuple[float, float, float, float]:
        """A box as (min 1, min 2, max 1, max 2) in the register's order of axes."""
        return (*self.ordered(extent.xmin, extent.ymin), *self.ordered(extent.xmax, extent.ymax))


@lru_cache(maxsize=1024)
def read(text: str) -> NamedCRS:
    """A system as requests write it.

    `EPSG:3857`, `[EPSG:3857]`, `urn:ogc:def:crs:EPSG::3857` with or without a version,
    `http(s)://www.opengis.net/def/crs/EPSG/0/3857`; `CRS:84` and `OGC:CRS84` for longitude before latitude.
    Definitions (WKT, PROJ texts, files) are not read.

    Raises:
        UnknownCRS: it has none of these forms, or PROJ does not know it.
    """
    match = next((found for form in _FORMS if (found := form.fullmatch(text.strip()))), None)
    if match is None:
        raise UnknownCRS("The coordinate reference system is not known; EPSG:3857 and CRS:84 are two.")
    authority, code = match["authority"].upper(), match["code"].upper()
    if authority in ("CRS", "OGC"):
        code = code.removeprefix("CRS")
        if code not in _LONGITUDE_FIRST:
            raise UnknownCRS("The coordinate reference system is not known; EPSG:3857 and CRS:84 are two.")
        return NamedCRS("OGC", f"CRS{code}", _LONGITUDE_FIRST[code], flipped=False)
    if authority in ("EPSG", "ESRI", "OSGEO") and code in _MERCATORS:
        authority, code = "EPSG", "3857"
    system = reference(f"{authority}:{code}")
    if system.pyproj.is_vertical or len(system.pyproj.axis_info) < 2 or system.pyproj.is_geocentric:
        raise UnknownCRS("The coordinate reference system is not one of maps.")
    return NamedCRS(authority, code, system, is_flipped(system))


@lru_cache(maxsize=1024)
def is_flipped(crs: SpatialReference) -> bool:
    """True where the register puts y (latitude, northing) first, as the database of PROJ has it.

    Axes of polar systems may both point north or south; then their names tell.
    """
    axes = crs.pyproj.axis_info
    if len(axes) < 2:
        return False
    first, second = (axis.direction.lower() for axis in axes[:2])
    if first in ("north", "south") and second in ("east", "west"):
        return True
    along = first in ("north", "south") and second in ("north", "south")
    return along and axes[0].name.lower().startswith("north") and axes[1].name.lower().startswith("east")


def named(crs: SpatialReference) -> NamedCRS | None:
    """The name of a system; None where it is in no register, so that no request can ask for it."""
    try:
        return read(crs.definition)
    except UnknownCRS:
        return None


@lru_cache(maxsize=64)
def of_matrix_set(name: str) -> NamedCRS:
    """The system of a tile matrix set as its definition names it.

    Raises:
        UnknownTileMatrixSet: there is no such set.
        UnknownCRS: its system is in no register.
    """
    tms = matrix_set(name)
    root = tms.crs.root
    # A URI, or an object that holds one; what is given as WKT or PROJJSON has no name.
    return read(str(getattr(root, "uri", root)))


#: What every service that lies on the earth can be drawn in.
CRS84 = read("OGC:CRS84")
WORLD: tuple[NamedCRS, ...] = (read("EPSG:3857"), read("EPSG:4326"), CRS84)
