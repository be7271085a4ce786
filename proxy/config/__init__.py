"""`config.yaml` and the environment, read once into frozen models.

Unknown keys and wrong values are reported by their full path. `COGPROXY_SERVER__PORT=9000` overrides
`server.port`; every level of nesting is a double underscore. Secrets are masked wherever they are shown.
"""

from __future__ import annotations

from proxy.config.base import ConfigError
from proxy.config.loading import ENVIRONMENT_PREFIX, load, parse
from proxy.config.mosaic import CatalogKind, CubeConfig, MosaicConfig
from proxy.config.ogc import OgcConfig
from proxy.config.open import OpenConfig
from proxy.config.root import Config
from proxy.config.security import AccessConfig, KeyConfig, SecurityConfig, TokensConfig, UserConfig
from proxy.config.server import CacheConfig, CredentialsConfig, LogFormat, RenderConfig, ServerConfig
from proxy.config.service import (
    ArchiveConfig,
    CacheType,
    CachingConfig,
    LimitsConfig,
    RenderingConfig,
    ServiceConfig,
)

__all__ = [
    "ENVIRONMENT_PREFIX",
    "AccessConfig",
    "ArchiveConfig",
    "CacheConfig",
    "CacheType",
    "CachingConfig",
    "CatalogKind",
    "Config",
    "ConfigError",
    "CredentialsConfig",
    "CubeConfig",
    "KeyConfig",
    "LimitsConfig",
    "LogFormat",
    "MosaicConfig",
    "OgcConfig",
    "OpenConfig",
    "RenderConfig",
    "RenderingConfig",
    "SecurityConfig",
    "ServerConfig",
    "ServiceConfig",
    "TokensConfig",
    "UserConfig",
    "load",
    "parse",
]
