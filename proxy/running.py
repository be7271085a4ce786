"""One process, or several workers under a supervisor, each with the configuration that is in force."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

import uvicorn
import yaml
from uvicorn.supervisors.multiprocess import Multiprocess

from proxy import metrics, tracing
from proxy.app import Application, create_app
from proxy.chosen import chosen_config
from proxy.config import Config, parse
from proxy.front import logs
from proxy.front.protocol import BoundedProtocol
from proxy.security import Counts
from proxy.sources.session import prepare_process

log = logging.getLogger("proxy")

#: Where the supervisor tells its workers what they need to know.
WORKER_VARIABLE = "COGPROXY_WORKER"
#: Seconds beside those of the configuration that a worker may take to end.
ROOM_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the configuration comes from, to read it now and again.

    Attributes:
        overrides: of the section `server`, by the command line.
        mosaic: name of the one service that is made of all sources.
    """

    sources: tuple[str, ...] = ()
    config_file: Path | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    mosaic: str | None = None

    def read(self) -> Config:
        """The configuration as it is now.

        Raises:
            ConfigError: it is wrong.
        """
        config = chosen_config(self.sources, self.config_file, self.mosaic)
        return config.model_copy(update={"server": config.server.model_copy(update=dict(self.overrides))})


def run(config: Config, origin: Origin, log_level: str) -> None:
    """Serve until told to stop."""
    server = config.server
    options: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "log_level": log_level,
        "log_config": None,
        "access_log": False,
        "timeout_graceful_shutdown": int(server.shutdown_seconds) or 1,
        "server_header": False,
        "http": BoundedProtocol,
    }
    if server.workers == 1:
        tracing.set_up()
        uvicorn.run(create_app(config, origin.read, file=origin.config_file), **options)
        return
    with tempfile.TemporaryDirectory(prefix="cogproxy-") as folder:
        os.environ[metrics.MULTIPROCESS_VARIABLE] = str(_made(Path(folder, "metrics")))
        # Only this user can read it: it holds the secrets of the configuration.
        kept = Path(folder, "config.yaml")
        keep(config, kept)
        about = {
            "kept": str(kept),
            "counts": str(_made(Path(folder, "counts"))),
            "sources": origin.sources,
            "config_file": origin.config_file and str(origin.config_file),
            "overrides": dict(origin.overrides),
            "mosaic": origin.mosaic,
            "log_level": log_level,
        }
        os.environ[WORKER_VARIABLE] = json.dumps(about)
        uvicorn_config = uvicorn.Config(
            "proxy.running:worker", factory=True, workers=server.workers, **options
        )
        patience = server.drain_seconds + server.shutdown_seconds * 2 + ROOM_SECONDS
        Supervisor(uvicorn_config, [uvicorn_config.bind_socket()], patience).run()


def worker() -> Application:
    """The application of a worker, by what the supervisor has left for it.

    The configuration is the last that was in force: one that has become wrong meanwhile is not read.
    """
    about = json.loads(os.environ[WORKER_VARIABLE])
    kept = Path(about["kept"])
    config = parse(yaml.safe_load(kept.read_text("utf-8")), {})
    logs.set_up(about["log_level"], config.server.log_format)
    prepare_process()
    tracing.set_up()
    file = Path(about["config_file"]) if about["config_file"] else None
    origin = Origin(tuple(about["sources"]), file, about["overrides"], about["mosaic"])
    counts = Counts(Path(about["counts"]))
    return create_app(config, origin.read, lambda taken: keep(taken, kept), file, counts)


class Supervisor(Multiprocess):
    """Keeps the workers alive; a SIGHUP is theirs.

    Args:
        patience: seconds that they have to end once they were told.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket], patience: float) -> None:
        super().__init__(config, sockets)
        self._patience = patience

    def handle_hup(self) -> None:
        """Have every worker read the configuration again."""
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                os.kill(process.pid, signal.SIGHUP)

    def join_all(self) -> None:
        """Wait for the workers to end; what has not ended long after it should have is killed."""
        until = time.monotonic() + self._patience
        for process in self.processes:
            process.process.join(max(0.0, until - time.monotonic()))
            if process.process.is_alive():
                log.warning("worker %d does not end and is killed", process.pid)
                process.process.kill()
        super().join_all()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended, and forget what they last said of themselves."""
        before = [process.pid for process in self.processes]
        super().keep_subprocess_alive()
        for pid in set(before) - {process.pid for process in self.processes}:
            if pid is not None:
                log.warning("worker %d has ended", pid)
                metrics.forget_process(pid)


def keep(config: Config, file: Path) -> None:
    """Leave a configuration for workers that start later, secrets and all."""
    text = yaml.safe_dump(revealed(config))
    handle, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as made:
        made.write(text)
    Path(name).replace(file)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def revealed(config: Config) -> dict[str, object]:
    """The configuration as plain values, secrets included, with a signing secret for all workers."""
    data = config.model_dump(mode="python")
    if config.server.secret is None:
        data["server"]["secret"] = secrets.token_hex(32)
    plain = _plain(data)
    assert isinstance(plain, dict)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    return str(value) if isinstance(value, str | Path) else value
