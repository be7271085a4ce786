from __future__ import annotations

import threading
from typing import Any

import pytest

from proxy.security.passwords import hash_key
from proxy.services import Service
from tests.conftest import DEMO
from tests.doors import client_of

LAND = DEMO / "landcover.tif"


def test_alive() -> None:
    with client_of(LAND) as client:
        answer = client.get("/healthz")
    assert answer.json()["status"] == "ok"
    assert answer.headers["cache-control"] == "no-store"


def test_ready_when_every_source_is_open_or_known_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    let_open = threading.Event()
    real = Service._opened

    def slow(self: Service) -> Any:
        assert let_open.wait(20)
        return real(self)

    monkeypatch.setattr(Service, "_opened", slow)
    absent = {"name": "absent", "source": "/nowhere/a.tif"}
    secret = {"name": "secret", "source": "/nowhere/b.tif", "access": {"keys": "portal"}}
    security = {"keys": {"portal": {"hash": hash_key("word")}}}
    with client_of(LAND, absent, secret, security=security) as client:
        first = client.get("/readyz")
        assert (first.status_code, first.json()["ready"]) == (503, False)
        assert first.json()["services"]["opening"] == 3
        let_open.set()
        for service in client.app.state.registry.every():  # type: ignore[attr-defined]
            assert (service.failure is None) is (service.name == "landcover")
        last = client.get("/readyz")
        assert last.status_code == 200
        assert last.json()["services"] == {"ready": 1, "opening": 0, "failed": 2}
        # What is not for everybody is counted, and not named.
        assert last.json()["failed"] == ["absent"]
        mine = client.get("/readyz", headers={"X-API-Key": "word"}).json()
        assert mine["failed"] == ["absent", "secret"]


def test_not_ready_while_it_stops() -> None:
    with client_of(LAND, server={"open_at_start": False}) as client:
        assert client.get("/readyz").status_code == 200
        client.app.running.draining = True  # type: ignore[attr-defined]
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["draining"]) == (503, True)
        assert client.get("/tiles/landcover/10/190/397.png").status_code == 200


def test_numbers_are_text_for_prometheus() -> None:
    with client_of(LAND) as client:
        client.get("/tiles/landcover/10/190/397.png")
        text = client.get("/metrics").text
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    for name in (
        "cogproxy_request_seconds_bucket",
        "cogproxy_render_stage_seconds_sum",
        "cogproxy_renders_total",
        "cogproxy_cache_requests_total",
        "cogproxy_queue_length",
        "cogproxy_open_files",
        "cogproxy_block_cache_bytes",
        "cogproxy_resident_memory_bytes",
        "cogproxy_source_seconds_count",
        "cogproxy_services_ready",
    ):
        assert name in names
    resident = next(line for line in text.splitlines() if line.startswith("cogproxy_resident_memory_bytes"))
    assert float(resident.split()[-1]) > 10e6


def test_numbers_can_be_left_out() -> None:
    with client_of(LAND, server={"metrics": False}) as client:
        assert client.get("/metrics").status_code == 404
