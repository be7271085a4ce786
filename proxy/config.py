"""`config.yaml` and the environment, read once into frozen models.

Unknown keys and wrong values are reported by their full path. `COGPROXY_SERVER__PORT=9000` overrides
`server.port`; every level of nesting is a double underscore. Secrets are masked wherever they are shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from proxy.model import DataKind, Effort, Interpolation

ENVIRONMENT_PREFIX = "COGPROXY_"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(/[A-Za-z0-9_][A-Za-z0-9_.\-]*)?")


class ConfigError(ValueError):
    """The configuration is wrong; the message lists every fault with its path."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerConfig(_Model):
    """Where and how the server listens.

    Attributes:
        base_url: public address, when the request's own host and scheme are not to be trusted.
        context: first path segment of the ArcGIS door.
        trust_forwarded: believe `X-Forwarded-*` of the proxy in front.
        cors_origins: origins allowed by CORS, `*` for all.
        open_at_start: look at every source when the server starts, rather than when first asked for.
        secret: signs links to rendered pictures; made at random when absent.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=256)
    base_url: str | None = None
    context: str = Field("arcgis", pattern=r"^[A-Za-z0-9_\-]+$")
    trust_forwarded: bool = True
    cors_origins: tuple[str, ...] = ("*",)
    secret: SecretStr | None = None
    open_at_start: bool = True
    access_log: bool = False


class RenderConfig(_Model):
    """How much is rendered at once.

    Attributes:
        threads: renders at a time, 0 for the number of cores.
        queue: renders that may wait; beyond it the answer is 503.
        seconds: longest a caller waits for one picture.
        open_files: idle open datasets kept for the next request.
        block_cache_mb: decoded blocks kept in each process.
        effort: of the PNG encoder.
    """

    threads: int = Field(0, ge=0, le=256)
    queue: int = Field(256, ge=1)
    seconds: float = Field(60.0, gt=0)
    open_files: int = Field(128, ge=1)
    block_cache_mb: int = Field(256, ge=0)
    effort: Effort = Effort.FAST


class MemoryConfig(_Model):
    """The cache of rendered pictures in each process."""

    memory_mb: int = Field(256, ge=0)
    href_seconds: int = Field(600, ge=10)


class LimitsConfig(_Model):
    """What one request may ask for.

    Attributes:
        source_pixels: pixels of one band that may be read from the source for one picture.
    """

    max_width: int = Field(4100, ge=512)
    max_height: int = Field(4100, ge=512)
    source_pixels: int = Field(400_000_000, ge=1_000_000)


class CachingConfig(_Model):
    """What browsers and proxies are told. `max_age` in seconds."""

    max_age: int = Field(3600, ge=0)
    stale_while_revalidate: int = Field(60, ge=0)


class CredentialsConfig(_Model):
    """A credentials profile for buckets: S3 keys, an endpoint, or plain GDAL options."""

    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    region: str | None = None
    endpoint: str | None = None
    anonymous: bool = False
    requester_pays: bool = False
    gdal: dict[str, SecretStr] = {}


class RenderingConfig(_Model):
    """A named raster function chain: the style of every door."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ .\-]*$", max_length=80)
    title: str = ""
    description: str = ""
    rule: dict[str, Any] | list[Any] | None = None


def _band_names(value: object) -> object:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else value


class CacheType(StrEnum):
    """What an image service's own tiles hold."""

    NONE = "none"
    MAP = "map"
    RASTER = "raster"
    ELEVATION = "elevation"


class ServiceConfig(_Model):
    """One service: a raster with a name.

    Attributes:
        bundle: where no renderings are configured, offer the standard ones for the kind of the data.
        tiles: kind of the tiles that its ArcGIS resource offers; clients then ask for those only.
        download: the source file may be fetched as it is.
    """

    name: str
    source: str = Field(min_length=1)
    title: str = ""
    description: str = ""
    attribution: str = ""
    bands: Annotated[tuple[str, ...], BeforeValidator(_band_names)] = ()
    nodata: float | None = None
    interpolation: Interpolation | None = None
    kind: DataKind | None = None
    renderings: tuple[RenderingConfig, ...] = ()
    bundle: bool = True
    cache: CachingConfig = CachingConfig()
    limits: LimitsConfig = LimitsConfig()
    credentials: str | None = None
    side_files: bool | None = None
    tiles: CacheType = CacheType.NONE
    download: bool = False
    empty_tile: Annotated[int, Field(description="status of a tile outside the data")] = 200

    @field_validator("name")
    @classmethod
    def _known_form(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("a name is letters, digits, '_', '-', '.', with at most one folder: dem/valley")
        return value

    @field_validator("empty_tile")
    @classmethod
    def _known_status(cls, value: int) -> int:
        if value not in (200, 204):
            raise ValueError("200 (a transparent tile) or 204 (no content)")
        return value

    @model_validator(mode="after")
    def _unique_renderings(self) -> Self:
        names = [rendering.name.lower() for rendering in self.renderings]
        if len(set(names)) < len(names):
            raise ValueError("two renderings have the same name")
        return self


class Config(_Model):
    """The whole configuration."""

    server: ServerConfig = ServerConfig()
    render: RenderConfig = RenderConfig()
    cache: MemoryConfig = MemoryConfig()
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


def parse(data: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Config:
    """Validate a mapping, with overrides from the environment.

    Raises:
        ConfigError: with one line for each fault.
    """
    merged = _overridden(data, os.environ if environment is None else environment)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        lines = [f"{_path(fault['loc'])}: {_reason(fault)}" for fault in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def load(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read a YAML file. Relative sources are taken from the folder of the file.

    Raises:
        ConfigError: the file is missing, is not YAML, or is wrong.
    """
    try:
        data = yaml.safe_load(path.read_text("utf-8")) or {}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a mapping is expected at the top")
    config = parse(data, environment)
    services = tuple(_anchored(service, path.parent) for service in config.services)
    return config.model_copy(update={"services": services})


def _anchored(service: ServiceConfig, folder: Path) -> ServiceConfig:
    if "://" in service.source or service.source.startswith("/vsi") or ":" in service.source[2:]:
        return service
    return service.model_copy(update={"source": str((folder / service.source).resolve())})


def _overridden(data: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    merged = {key: dict(value) if isinstance(value, Mapping) else value for key, value in data.items()}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *parents, leaf = name[len(ENVIRONMENT_PREFIX) :].lower().split("__")
        if not parents:
            continue
        target: dict[str, Any] = merged
        for parent in parents:
            inner = target.get(parent)
            target[parent] = dict(inner) if isinstance(inner, Mapping) else {}
            target = target[parent]
        try:
            target[leaf] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{name}: its value is not YAML") from error
    return merged


def _path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".") or "config"


def _reason(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "unknown key"
    return str(fault["msg"]).removeprefix("Value error, ")
