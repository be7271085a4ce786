from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proxy import metrics

WORKER = """
import os, sys
from proxy import metrics
metrics.cache_look("disk", "hit"); metrics.cache_look("disk", "miss"); metrics.cache_look("redis", "error")
metrics.cache_read("disk", 100); metrics.cache_written("disk", 7)
metrics.cache_held("memory", 1000); metrics.flight("joined"); metrics.items_missing("a", 2)
metrics.request("xyz", "hit", 0.002); metrics.gauge("queue_length", 5); metrics.sample_process()
print(os.getpid())
"""


def test_the_numbers_of_all_workers_are_added_up(tmp_path: Path) -> None:
    environment = os.environ | {metrics.MULTIPROCESS_VARIABLE: str(tmp_path)}

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    pids = [run(WORKER).strip() for _ in range(2)]
    text = run("from proxy import metrics; print(metrics.exposition().decode())")
    for line in (
        'cogproxy_cache_requests_total{outcome="hit",tier="disk"} 2.0',
        'cogproxy_cache_requests_total{outcome="error",tier="redis"} 2.0',
        'cogproxy_cache_transferred_bytes_total{direction="read",tier="disk"} 200.0',
        'cogproxy_cache_bytes{tier="memory"} 2000.0',
        'cogproxy_flights_total{outcome="joined"} 2.0',
        'cogproxy_items_missing_total{service="a"} 4.0',
        'cogproxy_request_seconds_count{door="xyz",outcome="hit"} 2.0',
        'cogproxy_request_seconds_bucket{door="xyz",le="0.001",outcome="hit"} 0.0',
        'cogproxy_request_seconds_bucket{door="xyz",le="0.005",outcome="hit"} 2.0',
        "cogproxy_queue_length 10.0",
    ):
        assert line in text
    assert all(f'cogproxy_resident_memory_bytes{{pid="{pid}"}}' in text for pid in pids)
    gone = pids[0]
    text = run(
        f"from proxy import metrics; metrics.forget_process({gone}); print(metrics.exposition().decode())"
    )
    assert f'pid="{gone}"' not in text
    assert 'cogproxy_cache_bytes{tier="memory"} 1000.0' in text
    assert 'cogproxy_cache_requests_total{outcome="hit",tier="disk"} 2.0' in text


def test_memory_is_that_of_this_process() -> None:
    assert metrics.resident_memory() > 10e6
