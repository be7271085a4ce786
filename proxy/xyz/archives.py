"""Tiles of a service that an archive holds are not rendered."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from proxy.config import ArchiveConfig, CredentialsConfig
from proxy.errors import ProxyError
from proxy.model import ImageFormat, Picture
from proxy.services import Service
from proxy.sources.archive import Archive
from proxy.web import Rendered
from proxy.xyz.params import WEB_MERCATOR_QUAD, TileAddress

log = logging.getLogger(__name__)

#: Seconds before an archive that failed is tried again, and between looks whether it was replaced.
RETRY, LOOK = 30.0, 60.0

_FORMATS = {"png": ImageFormat.PNG, "jpg": ImageFormat.JPEG, "webp": ImageFormat.WEBP}


class Archives:
    """The archives of all services, opened when first needed. Safe in several threads."""

    def __init__(self, credentials: Mapping[str, CredentialsConfig]) -> None:
        self._credentials = credentials
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str | None], tuple[float, Archive | None]] = {}

    def tile(
        self, service: Service, address: TileAddress, style: str | None, query: Mapping[str, str]
    ) -> Rendered | None:
        """A tile that an archive of the service holds, None for one that has to be rendered. Blocks."""
        config = archive_for(service, address, style, query)
        if config is None:
            return None
        archive = self._archive(service, config)
        if archive is None or _FORMATS[archive.extension] is not address.format:
            return None
        try:
            body = archive.get(address.z, address.x, address.y)
        except ProxyError as error:
            log.warning("service %s: archive: %s", service.name, error.message)
            self._forget(service, config)
            return None
        if body is None:
            return None
        picture = Picture(body, archive.media_type, archive.extension)
        return Rendered(picture, archive.key(address.z, address.x, address.y), "archive", lambda: False)

    def _archive(self, service: Service, config: ArchiveConfig) -> Archive | None:
        key = config.source, service.config.credentials
        with self._lock:
            looked, archive = self._open.get(key, (0.0, None))
            patience = RETRY if archive is None else LOOK
            if key in self._open and time.monotonic() - looked < patience:
                return archive
            archive = self._opened(service, config)
            self._open[key] = time.monotonic(), archive
            return archive

    def _opened(self, service: Service, config: ArchiveConfig) -> Archive | None:
        try:
            return Archive(config.source, self._credentials.get(service.config.credentials or ""))
        except ProxyError as error:
            log.warning("service %s: archive: %s", service.name, error.message)
            return None

    def _forget(self, service: Service, config: ArchiveConfig) -> None:
        with self._lock:
            self._open[config.source, service.config.credentials] = time.monotonic(), None


def archive_for(
    service: Service, address: TileAddress, style: str | None, query: Mapping[str, str]
) -> ArchiveConfig | None:
    """The archive that may hold a tile: of its style, and of nothing else that a request can choose."""
    if not service.config.archives or address.tms != WEB_MERCATOR_QUAD:
        return None
    named = (style if style is not None else query.get("style")) or ""
    if any(value for name, value in query.items() if name != "style"):
        return None
    default = service.default_rendering.name.lower()
    for config in service.config.archives:
        own = config.style.lower() or default
        if own == (named.lower() or default) and config.scale == address.scale:
            return config
    return None
