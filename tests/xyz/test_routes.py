from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from starlette.testclient import TestClient

from tests.conftest import DATA, DEMO, RasterMaker
from tests.doors import client_of

RENDERINGS = [
    {"name": "first", "rule": {"function": "stretch", "stretch_type": 5}},
    {"name": "grey", "rule": None},
]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(
        DEMO / "bluemarble.tif",
        {"name": "dem/sierra", "source": str(DEMO / "elevation.tif"), "renderings": RENDERINGS},
        {"name": "quiet", "source": str(DEMO / "elevation.tif"), "empty_tile": 204},
        {"name": "broken", "source": "/nowhere/at/all.tif"},
        DATA / "mars_equirectangular_rgb_jpeg.tif",
    ) as found:
        yield found


def pixels(body: bytes) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(Image.open(BytesIO(body)))


@pytest.mark.parametrize(
    ("extension", "media", "size"),
    [(".png", "image/png", 256), (".jpg", "image/jpeg", 256), (".webp", "image/webp", 256),
     ("@2x.png", "image/png", 512), ("", "image/jpeg", 256)],
)  # fmt: skip
def test_a_tile_in_every_format(client: TestClient, extension: str, media: str, size: int) -> None:
    answer = client.get(f"/tiles/bluemarble/1/1/0{extension}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert pixels(answer.content).shape[:2] == (size, size)
    assert pixels(answer.content).std() > 20


def test_auto_is_png_where_something_is_missing(client: TestClient) -> None:
    assert client.get("/tiles/dem/sierra/8/43/99").headers["content-type"] == "image/png"


def test_validators_and_lifetimes(client: TestClient) -> None:
    first = client.get("/tiles/bluemarble/2/1/1.png")
    again = client.get("/tiles/bluemarble/2/1/1.png")
    assert first.content == again.content
    assert "hit" in again.headers["cache-status"]
    assert again.headers["cache-control"].startswith("public, max-age=3600")
    etag = again.headers["etag"]
    unchanged = client.get("/tiles/bluemarble/2/1/1.png", headers={"If-None-Match": f'"x", {etag}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == etag
    head = client.head("/tiles/bluemarble/2/1/1.png")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(first.content))


def test_byte_ranges(client: TestClient) -> None:
    whole = client.get("/tiles/bluemarble/0/0/0.png").content
    part = client.get("/tiles/bluemarble/0/0/0.png", headers={"Range": "bytes=8-15"})
    assert (part.status_code, part.content) == (206, whole[8:16])
    assert part.headers["content-range"] == f"bytes 8-15/{len(whole)}"
    tail = client.get("/tiles/bluemarble/0/0/0.png", headers={"Range": "bytes=-4"})
    assert tail.content == whole[-4:]
    beyond = client.get("/tiles/bluemarble/0/0/0.png", headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    senseless = client.get("/tiles/bluemarble/0/0/0.png", headers={"Range": "bytes=" + "9" * 5000 + "-"})
    assert (senseless.status_code, senseless.content) == (200, whole)


def test_styles_by_query_and_by_path_are_one(client: TestClient) -> None:
    by_query = client.get("/tiles/dem/sierra/10/174/396.png?style=grey")
    by_path = client.get("/tiles/dem/sierra/style/GREY/10/174/396.png")
    assert by_query.content == by_path.content
    assert by_query.headers["etag"] == by_path.headers["etag"]
    default = client.get("/tiles/dem/sierra/10/174/396.png")
    assert default.headers["etag"] != by_query.headers["etag"]


def test_a_tile_outside_the_data(client: TestClient) -> None:
    empty = client.get("/tiles/dem/sierra/10/900/396.png")
    assert empty.status_code == 200
    assert len(empty.content) < 500
    assert np.asarray(Image.open(BytesIO(empty.content)).convert("RGBA"))[..., 3].max() == 0
    assert client.get("/tiles/quiet/10/900/396.png").status_code == 204
    assert client.get("/tiles/quiet/10/174/396.png").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/0/0/0.png", 404),
        ("bluemarble/0/1/0.png", 404),
        ("bluemarble/40/1/0.png", 404),
        ("bluemarble/1/0/0.exe", 400),
        ("bluemarble/0/0/0.png?style=none-such", 404),
        ("bluemarble/0/0/0.png?bands=7", 400),
        ("bluemarble/0/0/0.png?interpolation=magic", 400),
        ("bluemarble/0/0/0.jpg?quality=900", 400),
        ("bluemarble/0/0/0.jpg?quality=%C2%B2", 400),
        ("bluemarble/0/0/0.jpg?quality=" + "9" * 5000, 400),
        ("bluemarble/0/0/0.png?bands=%C2%B2", 400),
        ("bluemarble/0/0/0.png?bands=" + "9" * 5000, 400),
        ("bluemarble/tilejson.json?format=exe", 400),
        ("bluemarble/tilejson.json?bands=7", 400),
        ("bluemarble/tilejson.json?style=none-such", 404),
        ("bluemarble/0/0/0.png?nodata=zero", 400),
        ("bluemarble/Atlantis/0/0/0.png", 404),
        ("broken/0/0/0.png", 502),
        ("broken/tilejson.json", 502),
        ("mars_equirectangular_rgb_jpeg/0/0/0.png", 400),
        ("mars_equirectangular_rgb_jpeg/tilejson.json", 404),
        ("bluemarble/point/0,95", 400),
        ("dem/sierra/point/0,0", 404),
        ("bluemarble", 404),
        ("..%2f..%2fetc/passwd", 404),
    ],
)
def test_errors_are_a_status_and_a_sentence(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"/tiles/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert 5 < len(answer.text) < 400
    assert "Traceback" not in answer.text
    assert "/nowhere" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_bands_choose_and_order(client: TestClient) -> None:
    plain = pixels(client.get("/tiles/bluemarble/1/1/1.png").content)
    turned = pixels(client.get("/tiles/bluemarble/1/1/1.png?bands=3,Green,1").content)
    np.testing.assert_array_equal(turned, plain[..., ::-1])
    single = pixels(client.get("/tiles/bluemarble/1/1/1.png?bands=2").content)
    np.testing.assert_array_equal(single, plain[..., 1])


def test_tilejson(client: TestClient) -> None:
    found = client.get("/tiles/dem/sierra/tilejson.json?style=grey").json()
    assert found["tilejson"] == "3.0.0"
    assert found["tiles"] == ["http://testserver/tiles/dem/sierra/{z}/{x}/{y}.png?style=grey"]
    assert found["bounds"] == pytest.approx([-119.0985, 36.9275, -118.1672, 37.8589], abs=1e-3)
    assert found["minzoom"] == 0
    assert 11 <= found["maxzoom"] <= 12
    west, south, east, north = found["bounds"]
    lon, lat, zoom = found["center"]
    assert west < lon < east
    assert south < lat < north
    assert 8 <= zoom <= found["maxzoom"]
    other = client.get("/tiles/style/x", headers={}).status_code
    assert other == 404
    wgs = client.get("/tiles/bluemarble/WGS1984Quad/tilejson.json").json()
    assert wgs["tiles"] == ["http://testserver/tiles/bluemarble/WGS1984Quad/{z}/{x}/{y}.png"]


def test_tilejson_behind_a_proxy(client: TestClient) -> None:
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "maps.example.org",
        "X-Forwarded-Prefix": "/img/",
    }
    found = client.get("/tiles/bluemarble/tilejson.json", headers=headers).json()
    assert found["tiles"][0].startswith("https://maps.example.org/img/tiles/bluemarble/")
    odd = {"X-Forwarded-Host": 'evil"><script>', "X-Forwarded-Proto": "javascript"}
    safe = client.get("/tiles/bluemarble/tilejson.json", headers=odd).json()
    assert safe["tiles"][0].startswith("http://localhost/tiles/")


def test_point_values(client: TestClient) -> None:
    import rasterio

    with rasterio.open(DEMO / "elevation.tif") as file:
        expected = int(next(file.sample([(-118.5, 37.3)]))[0])
    assert client.get("/tiles/dem/sierra/point/-118.5,37.3").json() == {
        "coordinates": [-118.5, 37.3], "bands": ["elevation" if False else "Elevation"], "values": [expected],
    }  # fmt: skip


@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WGS1984Quad", "WorldCRS84Quad", "GNOSISGlobalGrid"])
def test_the_world_in_several_matrix_sets(client: TestClient, tms: str) -> None:
    answer = client.get(f"/tiles/bluemarble/{tms}/2/1/1.png")
    assert answer.status_code == 200
    assert pixels(answer.content).std() > 10


def test_a_thumbnail_has_the_shape_of_the_data(client: TestClient) -> None:
    picture = pixels(client.get("/tiles/bluemarble/thumbnail.png?size=200").content)
    assert picture.shape[:2] == (100, 200)
    for size in ("%C2%B2", "9" * 5000, "-1", ""):
        odd = client.get(f"/tiles/bluemarble/thumbnail.png?size={size}")
        assert pixels(odd.content).shape[:2] == (128, 256)
    mars = client.get("/tiles/mars_equirectangular_rgb_jpeg/thumbnail.png")
    assert mars.status_code == 200
    assert pixels(mars.content).std() > 10


def test_a_changed_file_is_served_anew(
    make_raster: RasterMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_raster("a.tif", np.full((64, 64), 50, np.uint8))
    with client_of(first) as client:
        before = client.get("/tiles/a/thumbnail.png")
        make_raster("a.tif", np.full((64, 65), 200, np.uint8))
        monkeypatch.setattr("proxy.services.service.LOCAL_SECONDS", 0.0)
        after = client.get("/tiles/a/thumbnail.png")
    assert before.headers["etag"] != after.headers["etag"]
    assert pixels(after.content).max() == 200


@pytest.mark.parametrize(
    ("tile", "status"), [("3/0/3", 200), ("3/1/3", 200), ("3/7/3", 200), ("3/4/3", 204), ("3/0/0", 204)]
)
def test_no_tile_beyond_the_antimeridian_is_called_empty(
    make_raster: RasterMaker, tile: str, status: int
) -> None:
    data = np.full((8, 24), 9, np.uint8)
    path = make_raster("a.tif", data, crs="EPSG:4326", transform=Affine(5, 0, 150, 0, -5, 20))
    with client_of({"name": "a", "source": str(path), "empty_tile": 204}) as client:
        assert client.get(f"/tiles/a/{tile}.png").status_code == status


def test_cors_is_open_by_default(client: TestClient) -> None:
    answer = client.get("/tiles/bluemarble/0/0/0.png", headers={"Origin": "https://app.example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    options = client.options(
        "/tiles/bluemarble/0/0/0.png",
        headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"},
    )
    assert options.status_code == 200
