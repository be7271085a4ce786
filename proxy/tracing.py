"""Traces for OpenTelemetry, where its packages are installed and an endpoint is named; else nothing at all.

The endpoint is that of the usual variables, `OTEL_EXPORTER_OTLP_ENDPOINT` or
`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`; the other `OTEL_` variables mean what they always mean.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
Stage = tuple[str, float, float]
Headers = Sequence[tuple[bytes, bytes]]

_NAMES = {"status": "http.response.status_code"}

_tracer: Any = None


def set_up(environment: Mapping[str, str] = os.environ, exporter: Any = None) -> bool:
    """Begin to trace where that is wanted. True where it is.

    Args:
        exporter: of spans; that of OTLP over HTTP when absent.
    """
    global _tracer
    if exporter is None and not any(environment.get(name) for name in ENDPOINTS):
        return False
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            processor: Any = BatchSpanProcessor(OTLPSpanExporter())
        else:
            processor = SimpleSpanProcessor(exporter)
    except ImportError:
        log.warning("an endpoint for traces is named, but they need: pip install 'cogproxy[otel]'")
        return False
    name = environment.get("OTEL_SERVICE_NAME", "cogproxy")
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("cogproxy")
    return True


def shut_down() -> None:
    """Trace no more."""
    global _tracer
    _tracer = None


def request(method: str, path: str, headers: Headers) -> AbstractContextManager[Any]:
    """The span of a request, below that of the caller where one is named; None where nothing is traced."""
    return nullcontext() if _tracer is None else _request(method, path, headers)


@contextmanager
def _request(method: str, path: str, headers: Headers) -> Iterator[Any]:
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    parent = TraceContextTextMapPropagator().extract(carrier)
    attributes = {"http.request.method": method, "url.path": path}
    with _tracer.start_as_current_span(
        "request", parent, kind=SpanKind.SERVER, attributes=attributes
    ) as span:
        yield span


def attributes(span: Any, **values: str | int | None) -> None:
    """Say more of a span; what is None is left out."""
    if span is not None:
        for name, value in values.items():
            if value is not None:
                span.set_attribute(_NAMES.get(name, f"cogproxy.{name}"), value)


def stages(queued: float, done: Sequence[Stage]) -> None:
    """Spans of a render that has ended, below the current one: its time in the queue, and its stages.

    Args:
        queued: when it entered the queue. done: the stages; all on the clock of `perf_counter`.
    """
    if _tracer is None or not done:
        return
    offset = time.time_ns() - int(time.perf_counter() * 1e9)
    for name, begin, end in (("queue", queued, done[0][1]), *done):
        span = _tracer.start_span(name, start_time=offset + int(begin * 1e9))
        span.end(end_time=offset + int(end * 1e9))
