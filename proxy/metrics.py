"""Counters, gauges and histograms of the process, and their text for Prometheus.

With several workers the library keeps the numbers in files of `PROMETHEUS_MULTIPROC_DIR`, which the
supervisor sets before it starts them; whichever worker is asked adds up all. Names of services come from the
configuration, so the number of series is bounded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST

_registry = CollectorRegistry()

#: Seconds; the first bucket holds the hits of the cache.
REQUEST_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)

_requests = Histogram(
    "cogproxy_request_seconds",
    "Seconds from the request to the end of its answer; `_count` counts requests.",
    ("door", "outcome"),
    registry=_registry,
    buckets=REQUEST_BUCKETS,
)
_stages = Histogram(
    "cogproxy_render_stage_seconds",
    "Seconds in one stage of a render: queue, open, read, functions, encode.",
    ("stage",),
    registry=_registry,
    buckets=STAGE_BUCKETS,
)
_renders = Counter(
    "cogproxy_renders_total",
    "Renders by service and outcome: ok, error, abandoned, deadline, refused.",
    ("service", "outcome"),
    registry=_registry,
)
_cache = Counter(
    "cogproxy_cache_requests_total",
    "Looks into the tiers of the cache by outcome: hit, miss, error, dropped.",
    ("tier", "outcome"),
    registry=_registry,
)
_cache_bytes = Counter(
    "cogproxy_cache_transferred_bytes_total",
    "Bytes read from and written to the tiers of the cache.",
    ("tier", "direction"),
    registry=_registry,
)
_cache_held = Gauge(
    "cogproxy_cache_bytes",
    "Bytes held by a tier.",
    ("tier",),
    registry=_registry,
    multiprocess_mode="livesum",
)
_flights = Counter(
    "cogproxy_flights_total",
    "Callers of a picture that was not in memory: led, joined (another caller of the process).",
    ("outcome",),
    registry=_registry,
)
_source_seconds = Histogram(
    "cogproxy_source_seconds",
    "Seconds of one operation on a source: open, version, read.",
    ("service", "operation"),
    registry=_registry,
    buckets=STAGE_BUCKETS,
)
_source_errors = Counter(
    "cogproxy_source_errors_total",
    "Failed operations on sources: open, version, read.",
    ("service", "operation"),
    registry=_registry,
)
_missing = Counter(
    "cogproxy_items_missing_total",
    "Items of mosaics left out of pictures because they could not be read.",
    ("service",),
    registry=_registry,
)
_refused = Counter(
    "cogproxy_refused_total",
    "Requests turned away: no token, invalid token, forbidden, rate.",
    ("reason",),
    registry=_registry,
)
_reloads = Counter(
    "cogproxy_config_reloads_total", "Looks at a changed configuration: ok, refused.", ("outcome",),
    registry=_registry,
)  # fmt: skip
_gauges = {
    name: Gauge(f"cogproxy_{name}", text, registry=_registry, multiprocess_mode="livesum")
    for name, text in (
        ("queue_length", "Renders that wait for a thread."),
        ("renders_running", "Renders at work."),
        ("open_files", "Idle open datasets."),
        ("block_cache_bytes", "Bytes of decoded blocks that are kept."),
        ("services_ready", "Services whose source is open, added up over the workers."),
        ("services_failed", "Services whose source cannot be used, added up over the workers."),
        (
            "services_stale",
            "Services whose source is out of reach and served as last seen, added up likewise.",
        ),
    )
}
_resident = Gauge(
    "cogproxy_resident_memory_bytes",
    "Resident memory of each process.",
    registry=_registry,
    multiprocess_mode="liveall",
)


def request(door: str, outcome: str, seconds: float) -> None:
    """Count one answered request. `outcome`: hit, ok, unchanged, invalid, refused, busy, failed, gone."""
    _requests.labels(door, outcome).observe(seconds)


def request_observer(door: str, outcome: str) -> Callable[[float], None]:
    """`request` for one door and outcome, quicker to call many times."""
    return _requests.labels(door, outcome).observe


def stage(name: str, seconds: float) -> None:
    """Count one stage of a render."""
    _stages.labels(name).observe(seconds)


def render(service: str, outcome: str) -> None:
    """Count one render."""
    _renders.labels(service, outcome).inc()


def cache_look(tier: str, outcome: str) -> None:
    """A look into a tier (memory, disk, redis): hit, miss, error; or a write that was dropped."""
    _cache.labels(tier, outcome).inc()


def cache_read(tier: str, count: int) -> None:
    """Bytes read from a tier."""
    _cache_bytes.labels(tier, "read").inc(count)


def cache_written(tier: str, count: int) -> None:
    """Bytes written to a tier."""
    _cache_bytes.labels(tier, "written").inc(count)


def cache_held(tier: str, count: int) -> None:
    """Bytes that a tier holds in this process; of a shared tier let one process say so."""
    _cache_held.labels(tier).set(count)


def flight(outcome: str) -> None:
    """A caller of a picture that was not in memory: led, joined."""
    _flights.labels(outcome).inc()


def source(service: str, operation: str, seconds: float, *, failed: bool = False) -> None:
    """Count one operation on a source: open, version, read."""
    _source_seconds.labels(service, operation).observe(seconds)
    if failed:
        _source_errors.labels(service, operation).inc()


def source_failed(service: str, operation: str) -> None:
    """Count a failure whose time tells nothing."""
    _source_errors.labels(service, operation).inc()


def items_missing(service: str, count: int) -> None:
    """Items left out of a picture."""
    _missing.labels(service).inc(count)


def refused(reason: str) -> None:
    """A request turned away."""
    _refused.labels(reason).inc()


def reload(outcome: str) -> None:
    """A look at a changed configuration."""
    _reloads.labels(outcome).inc()


def gauge(name: str, value: float) -> None:
    """Set one of the plain gauges."""
    _gauges[name].set(value)


def resident_memory() -> int:
    """Resident bytes of this process, 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def sample_process() -> None:
    """Set the gauges that concern the process as a whole."""
    _resident.set(resident_memory())


def exposition() -> bytes:
    """All numbers as text for Prometheus; those of all workers where there are several."""
    sample_process()
    if not os.environ.get(MULTIPROCESS_VARIABLE):
        return generate_latest(_registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def value(name: str, **labels: str) -> float | None:
    """One number of this process, None while there is none."""
    return _registry.get_sample_value(name, labels)


def forget_process(pid: int) -> None:
    """Drop the gauges of a worker that has ended; for the supervisor."""
    if os.environ.get(MULTIPROCESS_VARIABLE):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
