"""From a service's configuration to an open source, and the version it has at this moment."""

from __future__ import annotations

from pathlib import Path

from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen
from proxy.sources.location import Location, locate
from proxy.sources.raster import Handles, RasterSource
from proxy.sources.remote import remote_version
from proxy.sources.session import gdal_options


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
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def open_source(service: ServiceConfig, config: Config, handles: Handles) -> RasterSource:
    """Open the raster of a service and read its facts.

    Raises:
        CannotOpen: it is missing, damaged, or has no place on a map.
    """
    location = locate(service.source)
    credentials = config.credentials.get(service.credentials or "")
    options = gdal_options(location, credentials, service.side_files)
    version = current_version(location, config, service)
    return RasterSource(location, service, options, handles, version)
