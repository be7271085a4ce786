"""The same pixels as the file, and the same picture through every door."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.windows import Window
from rasterio.windows import bounds as window_bounds
from starlette.testclient import TestClient

from tests.conftest import DATA, DEMO, SHARED
from tests.doors import client_of

SHIPPED = sorted([*DATA.glob("*.tif"), *DEMO.glob("*.tif")])
LARGE = sorted(SHARED.glob("*/*.tif")) if SHARED.is_dir() else []
#: Why a file has no window at native resolution to compare.
REFUSED = {
    "rpc_uint16": "is placed by rational polynomials",
    "complex_int16_slc_gcps": "is placed by ground control points",
    "gcps_sentinel1_uint16": "is placed by ground control points",
    "rotated_sar_utm59s_uint8": "is rotated: a north-up export has other pixels",
    "bottom_up_dem_4326_uint16": "is south up, compared on its own below",
}
EXPORT = "/arcgis/rest/services/{}/ImageServer/exportImage"


def _services() -> list[Path]:
    seen: dict[str, Path] = {}
    for path in (*SHIPPED, *LARGE):
        seen.setdefault(path.stem, path)
    return list(seen.values())


FILES = _services()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(*FILES) as found:
        yield found


@pytest.mark.parametrize("path", [f for f in FILES if f.stem not in REFUSED], ids=lambda p: p.stem)
def test_a_native_window_is_the_file(client: TestClient, path: Path) -> None:
    with rasterio.open(path) as file:
        window = Window(
            file.width // 3, file.height // 4, min(123, file.width // 2), min(77, file.height // 2)
        )
        expected, mask = file.read(window=window), file.dataset_mask(window=window) > 0
        box = window_bounds(window, file.transform)
    answer = client.get(
        EXPORT.format(path.stem),
        params={
            "bbox": ",".join(map(repr, box)), "size": f"{window.width},{window.height}", "format": "tiff",
            "f": "image", "interpolation": "RSP_NearestNeighbor", "adjustAspectRatio": "false",
        },
    )  # fmt: skip
    assert answer.headers["content-type"] == "image/tiff", answer.text
    with rasterio.open(BytesIO(answer.content)) as file:
        np.testing.assert_array_equal(file.read(), expected)
        # Twelve digits of a coordinate: what the text of a bbox carries.
        assert tuple(file.bounds) == pytest.approx(tuple(box), rel=1e-12)
        np.testing.assert_array_equal(file.dataset_mask() > 0, mask)


def test_a_south_up_raster_comes_out_north_up(client: TestClient) -> None:
    path = DATA / "bottom_up_dem_4326_uint16.tif"
    with rasterio.open(path) as file:
        expected, box = file.read(1)[::-1], file.bounds
    answer = client.get(
        EXPORT.format(path.stem),
        params={
            "bbox": f"{box.left},{min(box.bottom, box.top)},{box.right},{max(box.bottom, box.top)}",
            "size": f"{expected.shape[1]},{expected.shape[0]}", "format": "tiff", "f": "image",
            "adjustAspectRatio": "false",
        },
    )  # fmt: skip
    with rasterio.open(BytesIO(answer.content)) as file:
        np.testing.assert_array_equal(file.read(1), expected)


@pytest.mark.parametrize("path", [f for f in FILES if f.stem in REFUSED], ids=lambda p: p.stem)
def test_odd_files_draw_or_say_why(client: TestClient, path: Path) -> None:
    answer = client.get(f"/tiles/{path.stem}/thumbnail.png")
    if answer.status_code == 200:
        assert np.asarray(Image.open(BytesIO(answer.content)).convert("L")).std() > 3
    else:
        assert answer.status_code == 502
        assert "georeference" in answer.text


TILES = [
    ("bluemarble", 3, 4, 2),
    ("elevation", 11, 348, 793),
    ("sentinel2", 13, 4382, 2687),
    ("landcover", 11, 381, 794),
    ("internal_mask_rgb_uint8", 18, 54777, 100229),
]


@pytest.mark.parametrize(("service", "z", "x", "y"), TILES)
def test_a_tile_and_the_export_of_its_extent_are_one(
    client: TestClient, service: str, z: int, x: int, y: int
) -> None:
    tile = client.get(f"/tiles/{service}/{z}/{x}/{y}.png")
    half = 20037508.342789244
    size = 2 * half / 2**z
    box = (-half + x * size, half - (y + 1) * size, -half + (x + 1) * size, half - y * size)
    params = {
        "bbox": ",".join(map(repr, box)), "bboxSR": "102100", "imageSR": "3857", "size": "256,256",
        "format": "png", "f": "image",
    }  # fmt: skip
    export = client.get(EXPORT.format(service), params=params)
    assert export.headers["content-type"] == "image/png", export.text
    shown, exported = (
        np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA")) for answer in (tile, export)
    )
    np.testing.assert_array_equal(shown, exported)
    assert shown[..., 3].any(), "the tile is empty, so nothing was compared"


@pytest.mark.parametrize("extension", ["png", "tif"])
@pytest.mark.parametrize(("service", "z", "x", "y"), [tile for tile in TILES if tile[0] != "bluemarble"])
def test_neighbouring_tiles_meet(
    client: TestClient, service: str, z: int, x: int, y: int, extension: str
) -> None:
    def read(path: str) -> np.ndarray:  # type: ignore[type-arg]
        body = client.get(f"/tiles/{service}/{path}.{extension}?interpolation=bilinear").content
        if extension == "png":
            return np.asarray(Image.open(BytesIO(body)).convert("RGBA")).astype(int)
        with rasterio.open(BytesIO(body)) as file:
            return np.moveaxis(file.read(masked=True).filled(0), 0, -1).astype(float)

    x, y = x - x % 2, y - y % 2
    whole = read(f"{z - 1}/{x // 2}/{y // 2}@2x")
    parts = [[read(f"{z}/{x + i}/{y + j}") for i in (0, 1)] for j in (0, 1)]
    block = np.concatenate([np.concatenate(row, axis=1) for row in parts])
    # Coordinates of the two differ by less than 0.1 source pixels, which moves a value by a tenth of the
    # local contrast at most; a seam would show as a line of large differences.
    difference = np.abs(block - whole)
    contrast = max(1.0, float(whole[..., 0].std()))
    assert difference.mean() < 0.02 * contrast
    assert difference[254:258].mean() < 0.05 * contrast
