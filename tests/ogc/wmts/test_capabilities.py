from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from affine import Affine
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient

from proxy.xyz.params import matrix_set
from tests.conftest import DEMO, RasterMaker
from tests.doors import client_of
from tests.ogc.conftest import Validator

NS = {"w": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}
GET = {"service": "WMTS", "request": "GetCapabilities"}


def read(client: TestClient, path: str = "/wmts", **more: str) -> Any:
    answer = client.get(path, params=GET | more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml"
    return etree.fromstring(answer.content)


def texts(document: Any, path: str) -> list[str]:
    return [str(found) for found in document.xpath(f"{path}/text()", namespaces=NS)]


@pytest.mark.parametrize("path", ["/wmts", "/wmts/elevation", "/wmts/dem/sierra"])
def test_documents_are_valid(client: TestClient, wmts_schema: Validator, path: str) -> None:
    body = client.get(path, params=GET).content
    wmts_schema(body)
    by_path = client.get(f"{path}/1.0.0/WMTSCapabilities.xml").content
    wmts_schema(by_path)
    names = "//ows:Identifier"
    assert texts(etree.fromstring(by_path), names) == texts(etree.fromstring(body), names)


def test_every_matrix_set_makes_a_valid_document(wmts_schema: Validator) -> None:
    with client_of(DEMO / "bluemarble.tif", ogc={"tile_matrix_sets": "all"}) as client:
        body = client.get("/wmts", params=GET).content
        wmts_schema(body)
        names = texts(etree.fromstring(body), "//w:TileMatrixSet/ows:Identifier")
    assert {"EuropeanETRS89_LAEAQuad", "UTM31WGS84Quad", "NZTM2000Quad", "GoogleMapsCompatible"} <= set(names)
    # Rows of these have different numbers of tiles, which WMTS cannot say.
    assert not {"CDB1GlobalGrid", "GNOSISGlobalGrid"} & set(names)


def test_a_service_may_have_sets_of_its_own() -> None:
    service = {
        "name": "a",
        "source": str(DEMO / "elevation.tif"),
        "tile_matrix_sets": ["worldcrs84quad", "nztm2000quad"],
    }
    with client_of(service, DEMO / "elevation.tif") as client:
        found = read(client)
        layers = {texts(one, "ows:Identifier")[0]: one for one in found.xpath("//w:Layer", namespaces=NS)}
        # California is not on the map of New Zealand.
        assert texts(layers["a"], "w:TileMatrixSetLink/w:TileMatrixSet") == ["WorldCRS84Quad"]
        assert len(texts(layers["elevation"], "w:TileMatrixSetLink/w:TileMatrixSet")) == 5


def test_layers_say_what_clients_need(client: TestClient) -> None:
    document = read(client)
    (layer,) = document.xpath("//w:Layer[ows:Identifier='dem/sierra']", namespaces=NS)
    assert texts(layer, "ows:Abstract") == ["A & B <c>"]
    styles = layer.xpath("w:Style", namespaces=NS)
    assert [style.get("isDefault") for style in styles] == ["true"] + ["false"] * (len(styles) - 1)
    formats = {"image/png": "png", "image/jpeg": "jpg"}
    assert texts(layer, "w:Format") == list(formats)
    templates = layer.xpath("w:ResourceURL[@resourceType='tile']", namespaces=NS)
    expected = "/wmts/dem/sierra/1.0.0/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}"
    assert {each.get("format"): each.get("template") for each in templates} == {
        media_type: f"http://testserver{expected}.{ending}" for media_type, ending in formats.items()
    }
    by_path = etree.fromstring(client.get("/wmts/1.0.0/WMTSCapabilities.xml").content)
    tiles = by_path.xpath("//w:ResourceURL[@resourceType='tile']/@format", namespaces=NS)
    assert set(tiles) == set(texts(by_path, "//w:Format")) == {"image/png"}, "clients mix several"
    # One address an operation, or test suites take the last one for all.
    assert [len(http) for http in document.xpath("//ows:HTTP", namespaces=NS)] == [1, 1, 1]


def test_legends_have_the_size_that_is_told(client: TestClient) -> None:
    document = read(client, "/wmts/landcover")
    links = document.xpath("//w:LegendURL", namespaces=NS)
    assert len(links) >= 2
    for link in links:
        href = link.get("{http://www.w3.org/1999/xlink}href")
        picture = client.get(href.removeprefix("http://testserver"))
        assert picture.headers["content-type"] == link.get("format")
        with Image.open(BytesIO(picture.content)) as image:
            assert image.size == (int(link.get("width")), int(link.get("height")))
            assert len(image.convert("RGB").getcolors(100000) or []) > 8


def test_scales_and_corners(client: TestClient) -> None:
    document = read(client)
    sets = {
        texts(one, "ows:Identifier")[0]: one
        for one in document.xpath("//w:Contents/w:TileMatrixSet", namespaces=NS)
    }
    mercator, google = sets["WebMercatorQuad"], sets["GoogleMapsCompatible"]
    first = float(texts(mercator, "w:TileMatrix/w:ScaleDenominator")[0])
    assert first == pytest.approx(559082264.0287178, rel=1e-12)
    assert texts(mercator, "ows:SupportedCRS") == ["urn:ogc:def:crs:EPSG::3857"]
    # The well-known set goes with this spelling alone, and ends at level 18.
    assert texts(mercator, "w:WellKnownScaleSet") == []
    assert texts(google, "w:WellKnownScaleSet") == ["urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible"]
    assert texts(google, "ows:SupportedCRS") == ["urn:ogc:def:crs:EPSG:6.18:3:3857"]
    # No deeper than the finest layer, that of Sentinel-2.
    zooms = [str(zoom) for zoom in range(15)]
    assert texts(google, "w:TileMatrix/ows:Identifier") == zooms
    assert texts(mercator, "w:TileMatrix/ows:Identifier") == zooms
    assert texts(sets["WorldCRS84Quad"], "w:TileMatrix/w:TopLeftCorner")[0] == "-180.0 90.0"
    assert texts(sets["WGS1984Quad"], "w:TileMatrix/w:TopLeftCorner")[0] == "90.0 -180.0"
    first = float(texts(sets["WGS1984Quad"], "w:TileMatrix/w:ScaleDenominator")[0])
    assert first == pytest.approx(279541132.0143589, rel=1e-12)


def test_the_well_known_set_ends_at_its_last_level(make_raster: RasterMaker) -> None:
    path = make_raster("fine.tif", np.ones((64, 64), np.uint8), "EPSG:3857", Affine(0.05, 0, 0, 0, -0.05, 0))
    with client_of(path) as client:
        document = read(client)
        links = document.xpath("//w:TileMatrixSetLink", namespaces=NS)
        last = {texts(one, "w:TileMatrixSet")[0]: texts(one, ".//w:TileMatrix")[-1] for one in links}
    assert last["WebMercatorQuad"] == "22"
    assert last["GoogleMapsCompatible"] == "18"


def test_scales_follow_the_cells() -> None:
    """A registered definition has scales that are not those of its cells."""
    service = {"name": "a", "source": str(DEMO / "bluemarble.tif"), "tile_matrix_sets": "CanadianNAD83_LCC"}
    with client_of(service) as client:
        scale = float(texts(read(client), "//w:TileMatrix/w:ScaleDenominator")[0])
    assert scale == pytest.approx(matrix_set("CanadianNAD83_LCC").matrix(0).cellSize / 0.00028)


def test_every_layer_has_tiles_in_every_matrix_of_its_sets(client: TestClient) -> None:
    document = read(client)
    matrices = {
        one.findtext("ows:Identifier", namespaces=NS): texts(one, "w:TileMatrix/ows:Identifier")
        for one in document.xpath("//w:Contents/w:TileMatrixSet", namespaces=NS)
    }
    links = document.xpath("//w:TileMatrixSetLink", namespaces=NS)
    assert len(links) > len(matrices)
    for link in links:
        name = link.findtext("w:TileMatrixSet", namespaces=NS)
        assert texts(link, ".//w:TileMatrixLimits/w:TileMatrix") == matrices[name]


def test_the_word_transparent_is_for_layers_whose_coarsest_tile_is_partly_so(client: TestClient) -> None:
    found = {}
    for layer in read(client).xpath("//w:Layer", namespaces=NS):
        name = layer.findtext("ows:Identifier", namespaces=NS)
        link = layer.find("w:TileMatrixSetLink", NS)
        matrix, low, high, left, right = (each.text for each in link.find(".//w:TileMatrixLimits", NS))
        row, col = (int(low) + int(high)) // 2, (int(left) + int(right)) // 2
        sets = link.findtext("w:TileMatrixSet", namespaces=NS)
        body = client.get(f"/wmts/{name}/1.0.0/default/{sets}/{matrix}/{row}/{col}.png").content
        with Image.open(BytesIO(body)) as image:
            holes = image.convert("RGBA").getchannel("A").getextrema()[0] == 0
        assert holes == ("Transparent" in texts(layer, "ows:Keywords/ows:Keyword")), name
        found[name] = holes
    assert {found["bluemarble"], found["elevation"]} == {False, True}


def test_limits_hold_the_data_and_no_more(client: TestClient) -> None:
    document = read(client, "/wmts/elevation")
    listed = document.xpath(
        "//w:TileMatrixSetLink[w:TileMatrixSet='WebMercatorQuad']//w:TileMatrixLimits", namespaces=NS
    )
    for one in (listed[0], listed[-1]):
        zoom, *edges = (int(each.text) for each in one)
        row, last_row, col, last_col = edges
        path = f"/wmts/elevation/1.0.0/default/WebMercatorQuad/{zoom}"
        for r, c in ((row, col), (last_row, last_col)):
            assert client.get(f"{path}/{r}/{c}.png").status_code == 200
        for r, c in ((row - 1, col), (last_row + 1, col), (row, col - 1), (row, last_col + 1)):
            assert client.get(f"{path}/{r}/{c}.png").status_code == 400
    # Every edge row and column of the finest matrix has pixels.
    for r, c in [(row, c) for c in range(col, last_col + 1)] + [
        (r, last_col) for r in range(row, last_row + 1)
    ]:
        body = client.get(f"/wmts/elevation/1.0.0/default/WebMercatorQuad/{zoom}/{r}/{c}.png").content
        with Image.open(BytesIO(body)) as image:
            assert image.convert("RGBA").getchannel("A").getextrema()[1] == 255, (r, c)


def test_sections(client: TestClient) -> None:
    def names(sections: str) -> list[str]:
        return [etree.QName(each).localname for each in read(client, sections=sections)]

    everything = ["ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Contents"]
    assert names("All") == names("all") == [*everything, "ServiceMetadataURL"]
    assert names("Contents,OperationsMetadata") == ["OperationsMetadata", "Contents", "ServiceMetadataURL"]
    assert names("ServiceProvider") == ["ServiceProvider", "ServiceMetadataURL"]


def test_a_broken_source_is_left_out() -> None:
    with client_of({"name": "gone", "source": "/nowhere/gone.tif"}, DEMO / "elevation.tif") as client:
        assert texts(read(client), "//w:Layer/ows:Identifier") == ["elevation"]


def test_what_is_said_of_the_server(wmts_schema: Validator) -> None:
    about = {
        "title": "Maps",
        "keywords": ["a", "b"],
        "provider": "P",
        "site": "https://example.org/",
        "contact": "C",
        "email": "c@example.org",
        "fees": "many",
    }
    with client_of(DEMO / "elevation.tif", ogc=about) as client:
        body = client.get("/wmts", params=GET).content
    wmts_schema(body)
    document = etree.fromstring(body)
    assert texts(document, "//ows:ProviderName") == ["P"]
    assert texts(document, "//ows:ElectronicMailAddress") == ["c@example.org"]
    assert texts(document, "//ows:ServiceIdentification/ows:Title") == ["Maps"]
