from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient

from tests.doors import client_of
from tests.ogc.conftest import Validator
from tests.ogc.wms.test_get_map import MAP

OLD = {name: value for name, value in MAP.items() if name != "crs"} | {"version": "1.1.1", "srs": "EPSG:4326"}
INFO = {"request": "GetFeatureInfo", "query_layers": "bluemarble", "i": "1", "j": "1"}
CASES: list[tuple[dict[str, str], str | None]] = [
    ({"layers": "nope"}, "LayerNotDefined"),
    ({"layers": "bluemarble,nope"}, "LayerNotDefined"),
    ({"layers": ""}, None),
    ({"styles": "nope"}, "StyleNotDefined"),
    ({"layers": "bluemarble,elevation", "styles": "None"}, "StyleNotDefined"),
    ({"format": "image/x"}, "InvalidFormat"),
    ({"format": ""}, None),
    ({"bbox": "0,0,0,10"}, None),
    ({"bbox": "10,0,0,10"}, None),
    ({"bbox": "0,10,10,0"}, None),
    ({"bbox": "0,0,10"}, None),
    ({"bbox": "0,0,10,x"}, None),
    ({"bbox": "0,0,nan,10"}, None),
    ({"bbox": "-1.7e308,0,1.7e308,10"}, None),
    ({"bbox": ""}, None),
    ({"width": "0"}, None),
    ({"width": "-5"}, None),
    ({"width": "x"}, None),
    ({"height": ""}, None),
    ({"transparent": "maybe"}, None),
    ({"bgcolor": "red"}, None),
    ({"exceptions": "nope"}, None),
    ({"request": "GetNothing"}, "OperationNotSupported"),
    ({"request": ""}, None),
    ({"version": ""}, None),
    ({"service": "WFS"}, None),
    ({"sld": "http://example.org/style.xml"}, "OperationNotSupported"),
    ({"sld_body": "<a"}, "StyleNotDefined"),
    (INFO | {"query_layers": ""}, None),
    (INFO | {"query_layers": "elevation"}, "LayerNotDefined"),
    (INFO | {"query_layers": "nope"}, "LayerNotDefined"),
    (INFO | {"i": "256"}, "InvalidPoint"),
    (INFO | {"j": "-1"}, "InvalidPoint"),
    (INFO | {"j": "a"}, "InvalidPoint"),
    (INFO | {"info_format": "nope"}, "InvalidFormat"),
    ({"request": "GetLegendGraphic"}, None),
    ({"request": "GetLegendGraphic", "layer": "nope"}, "LayerNotDefined"),
    ({"request": "GetLegendGraphic", "layer": "bluemarble", "style": "nope"}, "StyleNotDefined"),
    ({"request": "GetLegendGraphic", "layer": "bluemarble", "format": "image/svg+xml"}, "InvalidFormat"),
    ({"request": "GetLegendGraphic", "layer": "bluemarble", "width": "99999"}, None),
]


def code_of(answer: Any, media_type: str) -> str | None:
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == media_type, answer.text
    assert answer.headers["cache-control"] == "no-store"
    (found,) = etree.fromstring(answer.content)
    assert found.text
    code: str | None = found.get("code")
    return code


@pytest.mark.parametrize(("change", "code"), [*CASES, ({"crs": "EPSG:99999"}, "InvalidCRS")], ids=str)
def test_exceptions(
    client: TestClient, wms_errors: Validator, change: dict[str, str], code: str | None
) -> None:
    answer = client.get("/wms", params=MAP | change)
    assert code_of(answer, "text/xml") == code
    wms_errors(answer.content)


@pytest.mark.parametrize(("change", "code"), [*CASES, ({"srs": "nope"}, "InvalidSRS")], ids=str)
def test_exceptions_of_the_older_version(
    client: TestClient, wms_errors_dtd: Validator, change: dict[str, str], code: str | None
) -> None:
    answer = client.get("/wms", params=OLD | change)
    if change.get("version") == "":
        # Nobody knows which version was meant.
        assert code_of(answer, "text/xml") == code
        return
    assert code_of(answer, "application/vnd.ogc.se_xml") == code
    wms_errors_dtd(answer.content)
    assert b"<!DOCTYPE ServiceExceptionReport SYSTEM" in answer.content


@pytest.mark.parametrize("path", ["/wms/nope", "/wms/elevation/more"])
def test_unknown_paths(client: TestClient, path: str) -> None:
    assert code_of(client.get(path, params=MAP), "text/xml") == "LayerNotDefined"


def test_an_endpoint_of_one_service_has_no_other(client: TestClient) -> None:
    assert code_of(client.get("/wms/elevation", params=MAP), "text/xml") == "LayerNotDefined"


@pytest.mark.parametrize("style", ["INIMAGE", "application/vnd.ogc.se_inimage"])
@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/gif", "image/webp"])
def test_errors_in_the_picture(client: TestClient, style: str, media_type: str) -> None:
    query = MAP | {"layers": "nope", "exceptions": style, "format": media_type, "width": 300}
    answer = client.get("/wms", params=query)
    assert answer.headers["content-type"] == media_type
    with Image.open(BytesIO(answer.content)) as image:
        assert image.size == (300, 128)
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # Dark letters on white; JPEG spreads their red.
    assert (pixels[..., 1] < 150).sum() > 100
    assert (pixels > 240).all(axis=2).mean() > 0.8


@pytest.mark.parametrize("style", ["BLANK", "application/vnd.ogc.se_blank"])
def test_blank_errors(client: TestClient, style: str) -> None:
    query = MAP | {"layers": "nope", "exceptions": style}
    for change, color in (
        ({}, (255, 255, 255, 255)),
        ({"bgcolor": "0x102030"}, (16, 32, 48, 255)),
        ({"transparent": "TRUE"}, (0, 0, 0, 0)),
    ):
        answer = client.get("/wms", params=query | change)
        with Image.open(BytesIO(answer.content)) as image:
            assert image.size == (256, 128)
            assert image.convert("RGBA").getcolors() == [(256 * 128, color)]


def test_a_picture_that_cannot_be_is_told_as_a_document(client: TestClient) -> None:
    for change in ({"width": "x"}, {"format": "image/x"}):
        answer = client.get("/wms", params=MAP | change | {"exceptions": "INIMAGE"})
        assert answer.headers["content-type"].startswith("text/xml")


def test_errors_in_a_tiff(client: TestClient) -> None:
    query = MAP | {"layers": "nope", "exceptions": "INIMAGE", "format": "image/tiff"}
    answer = client.get("/wms", params=query)
    assert answer.headers["content-type"] == "image/tiff"
    with Image.open(BytesIO(answer.content)) as image:
        assert image.size == (256, 128)
        assert len(image.convert("RGB").getcolors()) > 2, "there is text"


@pytest.mark.parametrize(
    ("version", "media_type"), [("1.3.0", "text/xml"), ("1.1.1", "application/vnd.ogc.se_xml")]
)
def test_other_methods_are_refused_with_an_exception(
    client: TestClient, version: str, media_type: str
) -> None:
    for path in ("/wms", "/wms/elevation", "/arcgis/services/elevation/ImageServer/WMSServer"):
        answer = client.put(path, params=MAP | {"version": version})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"
        assert answer.headers["content-type"].startswith(media_type)
        assert b"ServiceException" in answer.content


def test_characters_that_xml_has_no_room_for(client: TestClient) -> None:
    answer = client.get("/wms", params=MAP | {"layers": "a\x00\x0b<&\ud800".encode("utf-8", "replace")})
    assert code_of(answer, "text/xml") == "LayerNotDefined"


def test_a_broken_source_has_a_status_of_its_own() -> None:
    with client_of({"name": "gone", "source": "/nowhere/gone.tif"}) as client:
        answer = client.get("/wms", params=MAP | {"layers": "gone"})
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/xml")
    assert b"nowhere" not in answer.content
