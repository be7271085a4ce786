"""Tiers from the configuration."""

from __future__ import annotations

from pathlib import Path

from proxy.cache.disk import DiskTier
from proxy.cache.notes import Notes
from proxy.cache.shared import SharedTier
from proxy.cache.store import ByteLRU
from proxy.cache.tiers import Guarded, Listener, Tiers
from proxy.config import Config, ConfigError

#: Bytes of the folder of notes where pictures are kept in memory only.
NOTES_BYTES = 64 << 20


def tiers_of(config: Config, listen: Listener = lambda tier, outcome, size: None) -> Tiers:
    """The tiers of a configuration. Nothing is opened yet.

    Raises:
        ConfigError: a tier is asked for whose library is not installed, or whose URL is wrong.
    """
    store = ByteLRU(config.cache.memory_mb << 20)
    return Tiers(store, shared_tiers(config), config.cache.lock_seconds, listen)


def shared_tiers(config: Config) -> list[SharedTier]:
    """The tiers that processes share, the nearest first."""
    found: list[SharedTier] = []
    if (folder := disk_folder(config)) is not None:
        found.append(DiskTier(folder, config.cache.disk_mb << 20, config.server.workers))
    if config.cache.redis is not None:
        found.append(_redis(config))
    return found


def notes_of(config: Config, kind: str, tiers: Tiers) -> Notes:
    """Notes in the shared tiers; without any, in a folder of the state unless the disk is switched off."""
    if tiers.shared or config.cache.disk == "off":
        return Notes(kind, tiers.shared)
    own = DiskTier(config.state_folder / "notes", NOTES_BYTES)
    return Notes(kind, [Guarded(own, lambda tier, outcome, size: None)])


def disk_folder(config: Config) -> Path | None:
    """Folder of the disk tier; None where there is none."""
    chosen = config.cache.disk
    if chosen == "auto":
        return config.state_folder / "pictures" if config.server.workers > 1 else None
    return None if chosen == "off" else Path(chosen).expanduser()


def _redis(config: Config) -> SharedTier:
    settings = config.cache
    assert settings.redis is not None
    try:
        from proxy.cache.redis import RedisTier
    except ImportError as error:
        raise ConfigError("cache.redis: install cogproxy[redis]") from error
    return RedisTier(
        settings.redis.get_secret_value(),
        cluster=settings.redis_cluster,
        namespace=settings.namespace,
        days=settings.redis_days,
        seconds=settings.redis_seconds,
    )
