"""The services by name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from proxy.config import Config, ServiceConfig
from proxy.errors import UnknownService
from proxy.renderings import Rendering
from proxy.services.service import Service
from proxy.sources.memory import Memory
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, Handles

log = logging.getLogger(__name__)

RuleReader = Callable[[ServiceConfig], tuple[Rendering, ...]]


class Gate(Protocol):
    """Who is let in to a service."""

    def is_checked(self, service: ServiceConfig) -> bool:
        """True where each request has to be looked at."""

    def visible(self, service: ServiceConfig) -> bool:
        """True where it is listed for the present caller."""

    def enter(self, service: ServiceConfig) -> None:
        """Raise where the present caller is not let in."""


class Registry:
    """All services of a configuration, in its order.

    Args:
        gate: what the present caller may not see is not listed, and raises when it is asked for by name;
            everything is there for everybody when absent.
        before: services of these whose configuration is the same are taken over, with their open sources.
        memory: keeps what is known of remote sources beyond the process; nothing does when absent.
    """

    def __init__(
        self,
        config: Config,
        read_renderings: RuleReader,
        gate: Gate | None = None,
        before: Registry | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.config = config
        self._gate = gate
        self.handles: Handles = Pool[Handle](config.render.open_files) if before is None else before.handles
        kept = {} if before is None else before._kept(config)
        self._services = {}
        for service in config.services:
            rules = read_renderings(service)
            known = kept.get(service.name) or Service(service, config, self.handles, rules, memory)
            self._services[service.name.lower()] = known
        for known in self._services.values():
            known.adopt(config, gate is not None and gate.is_checked(known.config))

    def every(self) -> list[Service]:
        """All services, whoever asks: for what the server does by itself."""
        return list(self._services.values())

    def _kept(self, config: Config) -> dict[str, Service]:
        if self.config.credentials != config.credentials or self.config.state != config.state:
            return {}
        wanted = {service.name: service for service in config.services}
        return {known.name: known for known in self.every() if wanted.get(known.name) == known.config}

    def close_all_but(self, other: Registry) -> None:
        """Close the sources of the services that another registry has not taken over."""
        taken = {id(service) for service in other.every()}
        for service in self.every():
            if id(service) not in taken:
                service.close()

    def _let_in(self, service: Service) -> Service:
        if self._gate is not None:
            self._gate.enter(service.config)
        return service

    def get(self, name: str) -> Service:
        """Service by name, without regard to case.

        Raises:
            UnknownService: there is none of that name.
            Denied, TooManyRequests: the caller is not let in.
        """
        try:
            service = self._services[name.strip("/").lower()]
        except KeyError:
            raise UnknownService(name) from None
        return self._let_in(service)

    def match(self, path: str) -> tuple[Service, str]:
        """Service at the beginning of a path, and the rest of it without a leading slash.

        Raises:
            UnknownService: no service name begins the path.
            Denied, TooManyRequests: the caller is not let in.
        """
        parts = path.strip("/").split("/")
        for length in (2, 1):
            service = self._services.get("/".join(parts[:length]).lower())
            if service is not None and len(parts) >= length:
                return self._let_in(service), "/".join(parts[length:])
        raise UnknownService(parts[0])

    def folders(self) -> list[str]:
        """Names of folders, in order of first use."""
        return list(dict.fromkeys(s.name.split("/")[0] for s in self if "/" in s.name))

    def in_folder(self, folder: str | None) -> list[Service]:
        """Services of a folder, or of none. An unknown folder is an empty list."""
        wanted = (folder or "").lower()
        return [service for service in self if service.name.rpartition("/")[0].lower() == wanted]

    def __iter__(self) -> Iterator[Service]:
        if self._gate is None:
            return iter(self._services.values())
        visible = self._gate.visible
        return iter([service for service in self._services.values() if visible(service.config)])

    def __len__(self) -> int:
        return sum(1 for _ in self)
