"""The Esri face through the door, on small rasters."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile
from starlette.testclient import TestClient

from proxy.arcgis.operations import ALL
from proxy.errors import QueueFull
from tests.conftest import DEMO
from tests.doors import client_of

REST = "/arcgis/rest"
RGB = f"{REST}/services/rgb/ImageServer"
VALLEY = f"{REST}/services/dem/valley/ImageServer"
CLASSES = f"{REST}/services/classes/ImageServer"
WHOLE = "500000,5799000,501000,5800000"
PLAIN = {"bbox": WHOLE, "size": "100,100", "interpolation": "RSP_NearestNeighbor", "f": "image"}
SIZE_LIMIT = "The requested image exceeds the size limit."


def document(client: TestClient, path: str, **query: str) -> dict[str, Any]:
    response = client.get(path, params={"f": "json"} | query)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def failure(client: TestClient, path: str, **query: str) -> dict[str, Any]:
    error: dict[str, Any] = document(client, path, **query)["error"]
    assert set(error) <= {"code", "extendedCode", "message", "details"}
    return error


def pixels(content: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_info(client: TestClient) -> None:
    found = document(client, f"{REST}/info")
    assert found["currentVersion"] == 10.91
    assert found["authInfo"] == {"isTokenBasedSecurity": False}


def test_directory(client: TestClient) -> None:
    found = document(client, f"{REST}/services")
    assert found["folders"] == ["dem"]
    names = ["rgb", "classes", "missing"]
    assert found["services"] == [{"name": name, "type": "ImageServer"} for name in names]
    inner = document(client, f"{REST}/services/DEM/")
    assert inner["services"] == [{"name": "dem/valley", "type": "ImageServer"}]
    assert inner["folders"] == []


@pytest.mark.parametrize(
    "path",
    ["services/nofolder", "services/a/b", "services/nothing/ImageServer", "services/dem/other/ImageServer",
     "nothing", "services/rgb/MapServer", "info/more"],
)  # fmt: skip
def test_what_is_not_there(client: TestClient, path: str) -> None:
    assert failure(client, f"{REST}/{path}")["code"] == 404


@pytest.mark.parametrize("operation", ["nothing", "exportImage/more", "exportimages"])
def test_operations_that_are_not_there(client: TestClient, operation: str) -> None:
    error = failure(client, f"{RGB}/{operation}")
    assert error["message"] == "Requested operation is not supported by this service."


@pytest.mark.parametrize(
    "path",
    [
        VALLEY,
        VALLEY + "/",
        "/ArcGIS/REST/Services/DEM/Valley/imageserver",
        VALLEY.replace("dem/valley", "dem//VALLEY"),
    ],
)
def test_spellings_of_a_service(client: TestClient, path: str) -> None:
    assert document(client, path)["name"] == "dem/valley"


def test_service_resource(client: TestClient) -> None:
    found = document(client, VALLEY)
    assert found["pixelType"] == "F32"
    assert found["bandNames"] == ["Elevation"]
    assert (found["minValues"], found["maxValues"]) == ([0.0], [1089.0])
    assert found["noDataValue"] == -9999.0
    assert found["serviceDataType"] == "esriImageServiceDataTypeElevation"
    assert found["copyrightText"] == "Us & <them>"
    assert [info["name"] for info in found["rasterFunctionInfos"]] == ["Relief", "None"]
    assert (found["hasColormap"], found["hasRasterAttributeTable"]) == (False, False)


@pytest.mark.parametrize("rule", ['{"rasterFunction":"Relief"}', '{"rasterFunction":"Hillshade"}'])
def test_with_a_rule_the_result_is_described(client: TestClient, rule: str) -> None:
    found = document(client, VALLEY, renderingRule=rule)
    assert (found["pixelType"], found["bandCount"], found["bandNames"]) == ("U8", 1, ["Band_1"])
    assert len(found["minValues"]) == found["bandCount"]
    assert 0 <= found["minValues"][0] <= found["maxValues"][0] <= 255
    statistics = document(client, f"{VALLEY}/statistics", renderingRule=rule)["statistics"]
    assert [band["max"] for band in statistics] == found["maxValues"]
    assert failure(client, VALLEY, renderingRule='{"rasterFunction":"X"}')["code"] == 400


@pytest.mark.parametrize("path", [RGB, VALLEY, CLASSES])
def test_what_the_service_promises_is_there(client: TestClient, path: str) -> None:
    root = document(client, path)
    children = {
        "hasHistograms": "histograms",
        "hasColormap": "colormap",
        "hasRasterAttributeTable": "rasterAttributeTable",
    }
    for flag, child in children.items():
        answer = document(client, f"{path}/{child}")
        assert ("error" not in answer) or not root[flag]
    assert document(client, f"{path}/rasterFunctionInfos")["rasterFunctionInfos"]
    assert len(document(client, f"{path}/keyProperties")["BandProperties"]) == root["bandCount"]
    statistics = document(client, f"{path}/statistics")["statistics"]
    assert [band["min"] for band in statistics] == root["minValues"]
    assert [band["standardDeviation"] for band in statistics] == root["stdvValues"]


def test_colours_of_classes(client: TestClient) -> None:
    assert document(client, CLASSES)["hasColormap"] is True
    entries = document(client, f"{CLASSES}/colormap")["colormap"]
    assert entries[:3] == [[0, 0, 0, 0], [1, 255, 0, 0], [2, 0, 0, 255]]


def test_a_failed_service_says_why_and_nothing_more(client: TestClient) -> None:
    for path in ("", "/exportImage", "/statistics"):
        error = failure(client, f"{REST}/services/missing/ImageServer{path}", bbox=WHOLE)
        assert error["code"] == 500
        assert error["message"] == "Unable to complete operation."
        assert error["details"]
        assert "tmp" not in str(error)


def test_get_and_both_kinds_of_forms_answer_alike(client: TestClient) -> None:
    fields = {"bbox": WHOLE, "size": "50,50", "format": "png"}
    expected = client.get(f"{RGB}/exportImage", params=fields | {"f": "image"}).content
    form = client.post(f"{RGB}/exportImage?f=image", data=fields)
    multipart = client.post(f"{RGB}/exportImage?f=image", files={k: (None, v) for k, v in fields.items()})
    assert form.content == multipart.content == expected
    assert client.post(VALLEY, data={"f": "json"}).json() == document(client, VALLEY)


def test_with_nothing_but_a_box(client: TestClient) -> None:
    names = ["bboxSR", "size", "imageSR", "noData", "format", "time", "bandIds", "renderingRule"]
    query = dict.fromkeys(names, "")
    response = client.get(f"{RGB}/exportImage", params=query | {"bbox": WHOLE, "f": "image"})
    assert response.headers["content-type"] == "image/jpeg"
    assert pixels(response.content).shape == (400, 400, 3)


def test_bands_are_counted_from_zero_and_keep_their_order(client: TestClient) -> None:
    straight = pixels(client.get(f"{RGB}/exportImage", params=PLAIN | {"format": "png24"}).content)
    assert straight[10, 20].tolist() == [10, 20, 200]
    swapped = client.get(f"{RGB}/exportImage", params=PLAIN | {"format": "png24", "bandIds": "2,1,0"})
    assert (pixels(swapped.content) == straight[..., ::-1]).all()
    single = pixels(
        client.get(f"{RGB}/exportImage", params=PLAIN | {"format": "png8", "bandIds": "1"}).content
    )
    assert (single == straight[..., 1]).all()
    error = failure(client, f"{RGB}/exportImage", bbox=WHOLE, bandIds="3")
    assert error["details"] == ["'bandIds' parameter is invalid."]


def test_the_default_rendering_is_drawn_and_none_is_raw(client: TestClient) -> None:
    query = PLAIN | {"format": "tiff"}
    shaded = pixels(client.get(f"{VALLEY}/exportImage", params=query).content)
    raw = pixels(client.get(f"{VALLEY}/exportImage", params=query | {"renderingRule": "None"}).content)
    assert shaded.dtype == np.uint8
    assert raw.dtype == np.float32
    assert raw[10, 20] == 120.0


@pytest.mark.parametrize("extra", [{"f": "json"}, {"f": "image", "format": "tiff"}, {"f": "kmz"}])
def test_size_limit(client: TestClient, extra: dict[str, str]) -> None:
    response = client.get(f"{RGB}/exportImage", params={"bbox": WHOLE, "size": "5000,5000"} | extra)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert len(response.content) <= 750
    assert response.json()["error"]["details"] == [SIZE_LIMIT]


@pytest.mark.parametrize("number", ["0", "7", "-1", "2.5", "1e-320", "70000"])
def test_a_number_is_a_rule_that_looks_at_no_band(client: TestClient, number: str) -> None:
    answer = client.get(f"{VALLEY}/exportImage", params=PLAIN | {"format": "tiff", "renderingRule": number})
    with MemoryFile(answer.content) as file, file.open() as dataset:
        assert dataset.count == 1
        assert (dataset.read() == np.float32(float(number))).all()
    shown = client.get(f"{VALLEY}/exportImage", params=PLAIN | {"renderingRule": number})
    assert shown.headers["content-type"] == "image/jpeg"
    assert document(client, VALLEY, renderingRule=number)["minValues"] == [pytest.approx(float(number))]


def test_a_missing_box(client: TestClient) -> None:
    assert failure(client, f"{RGB}/exportImage")["details"] == ["'bbox' parameter is invalid."]


def test_a_picture_has_validators(client: TestClient) -> None:
    response = client.get(f"{RGB}/exportImage", params=PLAIN)
    assert "max-age=3600" in response.headers["cache-control"]
    again = client.get(
        f"{RGB}/exportImage", params=PLAIN, headers={"If-None-Match": response.headers["etag"]}
    )
    assert again.status_code == 304
    assert client.head(f"{RGB}/exportImage", params=PLAIN).content == b""


def test_json_tells_the_true_extent_and_links_to_the_picture(client: TestClient) -> None:
    query = {"bbox": WHOLE, "size": "200,100", "format": "jpgpng"}
    found = document(client, f"{VALLEY}/exportImage", **query)
    assert list(found) == ["href", "width", "height", "extent", "scale"]
    assert (found["width"], found["height"], found["scale"]) == (200, 100, 0)
    assert found["extent"] == {
        "xmin": 499500.0, "ymin": 5799000.0, "xmax": 501500.0, "ymax": 5800000.0,
        "spatialReference": {"wkid": 32633, "latestWkid": 32633},
    }  # fmt: skip
    start = "http://testserver/arcgis/rest/directories/arcgisoutput/dem/valley_ImageServer/_ags_"
    assert found["href"].startswith(start)
    # Half of the picture lies beyond the data, so it cannot be a JPEG.
    assert found["href"].endswith(".png")
    linked = client.get(found["href"])
    direct = client.get(f"{VALLEY}/exportImage", params=query | {"f": "image"})
    assert linked.content == direct.content
    assert linked.headers["content-type"] == "image/png"


def test_links_answer_head_and_ranges_and_no_side_cars(client: TestClient) -> None:
    href = document(client, f"{RGB}/exportImage", bbox=WHOLE)["href"]
    assert href.endswith(".jpg")
    whole = client.get(href)
    head = client.head(href)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))
    part = client.get(href, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    folder = href.rpartition("/")[0]
    others = [f"{href}.aux.xml", folder, folder.replace("/rgb_ImageServer", "")]
    others += [href.replace(".jpg", ending) for ending in (".png", ".ovr", ".jpg/x")]
    others += [href.replace("/rgb_", "/classes_"), href.replace("/_ags_", "/_ags_A")]
    for other in [*others, href.replace("_ImageServer", "")]:
        missing = client.get(other)
        assert missing.status_code == 404, other
        assert missing.headers["content-type"].startswith("text/plain")


def test_orders_too_long_for_a_link(client: TestClient) -> None:
    stops = [[i, i % 256, i * 7 % 256, i * 13 % 256] for i in range(1090)]
    rule = {"rasterFunction": "Colormap", "rasterFunctionArguments": {"Colormap": stops}}
    fields = {"bbox": WHOLE, "size": "20,20", "f": "json", "renderingRule": json.dumps(rule)}
    href = client.post(f"{VALLEY}/exportImage", data=fields).json()["href"]
    assert len(href) < 200
    assert client.get(href).content == client.post(
        f"{VALLEY}/exportImage", data=fields | {"f": "image"}
    ).content  # fmt: skip


def test_links_follow_the_address_that_the_caller_knows(client: TestClient) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "maps.test", "X-Forwarded-Prefix": "/gis"}
    found = client.get(f"{RGB}/exportImage", params={"bbox": WHOLE, "f": "json"}, headers=headers).json()
    assert found["href"].startswith("https://maps.test/gis/arcgis/rest/directories/")
    page = client.get(f"{REST}/services", headers=headers).text
    assert 'href="/gis/arcgis/rest/services/rgb/ImageServer?f=html"' in page


def test_kmz(client: TestClient) -> None:
    response = client.get(f"{RGB}/exportImage", params={"bbox": WHOLE, "f": "kmz"})
    assert response.headers["content-type"] == "application/vnd.google-earth.kmz"
    assert "doc.kml" in zipfile.ZipFile(io.BytesIO(response.content)).namelist()


def test_jsonp(client: TestClient) -> None:
    response = client.get(RGB, params={"f": "json", "callback": "dojo.cb"})
    assert response.headers["content-type"].startswith("application/javascript")
    assert response.text.startswith('dojo.cb({"currentVersion"')
    bad = client.get(f"{REST}/services/none/ImageServer", params={"f": "json", "callback": "cb"})
    assert bad.text.startswith('cb({"error"')
    assert failure(client, RGB, callback="alert(1)")["details"] == ["'callback' parameter is invalid."]


def test_the_unforeseen_is_an_answer_too(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with patch("proxy.arcgis.export.render_request", side_effect=ZeroDivisionError("inner matter")):
        error = failure(client, f"{RGB}/exportImage", bbox=WHOLE, f="image")
    assert error == {"code": 500, "message": "Unable to complete operation.", "details": []}
    assert "inner matter" in caplog.text
    caplog.set_level(logging.ERROR)


def test_a_busy_server(client: TestClient) -> None:
    with patch("proxy.arcgis.export.render_request", side_effect=QueueFull(3)):
        response = client.get(f"{RGB}/exportImage", params=PLAIN)
    assert response.status_code == 200
    assert response.headers["retry-after"] == "3"
    assert response.json()["error"]["code"] == 503


@pytest.mark.parametrize("origin", ["https://app.test"])
def test_other_origins_may_ask(client: TestClient, origin: str) -> None:
    href = document(client, f"{RGB}/exportImage", bbox=WHOLE)["href"]
    for address in (
        f"{RGB}?f=json",
        f"{RGB}/exportImage?bbox={WHOLE}&f=image",
        f"{RGB}/exportImage?f=json",
        href,
    ):
        response = client.get(address, headers={"Origin": origin})
        assert response.headers["access-control-allow-origin"] in ("*", origin)


@pytest.mark.parametrize(
    "path", ["services", "services/dem", "services/rgb/ImageServer", "services/classes/ImageServer"]
)
def test_pages_are_what_comes_without_f(client: TestClient, path: str) -> None:
    response = client.get(f"{REST}/{path}")
    assert response.headers["content-type"].startswith("text/html")
    assert response.text == client.get(f"{REST}/{path}?f=html").text
    assert '<html lang="en">' in response.text


def test_page_of_a_service(client: TestClient) -> None:
    text = client.get(VALLEY).text
    assert "Us &amp; &lt;them&gt;" in text
    assert 'href="/view/dem/valley"' in text
    for operation in ALL:
        is_offered = operation.name not in ("colormap", "rasterAttributeTable")
        assert (f'href="{VALLEY}/{operation.name}?f=html"' in text) is is_offered
        assert client.get(f"{VALLEY}/{operation.name}").status_code == 200


def test_page_of_export(client: TestClient) -> None:
    form = client.get(f"{RGB}/exportImage").text
    assert 'value="500000.0,5799000.0,501000.0,5800000.0"' in form
    assert "<img" not in form
    query = {"bbox": WHOLE, "size": "50,50", "bandIds": '"><script>', "f": "html"}
    wrong = client.get(f"{RGB}/exportImage", params=query).text
    assert "&#39;bandIds&#39; parameter is invalid." in wrong
    shown = client.get(f"{RGB}/exportImage", params=query | {"bandIds": "0"}).text
    assert '<img src="/arcgis/rest/directories/arcgisoutput/rgb_ImageServer/_ags_' in shown
    assert f'name="bbox" value="{WHOLE}"' in shown
    assert "&#34;width&#34;: 50" in shown


def test_errors_can_be_read_by_people(client: TestClient) -> None:
    response = client.get(f"{REST}/services/<b>none/ImageServer")
    assert response.status_code == 200
    assert "There is no service &#39;&lt;b&gt;none&#39;." in response.text
    missing = client.get(f"{REST}/services/missing/ImageServer")
    assert "Unable to complete operation." in missing.text


def test_style_sheet(client: TestClient) -> None:
    response = client.get(f"{REST}/static/directory.css")
    assert response.headers["content-type"].startswith("text/css")
    assert client.get(f"{REST}/static/%2e%2e/routes.py").status_code == 404
    assert client.get(f"{REST}/static/other.css").status_code == 404


def test_the_root_leads_to_the_directory(client: TestClient) -> None:
    response = client.get(REST, follow_redirects=False)
    assert response.headers["location"] == "http://testserver/arcgis/rest/services"


def test_each_raster_function_has_a_picture() -> None:
    with client_of(DEMO / "elevation.tif") as client:
        infos = client.get("/arcgis/rest/services/elevation/ImageServer/rasterFunctionInfos?f=json").json()
        listed = infos["rasterFunctionInfos"]
        assert len(listed) > 2
        pictures = {client.get(info["thumbnail"]).content for info in listed}
        assert len(pictures) == len(listed), "each rendering looks different"
        assert all(body.startswith(b"\x89PNG") for body in pictures)
