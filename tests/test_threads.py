from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from proxy.threads import DaemonPool


def test_results_and_errors_come_back() -> None:
    pool = DaemonPool(2, "test")
    assert [pool.submit(pow, 2, power).result(60) for power in range(20)] == [2**power for power in range(20)]
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result(60)


def test_as_many_run_at_a_time_as_there_are_threads_and_no_more() -> None:
    pool, gate, running = DaemonPool(3, "test"), threading.Event(), []
    jobs = [pool.submit(lambda: (running.append(1), gate.wait(120))) for _ in range(7)]
    deadline = time.monotonic() + 60
    while len(running) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(running) == 3
    gate.set()
    for job in jobs:
        job.result(60)
    assert len(running) == 7


def test_the_process_ends_while_a_job_hangs() -> None:
    text = "import time; from proxy.threads import DaemonPool; DaemonPool(1, 'x').submit(time.sleep, 60)"
    assert subprocess.run([sys.executable, "-c", text], timeout=20, check=False).returncode == 0
