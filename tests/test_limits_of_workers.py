"""Limits count over all workers of a server, whichever is asked and whichever ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from proxy.security.passwords import hash_key, hash_password
from tests.conftest import DEMO
from tests.processes import Cogproxy, until

LAND = "/tiles/land/tilejson.json"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Cogproxy]:
    found = Cogproxy(
        tmp_path,
        {
            "state": str(tmp_path / "state"),
            "server": {"workers": 3, "secret": "s" * 32},
            "security": {
                "keys": {"few": {"hash": hash_key("few"), "rate": 0.001, "burst": 12}},
                "users": {"ann": {"password": hash_password("right")}},
                "tokens": {"attempts": 4},
                "access": {"keys": "*"},
            },
            "services": [{"name": "land", "source": str(DEMO / "landcover.tif")}],
        },
    )
    found.start()
    yield found
    found.stop()


def test_a_key_and_wrong_passwords_are_counted_together(server: Cogproxy) -> None:
    until(lambda: len(server.workers()) == 3)
    seen = [server.get(LAND, X_API_Key="few").status for _ in range(8)]
    os.kill(min(server.workers()), signal.SIGKILL)
    until(lambda: len(server.workers()) == 3)
    seen += [server.get(LAND, X_API_Key="few").status for _ in range(16)]
    # One may have been cut off with its worker.
    assert seen.count(200) in (11, 12)
    assert seen[-10:] == [429] * 10

    form = urlencode({"username": "ann", "password": "wrong", "f": "json"}).encode()
    kind = "application/x-www-form-urlencoded"
    waits = [
        server.get("/arcgis/tokens/generateToken", "POST", form, Content_Type=kind).headers.get("retry-after")
        for _ in range(10)
    ]
    # The first wait is of a second, which a busy machine may take for an attempt; later ones are longer.
    assert waits[:4] == [None] * 4
    assert any(waits)
