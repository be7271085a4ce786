"""Tiles of image services: their matrix, their pixels, and what is not there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
from affine import Affine
from PIL import Image
from starlette.testclient import TestClient

from tests.conftest import DATA, RasterMaker
from tests.doors import client_of

S = "/arcgis/rest/services"


@pytest.fixture
def client(make_raster: RasterMaker) -> Iterator[TestClient]:
    rows, columns = np.mgrid[0:600, 0:600]
    dem = (rows * 10 + columns).astype(np.float32)
    flat = str(make_raster("flat.tif", dem))
    resolution = 156543.03392804097 / 2**10
    corner = Affine(resolution, 0, 0, 0, -resolution, 0)
    mercator = str(make_raster("mercator.tif", dem, crs="EPSG:3857", transform=corner))
    rgb = np.stack([rows % 256, columns % 256, np.full_like(rows, 9)]).astype(np.uint8)
    with client_of(
        {"name": "raster", "source": flat, "tiles": "raster", "interpolation": "nearest"},
        {"name": "elevation", "source": mercator, "tiles": "elevation", "interpolation": "bilinear"},
        {"name": "map", "source": str(make_raster("rgb.tif", rgb, photometric="rgb")), "tiles": "map"},
        {"name": "none", "source": flat},
    ) as client:
        yield client


def test_matrix_of_the_raster_itself(client: TestClient) -> None:
    root = client.get(f"{S}/raster/ImageServer?f=json").json()
    info = root["tileInfo"]
    assert (info["format"], root["cacheType"], info["rows"]) == ("LERC2D", "Raster", 256)
    assert [lod["resolution"] for lod in info["lods"]] == [40.0, 20.0, 10.0]
    assert info["origin"] == {"x": 500000.0, "y": 5800000.0}
    assert root["maxLOD"] == 2


def test_raster_tiles_hold_the_stored_values(client: TestClient) -> None:
    body = client.get(f"{S}/raster/ImageServer/tile/2/1/1").content
    assert body.startswith(b"Lerc2 ")
    values = imagecodecs.lerc_decode(body)
    rows, columns = np.mgrid[256:512, 256:512]
    assert (values == rows * 10 + columns).all()


def test_elevation_tiles_share_their_edges(client: TestClient) -> None:
    root = client.get(f"{S}/elevation/ImageServer?f=json").json()
    assert (root["tileInfo"]["format"], root["cacheType"]) == ("LERC", "Elevation")
    assert root["tileInfo"]["lods"][10]["resolution"] == root["pixelSizeX"]
    # The raster begins at the middle of the map: row and column 512 of level 10.
    bodies = [client.get(f"{S}/elevation/ImageServer/tile/10/512/{column}").content for column in (512, 513)]
    assert all(body.startswith(b"CntZImage ") for body in bodies)
    left, right = (np.asarray(imagecodecs.lerc_decode(body)) for body in bodies)
    assert left.shape == right.shape == (257, 257)
    # Written to within 0.001, so neighbours agree to twice that.
    assert np.abs(left[1:, 256] - right[1:, 0]).max() < 0.01
    # Half a pixel up-left of pixel (100, 100) is the mean of it and its three neighbours.
    assert left[100, 100] == pytest.approx(100 * 11 - 5.5, abs=0.01)


def test_map_tiles_are_pictures(client: TestClient) -> None:
    inside = client.get(f"{S}/map/ImageServer/tile/2/0/0")
    assert inside.headers["content-type"] == "image/jpeg"
    edge = client.get(f"{S}/map/ImageServer/tile/2/2/2")
    assert edge.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(edge.content)).size == (256, 256)


@pytest.mark.parametrize(
    "path",
    ["map/ImageServer/tile/9/0/0", "map/ImageServer/tile/2/9/9", "map/ImageServer/tile/2/0",
     "map/ImageServer/tile/a/0/0", "none/ImageServer/tile/0/0/0", "map/ImageServer/tile/0/0/99999999999999",
     "elevation/ImageServer/tile/10/0/0"],
)  # fmt: skip
def test_tiles_that_are_not_there(client: TestClient, path: str) -> None:
    response = client.get(f"{S}/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")


def test_tile_map(client: TestClient) -> None:
    found = client.get(f"{S}/map/ImageServer/tilemap/2/0/1/4/3?f=json").json()
    assert found["data"] == [1, 1, 0, 0] * 3
    assert found["location"] == {"left": 1, "top": 0, "width": 4, "height": 3}
    assert client.get(f"{S}/map/ImageServer/tilemap/2/50/50/2/2?f=json").status_code == 422
    too_large = client.get(f"{S}/map/ImageServer/tilemap/2/0/0/500/500?f=json").json()
    assert too_large["error"]["code"] == 400


def test_tiles_of_the_slices_of_a_cube() -> None:
    ocean = {"name": "ocean", "source": str(DATA / "ocean_temperature.nc"), "tiles": "raster"}
    with client_of(ocean) as client:
        base = f"{S}/ocean/ImageServer"

        def values(**query: str) -> Any:
            return imagecodecs.lerc_decode(client.get(f"{base}/tile/0/0/1", params=query).content)

        moments = client.get(f"{base}/multidimensionalInfo?f=json").json()["multidimensionalInfo"]
        first = moments["variables"][0]["dimensions"][0]["values"][0]
        assert np.array_equal(values(), values(sliceId="12"))
        assert np.array_equal(values(sliceId="0"), values(time=str(first)))
        assert np.abs(values(sliceId="0") - values(sliceId="3")).max() > 10
        assert client.get(f"{base}/tile/0/0/1?sliceId=99").status_code == 404
