"""Every slice of a cube as a row: series of samples and values, conditions, queries, items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr
from starlette.testclient import TestClient

from tests.arcgis.cubes import (
    CELL,
    DEPTHS,
    MOMENTS,
    PLACE,
    asked,
    define,
    error_of,
    pair_of_variables,
    stored,
    told,
)
from tests.doors import client_of

#: Times and depths of a variable.
Place = tuple[str, int, int]
#: A part that is of every variable.
DEEP = ("", "StdZ", [-20])
LAND = {"x": 20.5, "y": 22.5}


@pytest.fixture(scope="module")
def truth() -> xr.Dataset:
    return pair_of_variables()


@pytest.fixture(scope="module")
def client(truth: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client_of(stored(truth, tmp_path_factory.mktemp("pair"))) as running:
        yield running


def value(truth: xr.Dataset, place: Place) -> str:
    variable, time, depth = place
    cell = truth[variable].isel({"time" if variable == "temp" else "day": time, "depth": depth})
    return str(cell.sortby("lat", ascending=False).values[CELL])


def all_of(variable: str) -> list[Place]:
    return [(variable, time, depth) for time in range(4 if variable == "temp" else 3) for depth in range(4)]


def samples(client: TestClient, first: bool = False, **query: Any) -> list[dict[str, Any]]:
    query = {"geometry": PLACE, "geometryType": "esriGeometryPoint"} | query
    found = told(client, "getSamples", returnFirstValueOnly=str(first).lower(), **query)["samples"]
    assert isinstance(found, list)
    return found


def definition(*parts: tuple[str, str, list[Any]], **more: Any) -> dict[str, Any]:
    """A rule of parts: variable, dimension, values."""
    listed = [
        {"variableName": variable, "dimensionName": name, "values": values, "isSlice": False}
        for variable, name, values in parts
    ]
    return {"multidimensionalDefinition": listed, **more}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, all_of("temp")),
        ({"mosaicRule": define("kelvin")}, all_of("kelvin")),
        ({"sliceId": 5}, [("temp", 1, 1)]),
        (
            {"time": f"{MOMENTS[1]},{MOMENTS[2]}", "mosaicRule": define("temp", StdZ=[-100])},
            [("temp", 1, 2), ("temp", 2, 2)],
        ),
        (
            {"time": f"{MOMENTS[2]},null", "mosaicRule": define("temp", StdZ=[0])},
            [("temp", 2, 0), ("temp", 3, 0)],
        ),
        (
            {"mosaicRule": define("temp", StdZ=[[-1000, -50], 0], StdTime=[MOMENTS[1]])},
            [("temp", 1, 0), ("temp", 1, 2), ("temp", 1, 3)],
        ),
        (
            {"mosaicRule": definition(("temp", "StdTime", [MOMENTS[0]]), ("kelvin", "", []), DEEP)},
            [("temp", 0, 1), *(("kelvin", time, 1) for time in range(3))],
        ),
        # As Esri's Python package asks for a profile along time, and along a dimension.
        (
            {
                "outFields": "*",
                "mosaicRule": {
                    "mosaicMethod": "esriMosaicAttribute", "ascending": False, "sortField": "StdTime",
                    "multidimensionalDefinition": [
                        {"variableName": "kelvin", "dimensionName": "StdTime"},
                        {"variableName": "", "dimensionName": "StdZ", "values": [-100], "isSlice": True},
                    ],
                },
            },
            [("kelvin", 2, 2), ("kelvin", 1, 2), ("kelvin", 0, 2)],
        ),
        (
            {
                "time": MOMENTS[1],
                "mosaicRule": {
                    "mosaicMethod": "esriMosaicAttribute", "ascending": True, "mosaicOperation": "MT_FIRST",
                    "multidimensionalDefinition": [{"variableName": "temp", "dimensionName": "StdZ"}],
                },
            },
            [("temp", 1, depth) for depth in range(4)],
        ),
        (
            {"mosaicRule": {"where": "StdZ = -100 AND Variable = 'kelvin'"}},
            [("kelvin", time, 2) for time in range(3)],
        ),
        ({"mosaicRule": {"fids": [16, 17, 99]}}, [("temp", 3, 3), ("kelvin", 0, 0)]),
        (
            {"mosaicRule": {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [17, 3, 99]}},
            [("kelvin", 0, 0), ("temp", 0, 2)],
        ),
        ({"mosaicRule": {"where": "StdZ > 0"}}, []),
    ],
)  # fmt: skip
def test_samples_of_every_slice_that_is_meant(
    client: TestClient, truth: xr.Dataset, query: dict[str, Any], expected: list[Place]
) -> None:
    found = samples(client, **query)
    assert [sample["value"] for sample in found] == [value(truth, place) for place in expected]
    for sample, (variable, time, depth) in zip(found, expected, strict=True):
        own = sample["attributes"]
        assert (own["Variables"], own["Dimensions"]) == (variable, "StdTime,StdZ")
        assert (own["StdTime"], own["StdTime_Max"]) == (MOMENTS[time],) * 2
        assert (own["StdZ"], own[variable]) == (DEPTHS[depth], sample["value"])
        assert sample["rasterId"] == (0 if variable == "temp" else 16) + time * 4 + depth + 1
        assert ("Category" in own) is ("outFields" in query)


def test_a_series_at_several_places_leaves_out_the_land(client: TestClient) -> None:
    points = {"points": [[LAND["x"], LAND["y"]], [PLACE["x"], PLACE["y"]], [-31.5, 30.5]]}
    found = samples(
        client, geometry=points, geometryType="esriGeometryMultipoint", mosaicRule=define("kelvin")
    )
    assert [sample["locationId"] for sample in found] == [1] * 12 + [2] * 12
    area = {"xmin": 175, "ymin": -5, "xmax": 185, "ymax": 5}
    grid = samples(
        client, geometry=area, geometryType="esriGeometryEnvelope", sampleCount=4, time=f"{MOMENTS[0]}"
    )
    assert len(grid) == 4 * 4


def test_the_first_value_is_that_of_the_picture(client: TestClient, truth: xr.Dataset) -> None:
    (found,) = samples(
        client, first=True, outFields="StdZ,AcquisitionDate,kelvin", mosaicRule=define("kelvin")
    )
    assert found["value"] == value(truth, ("kelvin", 2, 0))
    assert found["rasterId"] == 25
    assert found["attributes"] == {"StdZ": 0, "AcquisitionDate": MOMENTS[2], "kelvin": found["value"]}
    assert "attributes" not in samples(client, first=True)[0]


def test_more_values_than_one_answer_holds(client: TestClient) -> None:
    area = {"xmin": -180, "ymin": -80, "xmax": 180, "ymax": 80}
    query = {"geometry": area, "geometryType": "esriGeometryEnvelope", "sampleCount": 1000}
    both = {"multidimensionalDefinition": [{"variableName": "temp"}, {"variableName": "kelvin"}]}
    error = error_of(client, "getSamples", returnFirstValueOnly="false", mosaicRule=both, **query)
    assert "20000 values" in str(error)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"where": "1=1"}, ("temp", 3, 0)),
        ({"where": "StdZ <= -50"}, ("temp", 3, 2)),
        ({"where": "StdTime < TIMESTAMP '2001-05-01 00:00:00'"}, ("temp", 1, 0)),
        ({"where": "Variable = 'kelvin' AND StdZ < 0"}, ("kelvin", 2, 1)),
        ({"where": "StdZ < 0", **define("kelvin", StdTime=[MOMENTS[0]])}, ("kelvin", 0, 1)),
        ({"fids": [2, 7, 4]}, ("temp", 1, 2)),
        ({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [4, 17]}, ("temp", 0, 3)),
        ({"mosaicMethod": "esriMosaicAttribute", "sortField": "StdTime", "ascending": True}, ("temp", 0, 0)),
        (
            {
                "mosaicMethod": "esriMosaicAttribute",
                "sortField": "StdZ",
                "sortValue": -900,
                **define("kelvin"),
            },
            ("kelvin", 0, 3),
        ),
        ({"mosaicMethod": "esriMosaicAttribute", "sortField": "CloudCover"}, ("temp", 3, 0)),
    ],
)
def test_the_picture_is_of_a_slice_that_the_rule_leaves(
    client: TestClient, truth: xr.Dataset, rule: dict[str, Any], place: Place
) -> None:
    assert told(client, "identify", geometry=PLACE, mosaicRule=rule)["value"] == value(truth, place)


def test_a_rule_that_leaves_no_slice_gives_an_empty_picture(client: TestClient) -> None:
    rule = {"where": "StdZ > 0"}
    assert told(client, "identify", geometry=PLACE, mosaicRule=rule)["value"] == "NoData"
    query = {"bbox": "-180,-80,180,80", "size": "36,16", "format": "png32", "f": "image"}
    empty, full = (asked(client, "exportImage", mosaicRule=one, **query) for one in (rule, {}))
    assert empty.headers["content-type"] == full.headers["content-type"] == "image/png"
    assert empty.content != full.content
    box = {"xmin": -180, "ymin": -80, "xmax": 180, "ymax": 80}
    found = told(
        client,
        "computeStatisticsHistograms",
        geometry=box,
        geometryType="esriGeometryEnvelope",
        mosaicRule=rule,
    )
    assert found["statistics"][0]["count"] == 0


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"where": "Depth > 5"}, "Depth"),
        ({"where": "StdZ >"}, "where"),
        ({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [99]}, "99"),
        ({"mosaicMethod": "esriMosaicAttribute", "sortField": "StdTime", "sortValue": "noon"}, "noon"),
    ],
)
def test_rules_that_cannot_be_followed(client: TestClient, rule: dict[str, Any], word: str) -> None:
    for first in ("true", "false"):
        error = error_of(client, "getSamples", geometry=PLACE, mosaicRule=rule, returnFirstValueOnly=first)
        assert word in str(error)


def test_identify_gives_all_slices_where_they_are_asked_for(client: TestClient, truth: xr.Dataset) -> None:
    plain = told(client, "identify", geometry=PLACE)
    assert (plain["properties"], plain["catalogItems"], plain["catalogItemVisibilities"]) == (None, None, [])
    found = told(
        client, "identify", geometry=PLACE, processAsMultidimensional="true", returnGeometry="true",
        mosaicRule=define("temp", StdZ=[-20]),
    )  # fmt: skip
    assert found["value"] == value(truth, ("temp", 3, 1))
    places = [("temp", time, 1) for time in range(4)]
    assert found["properties"]["Values"] == [value(truth, place) for place in places]
    features = found["catalogItems"]["features"]
    assert [feature["attributes"]["StdTime"] for feature in features] == MOMENTS
    assert all(feature["geometry"]["rings"] for feature in features)
    assert found["catalogItemVisibilities"] == [0, 0, 0, 1]
    few = told(client, "identify", geometry=PLACE, processAsMultidimensional="true", maxItemCount=3)
    assert len(few["properties"]["Values"]) == len(few["catalogItems"]["features"]) == 3
    bare = told(
        client, "identify", geometry=PLACE, processAsMultidimensional="true", returnCatalogItems="false"
    )
    assert (len(bare["properties"]["Values"]), bare["catalogItems"]) == (16, None)


def test_identify_of_a_rule_that_names_several_slices(client: TestClient, truth: xr.Dataset) -> None:
    rule = definition(
        ("temp", "StdTime", [[MOMENTS[0], MOMENTS[1]]]),
        ("kelvin", "StdTime", [MOMENTS[0]]),
        ("", "StdZ", [0]),
    )
    found = told(client, "identify", geometry=PLACE, mosaicRule=rule)
    places = [("temp", 0, 0), ("temp", 1, 0), ("kelvin", 0, 0)]
    assert found["properties"]["Values"] == [value(truth, place) for place in places]
    # Programs that cannot query the slices say that they do not want them.
    plain = told(client, "identify", geometry=PLACE, mosaicRule=rule, processAsMultidimensional="false")
    assert (plain["value"], plain["properties"], plain["catalogItems"]) == (
        value(truth, places[1]),
        None,
        None,
    )


def test_statistics_of_all_slices(client: TestClient, truth: xr.Dataset) -> None:
    box = {"xmin": -181.5, "ymin": -91.5, "xmax": 178.5, "ymax": 88.5}
    query = {
        "geometry": box,
        "geometryType": "esriGeometryEnvelope",
        "mosaicRule": define("temp", StdZ=[-20, 0]),
    }
    for operation in ("computeStatisticsHistograms", "computeHistograms"):
        found = told(client, operation, processAsMultidimensional="true", **query)
        inside = truth.temp.isel(depth=[0, 1]).values
        inside = inside[~np.isnan(inside)].astype(float)
        assert sum(found["histograms"][0]["counts"]) == inside.size
    first = told(client, "computeStatisticsHistograms", processAsMultidimensional="false", **query)
    assert first["statistics"][0]["count"] == int((~np.isnan(truth.temp.isel(time=3, depth=0))).sum())
    (all_of_them,) = told(client, "computeStatisticsHistograms", processAsMultidimensional="true", **query)[
        "statistics"
    ]
    assert all_of_them["mean"] == pytest.approx(inside.mean(), rel=1e-6)
    assert (all_of_them["min"], all_of_them["max"]) == pytest.approx((inside.min(), inside.max()))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"where": "1=1"}, list(range(1, 29))),
        ({"where": "StdZ < -50 AND Variable = 'kelvin'"}, [19, 20, 23, 24, 27, 28]),
        ({"where": "StdTime = DATE '2001-01-16'"}, [1, 2, 3, 4, 17, 18, 19, 20]),
        ({"objectIds": "3,28,99"}, [3, 28]),
        ({"time": f"{MOMENTS[2]},null", "where": "StdZ = 0"}, [9, 13, 25]),
        ({"time": "0,1"}, []),
        (
            {"multidimensionalDefinition": define("kelvin", StdZ=[-20])["multidimensionalDefinition"]},
            [18, 22, 26],
        ),
        ({"geometry": "500,0,501,1"}, []),
        ({"geometry": "10,10,20,20", "where": "OBJECTID < 3"}, [1, 2]),
        ({"where": "OBJECTID < 4", "orderByFields": "StdZ"}, [3, 2, 1]),
        ({"resultOffset": 26}, [27, 28]),
    ],
)
def test_queries_of_slices(client: TestClient, query: dict[str, Any], ids: list[int]) -> None:
    found = told(client, "query", outFields="OBJECTID", returnGeometry="false", **query)
    assert [feature["attributes"]["OBJECTID"] for feature in found["features"]] == ids
    if not {"orderByFields", "resultOffset"} & set(query):
        assert told(client, "query", returnIdsOnly="true", **query)["objectIds"] == ids
        assert told(client, "query", returnCountOnly="true", **query)["count"] == len(ids)


def test_statistics_and_extents_of_queries_of_slices(client: TestClient) -> None:
    wanted = [{"statisticType": "max", "onStatisticField": "StdTime", "outStatisticFieldName": "last"}]
    found = told(client, "query", outStatistics=wanted, groupByFieldsForStatistics="Variable")
    rows = [feature["attributes"] for feature in found["features"]]
    assert rows == [{"Variable": "temp", "last": MOMENTS[3]}, {"Variable": "kelvin", "last": MOMENTS[2]}]
    assert [field["type"] for field in found["fields"]] == ["esriFieldTypeString", "esriFieldTypeDate"]
    around = told(client, "query", returnExtentOnly="true")
    assert (around["count"], around["extent"]["xmin"], around["extent"]["xmax"]) == (28, -181.5, 178.5)
    assert "stdx" in str(error_of(client, "query", orderByFields="StdX"))
    assert (
        asked(client, "query", where="StdZ <> 'a").json()["error"]["message"]
        == "Unable to complete operation."
    )


def test_a_slice_is_an_item(client: TestClient, truth: xr.Dataset) -> None:
    one = told(client, "19")
    assert (one["attributes"]["Variable"], one["attributes"]["StdZ"]) == ("kelvin", -100)
    assert one["geometry"]["rings"]
    assert told(client, "19/info")["bandNames"] == ["kelvin"]
    picture = {"f": "image", "bbox": "-180,-80,180,80", "size": "36,16", "format": "png"}
    same = asked(client, "exportImage", sliceId=18, renderingRule={"rasterFunction": "None"}, **picture)
    assert asked(client, "19/image", **picture).content == same.content
    assert asked(client, "19/thumbnail").content != asked(client, "1/thumbnail").content
    for missing in ("0", "29", "99999999999999999999999"):
        assert asked(client, missing).json()["error"]["message"] == "Unable to complete operation."


def test_the_document_lists_the_fields_of_slices(client: TestClient) -> None:
    fields = {field["name"]: field["type"] for field in told(client, "")["fields"]}
    assert (fields["OBJECTID"], fields["StdTime"], fields["StdZ_Max"]) == (
        "esriFieldTypeOID", "esriFieldTypeDate", "esriFieldTypeDouble",
    )  # fmt: skip
