from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.conftest import DEMO, RasterMaker
from tests.doors import client_of

EXPORT = (
    "/arcgis/rest/services/bluemarble/ImageServer/exportImage?bbox=0,0,20,10&size=80,40&f=image&format=png"
)


@pytest.fixture(autouse=True)
def _looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked at stays so, however long a picture takes."""
    monkeypatch.setattr("proxy.services.service.LOCAL_SECONDS", 600.0)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with client_of(DEMO / "bluemarble.tif") as found:
        yield found


def answered(client: TestClient) -> int:
    return int(client.app.state.hits.answered)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/tiles/bluemarble/1/0/1.png?bands=1", "/tiles/bluemarble/1/0/1", EXPORT])
def test_the_second_request_takes_the_short_way_and_is_the_same(client: TestClient, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert answered(client) == 1
    assert second.content == first.content
    for name in ("content-type", "content-length", "etag", "cache-control", "accept-ranges"):
        assert second.headers[name] == first.headers[name]
    assert second.headers["cache-status"] == "cogproxy; hit"
    assert second.headers["access-control-allow-origin"] == "*"


def test_head_and_validators_on_the_short_way(client: TestClient) -> None:
    path = "/tiles/bluemarble/0/0/0.png"
    first = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == first.headers["content-length"]
    unchanged = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    other = client.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)
    assert answered(client) == 3


def test_ranges_posts_and_errors_go_the_long_way(client: TestClient) -> None:
    path = "/tiles/bluemarble/0/0/0.png"
    client.get(path)
    assert client.get(path, headers={"Range": "bytes=0-9"}).status_code == 206
    export, query = EXPORT.split("?")
    for _ in range(2):
        assert client.post(export, data=dict(pair.split("=") for pair in query.split("&"))).status_code == 200
        assert client.get("/tiles/bluemarble/77/0/0.png").status_code == 404
    assert answered(client) == 0


def test_a_link_with_a_lifetime_is_not_remembered(client: TestClient) -> None:
    link = client.get(EXPORT.replace("f=image", "f=json")).json()["href"]
    for _ in range(2):
        assert client.get(link).status_code == 200
    assert answered(client) == 0


def test_an_evicted_picture_is_rendered_again(client: TestClient) -> None:
    path = "/tiles/bluemarble/0/0/0.png"
    first = client.get(path)
    client.app.state.renderer.store.clear()  # type: ignore[attr-defined]
    second = client.get(path)
    assert second.content == first.content
    assert answered(client) == 0


def test_a_changed_source_ends_what_is_known(
    make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_raster("a.tif", np.full((8, 8), 10, np.uint8))
    path = "/tiles/a/thumbnail.png?size=64"
    with client_of(file) as client:
        old = client.get(path)
        assert client.get(path).content == old.content
        make_raster("a.tif", np.full((8, 9), 20, np.uint8))
        assert client.get(path).content == old.content
        assert answered(client) == 2
        monkeypatch.setattr("proxy.services.service.LOCAL_SECONDS", 0.0)
        assert client.get(path).content != old.content


def test_a_closed_list_of_origins_is_checked_on_the_long_way() -> None:
    settings = {"server": {"cors_origins": ["https://app.example"]}}
    with client_of(DEMO / "bluemarble.tif", **settings) as client:
        path = "/tiles/bluemarble/0/0/0.png"
        client.get(path)
        mine = client.get(path, headers={"Origin": "https://app.example"})
        other = client.get(path, headers={"Origin": "https://other.example"})
        assert mine.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-origin" not in other.headers
        assert answered(client) == 0
        assert "access-control-allow-origin" not in client.get(path).headers
        assert answered(client) == 1
