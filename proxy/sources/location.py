"""Where a source lies: text from the configuration to something that can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_REMOTE = {"http": "/vsicurl/", "https": "/vsicurl/", "s3": "/vsis3/", "gs": "/vsigs/", "az": "/vsiaz/"}
_ALIASES = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "azure": "az"}

#: File name endings taken as rasters when a folder is served.
RASTER_SUFFIXES = frozenset({".tif", ".tiff", ".gtiff", ".cog", ".jp2", ".vrt", ".img", ".grib2", ".grb2"})


@dataclass(frozen=True, slots=True)
class Location:
    """A place to read from.

    Attributes:
        text: as configured.
        gdal_path: as GDAL opens it.
        url: for remote places, with a canonical scheme; None for local ones.
    """

    text: str
    gdal_path: str
    url: str | None

    @property
    def is_remote(self) -> bool:
        """True for buckets and web servers."""
        return self.url is not None

    @property
    def name(self) -> str:
        """Last path segment without its ending."""
        path = urlsplit(self.url).path if self.url else self.gdal_path
        return Path(unquote(path)).stem or "raster"


def canonical_scheme(scheme: str) -> str:
    """Scheme of an address as it is known here."""
    return _ALIASES.get(scheme.lower(), scheme.lower())


def is_remote_scheme(scheme: str) -> bool:
    """True for the schemes of buckets and web servers, whatever their case."""
    return canonical_scheme(scheme) in _REMOTE


def locate(text: str) -> Location:
    """Read a local path, an `http(s)://`, `s3://`, `gs://` or `az://` URL, or a GDAL path."""
    scheme, separator, rest = text.partition("://")
    scheme = canonical_scheme(scheme)
    if separator and scheme == "file":
        return Location(text, unquote(rest), None)
    if separator and scheme in _REMOTE:
        url = f"{scheme}://{rest}"
        # Web addresses reach GDAL as they are written, names of objects as they are.
        target = url if scheme in ("http", "https") else unquote(rest)
        return Location(text, _REMOTE[scheme] + target, url)
    return Location(text, text, None)
