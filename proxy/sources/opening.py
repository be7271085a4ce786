"""From a service's configuration to an open source, and the version it has at this moment."""

from __future__ import annotations

from pathlib import Path

from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen
from proxy.sources.blocks.cache import shared_cache
from proxy.sources.blocks.places import LocalPlace, SourceChanged, local_version
from proxy.sources.blocks.stored import Stored
from proxy.sources.location import Location, locate
from proxy.sources.raster import Handles, RasterSource
from proxy.sources.remote import remote_place, remote_version
from proxy.sources.session import gdal_options

#: Times that a file is opened anew because it was replaced meanwhile.
ATTEMPTS = 5


def current_version(location: Location, config: Config, service: ServiceConfig) -> str:
    """Version of the object behind a location: ETag, or time and size.

    Raises:
        CannotOpen: it is missing or out of reach.
    """
    if location.url is not None:
        return remote_version(location.url, config.credentials.get(service.credentials or ""))
    try:
        found = Path(location.gdal_path).stat()
    except OSError as error:
        if location.gdal_path.startswith("/vsi") or ":" in location.gdal_path:
            return "fixed"
        raise CannotOpen("The source does not exist.", str(error)) from error
    return local_version(found)


def open_source(service: ServiceConfig, config: Config, handles: Handles) -> RasterSource:
    """Open the raster of a service and read its facts.

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
    for _ in range(ATTEMPTS):
        version = current_version(location, config, service)
        plain = Path(location.gdal_path).is_file()
        stored = Stored(LocalPlace(location.gdal_path, version) if plain else None, cache)
        try:
            source = RasterSource(location, service, options, handles, version, stored)
            # Facts of one file and pixels of the next would make no picture.
            stored.check()
        except SourceChanged:
            continue
        return source
    raise CannotOpen("The source could not be opened.", "it changes faster than it can be opened")
