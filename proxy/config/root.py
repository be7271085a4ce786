"""The whole configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from platformdirs import user_cache_path
from pydantic import model_validator

from proxy.config.base import Model
from proxy.config.server import CacheConfig, CredentialsConfig, RenderConfig, ServerConfig
from proxy.config.service import ServiceConfig


class Config(Model):
    """The whole configuration.

    Attributes:
        state: folder for catalogs and other things that outlive the process; a folder of the user's cache
            when absent.
    """

    state: Path | None = None
    server: ServerConfig = ServerConfig()
    render: RenderConfig = RenderConfig()
    cache: CacheConfig = CacheConfig()
    credentials: dict[str, CredentialsConfig] = {}
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
        return self

    @property
    def state_folder(self) -> Path:
        """Where catalogs and other things lie that outlive the process."""
        return self.state or user_cache_path("cogproxy", appauthor=False)
