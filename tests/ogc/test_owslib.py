"""OWSLib against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from io import BytesIO

import numpy as np
import pytest
import uvicorn
from owslib.util import ServiceException
from owslib.wms import WebMapService
from owslib.wmts import WebMapTileService
from PIL import Image

from proxy.app import create_app
from proxy.config import parse
from tests.conftest import DEMO


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        self.listening.set()


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    services = [{"name": n, "source": str(DEMO / f"{n}.tif")} for n in ("bluemarble", "elevation")]
    app = create_app(parse({"services": services, "render": {"threads": 1}}, {}))
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.listening.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)
    assert not thread.is_alive()


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_maps(base: str, version: str) -> None:
    wms = WebMapService(f"{base}/wms", version=version)
    assert wms.identification.version == version
    assert list(wms.contents) == ["bluemarble", "elevation"]
    layer = wms["elevation"]
    assert "hillshade_map" in layer.styles
    assert layer.boundingBoxWGS84 == pytest.approx((-119.1, 36.93, -118.17, 37.86), abs=0.01)
    found = wms.getmap(
        layers=["bluemarble", "elevation"], styles=["", "hillshade_map"], srs="EPSG:4326",
        bbox=(-119.6, 36.6, -117.6, 38.2), size=(100, 80), format="image/png", transparent=True,
    )  # fmt: skip
    with Image.open(BytesIO(found.read())) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # Hills in the middle are grey, the blue marble around them is not.
    assert np.abs(pixels[40, 45:55, 0] - pixels[40, 45:55, 2]).max() == 0
    assert np.abs(pixels[:5, :, 0] - pixels[:5, :, 2]).max() > 5
    info = wms.getfeatureinfo(
        layers=["elevation"], srs="EPSG:4326", bbox=(-119, 37, -118.2, 37.8), size=(80, 80),
        format="image/png", query_layers=["elevation"], info_format="text/plain", xy=(10, 10),
    )  # fmt: skip
    assert b"Elevation = " in info.read()
    with pytest.raises(ServiceException, match="no rendering"):
        wms.getmap(
            layers=["elevation"], styles=["nope"], srs="EPSG:4326", bbox=(-119, 37, -118, 38), size=(8, 8),
            format="image/png",
        )  # fmt: skip


def test_tiles(base: str) -> None:
    wmts = WebMapTileService(f"{base}/wmts")
    assert list(wmts.contents) == ["bluemarble", "elevation"]
    layer = wmts.contents["elevation"]
    assert layer.styles["None"]["isDefault"]
    limits = layer.tilematrixsetlinks["WebMercatorQuad"].tilematrixlimits["10"]
    assert wmts.tilematrixsets["WorldCRS84Quad"].tilematrix["0"].topleftcorner == (-180.0, 90.0)
    found = wmts.gettile(
        layer="elevation", tilematrixset="WebMercatorQuad", tilematrix="10", row=limits.mintilerow + 1,
        column=limits.mintilecol + 1, format="image/png",
    )  # fmt: skip
    with Image.open(BytesIO(found.read())) as image:
        assert image.size == (256, 256)
        assert np.asarray(image.convert("L")).std() > 20


def test_tiles_by_paths(base: str) -> None:
    wmts = WebMapTileService(f"{base}/wmts/elevation/1.0.0/WMTSCapabilities.xml")
    assert wmts.restonly is False
    address = wmts.buildTileResource(
        layer="elevation", style="None", format="image/png", tilematrixset="GoogleMapsCompatible",
        tilematrix="10", row="397", column="174",
    )  # fmt: skip
    # It takes any of the templates, whatever their format, so there had better be one.
    assert address == f"{base}/wmts/elevation/1.0.0/None/GoogleMapsCompatible/10/397/174.png"


def test_the_media_type_is_told_under_the_name_that_documents_have(base: str) -> None:
    """HTTP leaves the case of names open; test suites look for this one letter by letter."""
    address = f"{base}/wmts/elevation/1.0.0/default/WebMercatorQuad/10/397/174.png"
    for _ in ("rendered", "remembered"):
        connection = HTTPConnection(base.removeprefix("http://"))
        connection.request("GET", address.removeprefix(base))
        headers = connection.getresponse().getheaders()
        connection.close()
        assert [value for name, value in headers if name == "Content-Type"] == ["image/png"]
        assert "content-type" not in [name for name, _ in headers]
