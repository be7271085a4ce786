"""Which sources are cubes: by their name, and by their first bytes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from proxy.sources.location import Location


class Format(StrEnum):
    """How a cube is stored; the value is what its service calls it."""

    HDF5 = "HDF5"
    CLASSIC = "netCDF"
    ZARR = "Zarr"
    GRIB = "GRIB"


SUFFIXES = frozenset(
    {".nc", ".nc4", ".cdf", ".netcdf", ".h5", ".hdf5", ".he5", ".zarr", ".grib", ".grib2", ".grb", ".grb2"}
)
#: Ending of lists of references, which are told apart from rasters so that the reason can be given.
REFERENCES = ".json"
#: Names of the documents that begin a Zarr hierarchy, the one that holds everything first.
ZARR_DOCUMENTS = ("zarr.json", ".zmetadata", ".zgroup")

_HDF5 = b"\x89HDF\r\n\x1a\n"
#: HDF5 may begin behind a block of the user's, GRIB behind the heading of a bulletin.
_PLACES = (0, 512, 1024, 2048)
HEAD_BYTES = 4096


def path_of(location: Location) -> str:
    """Path in the file system, bucket or server."""
    return unquote(urlsplit(location.url).path) if location.url is not None else location.gdal_path


def suggests_cube(location: Location) -> bool:
    """True where the name of a source is that of a cube."""
    if location.url is None and not Path(location.gdal_path).exists():
        return False
    path = PurePosixPath(path_of(location))
    return path.suffix.lower() in SUFFIXES or is_zarr(location) or _refers(location, path)


def _refers(location: Location, path: PurePosixPath) -> bool:
    if path.suffix.lower() != REFERENCES or location.url is not None:
        return False
    with Path(path).open("rb") as file:
        return is_references(file.read(HEAD_BYTES))


def is_zarr(location: Location) -> bool:
    """True for a Zarr hierarchy: by its name, or a local folder by what is in it."""
    path = path_of(location)
    if any(part.lower().endswith(".zarr") for part in PurePosixPath(path).parts):
        return location.url is not None or Path(path).is_dir()
    return location.url is None and is_zarr_folder(Path(path))


def is_zarr_folder(path: Path) -> bool:
    """True for a folder that is the root of a Zarr hierarchy."""
    return path.is_dir() and any((path / name).is_file() for name in ZARR_DOCUMENTS)


def format_of(head: bytes) -> Format | None:
    """Format of a file by its first `HEAD_BYTES` bytes; None for any other."""
    if head[:3] == b"CDF" and head[3:4] in (b"\x01", b"\x02", b"\x05"):
        return Format.CLASSIC
    if any(head[place : place + 8] == _HDF5 for place in _PLACES):
        return Format.HDF5
    return Format.GRIB if b"GRIB" in head[:2048] else None


def is_references(head: bytes) -> bool:
    """True for a list of references to pieces of files, as kerchunk writes it."""
    return head.lstrip()[:1] == b"{" and (b'"refs"' in head or b'"templates"' in head or b".zgroup" in head)
