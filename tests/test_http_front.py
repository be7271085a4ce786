"""Caches of HTTP in front, real ones, with the configurations of the documentation."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from tests.conftest import DEMO
from tests.redis_server import free_port, wait_for_port

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
EXPORT = "/arcgis/rest/services/bluemarble/ImageServer/exportImage?bbox=0,0,20,10&size=80,40&format=png&f="
TILE = "/tiles/bluemarble/2/1/1.png"
ADDRESSES = [
    TILE,
    "/tiles/bluemarble/2/1/1.jpg",
    "/tiles/bluemarble/2/1/1",
    "/tiles/bluemarble/1/0/0@2x.webp?interpolation=bilinear",
    "/tiles/bluemarble/tilejson.json",
    "/tiles/bluemarble/thumbnail.png?size=64",
    f"{EXPORT}image",
    f"{EXPORT}json",
    "/arcgis/rest/services/bluemarble/ImageServer?f=json",
    "/view/bluemarble",
]
HEADERS = (
    "content-type",
    "content-length",
    "etag",
    "cache-control",
    "accept-ranges",
    "access-control-allow-origin",
)


class Server:
    """A cogproxy in a process of its own, and the log of what reached it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.port = free_port()
        self.log = folder / "access.log"
        config = {
            "server": {"port": self.port, "access_log": True, **settings.pop("server", {})},  # type: ignore[dict-item]
            "services": [{"name": "bluemarble", "source": str(DEMO / "bluemarble.tif"), **settings}],
        }
        self.file = folder / "config.yaml"
        self.file.write_text(yaml.safe_dump(config))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "proxy", "serve", "--config", str(self.file)],
                stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        wait_for_port(self.port, self.process, 60)

    def stop(self) -> None:
        if self.process is not None:
            # Asked, not killed: the workers of a supervisor go with it.
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def asked(self, status: int, path: str = "") -> int:
        """Requests that were answered with a status."""
        lines = self.log.read_text().splitlines()
        return sum(f" status={status} " in line and path in line for line in lines)


def front_by_nginx(folder: Path, server: Server, stack: ExitStack) -> str:
    """Address of an nginx with the documented configuration, its paths and ports put elsewhere."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"    {name}_temp_path {folder}/{name};\n" for name in folders)
    for old, new in (
        (
            "http {\n",
            f"error_log {folder}/error.log;\npid {folder}/pid;\nhttp {{\n    access_log off;\n{paths}",
        ),
        ("/var/cache/nginx", f"{folder}/kept"),
        ("server cogproxy:8080;", f"server 127.0.0.1:{server.port};"),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert binary is not None
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    stack.enter_context(running([*command, "-g", "daemon off; master_process off;"], port))
    return f"http://127.0.0.1:{port}"


def front_by_varnish(folder: Path, server: Server, stack: ExitStack) -> str:
    """Address of a Varnish with the documented configuration."""
    binary = shutil.which("varnishd", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        pytest.skip("varnishd is not installed")
    port = free_port()
    text = (DEPLOY / "cogproxy.vcl").read_text()
    text, hosts = re.subn(r'\.host = "cogproxy"', '.host = "127.0.0.1"', text)
    text, ports = re.subn(r'\.port = "8080"', f'.port = "{server.port}"', text)
    assert (hosts, ports) == (1, 1)
    (folder / "front.vcl").write_text(text)
    command = [binary, "-F", "-j", "none", "-n", str(folder / "varnish"), "-a", f"127.0.0.1:{port}"]
    stack.enter_context(running([*command, "-f", str(folder / "front.vcl"), "-s", "malloc,64m"], port))
    return f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_for_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(20)
        assert process.stderr is not None
        process.stderr.close()


FRONTS = {"nginx": front_by_nginx, "varnish": front_by_varnish}


@pytest.fixture
def fronted(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Server, httpx.Client, httpx.Client]]:
    """The server, a client of its own, and a client of the front."""
    name, settings = request.param
    server = Server(tmp_path, **settings)
    with ExitStack() as stack:
        server.start()
        stack.callback(server.stop)
        address = FRONTS[name](tmp_path, server, stack)
        # Documents hold the host that they are asked at.
        host = {"Host": "maps.example"}
        direct = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=host, timeout=60)
        )
        front = stack.enter_context(httpx.Client(base_url=address, headers=host, timeout=60))
        yield server, direct, front


def both(**settings: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "fronted", [(name, settings) for name in FRONTS], indirect=True, ids=list(FRONTS)
    )


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def is_hit(answer: httpx.Response) -> bool:
    return re.search(r"(nginx; HIT|varnish; hit)", answer.headers["cache-status"]) is not None


Fronted = tuple[Server, httpx.Client, httpx.Client]


@both()
def test_every_byte_is_the_same_and_is_asked_for_once(fronted: Fronted) -> None:
    server, direct, front = fronted
    for address in ADDRESSES:
        expected = direct.get(address)
        first = front.get(address)
        before = server.asked(200)
        second = front.get(address)
        for answer in (first, second):
            assert answer.status_code == expected.status_code == 200, address
            for name in HEADERS:
                # A front that cuts ranges itself says so of documents too.
                if name in expected.headers or name != "accept-ranges":
                    assert answer.headers.get(name) == expected.headers.get(name), (address, name)
            if not address.endswith("f=json") or "exportImage" not in address:
                assert answer.content == expected.content, address
        lasting = "max-age" in expected.headers.get("cache-control", "")
        assert (is_hit(second), server.asked(200) == before) == (lasting, lasting), address
    head = front.head(TILE)
    assert is_hit(head)
    assert (head.content, head.headers["content-length"]) == (b"", direct.get(TILE).headers["content-length"])


@both()
def test_conditions_and_ranges_are_answered_in_front(fronted: Fronted) -> None:
    server, _, front = fronted
    whole = front.get(TILE)
    asked = server.asked(200) + server.asked(206) + server.asked(304)
    unchanged = front.get(TILE, headers={"If-None-Match": whole.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    part = front.get(TILE, headers={"Range": "bytes=10-99"})
    assert (part.status_code, part.content) == (206, whole.content[10:100])
    assert part.headers["content-range"] == f"bytes 10-99/{len(whole.content)}"
    assert server.asked(200) + server.asked(206) + server.asked(304) == asked


@both()
def test_a_range_asked_for_first_is_a_part_of_the_picture(fronted: Fronted) -> None:
    _, direct, front = fronted
    whole = direct.get(TILE)
    part = front.get(TILE, headers={"Range": "bytes=-50"})
    assert (part.status_code, part.content) == (206, whole.content[-50:])
    other = front.get(TILE, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)


@both(cache={"max_age": 1, "stale_while_revalidate": 30})
def test_what_is_over_is_asked_for_by_its_etag_behind_the_callers_back(fronted: Fronted) -> None:
    server, _, front = fronted
    first = front.get(TILE)
    assert server.asked(304) == 0

    def renewed() -> bool:
        answer = front.get(TILE)
        assert (answer.status_code, answer.content) == (200, first.content)
        return server.asked(304, TILE) > 0

    until(renewed)
    assert server.asked(200, TILE) == 1
    until(lambda: is_hit(front.get(TILE)))


@both(cache={"max_age": 1, "stale_while_revalidate": 1})
def test_what_is_kept_is_served_while_the_server_is_down(fronted: Fronted) -> None:
    server, _, front = fronted
    first = front.get(TILE)
    server.stop()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        answer = front.get(TILE)
        assert (answer.status_code, answer.content) == (200, first.content)
        time.sleep(0.1)
    server.start()
    until(lambda: server.asked(200, TILE) + server.asked(304, TILE) >= 2 or not front.get(TILE))


@both(server={"cors_origins": ["https://a.example", "https://b.example"]})
def test_what_varies_by_origin_is_kept_for_each(fronted: Fronted) -> None:
    _, _, front = fronted
    for _ in range(2):
        for origin in ("https://a.example", "https://b.example"):
            answer = front.get(TILE, headers={"Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert "origin" in answer.headers["vary"].lower()
        assert (
            "access-control-allow-origin"
            not in front.get(TILE, headers={"Origin": "https://c.example"}).headers
        )
    assert is_hit(front.get(TILE, headers={"Origin": "https://a.example"}))


@both()
def test_errors_and_private_answers_are_not_kept(fronted: Fronted) -> None:
    server, _, front = fronted
    for _ in range(2):
        assert front.get("/tiles/bluemarble/77/0/0.png").status_code == 404
    assert server.asked(404, "/tiles/bluemarble/77") == 2
    for _ in range(2):
        assert not is_hit(front.get(TILE, headers={"Authorization": "Bearer x"}))
    assert server.asked(200, TILE) == 2


@pytest.mark.parametrize("fronted", [("varnish", {})], indirect=True, ids=["varnish"])
def test_a_ban_forgets_what_lies_below_a_path(fronted: Fronted) -> None:
    server, _, front = fronted
    for _ in range(2):
        front.get(TILE)
    assert server.asked(200, TILE) == 1
    assert front.request("BAN", "/tiles/bluemarble").status_code == 200
    front.get(TILE)
    assert server.asked(200, TILE) == 2


def test_the_command_purges_through_a_running_server(tmp_path: Path) -> None:
    server = Server(tmp_path, server={"admin_token": "a token long enough"})
    server.start()
    try:
        address = f"http://127.0.0.1:{server.port}"
        before = httpx.get(address + TILE, timeout=60)
        command = [sys.executable, "-m", "proxy", "purge", "bluemarble", "--config", str(server.file)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        said = subprocess.run(
            [*command, "--zooms", "0-3", "--server", address],
            capture_output=True, text=True, env=environment, check=True, timeout=60,
        )  # fmt: skip
        assert said.stdout == "purged bluemarble\n"
        after = httpx.get(address + TILE, timeout=60)
        assert (after.content, after.headers["etag"] == before.headers["etag"]) == (before.content, False)
    finally:
        server.stop()


def test_workers_share_a_folder_by_themselves_and_a_purge_reaches_them(tmp_path: Path) -> None:
    server = Server(tmp_path, server={"workers": 2})
    config = yaml.safe_load(server.file.read_text())
    server.file.write_text(yaml.safe_dump(config | {"state": str(tmp_path / "state")}))
    server.start()
    try:
        # A connection of its own for each request, so that both workers are asked.
        alone = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", limits=alone, timeout=60)
        first = client.get(TILE)
        ways = [client.get(TILE).headers["cache-status"] for _ in range(30)]
        assert set(ways) <= {"cogproxy; hit", "cogproxy; hit; detail=disk"}
        command = [sys.executable, "-m", "proxy", "purge", "bluemarble", "--config", str(server.file)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, capture_output=True, env=environment, check=True, timeout=60)

        def all_are_new() -> bool:
            tags = {client.get(TILE).headers["etag"] for _ in range(10)}
            return first.headers["etag"] not in tags

        until(all_are_new)
        assert (tmp_path / "state" / "pictures" / "entries").is_dir()
        client.close()
    finally:
        server.stop()
