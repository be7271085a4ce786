from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from lxml import etree
from starlette.testclient import TestClient

from tests.conftest import DATA, RasterMaker
from tests.doors import client_of
from tests.ogc.conftest import Validator
from tests.ogc.wms.test_get_map import MAP, drawn

BOX = {
    "layers": "cube",
    "crs": "EPSG:32633",
    "bbox": "500000,5799360,500640,5800000",
    "width": 64,
    "height": 64,
}
WEST, EAST = (32, 5), (32, 60)


@pytest.mark.parametrize(
    ("query", "west", "east"),
    [
        ({}, 30, 30),
        ({"time": "1970-01-02"}, 30, 30),
        ({"time": "current"}, 30, 30),
        ({"time": "1970-01-01"}, 10, None),
        ({"time": "1970-01-01T10:00:00Z"}, 10, None),
        ({"time": "1970-01-01T13:00:00Z"}, 30, 30),
        ({"elevation": "50"}, 40, 40),
        ({"elevation": "40", "time": "1970-01-01T00:00:00.000Z"}, 20, None),
        # Later slices lie on top.
        ({"time": "1970-01-02,1970-01-01"}, 30, 30),
        ({"time": "1970-01-01/1970-01-02/P1D", "elevation": "50"}, 40, 40),
        ({"elevation": "0,50", "time": "1970-01-01"}, 20, None),
    ],
    ids=str,
)
def test_maps_of_slices(sliced: TestClient, query: dict[str, str], west: int, east: int | None) -> None:
    found = drawn(sliced, transparent="true", **BOX, **query)
    assert found[WEST].tolist() == [west] * 3 + [255]
    assert found[EAST].tolist() == ([0, 0, 0, 0] if east is None else [east] * 3 + [255])


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            {},
            "99 Default value used: time=1970-01-02T00:00:00Z ISO8601, "
            "99 Default value used: elevation=0 m",
        ),
        ({"time": "1970-01-02", "elevation": "50"}, None),
        ({"time": "current", "elevation": "0/50"}, None),
        ({"time": "1970-01-01T10:00:00Z", "elevation": "40"},
         "99 Nearest value used: time=1970-01-01T00:00:00Z ISO8601, "
         "99 Nearest value used: elevation=50 m"),
        ({"time": "default", "dim_elevation": "50"},
         "99 Default value used: time=1970-01-02T00:00:00Z ISO8601"),
    ],
    ids=str,
)  # fmt: skip
def test_values_that_nobody_named_are_told(
    sliced: TestClient, query: dict[str, str], told: str | None
) -> None:
    """Annex C.4.2 of 1.3.0; told again with a picture that was kept."""
    for _ in range(2):
        answer = sliced.get("/wms", params=MAP | BOX | query)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers.get("warning") == told


def test_equal_choices_are_one_picture(sliced: TestClient) -> None:
    query: dict[str, Any] = MAP | BOX | {"transparent": "true"}
    first = sliced.get("/wms", params=query)
    second = sliced.get("/wms", params=query | {"time": "1970-01-02T00:00:00Z", "elevation": "0"})
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["cache-status"] == "cogproxy; hit"


@pytest.mark.parametrize(
    "query", [{"time": "yesterday"}, {"time": "1999-01-01"}, {"elevation": "900"}, {"elevation": "deep"}]
)
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_exceptions(sliced: TestClient, query: dict[str, str], version: str) -> None:
    answer = sliced.get("/wms", params=MAP | BOX | query | {"version": version, "srs": "EPSG:32633"})
    assert b'code="InvalidDimensionValue"' in answer.content


def test_documents_list_the_values(sliced: TestClient, wms_schema: Validator, wms_dtd: Validator) -> None:
    query = {"service": "WMS", "request": "GetCapabilities"}
    body = sliced.get("/wms", params=query).content
    wms_schema(body)
    found = etree.fromstring(body).xpath("//*[local-name()='Dimension']")
    time, depth = found
    assert dict(time.attrib) == {
        "name": "time", "units": "ISO8601", "default": "1970-01-02T00:00:00Z", "multipleValues": "1",
        "nearestValue": "1", "current": "1",
    }  # fmt: skip
    assert time.text == "1970-01-01T00:00:00Z,1970-01-02T00:00:00Z"
    assert (depth.get("name"), depth.get("units"), depth.get("unitSymbol")) == ("elevation", "m", "m")
    old = sliced.get("/wms", params=query | {"version": "1.1.1"}).content
    wms_dtd(old)
    assert [each.text for each in etree.fromstring(old).iter("Extent")] == [time.text, "0.0,50"]
    # The older version knows vertical datums of EPSG alone, and this one counts downwards.
    assert [each.get("units") for each in etree.fromstring(old).iter("Dimension")] == ["ISO8601", "EPSG:5715"]
    assert depth.get("default") == "0.0", "a default of 0 is none for some"


def test_values_are_those_of_the_slice(sliced: TestClient) -> None:
    query = MAP | BOX | {"request": "GetFeatureInfo", "query_layers": "cube", "i": 5, "j": 5}
    for change, value in (({}, 30), ({"elevation": "50"}, 40), ({"time": "1970-01-01"}, 10)):
        (feature,) = sliced.get("/wms", params=query | change).json()["features"]
        assert feature["properties"]["Band_1"] == value


def test_a_real_cube(wms_schema: Validator) -> None:
    path = DATA / "ocean_temperature.nc"
    with client_of({"name": "ocean", "source": str(path)}) as client:
        body = client.get("/wms", params={"service": "WMS", "request": "GetCapabilities"}).content
        wms_schema(body)
        found = {each.get("name"): each for each in etree.fromstring(body).iter("{*}Dimension")}
        assert {"time", "elevation"} <= set(found)
        depths = found["elevation"].text.split(",")
        box = {"layers": "ocean", "crs": "CRS:84", "bbox": "-180,-90,180,90", "width": 64, "height": 32}
        pictures = [
            client.get("/wms", params=MAP | box | {"elevation": depth, "time": "current"}).content
            for depth in (depths[0], depths[-1])
        ]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert pictures[0] != pictures[1]


def test_a_mosaic_has_no_nearest_time(
    make_raster: RasterMaker, tmp_path: Path, wms_schema: Validator
) -> None:
    for day in (1, 3):
        data = np.full((16, 16), 50 * day, np.uint8)
        make_raster(
            f"day_2020-01-0{day}.tif", data, crs="EPSG:4326", transform=Affine(0.1, 0, 10, 0, -0.1, 50)
        )
    mosaic = {"source": str(tmp_path / "day_*.tif"), "date_pattern": r"(?P<date>\d{4}-\d{2}-\d{2})"}
    query: dict[str, Any] = {
        "layers": "days",
        "crs": "CRS:84",
        "bbox": "10,48.4,11.6,50",
        "width": 16,
        "height": 16,
    }
    with client_of({"name": "days", "mosaic": mosaic}, state=str(tmp_path / "state")) as client:
        body = client.get("/wms", params={"service": "WMS", "request": "GetCapabilities"}).content
        wms_schema(body)
        (time,) = etree.fromstring(body).iter("{*}Dimension")
        assert time.get("nearestValue") == "0"
        between = drawn(client, transparent="true", **query, time="2020-01-02")
        assert not between[..., 3].any()
        outside = client.get("/wms", params=MAP | query | {"time": "1990"})
        assert b'code="InvalidDimensionValue"' in outside.content
