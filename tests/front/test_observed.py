"""What is noted of requests: their ids, lines, numbers and headers."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from proxy import metrics
from proxy.front import logs
from proxy.front.observed import outcome
from tests.conftest import DEMO
from tests.doors import client_of

LAND = DEMO / "landcover.tif"
TILE = "/tiles/landcover/10/190/397.png"
EXPORT = "/arcgis/rest/services/landcover/ImageServer/exportImage"


@pytest.fixture
def lines() -> Iterator[Any]:
    """The lines of the log as JSON, of one logger."""
    stream = io.StringIO()
    root = logging.getLogger()
    level = root.level
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    root.addHandler(handler)
    root.setLevel("INFO")

    def found(name: str) -> list[dict[str, Any]]:
        parsed = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in parsed if line["logger"] == name]

    yield found
    root.removeHandler(handler)
    root.setLevel(level)


def test_every_request_has_an_id_and_a_line(lines: Any) -> None:
    with client_of(LAND, server={"access_log": True}) as client:
        first = client.get(f"{TILE}?token=hush", headers={"X-Request-ID": "mine-1"})
        hit = client.get(f"{TILE}?token=hush", headers={"X-Request-ID": "mine-2"})
        other = client.get("/nowhere")
        error = client.get("/arcgis/rest/services/nowhere/ImageServer?f=json")
    assert first.headers["x-request-id"] == "mine-1"
    assert hit.headers["x-request-id"] == "mine-2"
    assert hit.headers["cache-status"] == "cogproxy; hit"
    assert len(other.headers["x-request-id"]) == 16
    assert other.headers["x-request-id"] != error.headers["x-request-id"]
    found = lines("proxy.access")
    shown = [(line["door"], line["status"], line["cache"]) for line in found]
    assert shown == [("xyz", 200, "miss"), ("xyz", 200, "hit"), ("other", 404, ""), ("arcgis", 404, "")]
    assert found[0] | {"ms": 0, "time": ""} == {
        "time": "", "level": "info", "logger": "proxy.access", "message": "request", "request": "mine-1",
        "method": "GET", "url": f"{TILE}?token=masked", "door": "xyz", "service": "landcover", "status": 200,
        "ms": 0, "cache": "miss", "bytes": len(first.content),
    }  # fmt: skip


def test_slow_requests_are_logged_so_that_they_can_be_sent_again(lines: Any) -> None:
    form = {"bbox": "-113.1,37.2,-113,37.3", "bboxSR": "4326", "size": "64,64", "f": "image", "token": "hush"}
    with client_of(LAND, render={"threads": 1, "slow_seconds": 1e-9}) as client:
        first = client.post(EXPORT, data=form)
    (line,) = lines("proxy.slow")
    with client_of(LAND) as client:
        assert (line["method"], line["url"], line["service"]) == ("POST", EXPORT, "landcover")
        assert line["form"].endswith("token=masked")
        again = client.post(
            line["url"], content=line["form"], headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
    assert again.content == first.content
    assert again.headers["content-type"].startswith("image/")


def test_nothing_is_logged_of_requests_unless_it_is_asked_for(lines: Any) -> None:
    with client_of(LAND) as client:
        client.get(TILE)
    assert lines("proxy.access") == lines("proxy.slow") == []


def counted(name: str, **labels: str) -> float:
    found = metrics.value(name, **labels)
    return 0.0 if found is None else found


def test_requests_are_counted_by_door_and_outcome() -> None:
    def count(door: str, word: str) -> float:
        return counted("cogproxy_request_seconds_count", door=door, outcome=word)

    wanted = [
        ("xyz", "ok"), ("xyz", "hit"), ("xyz", "invalid"), ("arcgis", "ok"), ("arcgis", "invalid"),
        ("viewer", "ok"), ("operator", "ok"), ("other", "invalid"), ("xyz", "unchanged"),
    ]  # fmt: skip
    with client_of(LAND) as client:
        before = [count(*pair) for pair in wanted]
        etag = client.get(f"{TILE}?bands=1").headers["etag"]
        client.get(f"{TILE}?bands=1")
        client.get("/tiles/landcover/99/0/0.png")
        client.get("/arcgis/rest/services?f=json")
        client.get("/arcgis/rest/services/nowhere/ImageServer?f=json")
        client.get("/")
        client.get("/healthz")
        client.get("/nowhere")
        client.app.state.renderer.store.clear()  # type: ignore[attr-defined]
        client.get(f"{TILE}?bands=1", headers={"If-None-Match": etag})
    after = [count(*pair) for pair in wanted]
    assert [int(b - a) for a, b in zip(before, after, strict=True)] == [1] * len(wanted)


def test_renders_and_their_stages_are_counted() -> None:
    names = ("queue", "read", "functions", "finish", "encode")

    def counts() -> list[float]:
        stages = [counted("cogproxy_render_stage_seconds_count", stage=name) for name in names]
        return [*stages, counted("cogproxy_renders_total", service="landcover", outcome="ok")]

    with client_of(LAND) as client:
        before = counts()
        client.get(f"{TILE}?bands=1&quality=33")
    after = counts()
    assert [int(b - a) for a, b in zip(before, after, strict=True)] == [1] * 6


@pytest.mark.parametrize(
    ("status", "word"),
    [(200, "ok"), (206, "ok"), (304, "unchanged"), (400, "invalid"), (401, "denied"), (403, "denied"),
     (404, "invalid"), (413, "invalid"), (429, "busy"), (499, "gone"), (500, "failed"), (502, "failed"),
     (503, "busy"), (0, "gone")],
)  # fmt: skip
def test_outcomes(status: int, word: str) -> None:
    assert outcome(status) == word


def test_the_console_has_one_line_for_each_record() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 1, "said %s", ("x\nFAKE",), None)
    setattr(record, logs.FACTS, {"url": "/a\r\nFAKE"})
    text = logs.ConsoleLines().format(record)
    assert len(text.splitlines()) == 1
    assert text.endswith("INFO a: said x\\nFAKE url=/a\\r\\nFAKE")
