"""From a service's configuration to an open cube."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from proxy.config import Config, CredentialsConfig, ServiceConfig
from proxy.errors import CannotOpen
from proxy.sources.blocks.cache import BlockCache
from proxy.sources.cube.cube import CubeSource
from proxy.sources.cube.formats import HEAD_BYTES, Format, format_of, is_references, is_zarr
from proxy.sources.cube.grib import GribArrays, grib_layers
from proxy.sources.cube.reading import DataSet, NoMaps
from proxy.sources.cube.stores import XarrayArrays, groups_of, open_arrays
from proxy.sources.cube.versions import folder_version, remote_folder_version
from proxy.sources.location import Location
from proxy.sources.raster import RasterSource
from proxy.sources.remote import remote_place

#: What is wrong with GRIB that GDAL does not open, where it is not damaged.
NO_GRID = (
    "Reduced Gaussian grids and spherical harmonics are not read; interpolate them to a regular grid first."
)
#: Groups that a message names.
MOST_NAMED = 12


def cube_version(location: Location, credentials: CredentialsConfig | None) -> str | None:
    """Version of a hierarchy of many files; None where the source is one file or object.

    Raises:
        CannotOpen: it is missing or out of reach.
    """
    if not is_zarr(location):
        return None
    if location.url is not None:
        return remote_folder_version(location.url, credentials)
    return folder_version(Path(location.gdal_path))


def open_cube(
    location: Location,
    service: ServiceConfig,
    config: Config,
    version: str,
    cache: BlockCache,
    raster: Callable[[], RasterSource],
) -> CubeSource:
    """Open a source with variables and dimensions.

    Args:
        version: that the source has at this moment.
        raster: opens it with GDAL, which reads GRIB.

    Raises:
        CannotOpen: it is damaged or out of reach, of another format, or cannot be placed on a map.
        SourceChanged: it has another version by now.
    """
    credentials = config.credentials.get(service.credentials or "")
    form = _format(location, credentials)
    if form is Format.GRIB:
        try:
            opened = raster()
        except CannotOpen as error:
            if type(error) is not CannotOpen:
                raise
            raise CannotOpen(f"{error.message} {NO_GRID}", error.detail) from error
        bands = GribArrays(opened)
        return CubeSource(location, service, version, form, bands, grib_layers(opened, service, bands), cache)
    group = service.cube.group if service.cube is not None else ""

    def of_group(group: str) -> CubeSource:
        arrays = open_arrays(location, form, version, group, credentials)
        return _cube_of(arrays, location, service, version, form, cache)

    try:
        return of_group(group)
    except NoMaps as error:
        groups = [] if group else groups_of(location, form, credentials)
        if len(groups) == 1:
            return of_group(groups[0])
        if not groups:
            raise
        names = ", ".join(groups[:MOST_NAMED]) + (", …" if len(groups) > MOST_NAMED else "")
        raise CannotOpen(f"{error.message} Name one of its groups in 'cube.group': {names}.") from error


def _cube_of(
    arrays: XarrayArrays,
    location: Location,
    service: ServiceConfig,
    version: str,
    form: Format,
    cache: BlockCache,
) -> CubeSource:
    try:
        layers = DataSet(arrays.data, service).layers()
        return CubeSource(location, service, version, form, arrays, layers, cache)
    except CannotOpen:
        arrays.close()
        raise
    except Exception as error:  # every library has errors of its own
        arrays.close()
        raise CannotOpen("The source could not be opened.", f"{type(error).__name__}: {error}") from error


def _format(location: Location, credentials: CredentialsConfig | None) -> Format:
    if is_zarr(location):
        return Format.ZARR
    if location.url is not None:
        place = remote_place(location.url, credentials)
        head = place.at(0, min(HEAD_BYTES, place.size))
        place.close()
    else:
        try:
            with Path(location.gdal_path).open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError as error:
            raise CannotOpen("The source could not be opened.", str(error)) from error
    found = format_of(head)
    if found is None and is_references(head):
        raise CannotOpen(
            "References to other files (kerchunk) are not read: name these files, or a Zarr hierarchy."
        )
    if found is None:
        raise CannotOpen("The source is none of netCDF, HDF5, Zarr and GRIB.")
    return found
