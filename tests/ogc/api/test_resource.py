"""What holds for every address: methods, errors, CORS, caching."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.doors import client_of
from tests.ogc.api.conftest import SERVICES, Checker

TILE = "/ogc/collections/world/map/tiles/WebMercatorQuad/1/0/0"
ADDRESSES = [
    "/ogc", "/ogc/conformance", "/ogc/api", "/ogc/collections", "/ogc/collections/world", "/ogc/map/tiles",
    "/ogc/tileMatrixSets", "/ogc/collections/world/map?width=32&f=png", f"{TILE}?f=png", "/docs",
    "/ogc/collections/world/styles/None/legend",
]  # fmt: skip


@pytest.mark.parametrize("path", ADDRESSES)
def test_head_says_what_get_does_without_a_body(client: TestClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", [*ADDRESSES, "/ogc/nothing"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused_in_the_language_of_the_api(
    client: TestClient, checked: Checker, path: str, method: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.headers["content-type"] == "application/problem+json"
    checked(response.json(), "problem")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ogc/nothing", 404), ("/ogc/a%0Ab", 404), ("/ogc/collections/none", 404),
        ("/ogc/collections/none/map", 404),
        ("/ogc/collections/world/nothing", 404), ("/ogc/collections/world/styles/such", 404),
        ("/ogc/tileMatrixSets/none", 404), ("/ogc/collections/world/map/tiles/none", 404),
        (f"{TILE[:-1]}9", 404), ("/ogc/collections?f=xml", 400), ("/ogc?f=json&f=html", 400),
        ("/ogc/collections/world/styles/None/legend?width=9999", 413),
        ("/ogc/collections/world/styles/None/legend?width=x", 400),
    ],
)  # fmt: skip
def test_every_error_is_a_problem(client: TestClient, checked: Checker, path: str, status: int) -> None:
    """[json/problem-details]"""
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    checked(response.json(), "problem")
    assert response.json()["status"] == status


def test_what_cannot_be_accepted_is_406(client: TestClient, checked: Checker) -> None:
    for path in ("/ogc", "/ogc/collections/world/map", TILE, "/ogc/api"):
        response = client.get(path, headers={"Accept": "example/unknown"})
        assert response.status_code == 406
        checked(response.json(), "problem")


def test_an_error_that_nobody_foresaw_says_nothing_of_the_inside(
    client: TestClient, checked: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("proxy.ogc.api.conformance.document", fail)
    response = client.get("/ogc/conformance")
    assert response.status_code == 500
    checked(response.json(), "problem")
    assert "secret" not in response.text


def test_other_origins_may_read_everything(client: TestClient) -> None:
    """[maps cors] Also the headers that tell what a map shows, also from the hit path."""
    for path in (*ADDRESSES, "/ogc/nothing", f"{TILE}?f=png"):
        assert client.get(path).headers["access-control-allow-origin"] == "*"
        response = client.get(path, headers={"Origin": "https://example.org"})
        assert response.headers["access-control-allow-origin"] == "*"
        exposed = response.headers["access-control-expose-headers"]
        assert {"Content-Bbox", "Content-Crs", "Content-Datetime"} <= set(exposed.split(", "))


def test_only_named_origins_may_where_the_configuration_says_so() -> None:
    with client_of(*SERVICES[:1], server={"cors_origins": ["https://example.org"]}) as client:
        assert "access-control-allow-origin" not in client.get("/ogc").headers
        response = client.get("/ogc", headers={"Origin": "https://example.org"})
        assert response.headers["access-control-allow-origin"] == "https://example.org"


def test_the_hit_path_does_not_forget_what_was_accepted(client: TestClient) -> None:
    """The same address without `f` is another picture for another caller."""
    address = "/ogc/collections/world/map?width=40"
    for _ in range(2):
        for media in ("image/png", "image/jpeg", "image/webp"):
            response = client.get(address, headers={"Accept": media})
            assert response.headers["content-type"] == media
            assert "Accept" in response.headers["vary"].split(", ")
    named = [client.get(f"{address}&f=png") for _ in range(2)]
    assert named[1].headers["cache-status"] == "cogproxy; hit"
    assert named[1].headers["content-bbox"] == named[0].headers["content-bbox"] == "-180.0,-90.0,180.0,90.0"
    assert "Accept" not in named[1].headers.get("vary", "")


def test_a_picture_that_the_caller_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get(f"{TILE}?f=png")
    again = client.get(f"{TILE}?f=png", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_addresses_are_those_that_the_caller_uses() -> None:
    with client_of(*SERVICES[:1]) as client:
        headers = {
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "maps.example.org",
            "X-Forwarded-Prefix": "/geo",
        }
        found = client.get("/ogc/collections/world", headers=headers).json()
        hrefs = {link["href"] for link in found["links"]}
        assert all(href.startswith("https://maps.example.org/geo/ogc") for href in hrefs)
        page = client.get("/ogc/collections/world?f=html", headers=headers).text
        assert 'href="/geo/ogc/collections/world/styles"' in page
        assert "/geo/ogc/collections/world/map/tiles/WebMercatorQuad/{z}/{y}/{x}" in page
