"""Rasters that callers name by their address, within the list of the configuration."""

from __future__ import annotations

import hashlib
import re

from cachetools import LRUCache

from proxy.config import Config, OpenConfig, ServiceConfig
from proxy.errors import InvalidParameter
from proxy.services import Gate, Service
from proxy.sources.ad_hoc import open_remote, remote_object_version
from proxy.sources.allowed import allowed_address
from proxy.sources.base import Source
from proxy.sources.location import locate
from proxy.sources.raster import Handles

PARAMETER = "url"
_DIGEST = re.compile("[0-9a-f]{24}")


class OpenService(Service):
    """One such raster: read by its blocks alone, never by what GDAL might follow."""

    def _opened(self) -> Source:
        settings = _settings(self._whole)
        return open_remote(self.config, self._whole, self._handles, settings.private)

    def _version(self, source: Source) -> str:
        return remote_object_version(self.config.source, self._whole, _settings(self._whole))


class OpenServices:
    """Services by address, those used last. For the event loop's thread."""

    def __init__(self, config: Config, handles: Handles, gate: Gate) -> None:
        self._config, self._handles, self._gate = config, handles, gate
        self._known: LRUCache[str, OpenService] = _Closing(_settings(config).most)

    def rest_of(self, path: str) -> str | None:
        """What follows the name of this service in a path; None where the path does not begin with it."""
        first, _, rest = path.strip("/").partition("/")
        if first.lower() != _settings(self._config).name.lower():
            return None
        # Documents name the service in full; which it is their `url` says.
        digest, _, behind = rest.partition("/")
        return behind if _DIGEST.fullmatch(digest) else rest

    def service(self, url: str | None) -> Service:
        """The service of an address.

        Raises:
            InvalidParameter: there is no address, or it may not be opened.
            Denied, TooManyRequests: the caller is not let in.
        """
        settings = _settings(self._config)
        config = self._service_config(url or "", settings)
        self._gate.enter(config)
        if not url:
            raise InvalidParameter(PARAMETER, "It is the address of a raster.")
        address = allowed_address(url, settings.prefixes)
        known = self._known.get(address)
        if known is None:
            known = OpenService(self._service_config(address, settings), self._config, self._handles, ())
            known.label = settings.name
            known.adopt(self._config, self._gate.is_checked(known.config))
            self._known[address] = known
        return known

    def every(self) -> list[OpenService]:
        """Those that are open."""
        return list(self._known.values())

    def __len__(self) -> int:
        return len(self._known)

    @staticmethod
    def _service_config(address: str, settings: OpenConfig) -> ServiceConfig:
        digest = hashlib.blake2b(address.encode(), digest_size=12).hexdigest()
        return ServiceConfig(
            name=f"{settings.name}/{digest}",
            title=locate(address).name if address else settings.name,
            source=address or "none",
            credentials=settings.credentials,
            access=settings.access,
            cache=settings.cache,
            limits=settings.limits,
        )


class _Closing(LRUCache[str, OpenService]):
    def popitem(self) -> tuple[str, OpenService]:
        key, service = super().popitem()
        service.close()
        return key, service


def _settings(config: Config) -> OpenConfig:
    assert config.open is not None
    return config.open
