from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.doors import client_of
from tests.ogc.conftest import Validator

GET = {"service": "WMS", "request": "GetCapabilities"}
NS = {"w": "http://www.opengis.net/wms", "x": "http://www.w3.org/1999/xlink"}
HREF = "{http://www.w3.org/1999/xlink}href"


def layer(document: Any, name: str) -> Any:
    """A named layer in either version."""
    (found,) = document.xpath(f"//*[local-name()='Layer'][*[local-name()='Name']='{name}']")
    return found


def texts(element: Any, name: str) -> list[str]:
    return [str(text) for text in element.xpath(f"*[local-name()='{name}']/text()")]


@pytest.mark.parametrize("path", ["/wms", "/wms/elevation", "/wms/dem/sierra"])
def test_documents_are_valid(
    client: TestClient, wms_schema: Validator, wms_dtd: Validator, path: str
) -> None:
    modern = client.get(path, params=GET | {"version": "1.3.0"})
    assert modern.headers["content-type"] == "text/xml"
    wms_schema(modern.content)
    assert b"http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd" in modern.content
    old = client.get(path, params=GET | {"version": "1.1.1"})
    assert old.headers["content-type"] == "application/vnd.ogc.wms_xml"
    wms_dtd(old.content)
    assert b'<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://' in old.content


def test_what_is_said_of_the_server(wms_schema: Validator, wms_dtd: Validator) -> None:
    about = {"keywords": ["a"], "provider": "P", "contact": "C", "email": "c@example.org", "layers": 3}
    with client_of(DEMO / "elevation.tif", ogc=about) as client:
        modern = client.get("/wms", params=GET).content
        wms_schema(modern)
        wms_dtd(client.get("/wms", params=GET | {"version": "1.1.1"}).content)
    assert b"<LayerLimit>3</LayerLimit>" in modern
    assert b"<ContactOrganization>P</ContactOrganization>" in modern


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("", "1.3.0"), ("1.3.0", "1.3.0"), ("1.1.1", "1.1.1"), ("100.0.0", "1.3.0"), ("0.0.0", "1.1.1"),
        ("1.2.0", "1.1.1"), ("1.1.0", "1.1.1"), ("1.3.1", "1.3.0"), ("nonsense", "1.3.0"),
    ],
)  # fmt: skip
def test_versions_are_negotiated(client: TestClient, asked: str, answered: str) -> None:
    query = GET | ({"version": asked} if asked else {})
    assert etree.fromstring(client.get("/wms", params=query).content).get("version") == answered


def test_the_oldest_names_are_understood(client: TestClient) -> None:
    answer = client.get("/wms", params={"wmtver": "1.1.1", "request": "capabilities"})
    assert etree.fromstring(answer.content).get("version") == "1.1.1"


def test_addresses_are_prefixes(client: TestClient) -> None:
    document = etree.fromstring(client.get("/wms/dem/sierra", params=GET).content)
    hrefs = document.xpath("//w:DCPType//w:OnlineResource/@x:href", namespaces=NS)
    assert set(hrefs) == {"http://testserver/wms/dem/sierra?"}
    assert len(hrefs) == 8
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "maps.example.org"}
    body = client.get("/wms", params=GET, headers=forwarded).content
    assert b'"https://maps.example.org/wms?"' in body


def test_systems_and_boxes(client: TestClient) -> None:
    document = etree.fromstring(client.get("/wms", params=GET).content)
    (top,) = document.xpath("/w:WMS_Capabilities/w:Capability/w:Layer", namespaces=NS)
    shared = texts(top, "CRS")
    assert set(shared) == {"EPSG:3857", "EPSG:4326", "CRS:84"}
    sentinel = layer(document, "sentinel2")
    # Inherited systems are not repeated; its own comes on top.
    assert texts(sentinel, "CRS") == ["EPSG:32633"]
    boxes = {box.get("CRS"): box for box in sentinel.findall("w:BoundingBox", NS)}
    assert set(boxes) == {*shared, "EPSG:32633"}
    assert 52 < float(boxes["EPSG:4326"].get("minx")) < 53
    assert 12 < float(boxes["EPSG:4326"].get("miny")) < 13
    assert 12 < float(boxes["CRS:84"].get("minx")) < 13
    old = etree.fromstring(client.get("/wms", params=GET | {"version": "1.1.1"}).content)
    boxes = {box.get("SRS"): box for box in layer(old, "sentinel2").findall("BoundingBox")}
    assert 12 < float(boxes["EPSG:4326"].get("minx")) < 13


def test_data_across_the_antimeridian_have_a_box_that_is_one(client: TestClient) -> None:
    document = etree.fromstring(client.get("/wms", params=GET).content)
    box = layer(document, "aleutians").find("w:EX_GeographicBoundingBox", NS)
    west, east = (float(texts(box, f"{side}BoundLongitude")[0]) for side in ("west", "east"))
    assert (west, east) == (-180, 180)
    assert texts(layer(document, "aleutians").find("w:Attribution", NS), "Title") == ["USGS"]


def test_styles_are_the_renderings_and_their_legends_are_true(client: TestClient) -> None:
    document = etree.fromstring(client.get("/wms", params=GET).content)
    styles = layer(document, "landcover").findall("w:Style", NS)
    assert [texts(style, "Name")[0] for style in styles] == ["None", "palette"]
    for style in styles:
        legend = style.find("w:LegendURL", NS)
        href = legend.find("w:OnlineResource", NS).get(HREF)
        answer = client.get(href.removeprefix("http://testserver"))
        assert answer.headers["content-type"] == texts(legend, "Format")[0]
        with Image.open(BytesIO(answer.content)) as image:
            assert image.size == (int(legend.get("width")), int(legend.get("height")))


def test_a_service_may_be_drawn_in_few_systems() -> None:
    service = {"name": "a", "source": str(DEMO / "sentinel2.tif"), "crs": ["EPSG:4326"]}
    with client_of(service) as client:
        document = etree.fromstring(client.get("/wms", params=GET).content)
        assert set(document.xpath("//w:BoundingBox/@CRS", namespaces=NS)) == {"EPSG:32633", "EPSG:4326"}
        query = {
            "service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": "a", "format": "image/png",
            "width": 8, "height": 8, "bbox": "0,0,9,9",
        }  # fmt: skip
        assert b'code="InvalidCRS"' in client.get("/wms", params=query | {"crs": "EPSG:3857"}).content
        own = query | {"crs": "EPSG:32633"}
        assert client.get("/wms", params=own).headers["content-type"] == "image/png"


def test_the_address_of_image_services(client: TestClient, wms_schema: Validator, wms_dtd: Validator) -> None:
    path = "/arcgis/services/dem/sierra/ImageServer/WMSServer"
    body = client.get(path, params=GET).content
    wms_schema(body)
    wms_dtd(client.get(path, params=GET | {"version": "1.1.1"}).content)
    document = etree.fromstring(body)
    names = [str(name) for name in document.xpath("//w:Layer/w:Name/text()", namespaces=NS)]
    assert names[0] == "dem/sierra"
    assert {"sierra:None", "sierra:hillshade_map"} <= set(names)
    hrefs = set(document.xpath("//w:DCPType//w:OnlineResource/@x:href", namespaces=NS))
    assert hrefs == {f"http://testserver{path}?"}
    query = {
        "service": "WMS", "version": "1.3.0", "request": "GetMap", "crs": "CRS:84", "width": 32, "height": 32,
        "bbox": "-118.8,37.2,-118.4,37.6", "format": "image/png", "transparent": "true",
    }  # fmt: skip
    shaded = client.get(path, params=query | {"layers": "sierra:hillshade_map"})
    expected = client.get("/wms", params=query | {"layers": "dem/sierra", "styles": "hillshade_map"})
    assert shaded.content == expected.content
    assert shaded.headers["content-type"] == "image/png"
    other = client.get(path.replace("arcgis", "other"), params=GET)
    assert b"LayerNotDefined" in other.content


def test_update_sequences_are_ignored_since_there_is_none(client: TestClient) -> None:
    body = client.get("/wms", params=GET | {"updatesequence": "999"}).content
    assert etree.fromstring(body).get("updateSequence") is None
