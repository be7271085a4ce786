"""What a hit past routing costs inside the process: without counters, with them, and with several workers.

    python benchmarks/hit_inside.py [--requests N] [--rounds N]

The server's own cost around it is measured by hit_path.py. Each way runs in a process of its own; figures are
the least of the rounds, CPU of one request.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parents[1] / "proxy" / "demo" / "bluemarble.tif"
TILE = "/tiles/bluemarble/3/2/2.png"
WAYS = ("without counters", "one process", "several workers")


async def measured(way: str, requests: int, rounds: int) -> float:
    """Microseconds of one request."""
    from proxy import metrics
    from proxy.app import create_app
    from proxy.config import parse

    if way == WAYS[0]:
        metrics.request_observer = lambda *_: lambda _: None
    app = create_app(parse({"services": [{"name": "bluemarble", "source": str(DEMO)}]}, {}))
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": TILE, "raw_path": TILE.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"user-agent", b"a"), (b"accept", b"*/*"), (b"referer", b"http://a/")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {}

    async def send(_: Any) -> None:
        pass

    await app(dict(scope), receive, send)
    best = float("inf")
    for _ in range(rounds):
        # The look at a local file is good for a second.
        await app(dict(scope), receive, send)
        started = time.process_time()
        for _ in range(requests):
            await app(scope, receive, send)
        best = min(best, (time.process_time() - started) / requests * 1e6)
    assert app.state.hits.answered >= requests * rounds * 0.99
    return best


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(asyncio.run(measured(arguments.way, arguments.requests, arguments.rounds)))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            environment = os.environ | ({"PROMETHEUS_MULTIPROC_DIR": folder} if way == WAYS[2] else {})
            command = [sys.executable, __file__, "--way", way, "--requests", str(arguments.requests),
                       "--rounds", str(arguments.rounds)]  # fmt: skip
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            found[way] = float(done.stdout)
    for way, cost in found.items():
        print(f"{way:<18} {cost:6.2f} us of CPU, {cost / found[WAYS[0]]:5.2f} x without counters")


if __name__ == "__main__":
    main()
