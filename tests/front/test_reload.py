"""A new configuration in a running server."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from proxy import metrics
from proxy.app import create_app
from proxy.config import Config, load, parse
from proxy.front.reload import in_place_of, needs_restart
from tests.conftest import DEMO

LAND = {"name": "land", "source": str(DEMO / "landcover.tif")}
WORLD = {"name": "world", "source": str(DEMO / "bluemarble.tif")}
TILE = "/tiles/{}/10/190/397.png"


class Served:
    """A configuration file and a client of the server that goes by it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.yaml"
        self.kept: list[Config] = []

    def write(self, *services: dict[str, Any], **settings: Any) -> None:
        settings = {"render": {"threads": 1}, **settings}
        self.file.write_text(yaml.safe_dump({"services": list(services), **settings}))

    def client(self) -> TestClient:
        self.app = create_app(load(self.file, {}), lambda: load(self.file, {}), self.kept.append)
        return TestClient(self.app, raise_server_exceptions=False)

    def reload(self, client: TestClient) -> bool:
        assert client.portal is not None
        return bool(client.portal.call(self.app.reload))


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def counted(outcome: str) -> float:
    return metrics.value("cogproxy_config_reloads_total", outcome=outcome) or 0.0


def test_what_has_not_changed_stays_open_and_what_has_is_there(served: Served) -> None:
    served.write(LAND)
    with served.client() as client:
        assert client.get(TILE.format("land")).status_code == 200
        assert client.get(TILE.format("world")).status_code == 404
        kept, source = served.app.state.registry.get("land"), served.app.state.registry.get("land").source
        renderer = served.app.state.renderer
        served.write(WORLD, LAND)
        before = counted("ok")
        assert served.reload(client)
        assert counted("ok") == before + 1
        registry = served.app.state.registry
        assert registry.get("land") is kept
        assert registry.get("land").source is source
        assert served.app.state.renderer is renderer
        assert client.get(TILE.format("world")).status_code == 200
        assert client.get(TILE.format("land")).headers["cache-status"] == "cogproxy; hit"
        assert [service.name for service in served.kept[-1].services] == ["world", "land"]
        served.write(WORLD)
        assert served.reload(client)
        assert client.get(TILE.format("land")).status_code == 404
        assert kept.state == "closed"


def test_a_changed_service_gives_no_picture_of_before(served: Served) -> None:
    served.write(LAND)
    with served.client() as client:
        path = "/tiles/land/10/190/397.png"
        old = client.get(path)
        assert client.get(path).content == old.content
        # The file is the same and so is its version; only what counts as nodata is another.
        served.write(LAND | {"nodata": 42})
        assert served.reload(client)
        new = client.get(path)
        assert new.headers["cache-status"].endswith("detail=miss")
        assert new.content != old.content
        assert new.headers["etag"] != old.headers["etag"]
        served.write(LAND | {"title": "Another title", "nodata": 42})
        assert served.reload(client)
        assert client.get(path).headers["cache-status"] == "cogproxy; hit"
        assert client.get("/tiles/land/tilejson.json").json()["name"] == "Another title"


@pytest.mark.parametrize(
    "text",
    [
        "services: [",
        "services: [{name: a}]",
        "surface: {}",
        "- a list",
        "",
        "services: [{name: land, source: x, renderings: [{name: r, rule: {function: nonsense}}]}]",
    ],
)
def test_a_wrong_configuration_is_refused_and_the_one_before_stays(
    served: Served, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    served.write(LAND)
    with served.client() as client:
        assert client.get(TILE.format("land")).status_code == 200
        served.file.write_text(text)
        before = counted("refused")
        assert not served.reload(client)
        assert counted("refused") == before + 1
        assert "configuration refused, the one before stays in force" in caplog.text
        assert "Traceback" not in caplog.text
        assert client.get(TILE.format("land")).headers["cache-status"] == "cogproxy; hit"
        assert client.get("/readyz").json()["config"] == "refused"
        served.write(LAND)
        assert served.reload(client)
        assert client.get("/readyz").json()["config"] == "ok"
        assert served.kept == []


def test_a_file_that_is_gone_is_refused_too(served: Served) -> None:
    served.write(LAND)
    with served.client() as client:
        served.file.unlink()
        assert not served.reload(client)
        assert client.get(TILE.format("land")).status_code == 200


def test_access_is_taken_back_at_once(served: Served) -> None:
    served.write(LAND)
    with served.client() as client:
        for _ in range(2):
            assert client.get(TILE.format("land")).status_code == 200
        key = {"hash": "sha256:" + "0" * 64}
        served.write(LAND | {"access": {"keys": "portal"}}, security={"keys": {"portal": key}})
        assert served.reload(client)
        assert client.get(TILE.format("land")).status_code == 401


def test_a_render_that_has_begun_ends_with_what_it_began_with(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    import proxy.render_service as module

    real = module.render_picture

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(module, "render_picture", slow)
    served.write(LAND)
    with served.client() as client:
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(client.get("/tiles/land/10/190/397.png")))
        thread.start()
        assert begun.wait(20)
        served.write(WORLD)
        assert served.reload(client)
        go_on.set()
        thread.join(20)
        assert found[0].status_code == 200
        assert client.get("/tiles/land/10/190/397.png").status_code == 404


def test_what_needs_a_restart_is_named(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    before = parse({}, {})
    after = parse(
        {"server": {"port": 1, "access_log": True}, "render": {"threads": 3}, "cache": {"memory_mb": 1}}, {}
    )
    assert needs_restart(before, after) == ["server.port", "render.threads", "cache.memory_mb"]
    assert needs_restart(before, before) == []
    secret = parse({"server": {"secret": "hush"}}, {})
    assert in_place_of(after, secret).server.secret == secret.server.secret


def test_a_change_of_the_file_is_noticed_however_it_is_made(served: Served) -> None:
    served.write(LAND)
    taken = threading.Semaphore(0)
    app = create_app(
        load(served.file, {}), lambda: load(served.file, {}), lambda _: taken.release(), served.file
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get(TILE.format("world")).status_code == 404
        served.write(LAND, WORLD)
        assert taken.acquire(timeout=30)
        assert client.get(TILE.format("world")).status_code == 200
        # As editors and orchestrators do it: another file in its place.
        other = served.file.with_suffix(".new")
        other.write_text(served.file.read_text().replace("world", "earth"))
        other.replace(served.file)
        assert taken.acquire(timeout=30)
        assert client.get(TILE.format("earth")).status_code == 200
