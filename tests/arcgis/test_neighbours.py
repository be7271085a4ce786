"""Resources beside exportImage, through the door, against the keys that real servers send."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.conftest import RasterMaker
from tests.doors import client_of

S = "/arcgis/rest/services"
DEM, RGB, CLASSES, TILED = (f"{S}/{name}/ImageServer" for name in ("dem", "rgb", "classes", "tiled"))
#: The middle of row 10, column 20 of every raster.
PLACE = "500205,5799895"
WHOLE = {"xmin": 500000, "ymin": 5799000, "xmax": 501000, "ymax": 5800000}
PIXEL = [[500200, 5799900], [500210, 5799900], [500210, 5799890], [500200, 5799890]]
AREA = {"geometry": json.dumps(WHOLE), "geometryType": "esriGeometryEnvelope"}
REFERENCE = {"wkid": 32633, "latestWkid": 32633}


@pytest.fixture
def client(make_raster: RasterMaker) -> Iterator[TestClient]:
    rows, columns = np.mgrid[0:100, 0:100]
    dem = (rows * 10 + columns + 0.25).astype(np.float32)
    dem[50:] = -9999
    rgb = np.stack([rows, columns, np.full_like(rows, 200)]).astype(np.uint8)
    colors = {0: (0, 0, 0, 0), 1: (255, 0, 0, 255), 2: (0, 0, 255, 255)}
    classes = make_raster("classes.tif", ((rows // 40) % 3).astype(np.uint8), colormap=colors)
    dem_file = str(make_raster("dem.tif", dem, nodata=-9999.0))
    with client_of(
        {"name": "dem", "source": dem_file, "kind": "elevation", "bands": ["Elevation"]},
        {"name": "rgb", "source": str(make_raster("rgb.tif", rgb, photometric="rgb")), "download": True},
        {"name": "classes", "source": str(classes), "kind": "thematic"},
        {"name": "tiled", "source": dem_file, "tiles": "map"},
    ) as client:
        yield client


def ask(client: TestClient, path: str, **query: object) -> dict[str, Any]:
    fields = {"f": "json"} | {key: _text(value) for key, value in query.items()}
    response = client.get(path, params=fields)
    assert response.status_code == 200, response.text
    posted = client.post(path, data=fields)
    assert posted.json() == response.json()
    found: dict[str, Any] = response.json()
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def keys(value: Any, path: str = "") -> set[str]:
    """Paths of all keys of a document; entries of lists are `[]`."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, part in value.items():
            found |= {f"{path}.{key}".lstrip(".")} | keys(part, f"{path}.{key}")
    elif isinstance(value, list):
        for part in value:
            found |= keys(part, f"{path}[]")
    return found


FIELDS = "fields fields[].name fields[].type fields[].alias fields[].domain"
PLACED = "x y spatialReference spatialReference.wkid spatialReference.latestWkid"


def under(path: str, names: str) -> str:
    return " ".join([path, *(f"{path}.{name}" for name in names.split())])


#: What recordings have, and the request that is answered alike.
RECORDED = [
    ("identify", {"geometry": PLACE}, "objectId name value properties catalogItems catalogItemVisibilities "
     + under("location", PLACED)),
    ("getSamples", {"geometry": PLACE}, "samples samples[].locationId samples[].value samples[].rasterId "
     "samples[].resolution " + under("samples[].location", PLACED)),
    ("query", {"where": "1=1", "outFields": "*"}, "objectIdFieldName features features[].attributes "
     "fields[].length fields[].domain.type fields[].domain.codedValues[].name fields[].domain.mergePolicy "
     "features[].geometry features[].geometry.rings features[].geometry.spatialReference.wkid " + FIELDS),
    ("computeHistograms", AREA, "histograms histograms[].size histograms[].min histograms[].max "
     "histograms[].counts"),
    ("computeStatisticsHistograms", AREA, "histograms[].counts statistics statistics[].min "
     "statistics[].max statistics[].mean statistics[].standardDeviation statistics[].count"),
    ("legend", {}, "layers layers[].layerId layers[].layerName layers[].layerType layers[].minScale "
     "layers[].maxScale layers[].legendType layers[].legend layers[].legend[].label layers[].legend[].url "
     "layers[].legend[].imageData layers[].legend[].contentType layers[].legend[].height "
     "layers[].legend[].width"),
    ("1", {}, "attributes attributes.OBJECTID attributes.Name attributes.MinPS attributes.MaxPS "
     "attributes.LowPS geometry geometry.rings geometry.spatialReference.wkid "
     "geometry.spatialReference.latestWkid"),
    ("1/info", {}, "extent pixelSizeX pixelSizeY pixelType bandCount statistics histograms origin.x origin.y "
     "blockWidth blockHeight firstPyramidLevel maxPyramidLevel"),
    ("slices", {}, "slices"),
    ("queryBoundary", {}, "shape.rings area"),
    ("project", {"geometries": '{"geometryType":"esriGeometryPoint","geometries":[{x:500000,y:5799000}]}',
     "outSR": "4326"}, "geometries[].x geometries[].y"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "query", "expected"), RECORDED, ids=[row[0] for row in RECORDED])
def test_keys_are_those_of_recordings(
    client: TestClient, operation: str, query: dict[str, str], expected: str
) -> None:
    found = keys(ask(client, f"{DEM}/{operation}", **query))
    assert not set(expected.split()) - found


def test_keys_beyond_the_recorded_ones_are_known(client: TestClient) -> None:
    for operation, query, expected in RECORDED[:2]:
        assert keys(ask(client, f"{DEM}/{operation}", **query)) == set(expected.split())


@pytest.mark.parametrize(
    ("path", "geometry", "value"),
    [
        (DEM, PLACE, "120.25"),
        (RGB, PLACE, "10, 20, 200"),
        (DEM, "500205,5799005", "NoData"),
        (RGB, "0,0", "NoData"),
        (RGB, json.dumps({"rings": [PIXEL]}), "10, 20, 200"),
    ],
)  # fmt: skip
def test_identify(client: TestClient, path: str, geometry: str, value: str) -> None:
    found = ask(client, f"{path}/identify", geometry=geometry)
    assert found["value"] == value
    assert found["location"]["spatialReference"] == REFERENCE
    assert (found["properties"], found["catalogItems"], found["catalogItemVisibilities"]) == (None, None, [])


def test_identify_in_another_system_and_with_rules(client: TestClient) -> None:
    point = "{x:15.00302,y:52.34862,spatialReference:{wkid:4326}}"
    rules = [{"rasterFunction": "None"}, {"rasterFunction": "Slope"}]
    found = ask(client, f"{DEM}/identify", geometry=point, renderingRules=rules)
    assert found["location"]["spatialReference"]["wkid"] == 4326
    assert found["processedValues"][0] == found["value"]
    # Rises by 1 a column and 10 a row of 10 m: slope is atan(sqrt(0.1^2 + 1)).
    expected = math.degrees(math.atan(math.hypot(0.1, 1.0)))
    assert float(found["processedValues"][1]) == pytest.approx(expected, abs=1e-3)
    alone = ask(client, f"{DEM}/identify", geometry=point, renderingRule=rules[1])
    assert alone["value"] == found["processedValues"][1]
    hidden = ask(client, f"{DEM}/identify", geometry=point, returnPixelValues="false")
    assert hidden["value"] is None


def test_samples_along_a_line(client: TestClient) -> None:
    line = {"paths": [[[500005, 5799995], [500905, 5799995]]]}
    query = {"geometry": line, "geometryType": "esriGeometryPolyline"}
    by_count = ask(client, f"{DEM}/getSamples", **query, sampleCount="4", outFields="Name,OBJECTID")[
        "samples"
    ]
    assert [sample["value"] for sample in by_count] == ["0.25", "30.25", "60.25", "90.25"]
    assert by_count[0]["attributes"] == {"OBJECTID": 1, "Name": "dem"}
    by_distance = ask(client, f"{DEM}/getSamples", **query, sampleDistance="450")["samples"]
    assert [sample["locationId"] for sample in by_distance] == [0, 1, 2]


def test_samples_of_points_leave_out_those_without_data(client: TestClient) -> None:
    points = {"points": [[500205, 5799895], [500205, 5799005], [500305, 5799895]]}
    found = ask(client, f"{DEM}/getSamples", geometry=points)["samples"]
    assert [(s["locationId"], s["value"]) for s in found] == [(0, "120.25"), (2, "130.25")]
    assert ask(client, f"{RGB}/getSamples", geometry=PLACE)["samples"][0]["value"] == "10 20 200"
    half = ask(
        client, f"{DEM}/getSamples", geometry="500210,5799895", interpolation="RSP_BilinearInterpolation"
    )
    assert float(half["samples"][0]["value"]) == pytest.approx(120.75)


@pytest.mark.parametrize(("count", "most"), [("25", 25), ("5000", 1000), ("", 100)])
def test_samples_over_an_area(client: TestClient, count: str, most: int) -> None:
    found = ask(client, f"{RGB}/getSamples", **AREA, sampleCount=count)["samples"]
    assert 0.8 * most <= len(found) <= most


def test_histograms_count_pixels_whose_centres_are_inside(client: TestClient) -> None:
    ring = [[500000, 5800000], [500100, 5800000], [500100, 5799900], [500000, 5799900]]
    hole = [[500020, 5799980], [500040, 5799980], [500040, 5799960], [500020, 5799960]]
    query = {"geometry": {"rings": [ring, hole]}, "geometryType": "esriGeometryPolygon"}
    found = ask(client, f"{RGB}/computeStatisticsHistograms", **query)
    first = found["histograms"][0]
    assert (first["size"], first["min"], first["max"]) == (256, -0.5, 255.5)
    assert first["counts"][:11] == [10, 10, 8, 8, 10, 10, 10, 10, 10, 10, 0]
    assert [band["count"] for band in found["statistics"]] == [96] * 3
    assert found["statistics"][2]["mean"] == 200.0


def test_histograms_of_classes_have_a_bin_for_each(client: TestClient) -> None:
    world = {"xmin": -180, "ymin": -90, "xmax": 180, "ymax": 90, "spatialReference": {"wkid": 4326}}
    for geometry in (WHOLE, world):
        query = {"geometry": geometry, "geometryType": "esriGeometryEnvelope"}
        found = ask(client, f"{CLASSES}/computeHistograms", **query)["histograms"]
        assert found == [{"size": 3, "min": -0.5, "max": 2.5, "counts": [4000, 4000, 2000]}]


def test_nodata_is_not_counted_and_a_rule_is(client: TestClient) -> None:
    found = ask(client, f"{DEM}/computeStatisticsHistograms", **AREA)["statistics"][0]
    assert (found["count"], found["min"], found["max"]) == (5000, 0.25, 589.25)
    rule = {"rasterFunction": "Hillshade"}
    shaded = ask(client, f"{DEM}/computeHistograms", **AREA, renderingRule=rule)["histograms"][0]
    assert (shaded["min"], shaded["max"]) == (-0.5, 255.5)


def test_too_many_pixels_is_told_in_the_words_that_clients_compare(client: TestClient) -> None:
    error = ask(client, f"{RGB}/computeHistograms", **AREA, pixelSize="0.1,0.1")["error"]
    assert error["details"] == ["The requested image exceeds the size limit."]
    assert error["extendedCode"] == -2147024809


def swatch(entry: dict[str, Any]) -> Any:
    picture = Image.open(io.BytesIO(base64.b64decode(entry["imageData"])))
    assert picture.size == (entry["width"], entry["height"]) == (20, 20)
    return np.asarray(picture)


def test_what_other_services_have_is_overlooked(client: TestClient) -> None:
    assert ask(client, f"{DEM}/statistics", variable="SST") == ask(client, f"{DEM}/statistics")
    query = {"geometry": PLACE, "geometryType": '"point"'}
    sample = ask(client, f"{DEM}/getSamples", **query, outFields="CloudCover,Name")["samples"][0]
    assert sample["attributes"] == {"Name": "dem"}
    none = ask(client, f"{DEM}/getSamples", **query, outFields="CloudCover")["samples"][0]
    assert none["attributes"] == {}


def test_legends(client: TestClient) -> None:
    stretched = ask(client, f"{DEM}/legend")["layers"][0]
    assert stretched["legendType"] == "Stretched"
    assert [entry["label"] for entry in stretched["legend"]] == ["High : 589.25", "", "Low : 0.25"]
    assert swatch(stretched["legend"][0])[0, 0].tolist() == [255] * 3
    assert swatch(stretched["legend"][2])[-1, 0].tolist() == [0] * 3
    composite = ask(client, f"{RGB}/legend")["layers"][0]
    assert composite["legendType"] == "RGB Composite"
    assert [entry["label"].split()[0] for entry in composite["legend"]] == ["Red:", "Green:", "Blue:"]
    assert swatch(composite["legend"][1])[5, 5].tolist() == [0, 255, 0]
    single = ask(client, f"{RGB}/legend", bandIds="0")["layers"][0]
    assert (single["legendType"], len(single["legend"])) == ("Stretched", 3)
    classes = ask(client, f"{CLASSES}/legend")["layers"][0]
    assert [(e["label"], swatch(e)[0, 0].tolist()) for e in classes["legend"]] == [
        ("0", [0, 0, 0]),
        ("1", [255, 0, 0]),
        ("2", [0, 0, 255]),
    ]


def test_legend_of_a_ramp_tells_what_was_stretched(client: TestClient) -> None:
    inner = {"rasterFunction": "Stretch", "rasterFunctionArguments": {"StretchType": 5}}
    arguments = {"ColormapName": "Elevation", "Raster": inner}
    rule = {"rasterFunction": "Colormap", "rasterFunctionArguments": arguments}
    found = ask(client, f"{DEM}/legend", renderingRule=rule)["layers"][0]
    assert [entry["label"] for entry in found["legend"]] == ["High : 589.25", "", "Low : 0.25"]
    assert len(set(map(tuple, swatch(found["legend"][0])[0]))) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"where": "1=1"}, 1),
        ({"objectIds": "1,7"}, 1),
        ({"objectIds": "7", "where": "1=1"}, 0),
        ({"geometry": WHOLE, "geometryType": "esriGeometryEnvelope"}, 1),
        ({"geometry": "-180,-90,180,90", "geometryType": "esriGeometryEnvelope", "inSR": "4326"}, 1),
        ({"geometry": "0,0", "geometryType": "esriGeometryPoint"}, 0),
        ({"geometry": "500100,5799100,500200,5799200", "spatialRel": "esriSpatialRelWithin"}, 1),
        ({"geometry": "500100,5799100,500200,5799200", "spatialRel": "esriSpatialRelContains"}, 0),
        ({"where": "OBJECTID > 1"}, 0),
    ],
)
def test_filters_of_a_query(client: TestClient, query: dict[str, Any], count: int) -> None:
    assert ask(client, f"{DEM}/query", **query, returnCountOnly="true") == {"count": count}
    ids = ask(client, f"{DEM}/query", **query, returnIdsOnly="true")
    assert ids == {"objectIdFieldName": "OBJECTID", "objectIds": [1][:count]}


def test_forms_of_a_query(client: TestClient) -> None:
    query = {"where": "1=1", "outSR": "102100", "outFields": "Name,LowPS", "geometryPrecision": "1"}
    found = ask(client, f"{DEM}/query", **query)
    assert found["features"][0]["attributes"] == {"Name": "dem", "LowPS": 10.0}
    assert found["spatialReference"] == {"wkid": 102100, "latestWkid": 3857}
    ring = found["features"][0]["geometry"]["rings"][0]
    assert all(value == round(value, 1) for place in ring for value in place)
    bare = ask(client, f"{DEM}/query", where="1=1", returnGeometry="false")
    assert "geometry" not in bare["features"][0]
    assert ask(client, f"{DEM}/query", where="1=1", resultOffset="1")["features"] == []
    extent = ask(client, f"{DEM}/query", where="1=1", returnExtentOnly="true")
    assert extent == {"count": 1, "extent": {**WHOLE, "spatialReference": REFERENCE}}
    statistic = [{"statisticType": "max", "onStatisticField": "LowPS", "outStatisticFieldName": "top"}]
    grouped = ask(client, f"{DEM}/query", outStatistics=statistic, groupByFieldsForStatistics="Category")
    assert grouped["features"] == [{"attributes": {"Category": 1, "top": 10.0}}]
    distinct = ask(client, f"{DEM}/query", where="1=1", outFields="Tag", returnDistinctValues="true")
    assert distinct["features"] == [{"attributes": {"Tag": "Dataset"}}]
    geojson = client.get(f"{DEM}/query", params={"where": "1=1", "f": "geojson"}).json()
    assert geojson["type"] == "FeatureCollection"
    (west, south), *_ = geojson["features"][0]["geometry"]["coordinates"][0]
    assert (round(west), round(south)) == (15, 52)


@pytest.mark.parametrize(
    ("operation", "query", "detail"),
    [
        ("identify", {"geometry": "a,b"}, "'geometry' parameter is invalid."),
        ("identify", {}, "'geometry' parameter is invalid."),
        ("identify", {"geometry": PLACE, "renderingRules": "[5]"}, "'renderingRules' parameter is invalid."),
        ("identify", {"geometry": PLACE, "pixelSize": "0"}, "'pixelSize' parameter is invalid."),
        ("identify", {"geometry": '{"rings":[[[0,0],[1,1]]]}'}, "'geometry' parameter is invalid."),
        ("getSamples", {"geometry": "1e300,1"}, "'geometry' parameter is invalid."),
        ("getSamples", {"geometry": PLACE, "sampleCount": "0"}, "'sampleCount' parameter is invalid."),
        ("computeHistograms", {"geometry": PLACE}, "'geometry' parameter is invalid."),
        ("computeHistograms", {}, "'geometry' parameter is invalid."),
        ("query", {"spatialRel": "near"}, "'spatialRel' parameter is invalid."),
        ("query", {"outStatistics": "[1]"}, "'outStatistics' parameter is invalid."),
        ("query", {"resultOffset": "-1"}, "'resultOffset' parameter is invalid."),
        ("project", {"geometries": "1,2"}, "'outSR' parameter is invalid."),
        ("measure", {"fromGeometry": PLACE}, "'measureOperation' parameter is invalid."),
        (
            "measure",
            {
                "fromGeometry": '{"xmin":33,"ymin":5814360,"xmax":34,"ymax":5822040,'
                '"spatialReference":{"wkid":4326}}',
                "geometryType": "esriGeometryEnvelope",
                "measureOperation": "esriMensurationAreaAndPerimeter",
            },
            "'fromGeometry' parameter is invalid.",
        ),
    ],
)
def test_what_cannot_be_read(client: TestClient, operation: str, query: dict[str, str], detail: str) -> None:
    error = ask(client, f"{DEM}/{operation}", **query)["error"]
    assert (error["code"], error["message"]) == (400, "Invalid or missing input parameters.")
    assert error["details"] == [detail]


@pytest.mark.parametrize("path", ["2", "2/info", "1/info/ics", "multidimensionalInfo", "colormap"])
def test_what_cannot_be_completed(client: TestClient, path: str) -> None:
    error = client.get(f"{DEM}/{path}", params={"f": "json", "where": "drop table"}).json()["error"]
    assert error == {"code": 400, "message": "Unable to complete operation.", "details": []}


def test_a_clause_that_cannot_be_read_says_why(client: TestClient) -> None:
    error = ask(client, f"{DEM}/query", where="drop table")["error"]
    assert (error["code"], error["message"]) == (400, "Unable to complete operation.")
    assert error["details"] == ["'where' parameter is invalid. There is no field 'drop'."]


@pytest.mark.parametrize(
    "operation",
    ["computeClassStatistics", "computeAngles", "imageToMap", "mapToImage", "add", "download", "file",
     "tilemap/0/0/0/1/1", "1/other", "info/other"],
)  # fmt: skip
def test_what_is_not_offered(client: TestClient, operation: str) -> None:
    error = ask(client, f"{DEM}/{operation}", rasterIds="1", id="dem.tif")["error"]
    message = "Requested operation is not supported by this service."
    assert error == {"code": 400, "message": message, "details": []}


def test_measuring_agrees_with_the_ellipsoid(client: TestClient) -> None:
    start, end = (f"{{x:{x},y:0,spatialReference:{{wkid:4326}}}}" for x in (0, 1))
    query = {"fromGeometry": start, "measureOperation": "esriMensurationDistanceAndAngle"}
    found = ask(client, f"{DEM}/measure", **query, toGeometry=end, linearUnit="esriKilometers")
    # A degree of the equator of WGS 84.
    assert found["distance"]["value"] == pytest.approx(6378.137 * math.pi / 180, rel=1e-9)
    assert found["azimuthAngle"]["value"] == pytest.approx(90.0)
    assert found["distance"]["unit"] == "esriKilometers"
    query = {"fromGeometry": json.dumps(WHOLE), "measureOperation": "esriMensurationAreaAndPerimeter"}
    area = ask(client, f"{DEM}/measure", **query)
    # On the central meridian UTM is 0.9996 of the ground.
    assert area["area"]["value"] == pytest.approx(1e6 / 0.9996**2, rel=1e-5)
    assert area["perimeter"]["value"] == pytest.approx(4000 / 0.9996, rel=1e-5)


def test_an_item_and_its_picture(client: TestClient) -> None:
    bbox = ",".join(map(str, WHOLE.values()))
    query = {"bbox": bbox, "size": "100,100", "f": "image", "format": "png24"}
    item = client.get(f"{RGB}/1/image", params=query)
    assert item.content == client.get(f"{RGB}/exportImage", params=query).content
    statistics = ask(client, f"{RGB}/1/info/statistics")
    assert statistics == ask(client, f"{RGB}/statistics")
    for path in ("1/thumbnail", "info/thumbnail"):
        picture = client.get(f"{RGB}/{path}")
        assert picture.headers["content-type"] == "image/png"
        assert max(Image.open(io.BytesIO(picture.content)).size) <= 200
    metadata = client.get(f"{RGB}/info/metadata")
    assert metadata.headers["content-type"].startswith("text/xml")
    assert "<resTitle>rgb</resTitle>" in metadata.text
    assert ask(client, f"{RGB}/info/iteminfo")["type"] == "Image Service"


def test_downloads_are_of_known_files_only(client: TestClient, tmp_path: Path) -> None:
    listed = ask(client, f"{RGB}/download", rasterIds="1")["rasterFiles"]
    content = (tmp_path / "rgb.tif").read_bytes()
    assert listed == [{"id": "rgb.tif", "size": len(content), "rasterIds": [1]}]
    fetched = client.get(f"{RGB}/file", params={"id": "rgb.tif", "rasterId": "1", "f": "json"})
    assert fetched.content == content
    part = client.get(f"{RGB}/file?id=rgb.tif&f=json", headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, content[2:6])
    for name in ("dem.tif", "../dem.tif", str(tmp_path / "rgb.tif"), "./rgb.tif", "rgb.tif\0"):
        assert "error" in ask(client, f"{RGB}/file", id=name)


def test_the_service_announces_what_answers(client: TestClient) -> None:
    plain, offering, tiled = (ask(client, path) for path in (DEM, RGB, TILED))
    assert plain["capabilities"] == "Image,Metadata,Catalog,Mensuration"
    assert offering["capabilities"].endswith(",Download")
    assert offering["maxDownloadImageCount"] > 0
    assert tiled["capabilities"].endswith(",Tilemap")
    assert "tileInfo" not in plain
    assert plain["serviceSourceType"] == "esriImageServiceSourceTypeDataset"
    listed = ask(client, f"{DEM}/query", where="1=1", outFields="*")["fields"]
    assert [f["name"] for f in plain["fields"] if f["name"] != "Shape"] == [f["name"] for f in listed]


@pytest.mark.parametrize("operation", ["identify", "getSamples", "query", "legend", "measure", "project"])
def test_every_operation_has_a_form(client: TestClient, operation: str) -> None:
    page = client.get(f"{DEM}/{operation}?f=html")
    assert page.headers["content-type"].startswith("text/html")
    assert f'action="{DEM}/{operation}"' in page.text
    shown = client.get(f"{DEM}/1?f=html").text
    assert f'action="{DEM}/1"' in shown
    padded = client.get(f"{DEM}/legend", params={"f": "pjson", "callback": "cb"}).text
    assert padded.startswith("cb({")
