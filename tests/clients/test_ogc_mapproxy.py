"""MapProxy with our services as its sources, by the configuration of the documentation."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pytest
from PIL import Image

from tests.clients.conftest import HERE
from tests.clients.truth import Array, warped
from tests.conftest import DEMO

CONFIGURATION = HERE / "mapproxy.yaml"
DOCUMENTED = HERE.parents[1] / "docs" / "ogc.md"
BOX = (-3000000.0, 2000000.0, 5000000.0, 10000000.0)

Getter = Callable[[str], tuple[str, bytes]]


@pytest.fixture
def get(services: str, tmp_path: Path) -> Getter:
    """Ask MapProxy for a path."""
    from mapproxy.wsgiapp import make_wsgi_app

    text = CONFIGURATION.read_text().replace("http://localhost:8080", services)
    file = tmp_path / "mapproxy.yaml"
    file.write_text(text)
    app = make_wsgi_app(str(file))

    def ask(path: str) -> tuple[str, bytes]:
        said: list[Any] = []
        path, _, query = path.partition("?")
        environment = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
            "HTTP_HOST": "localhost", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
        }  # fmt: skip
        body = b"".join(app(environment, lambda status, headers, *_: said.append((status, dict(headers)))))
        status, headers = said[0]
        assert status.startswith("200"), body
        return headers["Content-type"], body

    return ask


def picture(body: bytes) -> Array:
    with Image.open(io.BytesIO(body)) as image:
        return np.moveaxis(np.asarray(image.convert("RGB")).astype(int), -1, 0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layer", ["tiles", "paths", "maps"])
def test_mapproxy_draws_our_services(get: Getter, layer: str) -> None:
    query = {
        "service": "WMS", "version": "1.1.1", "request": "GetMap", "layers": layer, "styles": "",
        "srs": "EPSG:3857", "bbox": ",".join(map(str, BOX)), "width": 400, "height": 400,
        "format": "image/png",
    }  # fmt: skip
    media_type, body = get("/service?" + urlencode(query))
    assert media_type == "image/png"
    truth, _ = warped(DEMO / "bluemarble.tif", BOX, 400)
    # Tiles of the next finer level, scaled down by MapProxy; a shift by one pixel gives more than ten.
    assert np.abs(picture(body) - truth.astype(int)).mean() < 8


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layer", ["tiles", "paths", "maps"])
def test_tiles_pass_through_unchanged(get: Getter, services: str, layer: str) -> None:
    _, body = get(f"/wmts/{layer}/mercator/3/4/2.png")
    with urlopen(f"{services}/tiles/bluemarble/3/4/2.png", timeout=30) as answer:
        own = answer.read()
    assert np.array_equal(picture(body), picture(own))


def test_the_documentation_has_this_configuration() -> None:
    assert CONFIGURATION.read_text().strip() in DOCUMENTED.read_text()
