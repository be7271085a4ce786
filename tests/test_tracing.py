"""Traces, where the packages for them are installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from proxy import tracing
from tests.conftest import DEMO
from tests.doors import client_of

sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[Any]:
    exporter = sdk.InMemorySpanExporter()
    assert tracing.set_up({}, exporter)
    yield exporter
    tracing.shut_down()


def test_a_request_and_the_stages_of_its_render(spans: Any) -> None:
    with client_of(DEMO / "landcover.tif") as client:
        client.get("/tiles/landcover/10/190/397.png", headers={"traceparent": PARENT})
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) >= {"request", "queue", "read", "functions", "finish", "encode"}
    request = found["request"]
    assert f"{request.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{request.parent.span_id:016x}" == PARENT.split("-")[2]
    assert dict(request.attributes) == {
        "http.request.method": "GET",
        "url.path": "/tiles/landcover/10/190/397.png",
        "http.response.status_code": 200,
        "cogproxy.door": "xyz",
        "cogproxy.service": "landcover",
        "cogproxy.cache": "miss",
    }
    for name in ("queue", "read", "functions", "finish", "encode"):
        assert found[name].parent.span_id == request.context.span_id
        assert request.start_time <= found[name].start_time <= found[name].end_time <= request.end_time
    assert found["queue"].end_time <= found["read"].start_time <= found["encode"].start_time


def test_without_an_endpoint_nothing_is_traced() -> None:
    assert not tracing.set_up({})
    with tracing.request("GET", "/", []) as span:
        assert span is None
    tracing.attributes(None, status=200)
    tracing.stages(0.0, [("read", 0.0, 1.0)])
