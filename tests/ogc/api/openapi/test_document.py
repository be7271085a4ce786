"""The OpenAPI document: [common oas30], [tiles oas30], [maps api-operations]."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, validate
from starlette.testclient import TestClient

from proxy.ogc.api.links import collection_id
from proxy.ogc.order import OWN
from tests.ogc.api.conftest import SERVICES

Document = dict[str, Any]

#: Ends of the identifiers of operations that Tiles and Maps want.
SUFFIXES = [
    ".dataset.getMap", ".dataset.map.getTileSetsList", ".dataset.map.getTileSet", ".dataset.map.getTile",
    ".collection.getMap", ".collection.map.getTileSetsList", ".collection.map.getTileSet",
    ".collection.map.getTile", ".collection.style.getMap", ".collection.style.map.getTileSetsList",
    ".collection.style.map.getTileSet", ".collection.style.map.getTile",
]  # fmt: skip
MAP = {
    "bbox", "bbox-crs", "center", "center-crs", "subset", "subset-crs", "crs", "datetime", "width", "height",
    "scale-denominator", "mm-per-pixel", "bgcolor", "transparent", "void-color", "void-transparent", "f",
}  # fmt: skip
TILE = {
    "subset", "datetime", "width", "height", "scale-denominator", "mm-per-pixel", "bgcolor", "transparent",
    "void-color", "void-transparent", "f", "tileMatrixSetId", "tileMatrix", "tileRow", "tileCol",
}  # fmt: skip


@pytest.fixture(scope="module")
def document(client: TestClient) -> Document:
    response = client.get("/ogc/api")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    found: Document = response.json()
    return found


def resolved(document: Document, item: Document) -> Document:
    if "$ref" in item:
        found: Any = document
        for part in item["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)
    return item


def parameters(document: Document, path: str) -> set[str]:
    listed = document["paths"][path]["get"]["parameters"]
    return {resolved(document, item)["name"] for item in listed}


def test_it_is_valid_openapi_3_0(document: Document) -> None:
    """[oas30/oas-definition-1, -2]"""
    assert document["openapi"].startswith("3.0.")
    validate(document, cls=OpenAPIV30SpecValidator)


def test_it_refers_to_itself_alone(document: Document) -> None:
    text = json.dumps(document)
    assert text.count('"$ref": "#/') == text.count('"$ref"')


def test_identifiers_end_as_the_standards_say(document: Document) -> None:
    """[oas30/operation-id, api-operations/operation-id]"""
    identifiers = [item["get"]["operationId"] for item in document["paths"].values()]
    assert len(set(identifiers)) == len(identifiers)
    for suffix in SUFFIXES:
        assert sum(identifier.endswith(suffix) for identifier in identifiers) == 1, suffix


def test_every_parameter_is_described(document: Document) -> None:
    """[oas30/completeness, api-operations/completeness]"""
    for origin in ("", "/collections/{collectionId}", "/collections/{collectionId}/styles/{styleId}"):
        more = {"collections"} if not origin else set()
        path = f"{origin}/map"
        # Those of no standard as well, but for a second spelling of one.
        assert parameters(document, path) >= MAP | more | set(OWN) - {"resampling"}
        tile = f"{path}/tiles/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
        assert parameters(document, tile) >= TILE | more | set(OWN) - {"resampling"}
        assert parameters(document, f"{path}/tiles") >= {"f"} | more
        assert parameters(document, f"{path}/tiles/{{tileMatrixSetId}}") >= {"f"} | more


def test_every_component_is_used(document: Document) -> None:
    text = json.dumps(document)
    for kind, components in document["components"].items():
        for name in components:
            assert f'"#/components/{kind}/{name}"' in text, f"{kind}/{name}"


def test_it_names_the_collections_and_the_limits(document: Document) -> None:
    known = document["components"]["parameters"]["collectionId"]["schema"]["enum"]
    assert known == [collection_id(service["name"]) for service in SERVICES]
    assert document["x-OGC-limits"]["maps"] == {"maxWidth": 4100, "maxHeight": 4100}
    assert document["info"]["x-OGC-limits"] == document["x-OGC-limits"]
    width = document["components"]["parameters"]["width"]["schema"]
    assert (width["type"], width["multipleOf"], width["maximum"]) == ("number", 1, 4100)
    assert document["servers"] == [{"url": "http://testserver/ogc"}]


def test_every_linked_path_is_described(client: TestClient, document: Document) -> None:
    """[api-operations/completeness B]"""
    listed = client.get("/ogc/collections/scene").json()["links"]
    hrefs = {link["href"] for link in listed} | {link["href"] for link in client.get("/ogc").json()["links"]}
    for href in hrefs:
        path = href.removeprefix("http://testserver/ogc").split("?")[0] or "/"
        assert path.replace("/collections/scene", "/collections/{collectionId}") in document["paths"], path
