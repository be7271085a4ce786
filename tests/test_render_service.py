from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DEMO
from tests.doors import client_of


@pytest.fixture
def silent() -> Iterator[str]:
    """Address of a server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a.tif"


@pytest.mark.parametrize("path", ["tiles/hangs/0/0/0.png", "arcgis/rest/services/hangs/ImageServer?f=json"])
def test_a_source_that_hangs_holds_up_nobody_else(silent: str, path: str) -> None:
    hangs = {"name": "hangs", "source": silent}
    with client_of(hangs, Path(DEMO / "landcover.tif"), render={"threads": 1, "seconds": 1.0}) as client:
        # The first picture of a process takes its time.
        assert any(client.get("/tiles/landcover/thumbnail.png").status_code == 200 for _ in range(20))
        for _ in range(2):
            answer = client.get(f"/{path}")
            assert "longer than 1 s" in answer.text
            assert answer.status_code == (503 if path.startswith("tiles") else 200)
        # Of the one thread that renders: behind a source that hangs none would come in time.
        answers = (client.get(f"/tiles/landcover/thumbnail.png?size={99 + more}") for more in range(20))
        answer = next(answer for answer in answers if answer.status_code == 200)
        assert answer.headers["cache-status"] == "cogproxy; fwd=miss; detail=miss"
        assert client.get("/").status_code == 200
