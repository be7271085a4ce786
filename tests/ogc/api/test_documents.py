"""Every document against its schema, and what schemas cannot say."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import DATA
from tests.doors import client_of
from tests.ogc.api.conftest import SERVICES, Checker, link

MERCATOR = (-20037508.3427892, 20037508.3427892)

DOCUMENTS = [
    ("/ogc", "landingPage"),
    ("/ogc/", "landingPage"),
    ("/ogc/conformance", "confClasses"),
    ("/ogc/collections", "collections"),
    ("/ogc/tileMatrixSets", "tileMatrixSets"),
    *((f"/ogc/tileMatrixSets/{name}", "tileMatrixSet") for name in (
        "WebMercatorQuad", "WorldCRS84Quad", "WGS1984Quad", "EuropeanETRS89_LAEAQuad", "CDB1GlobalGrid",
    )),
    ("/ogc/map/tiles", "tileSets"),
    ("/ogc/map/tiles/WebMercatorQuad", "tileSet"),
    ("/ogc/map/tiles/WebMercatorQuad?collections=world,dem:sierra", "tileSet"),
    ("/ogc/map/tiles/WebMercatorQuad?f=tilejson", "tileJSON"),
    *(pair for name in ("world", "dem:sierra", "scene", "classes") for pair in (
        (f"/ogc/collections/{name}", "collection"),
        (f"/ogc/collections/{name}/map/tiles", "tileSets"),
        (f"/ogc/collections/{name}/map/tiles/WebMercatorQuad", "tileSet"),
        (f"/ogc/collections/{name}/map/tiles/WorldCRS84Quad", "tileSet"),
        (f"/ogc/collections/{name}/map/tiles/WebMercatorQuad?f=tilejson", "tileJSON"),
        (f"/ogc/collections/{name}/styles", "styles"),
        (f"/ogc/collections/{name}/styles/None", "style"),
        (f"/ogc/collections/{name}/styles/None/metadata", "style"),
        (f"/ogc/collections/{name}/styles/None?f=mapbox", "mapLibreStyle"),
        (f"/ogc/collections/{name}/styles/None/map/tiles", "tileSets"),
        (f"/ogc/collections/{name}/styles/None/map/tiles/WebMercatorQuad", "tileSet"),
    )),
    ("/tiles/world/style.json", "mapLibreStyle"),
    ("/tiles/dem/sierra/style/shade/style.json", "mapLibreStyle"),
    ("/tiles/dem/sierra/style.json?encoding=terrarium", "mapLibreStyle"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "schema"), DOCUMENTS)
def test_every_document_has_the_form_that_its_standard_says(
    client: TestClient, checked: Checker, path: str, schema: str
) -> None:
    response = client.get(path)
    assert response.status_code == 200, response.text
    checked(response.json(), schema)


def test_the_landing_page_covers_everything(client: TestClient) -> None:
    found = client.get("/ogc").json()
    assert found["extent"]["spatial"]["bbox"] == [[-180, -90, 180, 90]]
    assert found["extent"]["spatial"]["crs"].endswith("CRS84")
    # [dataset-map/landingpage] and the suite's trap: a map's address has no query string.
    assert link(found, "http://www.opengis.net/def/rel/ogc/1.0/map")["href"] == "http://testserver/ogc/map"
    assert link(found, "https://www.opengis.net/def/rel/ogc/1.0/map")["href"] == "http://testserver/ogc/map"


def test_every_link_of_every_document_leads_somewhere(client: TestClient) -> None:
    waiting, seen = ["http://testserver/ogc"], set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        response = client.get(address)
        assert response.status_code == 200, address
        if "json" not in response.headers["content-type"]:
            continue
        for item in _links(response.json()):
            if not item.get("templated") and "openapi" not in item.get("type", ""):
                waiting.append(item["href"])
                if item.get("type") and item["rel"] in ("self", "alternate"):
                    answer = client.get(item["href"], headers={"Accept": item["type"]})
                    assert answer.headers["content-type"].split(";")[0] == item["type"].split(";")[0]
    assert len(seen) > 60


def _links(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, list):
        return [item for part in document for item in _links(part)]
    if not isinstance(document, dict):
        return []
    own = [document] if {"rel", "href"} <= set(document) else []
    return own + [item for part in document.values() for item in _links(part)]


def test_a_collection_says_the_same_alone_and_in_the_list(client: TestClient) -> None:
    """[collections-1 description-success]"""
    listed = {entry["id"]: entry for entry in client.get("/ogc/collections").json()["collections"]}
    assert list(listed) == ["world", "dem:sierra", "scene", "classes"]
    for name, entry in listed.items():
        assert client.get(f"/ogc/collections/{name}").json() == entry


def test_a_collection_says_where_it_is_in_its_own_system(client: TestClient) -> None:
    """[maps collection-map/desc-crs]"""
    scene = client.get("/ogc/collections/scene").json()
    assert scene["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/32633"
    assert scene["storageCrs"] in scene["crs"]
    [box] = scene["extent"]["spatial"]["storageCrsBbox"]
    assert 300_000 < box[0] < box[2] < 400_000
    assert 5_800_000 < box[1] < box[3] < 5_900_000
    world = client.get("/ogc/collections/world").json()
    assert world["storageCrs"] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert "storageCrsBbox" not in world["extent"]["spatial"]
    assert world["attribution"] == "NASA"


@pytest.mark.parametrize("path", ["/ogc", "/ogc/collections/dem:sierra"])
def test_a_list_of_tilesets_says_enough_to_ask_for_a_tile(client: TestClient, path: str) -> None:
    for each in client.get(f"{path}/map/tiles").json()["tilesets"]:
        alone = client.get(f"{path}/map/tiles/{each['tileMatrixSetId']}").json()
        assert each["tileMatrixSetLimits"] == alone["tileMatrixSetLimits"]
        (template,) = (
            item for item in each["links"] if item["rel"] == "item" and item["type"] == "image/png"
        )
        limit = each["tileMatrixSetLimits"][-1]
        names = {
            "tileMatrix": limit["tileMatrix"],
            "tileRow": limit["maxTileRow"],
            "tileCol": limit["minTileCol"],
        }
        assert client.get(template["href"].format(**names)).status_code == 200


def test_addresses_of_a_folder_are_escaped(client: TestClient) -> None:
    """Tests, and other programs, build them of escaped identifiers and compare the texts."""
    styles = client.get("/ogc/collections/dem:sierra/styles").json()["styles"]
    for style in styles:
        href = link(style, "http://www.opengis.net/def/rel/ogc/1.0/map")["href"]
        assert href.endswith(f"/ogc/collections/dem%3Asierra/styles/{style['id']}/map")
        assert client.get(href, params={"width": 16}).status_code == 200


def test_a_legend_is_png_alone(client: TestClient) -> None:
    address = "/ogc/collections/world/styles/None/legend"
    assert client.get(f"{address}?f=png").headers["content-type"] == "image/png"
    wrong = client.get(f"{address}?f=foo")
    assert wrong.status_code == 400
    assert wrong.headers["content-type"] == "application/problem+json"
    assert client.get(address, headers={"Accept": "application/json"}).status_code == 406
    assert client.get(address, headers={"Accept": "image/*"}).status_code == 200


def test_a_folder_is_part_of_the_identifier(client: TestClient) -> None:
    assert client.get("/ogc/collections/dem:sierra").json()["title"] == "Sierra Nevada"
    assert client.get("/ogc/collections/DEM:Sierra").json()["id"] == "dem:sierra"
    assert client.get("/ogc/collections/dem%2Fsierra").status_code == 404


@pytest.mark.parametrize("name", ["WebMercatorQuad", "WorldCRS84Quad", "WGS1984Quad"])
def test_a_tileset_agrees_with_its_definition(client: TestClient, name: str) -> None:
    """[tileset/description C and D]"""
    tileset = client.get(f"/ogc/collections/scene/map/tiles/{name}").json()
    scheme = link(tileset, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme")["href"]
    definition = client.get(scheme).json()
    assert tileset.get("tileMatrixSetURI") == definition.get("uri")
    assert tileset["crs"] == definition["crs"]
    matrices = {matrix["id"]: matrix for matrix in definition["tileMatrices"]}
    for limit in tileset["tileMatrixSetLimits"]:
        matrix = matrices[limit["tileMatrix"]]
        assert 0 <= limit["minTileRow"] <= limit["maxTileRow"] < matrix["matrixHeight"]
        assert 0 <= limit["minTileCol"] <= limit["maxTileCol"] < matrix["matrixWidth"]


def test_boxes_are_in_the_order_of_the_axes(client: TestClient) -> None:
    longitude_first = client.get("/ogc/collections/scene/map/tiles/WorldCRS84Quad").json()["boundingBox"]
    latitude_first = client.get("/ogc/collections/scene/map/tiles/WGS1984Quad").json()["boundingBox"]
    assert longitude_first["lowerLeft"] == list(reversed(latitude_first["lowerLeft"]))
    assert 12 < longitude_first["lowerLeft"][0] < 13
    origin = client.get("/ogc/tileMatrixSets/WGS1984Quad").json()["tileMatrices"][0]["pointOfOrigin"]
    assert origin == [90, -180]


@pytest.mark.parametrize(
    ("name", "scale", "cell", "origin", "size"),
    [
        ("WebMercatorQuad", 559082264.028717, 156543.033928041, MERCATOR, (1, 1)),
        ("WorldCRS84Quad", 279541132.014358, 0.703125, (-180, 90), (2, 1)),
        ("WorldMercatorWGS84Quad", 559082264.028717, 156543.033928041, MERCATOR,
         (1, 1)),
    ],
)  # fmt: skip
def test_the_well_known_sets_are_those_of_the_register(
    client: TestClient,
    name: str,
    scale: float,
    cell: float,
    origin: tuple[float, float],
    size: tuple[int, int],
) -> None:
    found = client.get(f"/ogc/tileMatrixSets/{name}").json()
    assert found["uri"] == f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{name}"
    for level, matrix in enumerate(found["tileMatrices"]):
        assert matrix["id"] == str(level)
        assert matrix["scaleDenominator"] == pytest.approx(scale / 2**level, rel=1e-9)
        assert matrix["cellSize"] == pytest.approx(cell / 2**level, rel=1e-9)
        assert matrix["pointOfOrigin"] == pytest.approx(origin, rel=1e-9)
        assert (matrix["matrixWidth"], matrix["matrixHeight"]) == (size[0] * 2**level, size[1] * 2**level)


def test_a_set_with_a_borrowed_address_does_not_publish_it(client: TestClient) -> None:
    sets = client.get("/ogc/tileMatrixSets").json()["tileMatrixSets"]
    addresses = [entry["uri"] for entry in sets if "uri" in entry]
    assert len(set(addresses)) == len(addresses)
    assert {"WebMercatorQuad", "WorldCRS84Quad", "WGS1984Quad"} <= {entry["id"] for entry in sets}


def test_styles_are_the_renderings(client: TestClient) -> None:
    found = client.get("/ogc/collections/dem:sierra/styles").json()
    assert [style["id"] for style in found["styles"]] == ["shade", "plain", "None"]
    assert found["default"] == "shade"
    legend = link(found["styles"][0], "http://www.opengis.net/def/rel/ogc/1.0/legend")["href"]
    answer = client.get(legend, params={"width": 90, "height": 70})
    assert answer.headers["content-type"] == "image/png"
    assert answer.content[16:24] == (90).to_bytes(4, "big") + (70).to_bytes(4, "big")


def test_only_services_that_open_and_lie_on_the_earth_are_collections() -> None:
    mars = {"name": "mars", "source": str(DATA / "mars_equirectangular_rgb_jpeg.tif")}
    broken = {"name": "broken", "source": str(DATA / "missing.tif")}
    with client_of(mars, broken, SERVICES[0]) as client:
        listed = client.get("/ogc/collections").json()
        assert [entry["id"] for entry in listed["collections"]] == ["world"]
        assert listed["numberMatched"] == 1
        assert client.get("/ogc/collections/mars").status_code == 404
        assert client.get("/ogc/collections/broken/map").status_code == 502
        assert client.get("/ogc/map").status_code == 200


def test_a_server_without_collections_still_describes_itself() -> None:
    with client_of() as client:
        assert client.get("/ogc").status_code == 200
        assert client.get("/ogc/collections").json()["collections"] == []
        assert client.get("/ogc/map").status_code == 404
        assert client.get("/ogc?f=html").status_code == 200
        assert client.get("/ogc/collections?f=html").status_code == 200
