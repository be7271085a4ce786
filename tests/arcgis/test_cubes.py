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

from tests.arcgis.cubes import DEPTHS, MOMENTS, asked, define, error_of, pair_of_variables, stored
from tests.conftest import DATA
from tests.doors import client_of

OCEAN = DATA / "ocean_temperature.nc"
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


@pytest.fixture(scope="module")
def pair_truth() -> xr.Dataset:
    return pair_of_variables()


@pytest.fixture(scope="module")
def pair(pair_truth: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client_of(stored(pair_truth, tmp_path_factory.mktemp("pair"))) as running:
        yield running


def values_of(client: TestClient, **query: Any) -> np.ndarray[Any, Any]:
    """A whole slice as a TIFF, NaN for none, in the order of `slice_of`."""
    answer = asked(
        client, "exportImage", f="image", format="tiff", bbox="18.5,-91.5,378.5,88.5", size="90,45",
        interpolation="RSP_NearestNeighbor", renderingRule={"rasterFunction": "None"}, **query,
    )  # fmt: skip
    assert answer.headers["content-type"] == "image/tiff", answer.text
    with rasterio.open(io.BytesIO(answer.content)) as file:
        return np.asarray(np.ma.filled(file.read(1, masked=True), np.nan))


def slice_of(truth: xr.Dataset, variable: str, time: int, depth: int) -> np.ndarray[Any, Any]:
    cell = truth[variable].isel({"time" if variable == "temp" else "day": time, "depth": depth})
    return np.asarray(cell.sortby("lat", ascending=False).values)


def test_the_document_of_a_cube(pair: TestClient) -> None:
    document = asked(pair, "").json()
    assert document["hasMultidimensions"] is True
    assert document["serviceSourceType"] == "esriImageServiceSourceTypeDataset"
    assert document["timeInfo"]["startTimeField"] == "StdTime"
    assert document["timeInfo"]["timeExtent"] == [MOMENTS[0], MOMENTS[-1]]


def test_variables_and_their_dimensions(pair: TestClient) -> None:
    found = asked(pair, "multidimensionalInfo").json()["multidimensionalInfo"]["variables"]
    assert [variable["name"] for variable in found] == ["temp", "kelvin"]
    assert (found[1]["unit"], found[1]["description"]) == ("K", "In Kelvin")
    time, depth = found[0]["dimensions"]
    assert (time["name"], time["field"], time["unit"]) == ("StdTime", "StdTime", "ISO8601")
    assert (time["extent"], time["values"]) == ([MOMENTS[0], MOMENTS[-1]], MOMENTS)
    assert (depth["name"], depth["values"], depth["extent"]) == ("StdZ", DEPTHS, [-1000, 0])
    assert [len(part["values"]) for part in found[1]["dimensions"]] == [3, 4]
    bare = asked(pair, "multiDimensionalInfo", returnDimensionValues="never").json()
    for variable in bare["multidimensionalInfo"]["variables"]:
        assert all("values" not in part for part in variable["dimensions"])


def test_slices_are_numbered_over_the_variables(pair: TestClient) -> None:
    found = asked(pair, "slices").json()["slices"]
    assert [each["sliceId"] for each in found] == list(range(28))
    assert found[6]["multidimensionalDefinition"] == [
        {"variableName": "temp", "dimensionName": "StdTime", "values": [MOMENTS[1]]},
        {"variableName": "temp", "dimensionName": "StdZ", "values": [-100]},
    ]
    assert found[16]["multidimensionalDefinition"][0]["variableName"] == "kelvin"
    deep = define("kelvin", StdZ=[[-1000, -100]])["multidimensionalDefinition"]
    some = asked(pair, "slices", multidimensionalDefinition=deep).json()["slices"]
    assert [each["sliceId"] for each in some] == [18, 19, 22, 23, 26, 27]


@pytest.mark.parametrize(
    ("query", "variable", "time", "depth"),
    [
        ({}, "temp", 3, 0),
        ({"sliceId": 5}, "temp", 1, 1),
        ({"sliceId": 16}, "kelvin", 0, 0),
        ({"sliceId": 27, "mosaicRule": define("temp")}, "kelvin", 2, 3),
        ({"mosaicRule": define("kelvin")}, "kelvin", 2, 0),
        ({"mosaicRule": define("KELVIN", StdZ=[-100])}, "kelvin", 2, 2),
        ({"mosaicRule": define("temp", StdTime=[MOMENTS[1]], StdZ=[-1000])}, "temp", 1, 3),
        ({"mosaicRule": define("temp", StdTime=["2001-04-16"], StdZ=[-20])}, "temp", 1, 1),
        ({"mosaicRule": define("temp", StdTime=[[MOMENTS[0], MOMENTS[2]]])}, "temp", 2, 0),
        ({"mosaicRule": define("temp", StdZ=[[-1000, -50]])}, "temp", 3, 2),
        ({"mosaicRule": define("temp", depth=[-20])}, "temp", 3, 1),
        ({"time": MOMENTS[0]}, "temp", 0, 0),
        ({"time": f"null,{MOMENTS[1]}"}, "temp", 1, 0),
        ({"time": f"{MOMENTS[1]},{MOMENTS[2]}"}, "temp", 2, 0),
        ({"time": MOMENTS[0], "mosaicRule": define("kelvin", StdZ=[-20])}, "kelvin", 0, 1),
    ],
)
def test_every_spelling_of_a_slice(
    pair: TestClient, pair_truth: xr.Dataset, query: dict[str, Any], variable: str, time: int, depth: int
) -> None:
    truth = slice_of(pair_truth, variable, time, depth)
    assert np.array_equal(values_of(pair, **query), truth, equal_nan=True)
    # The same through the neighbours, at a place with water.
    place = {"x": 180.5, "y": 2.5}
    value = str(truth[21, 40])
    assert asked(pair, "identify", geometry=place, **query).json()["value"] == value
    (sample,) = asked(pair, "getSamples", geometry=place, geometryType="esriGeometryPoint", **query).json()[
        "samples"
    ]
    assert sample["value"] == value
    box = {"xmin": -181.5, "ymin": -91.5, "xmax": 178.5, "ymax": 88.5}
    found = asked(
        pair, "computeStatisticsHistograms", geometry=box, geometryType="esriGeometryEnvelope", **query
    ).json()
    inside = truth[~np.isnan(truth)].astype(float)
    assert found["statistics"][0]["count"] == inside.size == sum(found["histograms"][0]["counts"])
    assert found["statistics"][0]["mean"] == pytest.approx(inside.mean(), rel=1e-6)


@pytest.mark.parametrize("operation", ["statistics", "histograms", "keyProperties", "legend"])
def test_resources_of_a_variable(pair: TestClient, pair_truth: xr.Dataset, operation: str) -> None:
    default = asked(pair, operation).json()
    assert asked(pair, operation, variable="temp").json() == default
    kelvin = asked(pair, operation, variable="Kelvin").json()
    if operation == "keyProperties":
        assert [band["BandName"] for band in kelvin["BandProperties"]] == ["kelvin"]
    else:
        assert kelvin != default
    if operation == "statistics":
        limits = float(pair_truth.kelvin.min()), float(pair_truth.kelvin.max())
        (found,) = kelvin["statistics"]
        assert limits[0] <= found["min"] < 275 < 300 < found["max"] <= limits[1]
    if operation == "legend":
        labels = [entry["label"] for entry in kelvin["layers"][0]["legend"]]
        assert float(labels[0].removeprefix("High : ")) > 300
    assert "variable" in json.dumps(error_of(pair, operation, variable="salt"))


def test_a_raster_without_variables_overlooks_them(make_raster: Any) -> None:
    path = make_raster("ocean_temperature.tif", np.arange(100, dtype=np.uint8).reshape(10, 10))
    with client_of(path) as client:
        plain = asked(client, "statistics").json()
        assert asked(client, "statistics", variable="temp").json() == plain
        assert "error" in asked(client, "multidimensionalInfo").json()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"sliceId": 28}, "sliceId"),
        ({"sliceId": -1}, "sliceId"),
        ({"sliceId": "x"}, "sliceId"),
        ({"mosaicRule": define("salt")}, "salt"),
        ({"mosaicRule": define("temp", StdX=[1])}, "StdX"),
        ({"mosaicRule": define("temp", StdZ=["deep"])}, "deep"),
        ({"mosaicRule": define("temp", StdZ=[20])}, "depth"),
        ({"mosaicRule": define("temp", StdTime=[1])}, "time"),
        ({"mosaicRule": {"multidimensionalDefinition": 5}}, "mosaicRule"),
        ({"time": "1500000000000"}, "time"),
        ({"time": "x"}, "time"),
    ],
)
def test_slices_that_there_are_not(pair: TestClient, query: dict[str, Any], word: str) -> None:
    box = {"bbox": "18.5,-91.5,378.5,88.5"}
    place = {"geometry": {"x": 180.5, "y": 2.5}, "geometryType": "esriGeometryPoint"}
    for operation, more in (("exportImage", box), ("identify", place), ("getSamples", place)):
        assert word in json.dumps(error_of(pair, operation, **more, **query))


def test_a_definition_of_slices_that_cannot_be_read(pair: TestClient) -> None:
    for wrong in ("{", "5", [{"variableName": "salt"}], [{"dimensionName": "StdX", "values": [1]}]):
        error = error_of(pair, "slices", multidimensionalDefinition=wrong)
        assert "multidimensionalDefinition" in json.dumps(error)
