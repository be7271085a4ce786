"""The resources beside exportImage on a mosaic of real clips: values, items, files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient

from proxy.model import Grid
from tests.arcgis.mosaics import (
    CLOUDS,
    SERVICE,
    STATES,
    asked,
    expected,
    listing_in,
    mosaic_client,
    native_grid,
    place_in,
    refused,
    texts,
    told,
)
from tests.render.mosaic.composing import sampled

#: Row and column of a pixel that lies in all four clips, and of one that has data in two.
MIDDLE, NORTH = (100, 135), (60, 145)
LOCK = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [4, 3]}


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return listing_in(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def clips(listing: Path) -> list[Path]:
    return sorted(listing.parent.glob("clip_*.tif"))


@pytest.fixture(scope="module")
def client(listing: Path) -> Iterator[TestClient]:
    with mosaic_client(listing, download=True) as running:
        yield running


@pytest.fixture(scope="module")
def grid(client: TestClient) -> Grid:
    return native_grid(client)


def point(grid: Grid, pixel: tuple[int, int]) -> dict[str, Any]:
    x, y = place_in(grid, *pixel)
    return {"x": x, "y": y, "spatialReference": {"wkid": 26913}}


def values(clips: list[Path], grid: Grid, pixel: tuple[int, int], joint: str) -> list[str]:
    """What each clip has at a pixel, as text."""
    found = []
    for path in clips:
        data, mask = sampled(path, grid)
        texts = map(str, data[:, pixel[0], pixel[1]]) if mask[pixel] else ["NoData"] * 3
        found.append(joint.join(texts))
    return found


@pytest.mark.parametrize("pixel", [MIDDLE, NORTH])
def test_identify_gives_the_values_of_every_item(
    client: TestClient, clips: list[Path], grid: Grid, pixel: tuple[int, int]
) -> None:
    found = told(client, "identify", geometry=point(grid, pixel), geometryType="esriGeometryPoint")
    ids = [each["attributes"]["OBJECTID"] for each in found["catalogItems"]["features"]]
    own = values([clips[number - 1] for number in ids], grid, pixel, " ")
    assert found["properties"]["Values"] == own
    first = next(place for place, text in enumerate(own) if "NoData" not in text)
    assert found["value"] == own[first].replace(" ", ", ")
    assert found["catalogItemVisibilities"] == [int(place == first) for place in range(len(ids))]
    assert ids == sorted(ids)
    assert all("geometry" not in each for each in found["catalogItems"]["features"])


def test_identify_follows_the_rule(client: TestClient, clips: list[Path], grid: Grid) -> None:
    found = told(client, "identify", geometry=point(grid, MIDDLE), mosaicRule=LOCK)
    assert [each["attributes"]["OBJECTID"] for each in found["catalogItems"]["features"]] == [4, 3]
    own = values([clips[3], clips[2]], grid, MIDDLE, " ")
    assert found["properties"]["Values"] == own
    mean = told(
        client, "identify", geometry=point(grid, MIDDLE), mosaicRule={**LOCK, "mosaicOperation": "MT_MEAN"}
    )
    data, _ = expected([clips[3], clips[2]], grid, "mean")
    assert mean["value"] == ", ".join(map(str, data[:, *MIDDLE]))
    assert mean["catalogItemVisibilities"] == [0.5, 0.5]


def test_identify_leaves_out_what_is_not_wanted(client: TestClient, grid: Grid) -> None:
    place = point(grid, MIDDLE)
    one = told(client, "identify", geometry=place, maxItemCount="1")
    assert len(one["catalogItems"]["features"]) == len(one["properties"]["Values"]) == 1
    none = told(client, "identify", geometry=place, returnCatalogItems="false")
    assert (none["catalogItems"], none["catalogItemVisibilities"]) == (None, [])
    outlined = told(client, "identify", geometry=place, returnGeometry="true", maxItemCount="2")
    for each in outlined["catalogItems"]["features"]:
        ring = np.array(each["geometry"]["rings"][0])
        assert np.ptp(ring, axis=0) == pytest.approx((140 * grid.resolution[0], 110 * grid.resolution[1]))
    later = told(client, "identify", geometry=place, time="2021/..")
    assert [each["attributes"]["OBJECTID"] for each in later["catalogItems"]["features"]] == [3, 4]
    beside = told(client, "identify", geometry={"x": grid.extent.xmin - 100, "y": grid.extent.ymin})
    assert (beside["value"], beside["catalogItems"]["features"]) == ("NoData", [])
    assert beside["properties"] == {"Values": []}


def test_identify_processes(client: TestClient, clips: list[Path], grid: Grid) -> None:
    turned = {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIDs": [2, 0]}}
    found = told(
        client, "identify", geometry=point(grid, MIDDLE), renderingRule=turned,
        renderingRules=[{"rasterFunction": "None"}, turned], mosaicRule=LOCK,
    )  # fmt: skip
    red, _, blue = values([clips[3]], grid, MIDDLE, " ")[0].split()
    assert found["value"] == f"{blue}, {red}"
    assert found["properties"]["Values"][0] == f"{blue} {red}"
    assert found["processedValues"] == [
        ", ".join(values([clips[3]], grid, MIDDLE, " ")[0].split()),
        f"{blue}, {red}",
    ]


def test_samples_of_the_picture_and_of_the_items(client: TestClient, clips: list[Path], grid: Grid) -> None:
    pixels = [MIDDLE, NORTH, (0, 0), (60, 145)]
    points = {
        "points": [list(place_in(grid, *pixel)) for pixel in pixels],
        "spatialReference": {"wkid": 26913},
    }
    query = {"geometry": points, "geometryType": "esriGeometryMultipoint", "outFields": "State,Cloud"}
    wanted, mask = expected(clips, grid)
    first = {sample["locationId"]: sample for sample in told(client, "getSamples", **query)["samples"]}
    assert set(first) == {number for number, pixel in enumerate(pixels) if mask[pixel]}
    for number, sample in first.items():
        assert sample["value"] == " ".join(map(str, wanted[:, *pixels[number]]))
        item = sample["rasterId"]
        assert sample["value"] == values([clips[item - 1]], grid, pixels[number], " ")[0]
        assert sample["attributes"] == {"State": STATES[item - 1], "Cloud": CLOUDS[item - 1]}
    every = told(client, "getSamples", returnFirstValueOnly="false", **query)["samples"]
    for number, pixel in enumerate(pixels):
        found = {each["rasterId"]: each["value"] for each in every if each["locationId"] == number}
        own = values(clips, grid, pixel, " ")
        assert found == {place: text for place, text in enumerate(own, 1) if "NoData" not in text}


def test_samples_follow_rule_and_time(client: TestClient, clips: list[Path], grid: Grid) -> None:
    place = point(grid, MIDDLE)
    query = {"geometry": place, "geometryType": "esriGeometryPoint"}
    (locked,) = told(client, "getSamples", mosaicRule=LOCK, **query)["samples"]
    assert (locked["rasterId"], locked["value"]) == (4, values([clips[3]], grid, MIDDLE, " ")[0])
    (third,) = told(client, "getSamples", time="2021", **query)["samples"]
    assert (third["rasterId"], third["value"]) == (3, values([clips[2]], grid, MIDDLE, " ")[0])
    (every,) = told(client, "getSamples", outFields="*", mosaicRule={"where": "State = 'QC'"}, **query)[
        "samples"
    ]
    assert every["attributes"]["OBJECTID"] == 4
    assert every["attributes"]["Name"] == "clip_3"


@pytest.mark.parametrize("operation", ["computeHistograms", "computeStatisticsHistograms"])
@pytest.mark.parametrize("rule", [{}, LOCK, {**LOCK, "mosaicOperation": "MT_MAX"}, {"where": "Cloud = 10"}])
def test_histograms_are_those_of_the_picture(
    client: TestClient, clips: list[Path], grid: Grid, operation: str, rule: dict[str, Any]
) -> None:
    e = grid.extent
    box = {
        "xmin": e.xmin,
        "ymin": e.ymin,
        "xmax": e.xmax,
        "ymax": e.ymax,
        "spatialReference": {"wkid": 26913},
    }
    found = told(client, operation, geometry=box, geometryType="esriGeometryEnvelope", mosaicRule=rule)
    order = {0: clips, 1: [clips[1]], 3: [clips[3], clips[2]], 2: [clips[3], clips[2]]}[len(rule)]
    data, mask = expected(order, grid, "max" if "mosaicOperation" in rule else "first")
    for band, histogram in zip(data, found["histograms"], strict=True):
        assert histogram["counts"] == np.bincount(band[mask], minlength=256).tolist()
    for band, statistics in zip(data, found.get("statistics", []), strict=False):
        inside = band[mask].astype(float)
        assert statistics["mean"] == pytest.approx(inside.mean())
        assert statistics["standardDeviation"] == pytest.approx(inside.std(ddof=1), rel=1e-4)
        assert (statistics["min"], statistics["max"]) == (inside.min(), inside.max())


def test_queries_by_get_and_post(client: TestClient) -> None:
    query = {"where": "State = 'ND'", "outFields": "Name,Cloud", "orderByFields": "Cloud", "f": "json"}
    got = told(client, "query", **query)
    assert got == client.post(f"{SERVICE}/query", data=query).json()
    assert [each["attributes"] for each in got["features"]] == [
        {"Name": "clip_1", "Cloud": 10.0},
        {"Name": "clip_0", "Cloud": 50.0},
    ]
    geojson = told(client, "query", **{**query, "f": "geojson"})
    assert [each["properties"]["Name"] for each in geojson["features"]] == ["clip_1", "clip_0"]
    for each in geojson["features"]:
        ring = np.array(each["geometry"]["coordinates"][0])
        assert np.abs(ring - (-104.77, 38.95)).max() < 0.1
    assert told(client, "query", where="Cloud > 20", returnCountOnly="true") == {"count": 3}
    assert told(client, "query", time="2020", returnIdsOnly="true")["objectIds"] == [1, 2]
    assert told(client, "query", resultOffset="3")["features"][0]["attributes"] == {"OBJECTID": 4}
    assert told(client, "query", resultOffset="9" * 40)["features"] == []


def test_the_boundary_is_that_of_all_items(client: TestClient, grid: Grid) -> None:
    found = told(client, "queryBoundary")
    corners = np.concatenate([np.array(ring) for ring in found["shape"]["rings"]])
    assert corners.min(axis=0) == pytest.approx((grid.extent.xmin, grid.extent.ymin))
    assert corners.max(axis=0) == pytest.approx((grid.extent.xmax, grid.extent.ymax))
    one = 110 * 140 * grid.resolution[0] * grid.resolution[1]
    assert 2 * one < found["area"] < 4 * one


def test_an_item_and_its_facts(client: TestClient, clips: list[Path], grid: Grid) -> None:
    feature = told(client, "3")
    assert feature["attributes"]["Name"] == "clip_2"
    assert feature["geometry"]["spatialReference"]["wkid"] == 26913
    info = told(client, "3/info")
    with rasterio.open(clips[2]) as file:
        assert (info["columns"], info["rows"], info["bandCount"]) == (file.width, file.height, file.count)
        bounds = file.bounds
        statistics = [band[band > 0] for band in file.read()]
    assert [info["extent"][key] for key in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(list(bounds))
    assert [row[:2] for row in info["statistics"]] == [[band.min(), band.max()] for band in statistics]
    assert len(told(client, "3/info/histograms")["histograms"]) == 3
    assert len(told(client, "3/info/statistics")["statistics"]) == 3
    assert told(client, "3/info/keyProperties")["BandProperties"]
    assert asked(client, "3/info/metadata", f="image").text.startswith("<")


def test_the_picture_of_an_item_is_its_own_alone(client: TestClient, clips: list[Path], grid: Grid) -> None:
    box = ",".join(map(repr, grid.extent.as_tuple()))
    answer = asked(
        client, "3/image", f="image", format="tiff", bbox=box, size=f"{grid.width},{grid.height}",
        interpolation="RSP_NearestNeighbor", mosaicRule=LOCK,
    )  # fmt: skip
    with rasterio.open(io.BytesIO(answer.content)) as file:
        data, mask = file.read(), file.dataset_mask() > 0
    wanted, valid = sampled(clips[2], grid)
    assert np.array_equal(mask, valid)
    assert np.array_equal(data[:, mask], wanted[:, mask])
    picture = Image.open(io.BytesIO(asked(client, "3/thumbnail").content))
    assert max(picture.size) == 200


@pytest.mark.parametrize("path", ["99", "99/info", "99/image", "99/thumbnail", "0", "9" * 30, "3/info/ics"])
def test_items_that_there_are_not(client: TestClient, path: str) -> None:
    assert refused(client, path)["code"] == 400


def test_files_are_those_of_the_items_and_no_others(client: TestClient, clips: list[Path]) -> None:
    listed = told(client, "download", rasterIds="2,4")["rasterFiles"]
    assert [(each["rasterIds"], each["size"]) for each in listed] == [
        ([2], clips[1].stat().st_size),
        ([4], clips[3].stat().st_size),
    ]
    for each, path in zip(listed, (clips[1], clips[3]), strict=True):
        assert asked(client, "file", id=each["id"]).content == path.read_bytes()
        assert (
            asked(client, "file", id=each["id"], rasterId=str(each["rasterIds"][0])).content
            == path.read_bytes()
        )
    part = client.get(f"{SERVICE}/file", params={"id": listed[0]["id"]}, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, clips[1].read_bytes()[:4])
    for ids in ("99", "", "x", "1,99", "-1", "1" * 25, ",".join("1" * 30)):
        assert refused(client, "download", rasterIds=ids)["code"] == 400


@pytest.mark.parametrize(
    "name",
    [
        "2/../clip_0.tif", "../clip_1.tif", "/etc/passwd", "2//etc/passwd", "2", "2/", "clip_1.tif",
        "2/clip_0.tif", "2/clip_1.tif/..", "2/%2e%2e/clip_1.tif", "x/clip_1.tif", "2\\clip_1.tif",
        "2/clip_1.tif\0", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(client: TestClient, name: str) -> None:
    assert refused(client, "file", id=name)["code"] == 400
    assert refused(client, "file", id=name, rasterId="2")["code"] == 400


def test_files_are_given_only_where_that_is_allowed(listing: Path) -> None:
    with mosaic_client(listing) as client:
        assert "not supported" in refused(client, "download", rasterIds="1")["message"]
        assert "not supported" in refused(client, "file", id="1/clip_0.tif")["message"]
        assert "Download" not in told(client)["capabilities"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("identify", {"geometry": "1,2", "mosaicRule": {"where": "Nothing = 1"}}),
        (
            "identify",
            {"geometry": "1,2", "mosaicRule": {"mosaicMethod": "Attribute", "sortField": "Nothing"}},
        ),
        ("identify", {"geometry": "1,2", "maxItemCount": "0"}),
        ("identify", {"geometry": "1,2", "time": "soon"}),
        ("identify", {}),
        ("getSamples", {"geometry": "1,2", "mosaicRule": {"mosaicMethod": "esriMosaicLockRaster"}}),
        ("getSamples", {"geometry": "1,2", "mosaicRule": "{"}),
        ("computeHistograms", {"geometry": "0,0,9,9", "mosaicRule": {"fids": "x"}}),
        ("computeHistograms", {"geometry": "1,2"}),
        ("query", {"where": "1=1; DROP TABLE items"}),
        ("query", {"orderByFields": "Nothing"}),
        ("query", {"outFields": "Nothing"}),
        ("query", {"resultOffset": "-1"}),
        ("query", {"outStatistics": "{"}),
        ("query", {"outSR": "nowhere"}),
        ("queryBoundary", {"outSR": "nowhere"}),
        ("slices", {}),
        ("multidimensionalInfo", {}),
    ],
)
def test_what_has_no_meaning_is_an_error(client: TestClient, path: str, query: dict[str, Any]) -> None:
    if path == "slices":
        assert told(client, path) == {"slices": []}
        return
    error = refused(client, path, **query)
    assert error["code"] == 400
    posted = client.post(f"{SERVICE}/{path}", data={"f": "json", **texts(query)})
    assert posted.json()["error"] == error
