"""The slices of a cube through identify, getSamples and exportImage, beside what xarray reads."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from starlette.testclient import TestClient

from tests.conftest import DATA
from tests.doors import client_of

OCEAN = DATA / "ocean_temperature.nc"
SERVICE = "/arcgis/rest/services/ocean_temperature/ImageServer"
#: Longitude and latitude of middles of cells.
PLACES = [(-31.5, 30.5), (180.5, 2.5), (-179.5, 2.5), (0.5, -33.5), (20.5, 22.5), (160.5, -49.5)]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(OCEAN) as running:
        yield running


@pytest.fixture(scope="module")
def truth() -> Iterator[xr.DataArray]:
    with xr.open_dataset(OCEAN, engine="h5netcdf", decode_times=False) as data:
        yield data.TEMP.load()


def asked(client: TestClient, operation: str, **query: Any) -> Any:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    answer = client.get(f"{SERVICE}/{operation}", params={"f": "json", **texts})
    assert answer.status_code == 200
    return answer


def wanted(truth: xr.DataArray, place: tuple[float, float], time: int, depth: int) -> float:
    longitude = (place[0] - 18.5) % 360 + 18.5
    cell = truth.isel(TIME=time, ZAXLEVIT19=depth)
    return float(cell.sel(XAX_SUBSET=longitude, YAX_SUBSET=place[1], method="nearest"))


@pytest.mark.parametrize(("time", "depth"), [(0, 0), (2, 1), (3, 3)])
def test_identify_and_samples_of_a_slice(
    client: TestClient, truth: xr.DataArray, time: int, depth: int
) -> None:
    number = time * 4 + depth
    for place in PLACES:
        point = {"x": place[0], "y": place[1], "spatialReference": {"wkid": 4326}}
        value = asked(client, "identify", geometry=point, sliceId=number).json()["value"]
        one = wanted(truth, place, time, depth)
        assert value == ("NoData" if np.isnan(one) else str(np.float32(one)))
    points = {"points": PLACES, "spatialReference": {"wkid": 4326}}
    samples = asked(
        client, "getSamples", geometry=points, geometryType="esriGeometryMultipoint", sliceId=number
    ).json()["samples"]
    found = {sample["locationId"]: sample["value"] for sample in samples}
    for index, place in enumerate(PLACES):
        one = wanted(truth, place, time, depth)
        assert found.get(index, "NoData") == ("NoData" if np.isnan(one) else str(np.float32(one)))


@pytest.mark.parametrize("spelling", ["sliceId", "definition"])
def test_an_exported_tiff_holds_the_values_of_the_slice(
    client: TestClient, truth: xr.DataArray, spelling: str
) -> None:
    if spelling == "sliceId":
        chosen: dict[str, Any] = {"sliceId": 6}
    else:
        facts = asked(client, "multidimensionalInfo").json()["multidimensionalInfo"]["variables"][0]
        moment = next(each for each in facts["dimensions"] if each["name"] == "StdTime")["values"][1]
        chosen = {
            "mosaicRule": {
                "multidimensionalDefinition": [
                    {"variableName": "TEMP", "dimensionName": "StdTime", "values": [moment]},
                    {"variableName": "TEMP", "dimensionName": "StdZ", "values": [-100]},
                ]
            }
        }
    answer = asked(
        client, "exportImage", f="image", format="tiff", bbox="-181.5,-91.5,178.5,88.5", bboxSR="4326",
        imageSR="4326", size="90,45", interpolation="RSP_NearestNeighbor", **chosen,
    )  # fmt: skip
    with rasterio.open(io.BytesIO(answer.content)) as file:
        values = np.ma.filled(file.read(1, masked=True), np.nan)
    slice_ = truth.isel(TIME=1, ZAXLEVIT19=2).sortby("YAX_SUBSET", ascending=False)
    assert np.array_equal(values, np.roll(slice_.values, -40, axis=1), equal_nan=True)


def test_a_time_beyond_the_data_is_told_with_what_there_is(client: TestClient) -> None:
    answer = asked(
        client, "exportImage", bbox="-180,-90,180,90", bboxSR="4326", time="1500000000000", f="json"
    ).json()
    assert answer["error"]["code"] == 400
    assert "4 values from 0001-01-16T06:00:00Z to 0001-10-16T04:21:54Z" in json.dumps(answer)
