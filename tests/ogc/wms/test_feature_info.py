from __future__ import annotations

import pytest
import rasterio
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.ogc.wms.test_get_map import INSIDE, MAP

QUERY = MAP | INSIDE | {"request": "GetFeatureInfo", "layers": "bluemarble,elevation"}


def value(lon: float, lat: float) -> float:
    with rasterio.open(DEMO / "elevation.tif") as file:
        return float(next(file.sample([(lon, lat)]))[0])


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1.3.0", "i": 10, "j": 50},
        {"version": "1.1.1", "x": 10, "y": 50, "srs": "EPSG:4326"},
        {"version": "1.3.0", "i": 10, "j": 50, "crs": "EPSG:4326", "bbox": "37.2,-118.8,37.6,-118.4"},
    ],
)
def test_values_of_a_pixel(client: TestClient, change: dict[str, object]) -> None:
    answer = client.get("/wms", params=QUERY | {"query_layers": "elevation"} | change)
    (feature,) = answer.json()["features"]
    lon, lat = -118.8 + 10.5 * 0.4 / 64, 37.6 - 50.5 * 0.4 / 64
    assert feature["geometry"]["coordinates"] == pytest.approx([lon, lat])
    assert feature["properties"]["Elevation"] == value(lon, lat)


def test_the_top_layer_comes_first(client: TestClient) -> None:
    query = QUERY | {"query_layers": "bluemarble,elevation", "i": 1, "j": 1}
    found = [feature["id"] for feature in client.get("/wms", params=query).json()["features"]]
    assert found == ["elevation", "bluemarble"]
    text = client.get("/wms", params=query | {"info_format": "text/plain"}).text
    assert text.index("elevation") < text.index("Red")


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "text/html", "text/xml", "application/vnd.ogc.gml"]
)
def test_forms(client: TestClient, kind: str) -> None:
    query = QUERY | {"query_layers": "elevation", "i": 1, "j": 1, "info_format": kind}
    answer = client.get("/wms", params=query)
    assert answer.headers["content-type"].startswith(kind)
    assert "Elevation" in answer.text


def test_nothing_outside_the_data(client: TestClient) -> None:
    query = QUERY | {"query_layers": "elevation", "i": 1, "j": 1, "bbox": "0,0,1,1"}
    assert client.get("/wms", params=query).json()["features"] == []
    assert "no data here" in client.get("/wms", params=query | {"info_format": "text/html"}).text
