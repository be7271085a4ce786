from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from starlette.testclient import TestClient

from proxy.cache.disk import DiskTier
from proxy.cli import main
from tests.conftest import DEMO
from tests.doors import client_of

TOKEN = "a token long enough"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    settings = {"server": {"admin_token": TOKEN}}
    with client_of(DEMO / "bluemarble.tif", DEMO / "landcover.tif", **settings) as found:
        yield found


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": TOKEN},
     {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer \xe9"}],
)  # fmt: skip
def test_without_the_token_nothing_is_purged(client: TestClient, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = client.post("/admin/purge", json={"all": True}, headers=encoded)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len(client.app.state.renderer.tiers.purges) == 0  # type: ignore[attr-defined]


def test_without_a_token_in_the_configuration_there_is_no_such_place() -> None:
    with client_of(DEMO / "bluemarble.tif") as client:
        assert (
            client.post("/admin/purge", json={"all": True}, headers={"Authorization": "Bearer "}).status_code
            == 404
        )


def test_an_order_purges_its_services(client: TestClient) -> None:
    tiles = ["/tiles/bluemarble/0/0/0.png", "/tiles/landcover/thumbnail.png"]
    before = [client.get(tile) for tile in tiles]
    answer = client.post("/admin/purge", json={"service": "BlueMarble"}, headers=RIGHT)
    assert (answer.status_code, answer.json()["purged"]) == (200, ["bluemarble"])
    after = [client.get(tile) for tile in tiles]
    assert [answer.headers["cache-status"].split(";")[1].strip() for answer in after] == ["fwd=miss", "hit"]
    assert after[0].content == before[0].content
    assert after[0].headers["etag"] != before[0].headers["etag"]
    assert client.post("/admin/purge", json={"all": True}, headers=RIGHT).json()["purged"] == ["*"]
    assert all("fwd=miss" in client.get(tile).headers["cache-status"] for tile in tiles)


def test_a_source_purges_what_is_made_of_it(client: TestClient) -> None:
    order = {"source": str(DEMO / "landcover.tif")}
    assert client.post("/admin/purge", json=order, headers=RIGHT).json()["purged"] == ["landcover"]
    order = {"source": "s3://elsewhere/landcover.tif"}
    assert client.post("/admin/purge", json=order, headers=RIGHT).json()["purged"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[" * 100_000, 400), (b'{"service": "none"}', 404), (b"{}", 400),
     (b'{"all": true}' + b" " * (1 << 20), 413), (b"\xff\xfe", 400)],
)  # fmt: skip
def test_wrong_bodies_are_refused_with_a_reason(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/admin/purge", content=body, headers=RIGHT)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_only_posts_are_taken(client: TestClient) -> None:
    assert client.get("/admin/purge", headers=RIGHT).status_code == 405


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["purge", *arguments])
    return result.exit_code, result.output


def test_the_command_writes_on_the_board_that_workers_look_at(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    listed = [{"name": "bluemarble", "source": str(DEMO / "bluemarble.tif")}]
    file.write_text(yaml.safe_dump({"cache": {"disk": "kept"}, "services": listed}))
    assert run("--config", str(file), "bluemarble", "--bbox", "0,0,1,1", "--zooms", "3-9") == (
        0, "purged bluemarble\n",
    )  # fmt: skip
    assert run("--config", str(file), "--all") == (0, "purged all services\n")
    (purge,) = DiskTier(tmp_path / "kept", 1 << 20)._board_lines()
    assert (purge.service, purge.is_whole) == ("", True)
    status, output = run("--config", str(file), "none")
    assert (status, "no service 'none'" in output) == (1, True)
    status, output = run("--config", str(file))
    assert (status, "needed" in output) == (1, True)


def test_the_command_says_when_there_is_nobody_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("cache: {disk: off}\n")
    status, output = run("--config", str(file), "--all")
    assert (status, "--server" in output) == (1, True)
    status, output = run("--config", str(file), "--all", "--server", "http://127.0.0.1:9")
    assert (status, "admin_token" in output) == (1, True)
    file.write_text(f"server: {{admin_token: {TOKEN}}}\n")
    for address in ("http://127.0.0.1:9", "file:///etc/passwd"):
        status, output = run("--config", str(file), "--all", "--server", address)
        assert (status, address in output) == (1, True)
        assert TOKEN not in output
