"""The same ground through every door is one render and the same bytes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import morecantile
import pytest
from starlette.testclient import TestClient

from proxy.xyz.params import matrix_set
from tests.conftest import DEMO
from tests.doors import client_of

Z, X, Y = 10, 174, 397
MERCATOR, DEGREES = "WebMercatorQuad", "WorldCRS84Quad"


def box(tms: str, x: int, y: int, z: int) -> tuple[float, float, float, float]:
    found = matrix_set(tms).xy_bounds(morecantile.Tile(x, y, z))
    return found.left, found.bottom, found.right, found.top


def text(numbers: tuple[float, ...]) -> str:
    return ",".join(repr(number) for number in numbers)


def mercator() -> dict[str, str]:
    bounds = text(box(MERCATOR, X, Y, Z))
    tile = {"TileMatrixSet": MERCATOR, "TileMatrix": Z, "TileRow": Y, "TileCol": X}
    wmts = {
        "service": "WMTS",
        "request": "GetTile",
        "version": "1.0.0",
        "layer": "elevation",
        "style": "default",
    }
    map_ = {"service": "WMS", "request": "GetMap", "layers": "elevation", "styles": "", "format": "image/png"}
    sized = map_ | {"width": 256, "height": 256, "transparent": "TRUE", "bbox": bounds}
    ogc = {
        "bbox": bounds, "bbox-crs": "EPSG:3857", "crs": "EPSG:3857", "width": 256, "height": 256, "f": "png",
    }  # fmt: skip
    export = {
        "bbox": bounds,
        "bboxSR": 3857,
        "imageSR": 3857,
        "size": "256,256",
        "format": "png",
        "f": "image",
    }
    return {
        "xyz": f"/tiles/elevation/{Z}/{X}/{Y}.png",
        "wmts-kvp": "/wmts?" + urlencode(wmts | tile | {"format": "image/png"}),
        "wmts-rest": f"/wmts/elevation/1.0.0/default/{MERCATOR}/{Z}/{Y}/{X}.png",
        "wmts-alias": f"/wmts/elevation/1.0.0/default/GoogleMapsCompatible/{Z}/{Y}/{X}.png",
        "wms-1.1.1": "/wms?" + urlencode(sized | {"version": "1.1.1", "srs": "EPSG:900913"}),
        "wms-1.3.0": "/wms/elevation?" + urlencode(sized | {"version": "1.3.0", "crs": "EPSG:3857"}),
        "ogc-tile": f"/ogc/collections/elevation/map/tiles/{MERCATOR}/{Z}/{Y}/{X}?f=png",
        "ogc-map": "/ogc/collections/elevation/map?" + urlencode(ogc),
        "export": "/arcgis/rest/services/elevation/ImageServer/exportImage?" + urlencode(export),
    }


def degrees() -> dict[str, str]:
    z, x, y = 9, 174, 149
    west, south, east, north = box(DEGREES, x, y, z)
    map_ = {"service": "WMS", "request": "GetMap", "layers": "elevation", "styles": "", "format": "image/png"}
    sized = map_ | {"width": 256, "height": 256, "transparent": "true"}
    xy, yx = text((west, south, east, north)), text((south, west, north, east))
    return {
        "xyz": f"/tiles/elevation/{DEGREES}/{z}/{x}/{y}.png",
        "xyz-4326": f"/tiles/elevation/WGS1984Quad/{z}/{x}/{y}.png",
        "wmts-crs84": f"/wmts/elevation/1.0.0/default/{DEGREES}/{z}/{y}/{x}.png",
        "wmts-4326": f"/wmts/elevation/1.0.0/default/WGS1984Quad/{z}/{y}/{x}.png",
        "ogc-crs84": f"/ogc/collections/elevation/map/tiles/{DEGREES}/{z}/{y}/{x}?f=png",
        "ogc-4326": f"/ogc/collections/elevation/map/tiles/WGS1984Quad/{z}/{y}/{x}?f=image/png",
        "ogc-map": f"/ogc/collections/elevation/map?bbox={xy}&width=256&height=256&crs=OGC:CRS84&f=png",
        "wms-1.1.1": "/wms?" + urlencode(sized | {"version": "1.1.1", "srs": "EPSG:4326", "bbox": xy}),
        "wms-1.3.0": "/wms?" + urlencode(sized | {"version": "1.3.0", "crs": "EPSG:4326", "bbox": yx}),
        "wms-crs84": "/wms?" + urlencode(sized | {"version": "1.3.0", "crs": "CRS:84", "bbox": xy}),
    }


@pytest.mark.parametrize("addresses", [mercator(), degrees()], ids=["mercator", "degrees"])
def test_all_doors_send_the_same_bytes(addresses: dict[str, str]) -> None:
    with client_of(DEMO / "elevation.tif") as client:
        first, *others = addresses
        found = client.get(addresses[first])
        assert found.status_code == 200, found.text
        assert found.headers["cache-status"].endswith("detail=miss")
        assert len(found.content) > 5000, "an empty tile proves nothing"
        for name in others:
            answer = client.get(addresses[name])
            assert answer.content == found.content, name
            assert answer.headers["cache-status"] == "cogproxy; hit", name
            assert answer.headers["etag"] == found.headers["etag"]


def test_the_order_of_axes_matters(client: TestClient) -> None:
    """Else the tests above could pass with boxes read the wrong way round in both versions."""
    query: dict[str, Any] = {
        "service": "WMS", "request": "GetMap", "layers": "elevation", "styles": "", "format": "image/png",
        "width": 64, "height": 64, "transparent": "true", "bbox": "37,-119,37.5,-118.5",
    }  # fmt: skip
    right = client.get("/wms", params=query | {"version": "1.3.0", "crs": "EPSG:4326"})
    wrong = client.get("/wms", params=query | {"version": "1.1.1", "srs": "EPSG:4326"})
    assert len(right.content) > 1500 > len(wrong.content)


@pytest.mark.parametrize("digits", [10, 12, 15])
def test_a_box_with_fewer_digits_is_the_tile_it_means(client: TestClient, digits: int) -> None:
    bounds = ",".join(f"{number:.{digits}g}" for number in box(MERCATOR, X, Y, Z))
    query = {
        "service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": "elevation", "styles": "",
        "format": "image/png", "width": 256, "height": 256, "transparent": "true", "crs": "EPSG:3857",
        "bbox": bounds,
    }  # fmt: skip
    tile = client.get(f"/tiles/elevation/{Z}/{X}/{Y}.png")
    # 10 digits are millimetres here, more than a millionth of a pixel of 153 m.
    same = client.get("/wms", params=query).headers["etag"] == tile.headers["etag"]
    assert same is (digits > 10)
