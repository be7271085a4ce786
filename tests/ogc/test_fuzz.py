"""Requests that nobody would send: every answer is a picture, a document or an error of the protocol."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from starlette.testclient import TestClient

from tests.ogc.conftest import Validator

LONG = int(os.environ.get("COGPROXY_FUZZ", "0"))
PROFILE: dict[str, Any] = {
    "deadline": None, "derandomize": not LONG, "database": None, "max_examples": LONG // 4 or 150,
    "suppress_health_check": list(HealthCheck),
}  # fmt: skip

JUNK = st.text(max_size=12)
NUMBER = st.one_of(
    st.integers(-5, 600).map(str), st.floats(allow_nan=True, allow_infinity=True).map(repr), JUNK
)


def pick(*known: str) -> st.SearchStrategy[str]:
    """Mostly what is known, sometimes not."""
    return st.one_of(st.sampled_from(known), st.sampled_from(known), JUNK)


BOXES = st.one_of(
    st.lists(NUMBER, min_size=3, max_size=5).map(",".join),
    st.sampled_from(["-180,-90,180,90", "37,-119,38,-118", "0,0,1e6,1e6", "-1e300,0,1e300,1"]),
)
WMS = st.fixed_dictionaries(
    {
        "service": pick("WMS"),
        "version": pick("1.3.0", "1.1.1"),
        "request": pick("GetMap", "GetFeatureInfo", "GetLegendGraphic"),
    },
    optional={
        "layers": pick("elevation", "bluemarble,elevation", "landcover", "elevation:None"),
        "styles": pick("", "None", ",", "hillshade_map"),
        "crs": pick("EPSG:4326", "CRS:84", "EPSG:3857", "EPSG:3031", "EPSG:2180"),
        "srs": pick("EPSG:4326", "EPSG:3857"),
        "bbox": BOXES,
        "width": NUMBER,
        "height": NUMBER,
        "format": pick("image/png", "image/jpeg", "image/tiff", "image/png; mode=8bit", "image/jpgpng"),
        "transparent": pick("TRUE", "false"),
        "bgcolor": pick("0xFFFFFF", "#000000"),
        "time": pick("current", "2018-01-01", "2018/2019/P1D", "/", ",,,"),
        "elevation": NUMBER,
        "exceptions": pick("XML", "INIMAGE", "BLANK"),
        "query_layers": pick("elevation", "bluemarble"),
        "layer": pick("elevation", "landcover"),
        "info_format": pick("application/json", "text/html", "application/vnd.ogc.gml"),
        "i": NUMBER,
        "j": NUMBER,
        "sld_body": pick("<StyledLayerDescriptor/>", "<a>"),
        "rescale": pick("0,100", "1"),
        "bands": NUMBER,
    },
)
WMTS = st.fixed_dictionaries(
    {
        "service": pick("WMTS"),
        "request": pick("GetTile", "GetFeatureInfo"),
        "version": pick("1.0.0"),
        "layer": pick("elevation", "bluemarble"),
        "style": pick("default", "None", "hillshade_map"),
        "format": pick("image/png", "image/jpeg", "image/tiff"),
        "TileMatrixSet": pick("WebMercatorQuad", "WGS1984Quad", "GoogleMapsCompatible"),
        "TileMatrix": pick("0", "1", "10"),
        "TileRow": NUMBER,
        "TileCol": NUMBER,
    },
    optional={
        "I": NUMBER,
        "J": NUMBER,
        "InfoFormat": pick("application/json", "text/plain"),
        "time": pick("current", "2018-01-01"),
    },
)
TEXTS = ("application/json", "text/plain", "text/html", "application/vnd.ogc.gml")


@settings(**PROFILE)
@given(query=WMS)
def test_wms(client: TestClient, wms_errors: Validator, query: dict[str, str]) -> None:
    query = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    answer = client.get("/wms", params=query)
    assert answer.status_code == 200, (query, answer.text)
    media_type = answer.headers["content-type"].split(";")[0]
    if media_type.startswith("image/"):
        assert len(answer.content) > 30
    elif media_type == "text/xml":
        wms_errors(answer.content)
    elif media_type == "application/vnd.ogc.se_xml":
        etree.fromstring(answer.content)
    else:
        assert media_type in TEXTS


@settings(**PROFILE)
@given(query=WMTS)
def test_wmts(client: TestClient, ows_errors: Validator, query: dict[str, str]) -> None:
    query = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    answer = client.get("/wmts", params=query)
    if answer.status_code == 200:
        assert answer.headers["content-type"].split(";")[0] in (
            "image/png",
            "image/jpeg",
            "image/tiff",
            *TEXTS,
        )
    else:
        assert answer.status_code == 400, (query, answer.text)
        ows_errors(answer.content)


PARTS = pick("elevation", "1.0.0", "None", "WebMercatorQuad", "10", "397", "174.png")


@settings(**PROFILE)
@given(path=st.lists(PARTS.filter(lambda part: part not in (".", "..")), max_size=7))
def test_paths(client: TestClient, ows_errors: Validator, path: list[str]) -> None:
    address = "/wmts/" + "/".join(quote(part.encode("utf-8", "replace")) for part in path)
    answer = client.get(address)
    assert answer.status_code in (200, 400, 404), (address, answer.text)
    if answer.status_code != 200:
        ows_errors(answer.content)


@pytest.mark.parametrize("path", ["/wms", "/wmts"])
def test_bodies_that_are_no_forms(client: TestClient, path: str) -> None:
    for kind in ("text/xml", "application/json", "multipart/form-data; boundary=x", "multipart/form-data"):
        answer = client.post(path, content=b"<GetCapabilities/>", headers={"content-type": kind})
        assert answer.status_code in (200, 400)
        etree.fromstring(answer.content)
