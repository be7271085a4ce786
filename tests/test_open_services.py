"""The service that opens what callers name, through its door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from proxy.security.passwords import hash_key
from tests.conftest import DATA, DEMO
from tests.doors import client_of
from tests.range_server import RangeServer, range_server

LAND = DEMO / "landcover.tif"
VRT = """<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as found:
        yield found


def opened(server: RangeServer, **settings: Any) -> Any:
    open_settings = {"prefixes": [f"{server.url}/cogs/"], "private": True} | settings.pop("open", {})
    return client_of(LAND, open=open_settings, **settings)


def tile(url: str, name: str = "open") -> str:
    return f"/tiles/{name}/10/190/397.png?url={quote(url, safe='')}"


def test_the_picture_is_that_of_the_same_raster_with_a_name(server: RangeServer) -> None:
    url = server.put("cogs/a.tif", LAND.read_bytes())
    with opened(server) as client:
        found = client.get(tile(url))
        assert found.status_code == 200, found.text
        assert found.content == client.get("/tiles/landcover/10/190/397.png").content
        document = client.get(f"/tiles/open/tilejson.json?url={quote(url, safe='')}").json()
        assert document["name"] == "a"
        address = document["tiles"][0].format(z=10, x=190, y=397)
        assert client.get(address).content == found.content
        values = client.get(f"/tiles/open/point/-112.9,37.3?url={quote(url, safe='')}").json()
        assert values["values"] == client.get("/tiles/landcover/point/-112.9,37.3").json()["values"]


def test_two_addresses_never_share_a_picture(server: RangeServer) -> None:
    one = server.put("cogs/a.tif", LAND.read_bytes(), '"same"')
    other = server.put("cogs/b.tif", (DEMO / "bluemarble.tif").read_bytes(), '"same"')
    with opened(server) as client:
        assert client.get(tile(one)).content != client.get(tile(other)).content


def test_there_is_no_such_service_unless_it_is_configured(server: RangeServer) -> None:
    url = server.put("cogs/a.tif", LAND.read_bytes())
    with client_of(LAND) as client:
        answer = client.get(tile(url))
    assert (answer.status_code, answer.text) == (404, "There is no service 'open'.")
    assert server.log == []


@pytest.mark.parametrize(
    "url",
    ["{}/secret.tif", "{}/cogs/../secret.tif", "{}/cogs/%2e%2e/secret.tif", "file:///etc/passwd",
     "/etc/passwd", "http://169.254.169.254/latest/meta-data/", "s3://bucket/a.tif", "", "/vsimem/a.tif",
     "{}@evil/cogs/a.tif"],
)  # fmt: skip
def test_what_is_not_on_the_list_is_not_looked_at(server: RangeServer, url: str) -> None:
    server.put("secret.tif", LAND.read_bytes())
    with opened(server) as client:
        answer = client.get(tile(url.format(server.url)))
    assert answer.status_code == 400
    assert "'url' parameter is invalid" in answer.text
    assert server.log == []


def test_hosts_on_the_list_that_are_not_public_are_refused(server: RangeServer) -> None:
    url = server.put("cogs/a.tif", LAND.read_bytes())
    with opened(server, open={"private": False}) as client:
        answer = client.get(tile(url))
    assert (answer.status_code, answer.text) == (502, "The source could not be reached.")
    assert server.log == []


@pytest.mark.parametrize(
    "content",
    [
        VRT.format("/etc/passwd").encode(),
        VRT.format("/vsicurl/{}/secret.tif").encode(),
        b"<GDAL_WMS><Service name='TMS'><ServerUrl>{}/secret.tif</ServerUrl></Service></GDAL_WMS>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"SIMPLE  =                    T",
        b"",
        b"II*\0" + b"\xff" * 200,
    ],
)
def test_what_is_no_tiff_is_not_handed_on(server: RangeServer, content: bytes) -> None:
    server.put("secret.tif", LAND.read_bytes())
    url = server.put("cogs/a.tif", content.replace(b"{}", server.url.encode()))
    with opened(server) as client:
        answer = client.get(tile(url))
    assert answer.status_code == 502
    assert answer.text.startswith("The source could not be ")
    assert {request.path for request in server.log} <= {"/cogs/a.tif"}
    assert all(request.method == "GET" and request.start is not None for request in server.log)


@pytest.mark.parametrize("name", ["rpc_uint16.tif", "geostationary_mask_jpeg.tif"])
def test_every_tiff_of_the_tests_is_drawn_or_refused_in_a_sentence(server: RangeServer, name: str) -> None:
    url = server.put(f"cogs/{name}", (DATA / name).read_bytes())
    with opened(server) as client:
        answer = client.get(f"/tiles/open/thumbnail.png?url={quote(url, safe='')}")
    assert answer.status_code in (200, 404, 502)
    assert {request.path for request in server.log} == {f"/cogs/{name}"}


def test_few_are_open_at_a_time(server: RangeServer) -> None:
    urls = [server.put(f"cogs/{number}.tif", LAND.read_bytes(), f'"{number}"') for number in range(5)]
    with opened(server, open={"most": 2}) as client:
        for url in urls:
            assert client.get(tile(url)).status_code == 200
        assert len(client.app.state.open_services) == 2
        assert client.app.state.renderer._opening == {}
        assert "open/" not in client.get("/metrics").text
        assert 'service="open"' in client.get("/metrics").text
        assert client.get(tile(urls[0])).status_code == 200


def test_it_may_be_for_some_only(server: RangeServer) -> None:
    url = server.put("cogs/a.tif", LAND.read_bytes())
    security = {"keys": {"portal": {"hash": hash_key("word")}}}
    settings = {"name": "any", "access": {"keys": "portal"}}
    with opened(server, open=settings, security=security) as client:
        assert client.get(tile(url, "any")).status_code == 401
        assert server.log == []
        # Nobody learns what is on the list either.
        assert client.get(tile("https://elsewhere.example/", "any")).status_code == 401
        answer = client.get(tile(url, "any"), headers={"X-API-Key": "word"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("private")


def test_only_the_tile_door_has_it(server: RangeServer) -> None:
    url = server.put("cogs/a.tif", LAND.read_bytes())
    with opened(server) as client:
        client.get(tile(url))
        found = client.get(f"/arcgis/rest/services/open/ImageServer?f=json&url={url}").json()
        assert found["error"]["code"] == 404
        assert "open" not in _names(client)


def _names(client: TestClient) -> set[str]:
    return {service["name"] for service in client.get("/arcgis/rest/services?f=json").json()["services"]}
