"""YAML and the environment to a configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from proxy.config.base import ConfigError
from proxy.config.root import Config
from proxy.config.service import ServiceConfig

ENVIRONMENT_PREFIX = "COGPROXY_"


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
    state = config.state and (path.parent / config.state).resolve()
    cache = config.cache
    if cache.disk not in ("auto", "off"):
        cache = cache.model_copy(update={"disk": str((path.parent / cache.disk).resolve())})
    return config.model_copy(update={"services": services, "state": state, "cache": cache})


def _anchored(service: ServiceConfig, folder: Path) -> ServiceConfig:
    archives = tuple(
        archive.model_copy(update={"source": _from(folder, archive.source)}) for archive in service.archives
    )
    service = service.model_copy(update={"archives": archives})
    if service.mosaic is not None:
        mosaic = service.mosaic
        update: dict[str, Any] = {"source": tuple(_from(folder, text) for text in mosaic.source)}
        for name in ("overview", "seamlines"):
            if text := getattr(mosaic, name):
                update[name] = _from(folder, text)
        return service.model_copy(update={"mosaic": mosaic.model_copy(update=update)})
    return service.model_copy(update={"source": _from(folder, service.source)})


def _from(folder: Path, text: str) -> str:
    if "://" in text or text.startswith("/vsi") or ":" in text[2:]:
        return text
    return str((folder / text).resolve())


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
