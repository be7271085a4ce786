"""What of a new configuration can be taken over while the server runs."""

from __future__ import annotations

from proxy.config import Config

#: Settings that are looked at once, when the process starts.
ONCE = {
    "server": ("host", "port", "workers", "log_format", "watch", "drain_seconds", "shutdown_seconds"),
    "render": ("threads", "open_files"),
    "cache": (),
}


def in_place_of(config: Config, before: Config) -> Config:
    """A configuration with what was made at random for the one before, and with what cannot change."""
    server = config.server
    if server.secret is None:
        server = server.model_copy(update={"secret": before.server.secret})
    return config.model_copy(update={"server": server})


def needs_restart(before: Config, after: Config) -> list[str]:
    """Names of settings that have changed and are not in force yet."""
    found = []
    for section, names in ONCE.items():
        old, new = getattr(before, section), getattr(after, section)
        for name in names or type(new).model_fields:
            if getattr(old, name) != getattr(new, name):
                found.append(f"{section}.{name}")
    return found
