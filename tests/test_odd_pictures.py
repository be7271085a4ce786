"""Legal rasters that few have, through the doors."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient

from tests.conftest import RasterMaker
from tests.doors import client_of

ROWS, COLUMNS = np.mgrid[0:30, 0:40]
BOX = "500000,5799700,500400,5800000"


def exported(client: TestClient, name: str, **more: str) -> bytes:
    params = {"bbox": BOX, "size": "40,30", "f": "image", "adjustAspectRatio": "false"} | more
    answer = client.get(f"/arcgis/rest/services/{name}/ImageServer/exportImage", params=params)
    assert answer.headers["content-type"].startswith("image/"), answer.text
    return answer.content


@pytest.mark.parametrize(("bits", "bands"), [(1, 3), (2, 1), (4, 1), (4, 3)])
def test_few_bits_are_spread_for_the_eye(make_raster: RasterMaker, bits: int, bands: int) -> None:
    top = 2**bits - 1
    data = np.broadcast_to(COLUMNS * top // 39, (bands, 30, 40)).astype(np.uint8)
    with client_of(make_raster("b.tif", data, nbits=bits)) as client:
        shown = np.asarray(Image.open(BytesIO(exported(client, "b", format="png"))).convert("L"))
        with rasterio.open(BytesIO(exported(client, "b", format="tiff"))) as file:
            np.testing.assert_array_equal(file.read(), data)
    np.testing.assert_array_equal(shown, data[0] * (255 // top))


@pytest.fixture
def uneven(make_raster: RasterMaker) -> tuple[Path, np.ndarray[Any, Any]]:
    """Two bands of which each lacks what the other has."""
    data = np.stack([100.0 + COLUMNS, 200.0 + ROWS]).astype(np.float32)
    data[0, :, :10], data[1, :, 25:] = np.nan, np.nan
    return make_raster("u.tif", data, nodata=np.nan), data


def test_a_band_without_a_value_leaves_the_others(uneven: tuple[Path, np.ndarray[Any, Any]]) -> None:
    path, data = uneven
    with client_of(path) as client:
        with rasterio.open(BytesIO(exported(client, "u", format="tiff"))) as file:
            np.testing.assert_array_equal(file.read(), data)
        with rasterio.open(BytesIO(exported(client, "u", format="tiff", size="80,60"))) as file:
            larger = file.read()
        assert np.isnan(larger).mean(axis=(1, 2)) == pytest.approx([0.25, 0.375])
        assert np.nanmax(larger[0]) == 139
        difference = (
            '{"rasterFunction":"BandArithmetic","rasterFunctionArguments":{"Method":0,"BandIndexes":"B2-B1"}}'
        )
        with rasterio.open(BytesIO(exported(client, "u", format="tiff", renderingRule=difference))) as file:
            valid = file.dataset_mask() > 0
        np.testing.assert_array_equal(valid, ~np.isnan(data).any(axis=0))


def test_points_of_a_band_without_a_value(make_raster: RasterMaker) -> None:
    data = np.stack([COLUMNS, ROWS]).astype(np.int16)
    data[0, :, :10] = -9999
    with client_of(make_raster("p.tif", data, nodata=-9999)) as client:
        service = "/arcgis/rest/services/p/ImageServer"
        params = {"geometryType": "esriGeometryPoint", "f": "json", "geometry": "500055,5799795"}
        assert client.get(f"{service}/identify", params=params).json()["value"] == "NoData, 20"
        found = client.get(service, params={"f": "json"}).json()
    assert (found["minValues"], found["maxValues"]) == ([10, 0], [39, 29])


@pytest.mark.parametrize("dtype", ["complex64", "float32"])
@pytest.mark.parametrize("nodata", ["1e400", "1e300", "nan", "5"])
def test_nodata_that_a_file_cannot_declare(make_raster: RasterMaker, dtype: str, nodata: str) -> None:
    with client_of(make_raster("n.tif", COLUMNS.astype(dtype))) as client:
        body = exported(client, "n", format="tiff", noData=nodata)
    with rasterio.open(BytesIO(body)) as file:
        valid = file.dataset_mask() > 0
    np.testing.assert_array_equal(valid, COLUMNS != 5 if nodata == "5" else np.ones_like(valid))


def test_the_legend_of_a_wide_palette_is_a_ramp(make_raster: RasterMaker) -> None:
    colors = {value: (value // 8, 255 - value // 8, 0, 255) for value in range(2000)}
    data = (COLUMNS * 50).astype(np.uint16)
    with client_of(make_raster("w.tif", data, colormap=colors, photometric="palette")) as client:
        (layer,) = client.get("/arcgis/rest/services/w/ImageServer/legend?f=json").json()["layers"]
    assert layer["legendType"] == "Stretched"
    assert [entry["label"] for entry in layer["legend"]] == ["High : 1950", "", "Low : 0"]
