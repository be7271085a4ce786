from __future__ import annotations

import time
import traceback
from pathlib import Path

import pytest

from proxy.app import read_renderings
from proxy.config import parse
from proxy.errors import CannotOpen
from proxy.services import Registry, Service
from tests.conftest import DEMO
from tests.doors import client_of


def service_of(path: Path) -> Service:
    config = parse({"services": [{"name": "a", "source": str(path)}]}, {})
    return Registry(config, read_renderings).get("a")


def test_an_unforeseen_error_is_a_source_that_cannot_be_opened(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("inner words")

    monkeypatch.setattr("proxy.services.service.open_source", broken)
    service = service_of(tmp_path / "a.tif")
    assert service.failure == "The source could not be opened."
    assert "inner words" in caplog.text
    with pytest.raises(CannotOpen):
        _ = service.source


def test_a_remembered_failure_does_not_grow(tmp_path: Path) -> None:
    service = service_of(tmp_path / "absent.tif")
    depths = []
    for _ in range(5):
        with pytest.raises(CannotOpen) as caught:
            _ = service.source
        depths.append(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(set(depths[1:])) == 1


@pytest.mark.parametrize("eager", [True, False])
def test_sources_open_at_start_or_when_first_asked_for(eager: bool) -> None:
    settings = {"server": {"open_at_start": eager}}
    with client_of(DEMO / "landcover.tif", **settings) as client:
        service = client.app.state.registry.get("landcover")  # type: ignore[attr-defined]
        until = time.monotonic() + (60 if eager else 0.3)
        while not service.ready and time.monotonic() < until:
            time.sleep(0.02)
        assert service.ready is eager
        assert client.get("/tiles/landcover/tilejson.json").status_code == 200
