"""exportImage over all formats, pixel types, nodata rules and spatial references."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from pyproj import CRS
from rasterio.io import MemoryFile
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.doors import client_of

EXPORT = "/arcgis/rest/services/{}/ImageServer/exportImage"
WHOLE = {"bbox": "500000,5799840,500200,5800000", "size": "20,16", "interpolation": "RSP_NearestNeighbor"}
DISPLAY = ("jpgpng", "png", "png8", "png24", "png32", "jpg", "gif", "bmp")
NUMERIC = ("tiff", "bip", "bsq", "lerc")
TYPES = {
    "U1": "uint8", "U2": "uint8", "U4": "uint8", "U8": "uint8", "S8": "int8", "U16": "uint16", "S16": "int16",
    "U32": "uint32", "S32": "int32", "F32": "float32", "F64": "float64", "C64": "complex64",
    "C128": "complex128", "UNKNOWN": "uint8",
}  # fmt: skip
RANGES = {"U1": (0, 1), "U2": (0, 3), "U4": (0, 15), "S8": (-128, 127)}
ROWS, COLUMNS = np.mgrid[0:16, 0:20]
DATA = np.stack([ROWS * 16, COLUMNS * 12, np.full_like(ROWS, 7)]).astype(np.uint8)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("export") / "rgb.tif"
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 500000, 0, -10, 5800000)}
    size = {"count": 3, "height": 16, "width": 20, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", photometric="rgb", **place, **size) as file:
        file.write(DATA)
    single = path.with_name("single.tif")
    with rasterio.open(single, "w", driver="GTiff", **place, **(size | {"count": 1})) as file:
        file.write(DATA[:1])
    with client_of(path, single, {"name": "world", "source": str(DEMO / "bluemarble.tif")}) as client:
        yield client


def fetch(client: TestClient, service: str = "rgb", **query: str) -> Any:
    response = client.get(EXPORT.format(service), params=WHOLE | {"f": "image"} | query)
    assert response.status_code == 200
    return response


def picture(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


@pytest.mark.parametrize("pixel_type", TYPES)
def test_numeric_formats_carry_every_type(client: TestClient, pixel_type: str) -> None:
    dtype = np.dtype(TYPES[pixel_type])
    low, high = RANGES.get(pixel_type, (0, 255))
    expected = DATA.clip(max(low, 0), high).astype(dtype)
    body = fetch(client, format="tiff", pixelType=pixel_type).content
    with MemoryFile(body) as file, file.open() as dataset:
        assert dataset.dtypes == (dtype.name,) * 3
        assert (dataset.read() == expected).all()
        assert dataset.transform.to_gdal() == (500000.0, 10.0, 0.0, 5800000.0, 0.0, -10.0)
        assert dataset.crs.to_epsg() == 32633
    raw = fetch(client, format="bsq", pixelType=pixel_type)
    lerc = fetch(client, format="lerc", pixelType=pixel_type)
    if dtype.kind == "c":
        for refused in (raw, lerc, fetch(client, format="bip", pixelType=pixel_type)):
            assert refused.json()["error"]["code"] == 400
        return
    assert len(raw.content) == 3 * 320 * dtype.itemsize + 40
    assert (np.frombuffer(raw.content[:-40], dtype).reshape(3, 16, 20) == expected).all()
    assert raw.content[-40:] == b"\xff" * 40
    mixed = fetch(client, format="bip", pixelType=pixel_type).content
    assert (np.frombuffer(mixed[:-40], dtype).reshape(16, 20, 3) == np.moveaxis(expected, 0, -1)).all()
    decoded = np.asarray(imagecodecs.lerc_decode(lerc.content)).reshape(-1, 16, 20)
    assert (decoded[0] == expected[0]).all()


@pytest.mark.parametrize("pixel_type", [name for name in TYPES if not name.startswith("C")])
@pytest.mark.parametrize("format", DISPLAY)
def test_display_formats_answer_with_a_picture_whatever_the_type(
    client: TestClient, format: str, pixel_type: str
) -> None:
    response = fetch(client, format=format, pixelType=pixel_type)
    kind = {"jpgpng": "jpeg", "jpg": "jpeg", "png8": "png", "png24": "png", "png32": "png"}.get(
        format, format
    )
    assert response.headers["content-type"] == f"image/{kind}"
    shown = picture(response.content)
    assert shown.shape == (16, 20, 4)
    assert (shown[..., 3] == 255).all()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_single_byte_band_in_png8_stays_readable(client: TestClient) -> None:
    for query in ({}, {"noData": "16"}):
        body = fetch(client, "single", format="png8", **query).content
        with MemoryFile(body) as file, file.open() as dataset:
            band = dataset.read(1)
            valid = DATA[0] != 16 if query else np.ones_like(band, bool)
            assert (band[valid] == DATA[0][valid]).all()


ZERO = (DATA[0] == 0, DATA[1] == 0, DATA[2] == 0)


@pytest.mark.parametrize(
    ("query", "hidden"),
    [
        ({"noData": "0"}, ZERO[0] | ZERO[1]),
        ({"noData": "0", "noDataInterpretation": "esriNoDataMatchAny"}, ZERO[0] | ZERO[1]),
        ({"noData": "0", "noDataInterpretation": "esriNoDataMatchAll"}, np.zeros((16, 20), bool)),
        ({"noData": "0,0,7"}, ZERO[0] & ZERO[1]),
        ({"noData": "0,0,7", "noDataInterpretation": "esriNoDataMatchAll"}, ZERO[0] & ZERO[1]),
        ({"noData": "0,0,9", "noDataInterpretation": "esriNoDataMatchAny"}, ZERO[0] | ZERO[1]),
        ({"noData": "0,0"}, ZERO[0] & ZERO[1]),
        ({"noData": "NaN"}, np.zeros((16, 20), bool)),
    ],
)
def test_nodata(client: TestClient, query: dict[str, str], hidden: np.ndarray[Any, Any]) -> None:
    shown = picture(fetch(client, format="png32", **query).content)
    assert ((shown[..., 3] == 0) == hidden).all()
    bits = np.unpackbits(np.frombuffer(fetch(client, format="bsq", **query).content[-40:], np.uint8))
    assert (bits.reshape(16, 20) == ~hidden).all()
    _, mask = imagecodecs.lerc_decode(fetch(client, format="lerc", **query).content, masks=True)
    valid = np.ones((16, 20), bool) if mask is None else mask.astype(bool).reshape(-1, 16, 20)[0]
    assert (valid == ~hidden).all()
    with MemoryFile(fetch(client, format="tiff", **query).content) as file, file.open() as dataset:
        assert ((dataset.dataset_mask() == 0) >= hidden).all()


WORLD = {"size": "64,32", "f": "image", "format": "png32", "adjustAspectRatio": "false"}


@pytest.mark.parametrize(
    "bbox",
    ["170,-20,190,20", "-190,-20,-170,20", "-180,60,180,90", "-180,-90,180,-60", "-200,-95,200,95",
     "350,-20,370,20"],
)  # fmt: skip
@pytest.mark.parametrize("reference", ["4326", "102100", "54004", "102067", "3413", "54030"])
def test_boxes_over_the_edges_of_the_world(client: TestClient, bbox: str, reference: str) -> None:
    response = fetch(client, "world", **WORLD, bbox=bbox, bboxSR="4326", imageSR=reference)
    if response.headers["content-type"] == "image/png":
        assert picture(response.content).shape == (32, 64, 4)
    else:
        assert response.json()["error"]["code"] == 400


def test_both_sides_of_the_antimeridian_are_drawn(client: TestClient) -> None:
    shown = picture(fetch(client, "world", **WORLD, bbox="170,-20,190,20", bboxSR="4326").content)
    assert (shown[..., 3] == 255).mean() > 0.99


@pytest.mark.parametrize(
    ("spelling", "wkid"),
    [
        ("102067", 102067), ("5514", 102067), ("54004", 54004), ("EPSG:3857", 102100),
        ('{"wkid":102100,"latestWkid":3857}', 102100), ("900913", 102100),
        (CRS.from_epsg(3035).to_wkt(), 3035), (CRS.from_epsg(3035).to_wkt("WKT1_ESRI"), 3035),
        ('{"wkt2":"' + CRS.from_epsg(4326).to_wkt().replace("\n", " ").replace('"', '\\"') + '"}', 4326),
    ],
)  # fmt: skip
def test_spellings_of_a_reference(client: TestClient, spelling: str, wkid: int) -> None:
    query = {"bbox": "12,45,18,50", "bboxSR": "4326", "imageSR": spelling, "f": "json"}
    found = fetch(client, "world", **query).json()
    assert found["extent"]["spatialReference"]["wkid"] == wkid


def test_what_does_not_apply_to_a_single_raster_is_accepted(client: TestClient) -> None:
    query = {
        "datumTransformation": '{"geoTransforms":[{"wkid":1623,"transformForward":true}]}',
        "time": "1199145600000, 1230768000000",
        "mosaicRule": '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[1]}',
        "sliceId": "1",
    }
    assert fetch(client, format="png32", **query).content == fetch(client, format="png32").content


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"size": "4101,10"}, "The requested image exceeds the size limit."),
        ({"size": "10,4101", "format": "tiff"}, "The requested image exceeds the size limit."),
        ({"imageSR": "999999"}, "'imageSR' parameter is invalid."),
        ({"bbox": "1,2,3"}, "'bbox' parameter is invalid."),
        ({"bbox": "1,2,1,3"}, "'bbox' parameter is invalid."),
        ({"size": "0,5"}, "'size' parameter is invalid."),
        ({"pixelType": "U9"}, "'pixelType' parameter is invalid."),
        ({"noData": "x"}, "'noData' parameter is invalid."),
    ],
)
def test_errors(client: TestClient, query: dict[str, str], detail: str) -> None:
    response = fetch(client, **query)
    assert len(response.content) <= 750
    assert response.json()["error"]["details"][0] == detail


@pytest.mark.parametrize(("pixel_type", "most"), [("U1", 1), ("U2", 3), ("U4", 15)])
@pytest.mark.parametrize("format", ["png", "png24", "png32", "bmp"])
def test_pictures_of_few_bits_span_black_to_white(
    client: TestClient, pixel_type: str, most: int, format: str
) -> None:
    shown = picture(fetch(client, format=format, pixelType=pixel_type).content)[..., :3]
    expected = np.clip(DATA, 0, most) * (255 // most)
    np.testing.assert_array_equal(shown, np.moveaxis(expected, 0, -1))


def test_a_form_beyond_all_reason_is_answered_in_json(client: TestClient) -> None:
    form = {"f": "image", "renderingRule": "x" * 4_000_000} | WHOLE
    answer = client.post(EXPORT.format("rgb"), data=form)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == 400


def test_a_geometry_too_long_to_read_says_so(client: TestClient) -> None:
    points = ",".join(f"[{x},{x}]" for x in range(80_000))
    form = {"f": "json", "geometryType": "esriGeometryMultipoint", "geometry": f'{{"points":[{points}]}}'}
    answer = client.post(EXPORT.format("rgb").replace("exportImage", "getSamples"), data=form)
    assert "more than 1000000 characters" in answer.text


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("Convolution", {"Type": -1, "Rows": 31, "Columns": 31, "Kernel": [1] * 961}),
        ("Statistics", {"Type": 5, "KernelRows": 31, "KernelColumns": 31}),
    ],
)
def test_windows_too_large_for_the_picture_are_refused(
    client: TestClient, function: str, arguments: dict[str, Any]
) -> None:
    rule = json.dumps({"rasterFunction": function, "rasterFunctionArguments": arguments})
    started = time.monotonic()
    answer = client.post(
        EXPORT.format("single"), data=WHOLE | {"f": "image", "size": "3000,3000", "renderingRule": rule}
    )
    assert "961 neighbours" in answer.json()["error"]["details"][0]
    # The work itself would take ten times as long.
    assert time.monotonic() - started < 10
