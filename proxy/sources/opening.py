"""From a service's configuration to an open source, and the version it has at this moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen
from proxy.sources.base import Source
from proxy.sources.blocks.cache import shared_cache
from proxy.sources.blocks.places import LocalPlace, SourceChanged, local_version
from proxy.sources.blocks.stored import Stored
from proxy.sources.cube.cube import CubeSource
from proxy.sources.cube.formats import suggests_cube
from proxy.sources.cube.opening import cube_version, open_cube
from proxy.sources.location import Location, locate
from proxy.sources.raster import Handles, RasterSource
from proxy.sources.remote import remote_place, remote_version
from proxy.sources.session import gdal_options

T = TypeVar("T")

#: Times that a file is opened anew because it was replaced meanwhile.
ATTEMPTS = 5


def current_version(location: Location, config: Config, service: ServiceConfig) -> str:
    """Version of the object behind a location: ETag, or time and size.

    Raises:
        CannotOpen: it is missing or out of reach.
    """
    credentials = config.credentials.get(service.credentials or "")
    if (version := cube_version(location, credentials)) is not None:
        return version
    if location.url is not None:
        return remote_version(location.url, credentials)
    try:
        found = Path(location.gdal_path).stat()
    except OSError as error:
        if location.gdal_path.startswith("/vsi") or ":" in location.gdal_path:
            return "fixed"
        raise CannotOpen("The source does not exist.", str(error)) from error
    return local_version(found)


def open_source(service: ServiceConfig, config: Config, handles: Handles) -> Source:
    """Open the raster, or the cube, of a service and read its facts.

    What is named like a cube is one where it has several slices, or where GDAL cannot read it by itself.

    Raises:
        CannotOpen: it is missing, damaged, or has no place on a map.
    """
    location = locate(service.source)
    if service.cube is not None:
        return _settled(lambda: _cube(location, service, config, handles))
    if not suggests_cube(location):
        return open_raster(service, config, handles)
    try:
        cube = _settled(lambda: _cube(location, service, config, handles))
    except CannotOpen as reason:
        return _raster_or(reason, service, config, handles)
    if cube.slices > 1:
        return cube
    try:
        raster = open_raster(service, config, handles)
    except CannotOpen:
        return cube
    cube.close()
    return raster


def _raster_or(reason: CannotOpen, service: ServiceConfig, config: Config, handles: Handles) -> RasterSource:
    try:
        return open_raster(service, config, handles)
    except CannotOpen:
        raise reason from None


def _cube(location: Location, service: ServiceConfig, config: Config, handles: Handles) -> CubeSource:
    version = current_version(location, config, service)
    cache = shared_cache(config.render.block_cache_mb << 20)
    return open_cube(location, service, config, version, cache, lambda: open_raster(service, config, handles))


def open_raster(service: ServiceConfig, config: Config, handles: Handles) -> RasterSource:
    """Open the raster of a service, whatever its name suggests, and read its facts.

    Raises:
        CannotOpen: it is missing, damaged, or has no place on a map.
    """
    location = locate(service.source)
    credentials = config.credentials.get(service.credentials or "")
    options = gdal_options(location, credentials, service.side_files)
    cache = shared_cache(config.render.block_cache_mb << 20)
    if location.url is not None:
        place = remote_place(location.url, credentials)
        stored = Stored(place, cache, described_here=not service.side_files)
        return RasterSource(location, service, options, handles, place.version, stored)

    def opened() -> RasterSource:
        version = current_version(location, config, service)
        plain = Path(location.gdal_path).is_file()
        stored = Stored(LocalPlace(location.gdal_path, version) if plain else None, cache)
        source = RasterSource(location, service, options, handles, version, stored)
        # Facts of one file and pixels of the next would make no picture.
        stored.check()
        return source

    return _settled(opened)


def _settled(opened: Callable[[], T]) -> T:
    """Open anew as long as the file is replaced meanwhile."""
    for _ in range(ATTEMPTS):
        try:
            return opened()
        except SourceChanged:
            continue
    raise CannotOpen("The source could not be opened.", "it changes faster than it can be opened")
