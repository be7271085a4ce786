"""An application over given rasters, for tests that go through a door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import parse


@contextmanager
def client_of(*services: dict[str, Any] | Path, **settings: Any) -> Iterator[TestClient]:
    """A client of an application whose services are given as settings, or as paths named after the file."""
    listed = [
        {"name": service.stem, "source": str(service)} if isinstance(service, Path) else service
        for service in services
    ]
    config = parse({"services": listed, "render": {"threads": 1}, **settings}, {})
    with TestClient(create_app(config), raise_server_exceptions=False) as client:
        yield client
