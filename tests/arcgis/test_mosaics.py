"""Mosaics through the Esri face: what is drawn, exact on the native grid, beside rasterio and numpy alone."""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient

from tests.arcgis.mosaics import (
    DATES,
    SERVICE,
    asked,
    assert_equal,
    expected,
    exported,
    listing_in,
    mosaic_client,
    native_grid,
    refused,
    told,
)
from tests.render.mosaic.composing import sampled

OPERATIONS = ("First", "Last", "Min", "Max", "Mean", "Blend", "Sum")
#: Milliseconds of the dates of the clips.
MOMENTS = [int(np.datetime64(date, "ms").astype(int)) for date in DATES]


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return listing_in(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def clips(listing: Path) -> list[Path]:
    return sorted(listing.parent.glob("clip_*.tif"))


@pytest.fixture(scope="module")
def client(listing: Path) -> Iterator[TestClient]:
    with mosaic_client(listing) as running:
        yield running


def drawn_as(
    client: TestClient, clips: list[Path], order: list[int], operation: str = "first", **query: Any
) -> None:
    """Assert that a picture is made of clips in an order, topmost first, by their ids."""
    grid = native_grid(client)
    wanted = expected([clips[number - 1] for number in order], grid, operation)
    assert_equal(exported(client, **query), wanted)


def by_distance(clips: list[Path], point: tuple[float, float]) -> list[int]:
    """Ids by the distance of the centres of the files to a point."""
    distances = []
    for path in clips:
        with rasterio.open(path) as file:
            b = file.bounds
        distances.append(math.dist(((b.left + b.right) / 2, (b.bottom + b.top) / 2), point))
    return [int(place) + 1 for place in np.argsort(distances, kind="stable")]


def orders(clips: list[Path], center: tuple[float, float], corner: tuple[float, float]) -> dict[str, Any]:
    """Rules without an operation, and the order that each asks for."""
    x, y = corner[0], center[1]
    point = {"x": x, "y": y, "spatialReference": {"wkid": 26913}}
    return {
        "None": ({}, [1, 2, 3, 4]),
        "Center": ({}, by_distance(clips, center)),
        "Nadir": ({}, by_distance(clips, center)),
        "Northwest": ({}, by_distance(clips, corner)),
        # Without seamlines the nearest centre.
        "Seamline": ({}, by_distance(clips, center)),
        "Viewpoint": ({"viewpoint": point}, by_distance(clips, (x, y))),
        # Differences from 38: 12, 28, 2, 52.
        "Attribute": ({"sortField": "cloud", "sortValue": 38}, [3, 1, 2, 4]),
        "LockRaster": ({"lockRasterIds": [4, 1, 3]}, [4, 1, 3]),
    }


def test_the_document_of_a_mosaic(client: TestClient) -> None:
    document = told(client)
    assert document["serviceSourceType"] == "esriImageServiceSourceTypeMosaicDataset"
    assert document["hasMultidimensions"] is False
    assert document["timeInfo"] == {
        "startTimeField": "AcquisitionDate",
        "endTimeField": "AcquisitionDate",
        "timeExtent": [MOMENTS[0], MOMENTS[3]],
        "timeReference": None,
    }
    types = {field["name"]: field["type"] for field in document["fields"]}
    assert types["OBJECTID"] == "esriFieldTypeOID"
    assert types["Shape"] == "esriFieldTypeGeometry"
    assert (types["Cloud"], types["State"]) == ("esriFieldTypeDouble", "esriFieldTypeString")
    assert types["AcquisitionDate"] == "esriFieldTypeDate"
    assert document["objectIdField"] == "OBJECTID"
    assert (document["bandCount"], document["pixelType"]) == (3, "U8")
    assert (document["defaultMosaicMethod"], document["mosaicOperator"]) == ("None", "First")
    grid = native_grid(client)
    assert [document["extent"][key] for key in ("xmin", "ymin", "xmax", "ymax")] == list(
        grid.extent.as_tuple()
    )


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "method", ["None", "Center", "Nadir", "Northwest", "Seamline", "Viewpoint", "Attribute", "LockRaster"]
)
def test_every_method_with_every_operation(
    client: TestClient, clips: list[Path], method: str, operation: str
) -> None:
    extent = native_grid(client).extent
    members, order = orders(clips, extent.center, (extent.xmin, extent.ymax))[method]
    rule = {"mosaicMethod": f"esriMosaic{method}", "mosaicOperation": f"MT_{operation.upper()}", **members}
    drawn_as(client, clips, order, operation.lower(), mosaicRule=rule)


@pytest.mark.parametrize(
    ("rule", "order"),
    [
        ({"mosaicMethod": "esriMosaicNone", "ascending": False}, [4, 3, 2, 1]),
        ({"mosaicMethod": "esriMosaicAttribute", "sortField": "Cloud"}, [2, 3, 1, 4]),
        ({"mosaicMethod": "esriMosaicAttribute", "sortField": "Cloud", "ascending": False}, [4, 1, 3, 2]),
        (
            {"mosaicMethod": "ByAttribute", "sortField": "AcquisitionDate", "sortValue": str(MOMENTS[2])},
            [3, 2, 1, 4],
        ),
        (
            {
                "mosaicMethod": "esriMosaicAttribute",
                "sortField": "AcquisitionDate",
                "sortValue": "2020/06/15, 12:00 AM",
            },
            [2, 1, 3, 4],
        ),
        # Texts: the equal ones, then the others by text.
        ({"mosaicMethod": "esriMosaicAttribute", "sortField": "State", "sortValue": "NY"}, [3, 1, 2, 4]),
        ({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [2]}, [2]),
        ({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": "3,2"}, [3, 2]),
        ({"where": "Cloud < 45"}, [2, 3]),
        ({"where": "State = 'ND' AND AcquisitionDate >= DATE '2020-02-01'"}, [2]),
        ({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [99, 2]}, [2]),
        ({"fids": [4, 2]}, [2, 4]),
        ({"fids": [1, 2], "where": "Cloud > 20"}, [1]),
        ({"where": "Cloud < 45", "mosaicMethod": "esriMosaicNone", "ascending": False}, [3, 2]),
        ({"defaultMosaicMethod": "ByAttribute", "sortField": "Cloud", "sortAscending": False}, [4, 1, 3, 2]),
    ],
)
def test_which_items_and_in_which_order(
    client: TestClient, clips: list[Path], rule: dict[str, Any], order: list[int]
) -> None:
    drawn_as(client, clips, order, mosaicRule=rule)


@pytest.mark.parametrize(
    ("time", "order"),
    [
        (str(MOMENTS[1]), [2]),
        (f"{MOMENTS[1]},{MOMENTS[2]}", [2, 3]),
        (f"{MOMENTS[1] + 1},null", [3, 4]),
        (f"null,{MOMENTS[1]}", [1, 2]),
        ("2020", [1, 2]),
        ("2020-06-01/2021-03-01T00:00:00Z", [2, 3]),
        ("null,null", [1, 2, 3, 4]),
        ("", [1, 2, 3, 4]),
    ],
)
def test_times(client: TestClient, clips: list[Path], time: str, order: list[int]) -> None:
    drawn_as(client, clips, order, time=time)


def test_a_time_goes_with_a_rule(client: TestClient, clips: list[Path]) -> None:
    rule = {"mosaicMethod": "esriMosaicAttribute", "sortField": "Cloud"}
    drawn_as(client, clips, [2, 1], time="2020", mosaicRule=rule)


def test_the_metadata_of_the_service_is_a_rule_that_changes_nothing(listing: Path, clips: list[Path]) -> None:
    own = {"method": "attribute", "sort_field": "Cloud", "sort_value": 60, "operation": "max"}
    with mosaic_client(listing, **own) as client:
        document = told(client)
        rule = {
            name: document[name]
            for name in ("defaultMosaicMethod", "sortField", "sortValue", "sortAscending", "mosaicOperator")
        }
        assert rule["defaultMosaicMethod"] == "ByAttribute"
        wanted = exported(client)
        assert_equal(exported(client, mosaicRule=rule), wanted)
        # Differences from 60: 10, 50, 20, 30.
        drawn_as(client, clips, [1, 3, 4, 2], "max")


def test_a_rule_for_each_item_is_applied_before_they_are_put_together(
    client: TestClient, clips: list[Path]
) -> None:
    turned = {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIDs": [2, 0]}}
    grid = native_grid(client)
    data, mask = expected([clips[2], clips[0]], grid, "mean")
    rule = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [3, 1], "mosaicOperation": "MT_MEAN"}
    assert_equal(exported(client, mosaicRule={**rule, "itemRenderingRule": turned}), (data[[2, 0]], mask))


def test_items_that_a_function_names(client: TestClient, clips: list[Path]) -> None:
    grid = native_grid(client)
    rule = {
        "rasterFunction": "Local",
        "rasterFunctionArguments": {"Rasters": ["$4", "$2"], "Operation": "Max", "ExtentType": 0},
    }
    _, mask = exported(client, renderingRule=rule)
    valid = [sampled(clips[number], grid)[1] for number in (3, 1)]
    assert np.array_equal(mask, valid[0] | valid[1]) or np.array_equal(mask, valid[0] & valid[1])
    # A picture of numbers is stretched by the statistics of the result.
    box = ",".join(map(repr, grid.extent.as_tuple()))
    ratio = {
        "rasterFunction": "Arithmetic",
        "rasterFunctionArguments": {"Raster": "$4", "Raster2": "$2", "Operation": 4},
        "outputPixelType": "F32",
    }
    answer = asked(client, "exportImage", f="image", format="png", bbox=box, renderingRule=ratio)
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("LA"))
    assert np.ptp(pixels[..., 0][pixels[..., 1] > 0]) > 100
    absent = {**ratio, "rasterFunctionArguments": {"Raster": "$4", "Raster2": "$99", "Operation": 4}}
    assert "$99" in json.dumps(refused(client, "exportImage", bbox=box, renderingRule=absent))


def test_a_picture_can_be_chosen_by_post_and_from_its_link(client: TestClient) -> None:
    grid = native_grid(client)
    form = {
        "f": "json", "bbox": ",".join(map(repr, grid.extent.as_tuple())), "size": "270,200", "format": "png",
        "mosaicRule": json.dumps({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [2]}),
        "renderingRule": '{"rasterFunction":"None"}', "interpolation": "RSP_NearestNeighbor",
    }  # fmt: skip
    document = client.post(f"{SERVICE}/exportImage", data=form).json()
    picture = client.get(httpx.URL(document["href"]).path)
    assert picture.headers["content-type"] == "image/png"
    pixels = np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGBA"))
    data, mask = exported(client, mosaicRule=json.loads(form["mosaicRule"]))
    assert np.array_equal(pixels[..., 3] > 0, mask)
    assert np.array_equal(np.moveaxis(pixels[..., :3], -1, 0)[:, mask], data[:, mask])


@pytest.mark.parametrize(
    "query",
    [
        {"mosaicRule": "{"},
        {"mosaicRule": {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [98, 99]}},
        {"mosaicRule": "[1]"},
        {"mosaicRule": {"mosaicMethod": "esriMosaicMiddle"}},
        {"mosaicRule": {"mosaicOperation": "MT_MEDIAN"}},
        {"mosaicRule": {"mosaicMethod": "esriMosaicLockRaster"}},
        {"mosaicRule": {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [99]}},
        {"mosaicRule": {"mosaicMethod": "esriMosaicAttribute", "sortField": "Nothing"}},
        {"mosaicRule": {"mosaicMethod": "esriMosaicAttribute", "sortField": "Cloud", "sortValue": [1]}},
        {"mosaicRule": {"mosaicMethod": "esriMosaicViewpoint"}},
        {"mosaicRule": {"mosaicMethod": "esriMosaicViewpoint", "viewpoint": {"x": "a", "y": 1}}},
        {"mosaicRule": {"where": "Nothing = 1"}},
        {"mosaicRule": {"where": "1=1; DROP TABLE items"}},
        {"mosaicRule": {"where": 5}},
        {"mosaicRule": {"fids": ["a"]}},
        {"mosaicRule": {"itemRenderingRule": {"rasterFunction": "Nonsense"}}},
        {"mosaicRule": {"multidimensionalDefinition": [{"variableName": "temp"}]}},
        {"time": "yesterday"},
        {"time": "5,3"},
        {"time": "1,2,3"},
        {"sliceId": "-1"},
        {"sliceId": "x"},
    ],
)
def test_what_has_no_meaning_is_an_error(client: TestClient, query: dict[str, Any]) -> None:
    box = ",".join(map(repr, native_grid(client).extent.as_tuple()))
    error = refused(client, "exportImage", bbox=box, **query)
    assert error["code"] == 400
    assert any(name in json.dumps(error) for name in (*query, "where", "renderingRule"))
    assert asked(client, "exportImage", bbox=box, **{**query, "f": "image"}).json()["error"]["code"] == 400


def test_attributes_that_are_dimensions(listing: Path, clips: list[Path]) -> None:
    with mosaic_client(listing, dimensions={"cloud": "Cloud", "time": "AcquisitionDate"}) as client:
        assert told(client)["hasMultidimensions"] is True
        (variable,) = told(client, "multidimensionalInfo")["multidimensionalInfo"]["variables"]
        cloud, time = variable["dimensions"]
        assert (cloud["name"], cloud["field"], cloud["values"]) == ("cloud", "Cloud", [10, 40, 50, 90])
        assert (time["name"], time["field"], time["values"]) == ("StdTime", "AcquisitionDate", MOMENTS)
        for name, values, order in (
            ("cloud", [[5, 45]], [2, 3]),
            ("Cloud", [90], [4]),
            ("StdTime", [MOMENTS[2], [MOMENTS[0], MOMENTS[1]]], [1, 2, 3]),
            ("time", ["2020"], [1, 2]),
        ):
            parts = [{"variableName": "clips", "dimensionName": name, "values": values}]
            drawn_as(client, clips, order, mosaicRule={"multidimensionalDefinition": parts})
            found = told(client, "query", multidimensionalDefinition=parts, returnIdsOnly="true")
            assert found["objectIds"] == order
        # Slices are numbered over all pairs of values: the second of the first cloud, the first of the third.
        drawn_as(client, clips, [2], sliceId="1")
        drawn_as(client, clips, [1], sliceId="8")


def test_no_item_is_a_picture_without_pixels(client: TestClient) -> None:
    _, mask = exported(client, mosaicRule={"where": "Cloud > 100"})
    assert not mask.any()


@pytest.fixture
def broken(listing: Path, tmp_path: Path) -> Path:
    """The same clips; one has been deleted, and one damaged, since the catalog was built."""
    folder = tmp_path / "broken"
    shutil.copytree(listing.parent, folder, ignore=shutil.ignore_patterns("state*"))
    return folder / listing.name


def test_items_that_cannot_be_read_are_told_of(broken: Path, clips: list[Path]) -> None:
    with mosaic_client(broken) as client:
        grid = native_grid(client)
        (broken.parent / "clip_1.tif").unlink()
        (broken.parent / "clip_2.tif").write_bytes(b"II*\0")
        box = ",".join(map(repr, grid.extent.as_tuple()))
        query = {
            "f": "image", "bbox": box, "size": f"{grid.width},{grid.height}", "format": "tiff",
            "renderingRule": "None", "interpolation": "RSP_NearestNeighbor",
        }  # fmt: skip
        answer = asked(client, "exportImage", **query)
        assert answer.headers["Cogproxy-Missing-Items"] == "2"
        assert answer.headers["Cache-Control"] == "no-store"
        linked = asked(client, "exportImage", **{**query, "f": "json"})
        assert linked.headers["Cogproxy-Missing-Items"] == "2"
        picture = client.get(httpx.URL(linked.json()["href"]).path)
        assert (picture.headers["Cogproxy-Missing-Items"], picture.content) == ("2", answer.content)
        with rasterio.open(io.BytesIO(answer.content)) as file:
            found = file.read(), file.dataset_mask() > 0
        assert_equal(found, expected([clips[0], clips[3]], grid))
        x, y = grid.extent.center
        values = told(client, "identify", geometry=f"{x},{y}")
        assert values["value"] == ", ".join(map(str, sampled(clips[3], grid)[0][:, 100, 135]))
        assert values["catalogItemVisibilities"] == [0, 0, 0, 1]
        for operation in ("identify", "getSamples", "computeStatisticsHistograms"):
            place = box if operation.startswith("compute") else f"{x},{y}"
            document = asked(client, operation, geometry=place)
            assert "error" not in document.json()
            assert document.headers["Cogproxy-Missing-Items"] == "2"
            assert document.headers["Cache-Control"] == "no-store"


def test_strict_mosaics_refuse_what_they_cannot_draw_wholly(broken: Path) -> None:
    with mosaic_client(broken, strict=True) as client:
        box = ",".join(map(repr, native_grid(client).extent.as_tuple()))
        (broken.parent / "clip_1.tif").unlink()
        error = refused(client, "exportImage", bbox=box, f="image")
        assert error["code"] == 500
        assert "clip_1" in json.dumps(error)
        rule = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [1]}
        assert (
            "image"
            in asked(client, "exportImage", bbox=box, f="image", mosaicRule=rule).headers["content-type"]
        )
