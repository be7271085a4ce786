"""Bands whose nodata lies in different places: each has its own validity, alone and in a mosaic."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from starlette.testclient import TestClient

from proxy.config import parse
from proxy.listing.builder import refresh_now
from tests.doors import client_of

NODATA = -9999
BOX = "500000,5799600,500400,5800000"
#: Metres of the middles of columns 5, 20 and 35 of 40.
PLACES = (500055, 500205, 500355)


def written(path: Path, data: np.ndarray[Any, Any], nodata: float | None) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=40, count=2, dtype=data.dtype, crs="EPSG:32633",
        transform=from_origin(500000, 5800000, 10, 10), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(data)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """`one` lacks its first band in the last ten columns and its second in the first ten; below it in the
    mosaic `both` lies a raster without gaps; `float` and the mosaic `floats` have NaN in place of nodata;
    `bytes` has colours of 0.
    """
    folder = tmp_path_factory.mktemp("gaps")
    ragged = np.full((2, 40, 40), NODATA, np.int16)
    ragged[0, :, :30], ragged[1, :, 10:] = 100, 200
    (folder / "items").mkdir()
    written(folder / "items" / "a.tif", ragged, NODATA)
    written(
        folder / "items" / "b.tif",
        np.stack([np.full((40, 40), value, np.int16) for value in (11, 22)]),
        NODATA,
    )
    written(folder / "float.tif", np.where(ragged == NODATA, np.nan, ragged).astype(np.float32), None)
    written(folder / "bytes.tif", np.where(ragged == NODATA, 0, ragged).astype(np.uint8), 0)
    mosaic = {"source": str(folder / "items" / "*.tif"), "kind": "files", "method": "none"}
    services = [
        {"name": "one", "source": str(folder / "items" / "a.tif")},
        {"name": "float", "source": str(folder / "float.tif")},
        {"name": "bytes", "source": str(folder / "bytes.tif")},
        {"name": "both", "mosaic": mosaic},
        {"name": "floats", "mosaic": mosaic | {"source": str(folder / "float.tif")}},
    ]
    state = str(folder / "state")
    config = parse({"services": services, "state": state}, {})
    for service in config.services[3:]:
        refresh_now(service, config)
    with client_of(*services, state=state) as running:
        yield running


def asked(client: TestClient, service: str, operation: str, **query: Any) -> Any:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    return client.get(
        f"/arcgis/rest/services/{service}/ImageServer/{operation}", params={"f": "json", **texts}
    )


def bands(client: TestClient, service: str, **query: Any) -> Any:
    """A masked array of an export at the native size."""
    query = {"size": "40,40", "interpolation": "RSP_NearestNeighbor"} | query
    query = {"renderingRule": {"rasterFunction": "None"}} | query
    answer = asked(client, service, "exportImage", f="image", format="tiff", bbox=BOX, **query)
    with rasterio.open(io.BytesIO(answer.content)) as file:
        return file.read(masked=True)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("one", [["100", "NoData"], ["100", "200"], ["NoData", "200"]]),
        ("float", [["100", "NoData"], ["100", "200"], ["NoData", "200"]]),
        ("floats", [["100", "NoData"], ["100", "200"], ["NoData", "200"]]),
        ("bytes", [["100", "0"], ["100", "200"], ["0", "200"]]),
        ("both", [["100", "22"], ["100", "200"], ["11", "200"]]),
    ],
)
def test_values_of_bands_at_places(client: TestClient, service: str, expected: list[list[str]]) -> None:
    for x, values in zip(PLACES, expected, strict=True):
        place = {"x": x, "y": 5799900}
        assert asked(client, service, "identify", geometry=place).json()["value"] == ", ".join(values)
        for interpolation in ("RSP_NearestNeighbor", "RSP_BilinearInterpolation"):
            (sample,) = asked(
                client, service, "getSamples", geometry=place, interpolation=interpolation
            ).json()["samples"]
            assert sample["value"] == " ".join(values)


@pytest.mark.parametrize("size", ["40,40", "37,37", "10,10", "90,90"])
@pytest.mark.parametrize("interpolation", ["RSP_NearestNeighbor", "RSP_BilinearInterpolation", "RSP_Average"])
def test_no_band_mixes_with_nodata(client: TestClient, size: str, interpolation: str) -> None:
    query = {"size": size, "interpolation": interpolation}
    alone, together = bands(client, "one", **query), bands(client, "both", **query)
    for band, (value, below) in enumerate(((100, 11), (200, 22))):
        assert set(alone[band].compressed()) == {value}
        assert alone[band].mask.any()
        # Where the upper raster lacks the band, that of the lower one is seen.
        assert set(together[band].compressed()) == {value, below}
        assert not np.ma.getmaskarray(together[band]).any()


def test_statistics_are_of_each_band_where_it_is(client: TestClient) -> None:
    area = {"geometry": BOX, "geometryType": "esriGeometryEnvelope"}
    for service in ("one", "float", "floats"):
        for found in (
            asked(client, service, "statistics"),
            asked(client, service, "computeStatisticsHistograms", **area),
        ):
            statistics = found.json()["statistics"]
            assert [(one["min"], one["max"], one["count"]) for one in statistics] == [
                (100, 100, 1200), (200, 200, 1200),
            ]  # fmt: skip


@pytest.mark.parametrize(
    ("nodata", "interpretation", "gone"),
    [
        # Which of the three places have no first band, and which no second: by the value, or as before.
        ("300", "esriNoDataMatchAny", [[2], [0]]),
        ("300", "esriNoDataMatchAll", [[2], [0]]),
        ("100,200", "esriNoDataMatchAny", [[0, 1, 2], [0, 1, 2]]),
        ("200", "esriNoDataMatchAny", [[1, 2], [0, 1, 2]]),
    ],
)
def test_another_nodata_value_leaves_the_gaps(
    client: TestClient, nodata: str, interpretation: str, gone: list[list[int]]
) -> None:
    found = bands(client, "one", noData=nodata, noDataInterpretation=interpretation)
    for band, places in enumerate(gone):
        masked = np.ma.getmaskarray(found[band])[5, [5, 20, 35]]
        assert np.flatnonzero(masked).tolist() == places


@pytest.mark.parametrize("service", ["one", "float", "floats"])
def test_a_function_of_two_bands_is_nothing_where_one_is_missing(client: TestClient, service: str) -> None:
    arguments = {"Method": 0, "BandIndexes": "B1 + B2"}
    rule = {"rasterFunction": "BandArithmetic", "rasterFunctionArguments": arguments}
    found = bands(client, service, renderingRule=rule)
    assert set(found[0].compressed()) == {300}
    assert np.flatnonzero(~np.ma.getmaskarray(found[0])[5]).tolist() == list(range(10, 30))
    alone = {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIDs": [1]}}
    second = bands(client, service, renderingRule=alone)
    assert np.flatnonzero(~np.ma.getmaskarray(second[0])[5]).tolist() == list(range(10, 40))
