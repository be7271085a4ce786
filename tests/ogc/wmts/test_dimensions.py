from __future__ import annotations

from io import BytesIO

import pytest
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient

from tests.ogc.conftest import Validator

NS = {"w": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}


def test_the_document_lists_the_values(sliced: TestClient, wmts_schema: Validator) -> None:
    body = sliced.get("/wmts/cube/1.0.0/WMTSCapabilities.xml").content
    wmts_schema(body)
    document = etree.fromstring(body)
    time, depth = document.findall(".//w:Dimension", NS)
    assert time.findtext("ows:Identifier", namespaces=NS) == "time"
    assert time.findtext("w:Default", namespaces=NS) == "1970-01-02T00:00:00Z"
    assert [each.text for each in time.findall("w:Value", NS)] == [
        "1970-01-01T00:00:00Z",
        "1970-01-02T00:00:00Z",
    ]
    assert depth.findtext("ows:UOM", namespaces=NS) == "m"
    template = document.find(".//w:ResourceURL", NS).get("template")
    assert template.endswith("{TileCol}.png?time={time};elevation={elevation}")


@pytest.mark.parametrize(
    ("time", "depth", "value"),
    [
        ("1970-01-01T00:00:00Z", "0", 10),
        ("1970-01-02T00:00:00Z", "50", 40),
        ("current", "", 30),
        ("default", "50", 40),
    ],
)
def test_tiles_of_a_time(sliced: TestClient, time: str, depth: str, value: int) -> None:
    document = etree.fromstring(sliced.get("/wmts/cube/1.0.0/WMTSCapabilities.xml").content)
    last = document.findall(".//w:TileMatrixSetLink[1]//w:TileMatrixLimits", NS)[-1]
    matrix, row, _, col, _ = (each.text for each in last)
    template = document.find(".//w:ResourceURL", NS).get("template").removeprefix("http://testserver")
    names = {"Style": "default", "TileMatrixSet": "WebMercatorQuad", "TileMatrix": matrix, "TileRow": row}
    for name, text in (names | {"TileCol": col, "time": time, "elevation": depth}).items():
        template = template.replace(f"{{{name}}}", text)
    with Image.open(BytesIO(sliced.get(template).content)) as image:
        colors = {color[:3] for _, color in image.convert("RGBA").getcolors() or [] if color[3] == 255}
    assert colors == {(value, value, value)}
    query = {
        "service": "WMTS", "version": "1.0.0", "request": "GetTile", "layer": "cube", "style": "default",
        "format": "image/png", "TILEMATRIXSET": "WebMercatorQuad", "tilematrix": matrix, "tilerow": row,
        "tilecol": col, "TIME": time, "Elevation": depth,
    }  # fmt: skip
    assert sliced.get("/wmts", params=query).headers["etag"] == sliced.get(template).headers["etag"]


@pytest.mark.parametrize("query", ["time=nope", "elevation=900", "time=1970-01-01/1970-01-02"])
def test_values_that_there_are_not(sliced: TestClient, ows_errors: Validator, query: str) -> None:
    answer = sliced.get(f"/wmts/cube/1.0.0/default/WebMercatorQuad/0/0/0.png?{query}")
    assert answer.status_code == 400
    ows_errors(answer.content)
    (found,) = etree.fromstring(answer.content)
    assert found.get("exceptionCode") == "InvalidParameterValue"
    assert found.get("locator") in ("time", "elevation")
