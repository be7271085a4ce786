from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from starlette.testclient import TestClient

from tests.conftest import DEMO, RasterMaker
from tests.doors import client_of

MAP: dict[str, Any] = {
    "service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": "bluemarble", "styles": "",
    "crs": "CRS:84", "bbox": "-180,-90,180,90", "width": 256, "height": 128, "format": "image/png",
}  # fmt: skip
#: Around the elevations of the demo, and beyond them on all sides.
AROUND = {"crs": "CRS:84", "bbox": "-119.6,36.6,-117.6,38.2", "width": 100, "height": 80}
#: Inside them.
INSIDE = {"crs": "CRS:84", "bbox": "-118.8,37.2,-118.4,37.6", "width": 64, "height": 64}


def drawn(client: TestClient, path: str = "/wms", **changes: Any) -> NDArray[np.uint8]:
    """RGBA of a map."""
    answer = client.get(path, params=MAP | changes)
    assert answer.headers["content-type"].startswith("image/"), answer.text
    with Image.open(BytesIO(answer.content)) as image:
        return np.asarray(image.convert("RGBA"))


def truth(box: tuple[float, ...], crs: str, width: int, height: int) -> NDArray[Any]:
    with (
        rasterio.open(DEMO / "bluemarble.tif") as file,
        WarpedVRT(
            file, crs=crs, transform=from_bounds(*box, width, height), width=width, height=height,
            resampling=Resampling.bilinear,
        ) as view,
    ):  # fmt: skip
        return np.moveaxis(view.read(), 0, -1)


@pytest.mark.parametrize(
    ("crs", "bbox", "box"),
    [
        ("EPSG:3857", "0,3000000,4000000,7000000", (0, 3000000, 4000000, 7000000)),
        ("EPSG:4326", "20,-10,60,30", (-10, 20, 30, 60)),
        ("CRS:84", "-10,20,30,60", (-10, 20, 30, 60)),
        ("EPSG:3035", "1500000,2500000,5500000,6500000", (2500000, 1500000, 6500000, 5500000)),
        ("EPSG:32633", "0,4000000,1000000,5000000", (0, 4000000, 1000000, 5000000)),
        ("urn:ogc:def:crs:EPSG::4326", "20,-10,60,30", (-10, 20, 30, 60)),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", "0,3e6,4e6,7e6", (0, 3e6, 4e6, 7e6)),
    ],
)
def test_any_system_in_its_order_of_axes(
    client: TestClient, crs: str, bbox: str, box: tuple[float, ...]
) -> None:
    found = drawn(client, crs=crs, bbox=bbox, width=200, height=200)[..., :3].astype(int)
    code = {"CRS:84": "EPSG:4326"}.get(crs, "EPSG:" + crs.replace("/", ":").rsplit(":", 1)[-1])
    expected = truth(box, code, 200, 200)
    # Levels of the pyramid and the kernel part the two; axes the wrong way round give more than 30.
    assert np.abs(found - expected).mean() < 4


def test_maps_are_stretched(client: TestClient) -> None:
    tall = drawn(client, width=64, height=256)
    assert tall.shape == (256, 64, 4)
    assert np.abs(tall[..., :3].astype(int) - truth((-180, -90, 180, 90), "EPSG:4326", 64, 256)).mean() < 6


def test_a_map_is_opaque_and_white_unless_told(client: TestClient) -> None:
    plain = drawn(client, layers="elevation", **AROUND)
    assert (plain[..., 3] == 255).all()
    assert (plain[0, 0, :3] == 255).all()
    clear = drawn(client, layers="elevation", transparent="fAlSe", **AROUND)
    assert np.array_equal(clear, plain)
    clear = drawn(client, layers="elevation", transparent="tRuE", **AROUND)
    assert clear[0, 0, 3] == 0
    assert clear[40, 50, 3] == 255
    assert np.array_equal(clear[40, 50], plain[40, 50])


@pytest.mark.parametrize("layer", ["elevation", "landcover", "sentinel2"])
@pytest.mark.parametrize("color", ["0xFF8000", "0x0a0B0c", "#808080"])
def test_backgrounds(client: TestClient, layer: str, color: str) -> None:
    wide = {"crs": "EPSG:3857", "bbox": "-20000000,-20000000,20000000,20000000", "width": 50, "height": 50}
    found = drawn(client, layers=layer, bgcolor=color, **wide)
    assert found[0, 0].tolist() == [*bytes.fromhex(color[-6:]), 255]
    assert (found[..., 3] == 255).all()
    # What is transparent stays so, whatever the background would have been.
    assert drawn(client, layers=layer, bgcolor=color, transparent="TRUE", **wide)[0, 0, 3] == 0


def test_jpeg_takes_the_background_and_is_no_error_when_transparent(client: TestClient) -> None:
    red = drawn(client, layers="elevation", format="image/jpeg", bgcolor="0xFF0000", **AROUND)
    assert np.abs(red[2, 2, :3].astype(int) - [255, 0, 0]).max() < 8
    assert drawn(client, layers="elevation", format="image/jpeg", transparent="TRUE", **AROUND).shape[2] == 4


def test_white_jpeg_is_that_of_other_doors(client: TestClient) -> None:
    bounds = "-20037508.342789244,0.0,0.0,20037508.342789244"
    first = client.get("/tiles/elevation/1/0/0.jpg")
    query = {"crs": "EPSG:3857", "bbox": bounds, "width": 256, "height": 256, "format": "image/jpeg"}
    second = client.get("/wms", params=MAP | {"layers": "elevation"} | query)
    assert second.content == first.content
    assert second.headers["cache-status"] == "cogproxy; hit"


@pytest.mark.parametrize(
    "bbox", ["100,200,200,300", "-1e9,-1e9,-9e8,-9e8", "1e30,1e30,2e30,2e30", "170,-85,190,-84"]
)
@pytest.mark.parametrize("crs", ["CRS:84", "EPSG:3857", "EPSG:32633", "EPSG:3035"])
def test_a_box_elsewhere_is_background(client: TestClient, crs: str, bbox: str) -> None:
    found = drawn(client, layers="elevation", crs=crs, bbox=bbox)
    assert (found == 255).all()


def test_layers_lie_over_one_another(client: TestClient) -> None:
    below = drawn(client, layers="bluemarble", **AROUND)
    above = drawn(client, layers="elevation", transparent="true", **AROUND)
    both = drawn(client, layers="bluemarble,elevation", **AROUND)
    expected = np.where(above[..., 3:] > 0, above, below)
    assert np.array_equal(both, expected)
    turned = drawn(client, layers="elevation,bluemarble", **AROUND)
    assert np.array_equal(turned, below)
    assert not np.array_equal(both, below)


def test_two_layers_keep_what_is_transparent(client: TestClient) -> None:
    found = drawn(client, layers="elevation,dem/sierra", transparent="true", **AROUND)
    assert np.array_equal(found, drawn(client, layers="elevation", transparent="true", **AROUND))
    assert found[0, 0, 3] == 0
    covered = drawn(client, layers="elevation,dem/sierra", bgcolor="0x00ff00", **AROUND)
    assert covered[0, 0].tolist() == [0, 255, 0, 255]


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp", "image/gif", "image/tiff"])
def test_composed_maps_in_every_format(client: TestClient, media_type: str) -> None:
    query = {"layers": "bluemarble,elevation", "format": media_type, **AROUND}
    answer = client.get("/wms", params=MAP | query)
    assert answer.headers["content-type"] == media_type
    with Image.open(BytesIO(answer.content)) as image:
        assert image.size == (100, 80)
    again = client.get("/wms", params=MAP | query, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_partly_transparent_colours_are_blended(make_raster: RasterMaker) -> None:
    data = np.zeros((1, 40, 40), np.uint8)
    data[:, :, 20:] = 1
    path = make_raster("half.tif", data)
    colors = [[0, 255, 0, 0, 128], [1, 0, 0, 255, 255]]
    service = {
        "name": "half",
        "source": str(path),
        "renderings": [
            {"name": "half", "rule": {"function": "colormap", "colormap": colors}}
        ],
    }  # fmt: skip
    box = {"crs": "EPSG:32633", "bbox": "500000,5799600,500400,5800000", "width": 40, "height": 40}
    with client_of(service) as client:
        clear = drawn(client, layers="half", transparent="true", **box)
        assert clear[5, 5].tolist() == [255, 0, 0, 128]
        assert drawn(client, layers="half", **box)[5, 5].tolist() == [255, 127, 127, 255]
        twice = drawn(client, layers="half,half", transparent="true", **box)
        # 1 - (1 - 128/255)^2 of 255, rounded.
        assert twice[5, 5].tolist() == [255, 0, 0, 192]
        assert twice[5, 30].tolist() == [0, 0, 255, 255]


def test_styles_go_with_their_layers(client: TestClient) -> None:
    plain = drawn(client, layers="elevation", **INSIDE)
    shaded = drawn(client, layers="elevation", styles="hillshade_map", **INSIDE)
    assert not np.array_equal(plain, shaded)
    assert np.array_equal(drawn(client, layers="elevation", styles="default", **INSIDE), plain)
    assert np.array_equal(drawn(client, layers="elevation:hillshade_map", **INSIDE), shaded)
    both = drawn(client, layers="bluemarble,elevation", styles=",hillshade_map", **INSIDE)
    assert np.array_equal(both, shaded)


def test_parameters_of_tiles_are_understood(client: TestClient) -> None:
    found = drawn(client, layers="elevation", rescale="0,10000", colormap="viridis", **INSIDE)
    assert found[..., 2].mean() > found[..., 0].mean() + 20
    assert not np.array_equal(found, drawn(client, layers="elevation", **INSIDE))


def test_forms_are_answered_alike(client: TestClient) -> None:
    assert client.post("/wms", data=MAP).content == client.get("/wms", params=MAP).content
    shouted = {name.upper(): value for name, value in MAP.items()}
    assert client.get("/wms", params=shouted).content == client.get("/wms", params=MAP).content


def test_clients_add_what_they_like(client: TestClient) -> None:
    more = {"dpi": "96", "map_resolution": "96", "format_options": "dpi:96", "tiled": "true", "_ts": "1"}
    assert np.array_equal(drawn(client, **more), drawn(client))


def test_numbers_are_written_as_tiff(client: TestClient) -> None:
    answer = client.get("/wms", params=MAP | INSIDE | {"layers": "elevation", "format": "image/tiff"})
    with rasterio.MemoryFile(answer.content) as memory, memory.open() as file:
        assert file.crs == "EPSG:4326"
        assert file.bounds == pytest.approx((-118.8, 37.2, -118.4, 37.6))
        assert file.read().max() > 2000


def test_a_map_has_limits(client: TestClient) -> None:
    answer = client.get("/wms", params=MAP | {"width": 100000})
    assert b"exceeds the limit" in answer.content
    too_many = ",".join(["bluemarble"] * 17)
    assert b"at most 16 layers" in client.get("/wms", params=MAP | {"layers": too_many, "styles": ""}).content
