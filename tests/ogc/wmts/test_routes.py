from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import rasterio
from lxml import etree
from PIL import Image
from rasterio.warp import transform
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.ogc.conftest import Validator

TILE: dict[str, Any] = {
    "service": "WMTS", "request": "GetTile", "version": "1.0.0", "layer": "elevation", "style": "None",
    "format": "image/png", "TileMatrixSet": "WebMercatorQuad", "TileMatrix": "10", "TileRow": "397",
    "TileCol": "174",
}  # fmt: skip
INFO = TILE | {"request": "GetFeatureInfo", "I": "100", "J": "50", "InfoFormat": "application/json"}
REST = "/wmts/elevation/1.0.0/None/WebMercatorQuad/10/397/174"


def without(name: str, query: dict[str, Any] = TILE) -> dict[str, Any]:
    return {key: value for key, value in query.items() if key != name}


def reported(client: TestClient, query: dict[str, Any], valid: Validator) -> tuple[int, str, str | None]:
    answer = client.get("/wmts", params=query)
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["cache-control"] == "no-store"
    valid(answer.content)
    found, *others = etree.fromstring(answer.content)
    # A second code says the same of the same parameter.
    assert {each.get("locator") for each in others} <= {found.get("locator")}
    return answer.status_code, found.get("exceptionCode"), found.get("locator")


MISSING = [(without(name), name) for name in TILE if name not in ("request",)]
MISSING += [(without(name, INFO), name) for name in ("I", "J", "InfoFormat")]
INVALID = [
    ({"service": "WFS"}, "service"),
    ({"request": "GetNothing"}, "request"),
    ({"version": "2.0.0"}, "version"),
    ({"layer": "nope"}, "layer"),
    ({"style": "nope"}, "style"),
    ({"format": "image/x"}, "format"),
    ({"TileMatrixSet": "nope"}, "TileMatrixSet"),
    ({"TileMatrixSet": "webmercatorquad"}, "TileMatrixSet"),
    ({"TileMatrix": "nope"}, "TileMatrix"),
    ({"TileMatrix": "010"}, "TileMatrix"),
    ({"TileRow": "x"}, "TileRow"),
    ({"TileRow": "1.5"}, "TileRow"),
    ({"TileCol": "٣"}, "TileCol"),
]
OUTSIDE = [
    ({"TileRow": "-1"}, "TileRow"),
    ({"TileRow": "2147483647"}, "TileRow"),
    ({"TileRow": "99999999999999999999"}, "TileRow"),
    ({"TileCol": "9" * 40}, "TileCol"),
    ({"TileRow": "300"}, "TileRow"),
    ({"TileCol": "1024"}, "TileCol"),
    ({"TileMatrix": "20"}, "TileRow"),
    ({"TileMatrixSet": "GoogleMapsCompatible", "TileMatrix": "19"}, "TileMatrix"),
]


@pytest.mark.parametrize(
    ("query", "name"), MISSING, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_missing(client: TestClient, ows_errors: Validator, query: dict[str, Any], name: str) -> None:
    assert reported(client, query, ows_errors) == (400, "MissingParameterValue", name)


@pytest.mark.parametrize(("change", "name"), INVALID, ids=str)
def test_what_has_no_meaning(
    client: TestClient, ows_errors: Validator, change: dict[str, str], name: str
) -> None:
    assert reported(client, TILE | change, ows_errors) == (400, "InvalidParameterValue", name)


@pytest.mark.parametrize(("change", "name"), OUTSIDE, ids=str)
@pytest.mark.parametrize("query", [TILE, INFO], ids=["tile", "info"])
def test_what_lies_outside(
    client: TestClient, ows_errors: Validator, query: dict[str, str], change: dict[str, str], name: str
) -> None:
    assert reported(client, query | change, ows_errors) == (400, "TileOutOfRange", name)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"I": "256"}, (400, "PointIJOutOfRange", "I")),
        ({"J": "-1"}, (400, "PointIJOutOfRange", "J")),
        ({"I": "a"}, (400, "InvalidParameterValue", "I")),
        ({"InfoFormat": "x/y"}, (400, "InvalidParameterValue", "InfoFormat")),
    ],
    ids=str,
)
def test_pixels_that_are_none(
    client: TestClient, ows_errors: Validator, change: dict[str, str], expected: object
) -> None:
    assert reported(client, INFO | change, ows_errors) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, "MissingParameterValue", "request")),
        ({"garbled": "ServiceWMTSRequestGetCapabilities"}, (400, "MissingParameterValue", "request")),
        ({"service": "WMTS"}, (400, "MissingParameterValue", "request")),
        ({"acceptversions": "2.0.0,3.1"}, (400, "VersionNegotiationFailed", None)),
        ({"sections": "Nope"}, (400, "InvalidParameterValue", "sections")),
        ({"sections": ""}, (400, "MissingParameterValue", "sections")),
    ],
    ids=str,
)
def test_capabilities_that_cannot_be_had(
    client: TestClient, ows_errors: Validator, query: dict[str, str], expected: object
) -> None:
    base = (
        {"service": "WMTS", "request": "GetCapabilities"}
        if {"acceptversions", "sections"} & set(query)
        else {}
    )
    assert reported(client, base | query, ows_errors) == expected


def test_names_in_any_case_and_forms(client: TestClient) -> None:
    expected = client.get("/wmts", params=TILE)
    assert expected.headers["content-type"] == "image/png"
    shouted = {name.upper(): value for name, value in reversed(TILE.items())} | {"unknown": "x"}
    assert client.get("/wmts", params=shouted).content == expected.content
    assert client.post("/wmts", data=TILE).content == expected.content
    assert client.get(REST + ".png").content == expected.content
    assert client.get("/wmts/elevation", params=TILE).content == expected.content
    assert client.head(REST + ".png").status_code == 200


@pytest.mark.parametrize(
    ("media_type", "extension", "magic"),
    [
        ("image/png", "png", b"\x89PNG"),
        ("image/jpeg", "jpg", b"\xff\xd8"),
        ("image/webp", "webp", b"RIFF"),
        ("image/tiff", "tif", b"II*\0"),
    ],
)
def test_formats(client: TestClient, media_type: str, extension: str, magic: bytes) -> None:
    answer = client.get("/wmts", params=TILE | {"format": media_type})
    assert answer.headers["content-type"] == media_type
    assert answer.content.startswith(magic)
    assert client.get(f"{REST}.{extension}").content == answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/wmts/nope",
        "/wmts/elevation/1.0.0",
        "/wmts/elevation/nope.xml",
        "/wmts/elevation/1.0.0/None/WebMercatorQuad/10/397",
        "/wmts/1.0.0/None/WebMercatorQuad/10/397/174.png",
    ],
)
def test_there_is_nothing_at_other_paths(client: TestClient, ows_errors: Validator, path: str) -> None:
    answer = client.get(path, params={"service": "WMTS", "request": "GetCapabilities"})
    assert answer.status_code == 404
    ows_errors(answer.content)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (REST + ".doc", "InvalidParameterValue"),
        (REST.replace("None", "nope") + ".png", "InvalidParameterValue"),
        (REST.replace("/10/", "/xx/") + ".png", "InvalidParameterValue"),
        (REST.replace("/397/", "/1/") + ".png", "TileOutOfRange"),
        (REST + "/999/0.json", "PointIJOutOfRange"),
        (REST + "/0/0.exe", "InvalidParameterValue"),
    ],
)
def test_paths_report_the_same_errors(
    client: TestClient, ows_errors: Validator, path: str, code: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    ows_errors(answer.content)
    assert etree.fromstring(answer.content)[0].get("exceptionCode") == code


def test_the_document_is_xml_or_nothing(client: TestClient) -> None:
    path = "/wmts/1.0.0/WMTSCapabilities.xml"
    assert client.get(path, headers={"Accept": "example/unknown"}).status_code == 406
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    assert client.get(path, headers={"Accept": browser}).status_code == 200
    for accept in ("application/xml;q=0", "text/html, */*;q=0", "application/xml;q=0, text/xml;q=0.0, */*"):
        assert client.get(path, headers={"Accept": accept}).status_code == 406, accept
    other = client.get(path, headers={"Accept": "application/xml;q=0, */*;q=0.1"})
    assert other.headers["content-type"] == "text/xml"


@pytest.mark.parametrize("path", ["/wmts", "/wmts/elevation", "/wmts/1.0.0/WMTSCapabilities.xml"])
def test_other_methods_are_refused_with_a_report(
    client: TestClient, ows_errors: Validator, path: str
) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = client.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"
        ows_errors(answer.content)


def test_a_matrix_may_be_finer_than_the_data(client: TestClient) -> None:
    path = "/wmts/elevation/1.0.0/None/WebMercatorQuad/14/6360/2790"
    (coarse,), (fine,) = (
        client.get(f"{one}/128/128.json").json()["features"]
        for one in ("/wmts/elevation/1.0.0/None/WebMercatorQuad/11/795/349", path)
    )
    assert client.get(f"{path}.png").status_code == 200
    assert fine["properties"].keys() == coarse["properties"].keys()


def test_pairs_of_paths_may_be_separated_by_semicolons(client: TestClient) -> None:
    plain = client.get(f"{REST}.jpg?quality=20&interpolation=nearest").content
    assert client.get(f"{REST}.jpg?quality=20;interpolation=nearest").content == plain
    assert client.get(f"{REST}.jpg?quality=90;interpolation=nearest").content != plain


def test_values(client: TestClient) -> None:
    answer = client.get("/wmts", params=INFO)
    assert answer.headers["content-type"] == "application/json"
    (feature,) = answer.json()["features"]
    lon, lat = feature["geometry"]["coordinates"]
    with rasterio.open(DEMO / "elevation.tif") as file:
        x, y = transform("EPSG:4326", file.crs, [lon], [lat])
        (expected,) = next(file.sample([(x[0], y[0])]))
    assert feature["properties"]["Elevation"] == expected
    assert feature["properties"]["layer"] == "elevation"
    assert client.get(REST + "/50/100.json").content == answer.content


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [
        ("txt", "text/plain"),
        ("html", "text/html"),
        ("xml", "text/xml"),
        ("gml", "application/vnd.ogc.gml"),
    ],
)
def test_values_in_other_forms(client: TestClient, extension: str, media_type: str) -> None:
    value = json.loads(client.get(REST + "/50/100.json").content)["features"][0]["properties"]["Elevation"]
    answer = client.get(f"{REST}/50/100.{extension}")
    assert answer.headers["content-type"] == media_type
    assert str(value) in answer.text
    if extension in ("xml", "gml"):
        etree.fromstring(answer.content)


def test_no_values_outside_the_data(client: TestClient) -> None:
    # The tile reaches beyond the data to the west.
    edge = "/wmts/elevation/1.0.0/None/WebMercatorQuad/7/49/21/128/2.json"
    assert client.get(edge).json() == {"type": "FeatureCollection", "features": []}
    assert "no data here" in client.get(edge.replace(".json", ".txt")).text


def test_a_tile_without_data_is_transparent(client: TestClient) -> None:
    body = client.get("/wmts/elevation/1.0.0/None/WebMercatorQuad/1/0/0.png").content
    with Image.open(BytesIO(body)) as image:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    # California is a dot on half the world.
    assert (alpha == 0).mean() > 0.99
    assert (alpha == 255).any()
