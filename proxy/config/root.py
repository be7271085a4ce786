"""The whole configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from platformdirs import user_cache_path
from pydantic import model_validator

from proxy.config.base import Model
from proxy.config.ogc import OgcConfig
from proxy.config.open import OpenConfig
from proxy.config.security import AccessConfig, SecurityConfig
from proxy.config.server import CacheConfig, CredentialsConfig, RenderConfig, ServerConfig
from proxy.config.service import ServiceConfig


class Config(Model):
    """The whole configuration.

    Attributes:
        state: folder for catalogs and other things that outlive the process; a folder of the user's cache
            when absent.
        open: opens what callers name, within a list; there is none when absent.
    """

    state: Path | None = None
    server: ServerConfig = ServerConfig()
    render: RenderConfig = RenderConfig()
    cache: CacheConfig = CacheConfig()
    ogc: OgcConfig = OgcConfig()
    credentials: dict[str, CredentialsConfig] = {}
    security: SecurityConfig = SecurityConfig()
    open: OpenConfig | None = None
    services: tuple[ServiceConfig, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: set[str] = set()
        for service in self.services:
            if service.name.lower() in seen:
                raise ValueError(f"two services are named '{service.name}'")
            seen.add(service.name.lower())
            if service.credentials and service.credentials not in self.credentials:
                raise ValueError(
                    f"service '{service.name}' names unknown credentials '{service.credentials}'"
                )
            self._known(f"service '{service.name}'", service.access)
        self._known("security.access", self.security.access)
        self._known("security.metrics", self.security.metrics)
        if self.open is not None:
            self._known("open", self.open.access)
            if self.open.name.lower() in {name.split("/")[0] for name in seen}:
                raise ValueError(f"a service is named '{self.open.name}', as that which opens addresses")
            if self.open.credentials and self.open.credentials not in self.credentials:
                raise ValueError(f"open names unknown credentials '{self.open.credentials}'")
        return self

    def _known(self, where: str, access: AccessConfig | None) -> None:
        if unknown := self.security.unknown(access):
            raise ValueError(f"{where} lets in an unknown {unknown}")

    @property
    def is_secured(self) -> bool:
        """True where some service is not open to everybody."""
        own = [service.access or self.security.access for service in self.services]
        own += [self.open.access or self.security.access] if self.open else []
        return any(access is not None and not access.public for access in own)

    @property
    def state_folder(self) -> Path:
        """Where catalogs and other things lie that outlive the process."""
        return self.state or user_cache_path("cogproxy", appauthor=False)
