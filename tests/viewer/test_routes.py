from __future__ import annotations

import json
import re
import sys
import threading
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import Config, parse
from proxy.model import DataKind
from proxy.services import Service
from proxy.viewer.facts import Facts, facts_of
from proxy.viewer.routes import backgrounds, map_data
from tests.conftest import DEMO
from tests.viewer.conftest import FACTS, INFO, MakeFacts, client_of

PAGES = ["/", "/view/world", "/view/dem/valley", "/view/mars", "/view/gone", "/view/unknown"]


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and self.scripts:
            self.scripts[-1] += data
        else:
            self.words += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def all(self, name: str, attribute: str) -> list[str]:
        return [value for tag, attrs in self.found if tag == name and (value := attrs.get(attribute))]


def page(client: TestClient, path: str, **headers: str) -> Elements:
    return Elements(client.get(path, headers=headers).text)


def data_of(client: TestClient, path: str) -> dict[str, object]:
    scripts = [script for script in page(client, path).scripts if script.strip()]
    assert len(scripts) == 1
    return dict(json.loads(scripts[0]))


def test_directory_links_every_door(client: TestClient) -> None:
    links = page(client, "/").all("a", "href")
    for expected in (
        "/view/world",
        "/tiles/world/tilejson.json",
        "/arcgis/rest/services/world/ImageServer",
        "/view/dem/valley",
        "/tiles/dem/valley/tilejson.json",
        "/arcgis/rest/services/dem/valley/ImageServer",
        "/arcgis/rest/services/mars/ImageServer",
        "/arcgis/rest/services",
    ):
        assert expected in links
    assert "/tiles/mars/tilejson.json" not in links
    assert not [link for link in links if "gone" in link]


def test_the_links_of_a_map_lead_to_documents_of_the_service() -> None:
    config = parse({"services": [{"name": "dem/valley", "source": str(DEMO / "elevation.tif")}]}, {})
    with TestClient(create_app(config)) as client:
        links = page(client, "/view/dem/valley").all("a", "href")
        for link in links:
            assert client.get(link).status_code == 200, link
        described = [client.get(link).text for link in links if link.startswith(("/wms", "/wmts"))]
    assert len(described) == 2
    assert all("<Capabilities" in text or "<WMS_Capabilities" in text for text in described)


def test_directory_says_what_services_are(client: TestClient) -> None:
    found = page(client, "/")
    for words in (
        "The world",
        "Colour image",
        "Some agency & sons",
        "4 services",
        "The source does not exist.",
    ):
        assert words in found.words
    assert "/tiles/world/thumbnail.png?size=320" in found.all("img", "src")
    assert not [source for source in found.all("img", "src") if "/gone/" in source]


def test_directory_without_services() -> None:
    found = page(client_of(parse({}, {})), "/")
    assert "No services are configured." in found.words
    assert "0 services" in found.words


@pytest.mark.parametrize("path", PAGES)
def test_titles_and_descriptions_stay_text(client: TestClient, path: str) -> None:
    text = client.get(path).text
    assert not re.search(r"<script>\s*alert|<b>", text)
    assert not [script for script in Elements(text).scripts if "alert(1)" in script]


def test_title_of_a_failed_service_is_escaped(client: TestClient) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get("/").text
    assert "<title>&lt;script&gt;alert(1)&lt;/script&gt;" in client.get("/view/gone").text


@pytest.mark.parametrize("path", PAGES)
def test_pages_obey_their_own_policy(client: TestClient, path: str) -> None:
    response = client.get(path)
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert "unsafe" not in policy
    for tag, attributes in Elements(response.text).found:
        assert tag != "style"
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "script":
            assert attributes.get("type") == "application/json" or attributes.get("src")
        for name in ("src", "srcset"):
            assert (attributes.get(name) or "/").startswith("/")


@pytest.mark.parametrize("path", PAGES)
def test_own_files_of_pages_exist_and_are_kept(client: TestClient, path: str) -> None:
    found = page(client, path)
    files = found.all("script", "src") + found.all("link", "href")
    files += [source for source in found.all("img", "src") if source.startswith("/static/")]
    assert files
    for address in files:
        response = client.get(address)
        assert response.status_code == 200, address
        assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("path", PAGES)
def test_ids_are_unique_and_references_hold(client: TestClient, path: str) -> None:
    elements = page(client, path).found
    ids = [value for _, attributes in elements if (value := attributes.get("id"))]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        for name in ("aria-controls", "aria-labelledby", "for"):
            assert (attributes.get(name) or ids[0]) in ids
    assert all(image.get("alt") is not None for tag, image in elements if tag == "img")


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/view/world", 200), ("/view/unknown", 404), ("/view/gone", 200)]
)
def test_head(client: TestClient, path: str, status: int) -> None:
    response = client.head(path)
    assert response.status_code == status
    assert response.content == b""
    assert "content-security-policy" in response.headers


def test_map_has_what_its_script_needs(client: TestClient) -> None:
    data = data_of(client, "/view/world")
    assert data["bounds"] == [-180, -90, 180, 90]
    assert data["renderings"] == {
        "None": {"tiles": "/tiles/world/{z}/{x}/{y}{r}.png", "view": "/view/world"},
    }
    assert data["points"] == "/tiles/world/point/"
    assert data["attribution"] == "Some agency & sons"
    assert list(data["backgrounds"]) == ["dem/valley"]


def test_map_offers_renderings(client: TestClient) -> None:
    found = page(client, "/view/dem/valley?style=tinted%20RELIEF")
    chosen = [attrs for tag, attrs in found.found if tag == "input" and "checked" in attrs]
    assert [attrs["value"] for attrs in chosen] == ["Tinted relief"]
    assert found.all("input", "value")[:3] == ["Shade", "Tinted relief", "None"]
    assert "/tiles/dem/valley/tilejson.json?style=Tinted%20relief" in found.all("a", "href")
    assert "<b>Tinted</b>" in found.words


def test_map_lists_backgrounds_under_the_data(client: TestClient) -> None:
    assert "world" in page(client, "/view/dem/valley").all("option", "value")


def test_map_has_snippets_of_the_rendering(client: TestClient) -> None:
    words = page(client, "/view/dem/valley?style=Tinted relief").words
    assert "http://testserver/tiles/dem/valley/{z}/{x}/{y}{r}.png?style=Tinted%20relief" in words
    assert "http://testserver/arcgis/rest/services/dem/valley/ImageServer" in words
    titles = [attrs["id"] for _, attrs in page(client, "/view/world").found if attrs.get("role") == "tab"]
    assert [str(title).removeprefix("tab-") for title in titles] == [
        "leaflet", "openlayers", "maplibre", "esri-leaflet", "arcgis-js", "qgis", "gdal", "curl",
    ]  # fmt: skip


def test_description_in_the_data_cannot_end_the_script(config: Config) -> None:
    service = config.services[0].model_copy(update={"attribution": "</script><script>alert(3)</script>"})
    client = client_of(config.model_copy(update={"services": (service,)}))
    assert "<script>alert(3)" not in client.get("/view/world").text
    assert data_of(client, "/view/world")["attribution"] == "</script><script>alert(3)</script>"


def test_other_planets_have_a_picture_and_the_reason(client: TestClient) -> None:
    found = page(client, "/view/mars")
    assert "There is no web map of this service." in found.words
    assert "Mars" in found.words
    assert "/tiles/mars/thumbnail.png?size=1024" in found.all("img", "src")
    assert "/exportImage?bbox=" in unquote(found.words)
    assert "{z}" not in found.words


def test_failed_service_says_why(client: TestClient) -> None:
    found = page(client, "/view/gone")
    assert "This service is not available. The source does not exist." in " ".join(found.words.split())


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/view/unknown", "There is no service 'unknown'."),
        ("/view/<b>bad</b>", "There is no service '<b>bad</b>'."),
        ("/view/world?style=none-such", "Service 'world' has no rendering 'none-such'."),
    ],
)
def test_unknown_is_a_page(client: TestClient, path: str, sentence: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert sentence in Elements(response.text).words
    assert "<b>" not in response.text


def test_links_keep_the_prefix_of_a_proxy(client: TestClient) -> None:
    forwarded = {
        "x-forwarded-prefix": "/maps",
        "x-forwarded-host": "example.org",
        "x-forwarded-proto": "https",
    }
    found = page(client, "/view/world", **forwarded)
    assert "/maps/tiles/world/tilejson.json" in found.all("a", "href")
    assert all(address.startswith("/maps/static/") for address in found.all("script", "src"))
    assert "https://example.org/maps/tiles/world/{z}/{x}/{y}{r}.png" in found.words


def test_context_of_the_arcgis_door_is_followed(config: Config) -> None:
    server = config.server.model_copy(update={"context": "gis"})
    client = client_of(config.model_copy(update={"server": server}))
    assert "/gis/rest/services/world/ImageServer" in page(client, "/").all("a", "href")


def test_service_names_are_matched_without_case(client: TestClient) -> None:
    assert client.get("/view/DEM/Valley/").status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ((0, 0, 10, 10), (5, 5, 15, 15), True),
        ((0, 0, 10, 10), (11, 0, 15, 10), False),
        ((0, 0, 10, 10), (0, 10, 10, 20), False),
        ((170, 0, 190, 10), (-180, 0, -175, 10), True),
        ((-180, 0, -175, 10), (170, 0, 190, 10), True),
        ((170, 0, 190, 10), (-160, 0, -150, 10), False),
    ],
)
def test_backgrounds_share_ground(
    make_facts: MakeFacts, one: tuple[float, ...], other: tuple[float, ...], shared: bool
) -> None:
    facts: Facts = make_facts(info={"geographic_bounds": one})
    assert bool(backgrounds([facts], other)) is shared


def test_backgrounds_have_colour_images_first_then_large_ones(make_facts: MakeFacts) -> None:
    def one(name: str, kind: str, bounds: tuple[float, ...]) -> Facts:
        return make_facts(name=name, info={"kind": DataKind(kind), "geographic_bounds": bounds})

    known = [
        one("small", "generic", (0, 0, 10, 10)),
        one("large", "generic", (0, 0, 90, 60)),
        one("photo", "rgb", (0, 0, 5, 5)),
        Facts("closed", "", "", "", FACTS.choices),
    ]
    assert [facts.name for facts in backgrounds(known, (0, 0, 20, 20))] == ["photo", "large", "small"]


def test_map_data_is_plain_json() -> None:
    data = map_data("/p", "arcgis", FACTS, "Tinted relief", [FACTS])
    assert json.loads(json.dumps(data))["renderings"]["Tinted relief"] == {
        "tiles": "/p/tiles/dem/valley/{z}/{x}/{y}{r}.png?style=Tinted%20relief",
        "view": "/p/view/dem/valley?style=Tinted%20relief",
    }
    assert data["bounds"] == INFO.geographic_bounds
    assert data["maxZoom"] == 14


def test_sources_that_still_open_do_not_hold_up_pages(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(service: Service) -> Facts:
        if service.name == "world":
            gate.wait(10)
        return facts_of(service)

    monkeypatch.setattr("proxy.viewer.gather.facts_of", slow)
    # The package offers a function of the module's name.
    module = sys.modules["proxy.viewer.routes"]
    monkeypatch.setattr(module, "DIRECTORY_SECONDS", 0.5)
    monkeypatch.setattr(module, "MAP_SECONDS", 0.1)
    with client:
        assert page(client, "/").words.count("Still opening.") == 1
        opening = client.get("/view/world")
        gate.set()
        monkeypatch.setattr(module, "MAP_SECONDS", 10)
        opened = client.get("/view/world")
    assert opening.headers["refresh"] == "3"
    assert "The source is still opening." in opening.text
    assert "refresh" not in opened.headers
    assert 'id="map"' in opened.text
