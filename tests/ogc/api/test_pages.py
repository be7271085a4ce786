"""Pages for people."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.doors import client_of
from tests.ogc.api.conftest import SERVICES

PAGES = [
    "/ogc", "/ogc/conformance", "/ogc/api", "/docs", "/ogc/collections", "/ogc/collections/dem:sierra",
    "/ogc/collections/dem:sierra/styles", "/ogc/collections/dem:sierra/styles/shade", "/ogc/tileMatrixSets",
    "/ogc/tileMatrixSets/WebMercatorQuad", "/ogc/map/tiles", "/ogc/map/tiles/WebMercatorQuad",
    "/ogc/collections/scene/map/tiles", "/ogc/collections/scene/map/tiles/WorldCRS84Quad",
    "/ogc/collections/dem:sierra/styles/shade/map/tiles/WebMercatorQuad",
]  # fmt: skip
#: What shows data shows them on a map.
MAPPED = [page for page in PAGES if page not in ("/ogc/conformance", "/ogc/api", "/docs", "/ogc/collections")
          and "tileMatrixSets" not in page]  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.addresses.append(value)
        if tag not in ("meta", "link", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data


def read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.mark.parametrize("path", PAGES)
def test_every_resource_has_a_page_whose_links_work(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    reader = read(response.text)
    assert "OGC API" in reader.title
    for address in reader.addresses:
        if address.startswith("#"):
            continue
        assert address.startswith("/"), f"{address} leaves the server"
        assert client.get(address).status_code == 200, address


def map_of(client: TestClient, path: str) -> dict[str, Any]:
    text = client.get(f"{path}?f=html").text
    found = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', text)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize("path", MAPPED)
def test_what_shows_data_has_a_map_with_tiles_of_the_api(client: TestClient, path: str) -> None:
    data = map_of(client, path)
    tile = data["tiles"].replace("{z}", str(data["zooms"][0])).replace("{y}", "0").replace("{x}", "0")
    assert client.get(tile).headers["content-type"] == "image/png"


def test_the_map_of_all_shows_the_large_collections_below_the_small_ones(client: TestClient) -> None:
    data = map_of(client, "/ogc")
    assert data["tiles"].endswith("&collections=world,dem:sierra,classes,scene")
    assert data["drawn"] == data["bounds"] == [-180.0, -90.0, 180.0, 90.0]
    with client_of(SERVICES[1]) as alone:
        assert "collections" not in map_of(alone, "/ogc")["tiles"]


def test_a_trail_leads_back(client: TestClient) -> None:
    text = client.get("/ogc/collections/dem:sierra/styles/shade/map/tiles?f=html").text
    trail = re.findall(r'<li><a href="([^"]*)">([^<]*)</a></li>', text)[:5]
    assert trail == [
        ("/ogc", "OGC API"),
        ("/ogc/collections", "Collections"),
        ("/ogc/collections/dem:sierra", "dem:sierra"),
        ("/ogc/collections/dem:sierra/styles", "Styles"),
        ("/ogc/collections/dem:sierra/styles/shade", "shade"),
    ]


def test_texts_of_the_configuration_are_shown_as_they_are() -> None:
    evil = "<script>alert(1)</script>\"'&"
    service = SERVICES[0] | {"title": evil, "description": evil, "attribution": evil}
    with client_of(service) as client:
        for path in (
            "/ogc",
            "/ogc/collections",
            "/ogc/collections/world",
            "/ogc/collections/world/map/tiles",
        ):
            text = client.get(f"{path}?f=html").text
            assert "<script>alert" not in text
            read(text)


def test_the_documentation_has_a_form_for_every_operation(client: TestClient) -> None:
    text = client.get("/docs").text
    for path, item in client.get("/ogc/api").json()["paths"].items():
        assert f'data-path="/ogc{path}"' in text
        assert f'id="{item["get"]["operationId"]}"' in text
