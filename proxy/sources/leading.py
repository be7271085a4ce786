"""Files that lead on to other files, which only the configuration may name."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import urlsplit

from proxy.errors import CannotOpen

_ENDINGS = frozenset({".vrt", ".gti", ".wms", ".wmts", ".wcs", ".xml"})
#: GDAL's names of their formats.
_DRIVERS = frozenset({
    "DERIVED", "EEDAI", "GTI", "OGCAPI", "PLMOSAIC", "STACIT", "VRT", "WCS", "WMS", "WMTS",
})  # fmt: skip


def leads_on(place: str) -> bool:
    """True where the name of a file or address says that it would open others."""
    path = urlsplit(place).path if "://" in place else place
    return PurePath(path).suffix.lower() in _ENDINGS


def check_leads_nowhere(driver: str, place: str) -> None:
    """Check the format that GDAL has found behind a place.

    Listings may not name files that lead on to others, so one whose name does not say so is an attempt to
    open what nobody has configured.

    Raises:
        CannotOpen: the file leads on to others, and its name does not say so.
    """
    if driver in _DRIVERS and not leads_on(place):
        raise CannotOpen("The file leads on to others, and its name does not say so.", driver)
