from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import rasterio

from proxy.crs import reference
from proxy.model import Extent, Grid
from tests.arcgis.mosaics import listing_in
from tests.conftest import DATA

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("COGPROXY_REAL_CLIENTS"):
        return
    skip = pytest.mark.skip(reason="real clients are run by .ci/clients")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The demo on a free port, as a user starts it."""
    with served() as base:
        yield base


@pytest.fixture(scope="session")
def services() -> Iterator[str]:
    """The rasters of the demo as clients meet them elsewhere: services.yaml."""
    with served("--config", str(HERE / "services.yaml")) as base:
        yield base


@dataclass(frozen=True)
class Many:
    """A server of the mosaics `clips` and `stack`, their files in the order of their ids, and of cubes."""

    base: str
    clips: tuple[Path, ...]

    @property
    def grid(self) -> Grid:
        """The pixels of the mosaic: those of its files, which lie on one grid."""
        bounds = []
        for path in self.clips:
            with rasterio.open(path) as file:
                bounds.append(file.bounds)
                x, y = file.res
        left, bottom = min(b.left for b in bounds), min(b.bottom for b in bounds)
        right, top = max(b.right for b in bounds), max(b.top for b in bounds)
        extent = Extent(left, bottom, right, top)
        return Grid(reference("EPSG:26913"), extent, round((right - left) / x), round((top - bottom) / y))


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Many]:
    """Real clips that lie over one another, and real temperatures of the sea."""
    folder = tmp_path_factory.mktemp("many")
    listing = listing_in(folder)
    services = [
        {"name": "clips", "mosaic": {"source": str(listing), "kind": "tile_index", "method": "none"}},
        {"name": "ocean", "source": str(DATA / "ocean_temperature.nc")},
        {
            "name": "oceantiles", "source": str(DATA / "ocean_temperature.nc"), "tiles": "raster",
            "interpolation": "nearest",
        },
        {
            "name": "stack",
            "mosaic": {
                "source": str(listing), "kind": "tile_index", "dimensions": {"StdTime": "AcquisitionDate"},
            },
        },
    ]  # fmt: skip
    file = folder / "config.json"
    file.write_text(json.dumps({"services": services, "state": str(folder / "state")}))
    with served("--config", str(file)) as base:
        yield Many(base, tuple(sorted(folder.glob("clip_*.tif"))))


@contextmanager
def served(*options: str) -> Iterator[str]:
    """A server of its own process; its address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "proxy",
        "serve",
        "--port",
        str(port),
        "--log-level",
        "warning",
        *options,
    ]
    process = subprocess.Popen(command)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{base}/healthz", timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    pytest.fail(f"the server ended with status {process.returncode}")
                time.sleep(0.2)
        yield base
    finally:
        process.terminate()
        process.wait(15)


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def pages() -> Iterator[str]:
    """The test page and the libraries, from another origin than the server."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(HERE)))
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join(5)


Drawer = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def draw() -> Drawer:
    """Open pages in Chromium and save what they show."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        None,
    )
    if browser is None or shutil.which("node") is None:
        pytest.fail("Chromium and node are needed for the browser tests")

    def run(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        done = subprocess.run(
            ["node", str(HERE / "draw.mjs"), browser], input=json.dumps(jobs), capture_output=True, text=True,
            timeout=60 + 45 * len(jobs), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return run
