"""What a warm hit costs beside a bare ASGI reply of the same bytes, and beside titiler's `/healthz`.

    python benchmarks/hit_path.py [--requests N] [--rounds N]

Every server runs with one uvicorn worker on uvloop and httptools. Rounds are interleaved; figures are medians
of the server's CPU for one request. titiler is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from servers import free_port, replay, server

DEMO = Path(__file__).parents[1] / "proxy" / "demo" / "bluemarble.tif"
TILE = "/tiles/bluemarble/5/16/12.jpg"
BARE = """
body = b"x" * {size}
headers = [(b"content-type", b"image/jpeg"), (b"content-length", b"{size}")]
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": body}})
"""


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        Path(folder, "bare.py").write_text(BARE.format(size=11_000))
        uvicorn = [sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "error", "--port"]
        port = {name: free_port() for name in ("bare", "ours", "titiler")}
        pids = {
            "bare": stack.enter_context(
                server([*uvicorn, str(port["bare"]), "bare:app"], port["bare"], {"PYTHONPATH": folder})
            ),
            "ours": stack.enter_context(
                server(
                    [sys.executable, "-m", "proxy", "serve", str(DEMO), "--log-level", "error", "--port",
                     str(port["ours"])],
                    port["ours"],
                )
            ),
        }  # fmt: skip
        addresses = {"bare": "/", "ours": TILE}
        if importlib.util.find_spec("titiler"):
            command = [*uvicorn, str(port["titiler"]), "titiler.application.main:app"]
            pids["titiler"] = stack.enter_context(server(command, port["titiler"]))
            addresses["titiler"] = "/healthz"
        found: dict[str, list[float]] = {name: [] for name in pids}
        for round_ in range(arguments.rounds + 1):
            for name, pid in pids.items():
                cost = replay(pid, port[name], [addresses[name]] * arguments.requests).cpu * 1000
                if round_:
                    found[name].append(cost)
    print(f"load {os.getloadavg()[0]:.1f}, {arguments.rounds} rounds of {arguments.requests} requests")
    bare = statistics.median(found["bare"])
    for name, costs in found.items():
        cost = statistics.median(costs)
        print(f"{name:<8} {addresses[name]:<32} {cost:7.1f} us of CPU, {cost / bare:5.2f} x bare")


if __name__ == "__main__":
    main()
