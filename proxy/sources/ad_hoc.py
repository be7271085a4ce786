"""Open a raster whose address a caller has chosen: nothing but the blocks of a TIFF is read of it."""

from __future__ import annotations

import hashlib
from typing import Any

from proxy.config import Config, OpenConfig, ServiceConfig
from proxy.errors import CannotOpen
from proxy.sources.blocks.cache import shared_cache
from proxy.sources.blocks.header import NotTaken
from proxy.sources.blocks.places import RemotePlace, object_version
from proxy.sources.blocks.stored import Stored
from proxy.sources.guarded import GuardedStore
from proxy.sources.location import Location, locate
from proxy.sources.raster import Handles, RasterSource
from proxy.sources.remote import object_store

DRIVER = "GTiff"
#: How a TIFF begins, and a BigTIFF, in either order of bytes.
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SENTENCE = "The source could not be opened: only tiled GeoTIFFs, with their header in front, are."


def open_remote(service: ServiceConfig, config: Config, handles: Handles, private: bool) -> RasterSource:
    """Open the raster at the address of a service.

    Args:
        private: its host may lie on a private network.

    Raises:
        CannotOpen: it is out of reach, may not be reached, or is no TIFF that is read block by block.
    """
    try:
        place = RemotePlace(*_store(service.source, config, service.credentials, private))
    except Exception as error:  # every store has errors of its own
        raise CannotOpen("The source could not be reached.", str(error)) from error
    if not place.head.startswith(_MAGIC):
        raise CannotOpen(_SENTENCE, "it does not begin as a TIFF")
    stored = Stored(place, shared_cache(config.render.block_cache_mb << 20), alone=True)
    url = locate(service.source).url
    # A path that leads nowhere: should GDAL be asked for it by mistake, it opens nothing.
    nowhere = f"/vsimem/{hashlib.blake2b(service.source.encode(), digest_size=12).hexdigest()}/none.tif"
    location = Location(service.source, nowhere, url)
    options = (("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR"),)
    try:
        source = RasterSource(location, service, options, handles, place.version, stored, DRIVER)
    except NotTaken as error:
        raise CannotOpen(_SENTENCE, str(error)) from error
    if source.info.way != "blocks":
        source.close()
        raise CannotOpen(_SENTENCE, source.info.why)
    return source


def remote_object_version(url: str, config: Config, settings: OpenConfig) -> str:
    """Version of the object at an address.

    Raises:
        CannotOpen: it is out of reach.
    """
    try:
        store, path = _store(url, config, settings.credentials, settings.private)
        return object_version(store.head(path))
    except Exception as error:  # every store has errors of its own
        raise CannotOpen("The source could not be reached.", str(error)) from error


def _store(url: str, config: Config, credentials: str | None, private: bool) -> tuple[Any, str]:
    if url.startswith(("http://", "https://")):
        return GuardedStore(url, private), ""
    return object_store(url, config.credentials.get(credentials or ""))
