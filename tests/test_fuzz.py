"""Requests that nobody would send: every answer stays in the language of its door.

The quick profile runs with the other tests; `COGPROXY_FUZZ=20000` asks for that many requests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from proxy.arcgis.forms import EXPORT_PARAMETERS
from proxy.arcgis.operations import OPERATIONS
from proxy.arcgis.vocabulary import COMPRESSIONS, FORMATS, INTERPOLATIONS
from proxy.functions.registry import FUNCTIONS
from tests.conftest import DEMO
from tests.doors import client_of

LONG = int(os.environ.get("COGPROXY_FUZZ", "0"))
#: Share of the requests: most of the surface is exportImage.
EXPORTS, OTHERS = (LONG * 3 // 4, LONG // 4) if LONG else (220, 120)
PROFILE: dict[str, Any] = {
    "deadline": None,
    # The same requests every time, so that what fails can be looked at; the long profile takes a seed.
    "derandomize": not LONG,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
SERVICES = ("bluemarble", "elevation", "sentinel2", "landcover")
#: Seconds after which a render is given up; no answer may take longer, but for the time to say so.
DEADLINE, LEEWAY = 20.0, 5.0
MAX_ERROR = 750
PIXEL_TYPES = next(known.choices for known in EXPORT_PARAMETERS if known.name == "pixelType")

#: Resources that answer with a picture or a file, or with a plain status, as map libraries expect.
PLAIN = ("tile", "file", "thumbnail", "1/thumbnail", "info/thumbnail")

IMAGE_TYPES = {
    "image/png", "image/jpeg", "image/gif", "image/bmp", "image/tiff", "image/tiff; application=geotiff",
    "application/octet-stream", "application/vnd.google-earth.kmz", "image/webp",
}  # fmt: skip
SIGNATURES = {
    "image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/bmp": b"BM",
    "application/vnd.google-earth.kmz": b"PK\x03\x04",
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    listed = [
        {"name": name, "source": str(DEMO / f"{name}.tif"), "limits": {"max_width": 512, "max_height": 512}}
        for name in SERVICES
    ]
    with client_of(*listed, render={"threads": 1, "seconds": DEADLINE}) as found:
        yield found


junk = st.one_of(
    st.text(max_size=12),
    st.sampled_from([
        "", " ", "NaN", "Infinity", "-inf", "null", "{}", "[]", "{", "0", "-1", "1e400", "1e308", "true",
        "﻿", "\x00", "١٢", "$$", "{\"a\":", "[[[[[[", "9" * 400, "<script>", "%", "../..", "1,2", "None",
    ]),
)  # fmt: skip
number = st.one_of(
    st.integers(-200, 200).map(float),
    st.floats(-180, 180),
    st.sampled_from([0.0, -0.0, 1e-300, 1e300, 2e7, -2e7, 20037508.34, 90.0, -90.0, 180.0, 360.0, 5814360.0]),
    st.floats(allow_nan=True, allow_infinity=True),
)
#: Boxes that show something of one of the services.
good_boxes = st.sampled_from([
    "-180,-90,180,90", "170,-40,190,40", "-119,37,-118.5,37.5", "330000,5814360,345360,5822040",
    "-20037508,-20037508,20037508,20037508", "301903,4111244,335735,4154086", "12.5,52.45,12.7,52.5",
    "-13256215,4434930,-13156215,4534930",
])  # fmt: skip
box = st.one_of(
    good_boxes,
    good_boxes,
    st.lists(number, min_size=3, max_size=5).map(lambda values: ",".join(map(repr, values))),
    st.lists(number, min_size=4, max_size=4).map(
        lambda v: json.dumps({"xmin": v[0], "ymin": v[1], "xmax": v[2], "ymax": v[3],
                              "spatialReference": {"wkid": 4326}})
    ),
    junk,
)  # fmt: skip
references = st.one_of(
    st.sampled_from([
        "", "4326", "3857", "102100", "900913", "32633", "5070", "102067", "54009", "3031", "28992", "84",
        '{"wkid":4326}', '{"wkid":102100,"latestWkid":3857}', '{"latestWkid":3857}', '{"wkt":"junk"}',
        "{wkid: 4326}", "EPSG:3857", "0", "-1", "999999", "4979", "5773", '{"wkid":"a"}', '{"wkid":null}',
        '{"wkid":[1]}', "[4326]", 'GEOGCS["x"]', "2154", "3413", "102113",
    ]),
    junk,
)  # fmt: skip
sizes = st.one_of(
    st.tuples(st.integers(1, 64), st.integers(1, 64)).map(lambda pair: f"{pair[0]},{pair[1]}"),
    st.sampled_from(["", "1,1", "16.5,20.49", "0,0", "-5,5", "513,10", "300,200", "1e9,1e9", "64", "1,2,3"]),
    junk,
)
ARGUMENTS = sorted({argument.name for function in FUNCTIONS for argument in function.arguments})
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 300), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6), st.sampled_from(["$$", "$1", "b1+b2", "1 2 3", "b1/0", "NDVI3", "esriHSVAlgorithm"]),
    st.lists(st.integers(-3, 300), max_size=6), st.just({}),
    st.lists(st.lists(st.integers(0, 300), max_size=5), max_size=4),
)  # fmt: skip


def nodes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.one_of(
        st.sampled_from([function.name for function in FUNCTIONS]), st.sampled_from(["None", "", "Nowhere"])
    )
    outputs = st.sampled_from(["U8", "F32", "?"])
    arguments = st.dictionaries(st.sampled_from(ARGUMENTS), st.one_of(scalars, inner), max_size=4)
    return st.fixed_dictionaries(
        {"rasterFunction": names},
        optional={
            "rasterFunctionArguments": arguments,
            "outputPixelType": outputs,
        },
    )


rules = st.one_of(
    nodes(scalars).flatmap(lambda _: nodes(nodes(scalars))).map(json.dumps),
    nodes(scalars).map(json.dumps),
    st.just('{"rasterFunction":"None"}'),
    junk,
)
numeric_lists = st.lists(number, max_size=5).map(lambda values: ",".join(map(repr, values)))
values: dict[str, st.SearchStrategy[str]] = {
    "bbox": box,
    "bboxSR": references,
    "imageSR": references,
    "size": sizes,
    "adjustAspectRatio": st.sampled_from(["true", "false", "True", "maybe"]),
    "validateExtent": st.sampled_from(["true", "false", "2"]),
    "format": st.one_of(st.sampled_from([*FORMATS, "PNG32", "webp", "nonsense"]), junk),
    "pixelType": st.one_of(st.sampled_from([*PIXEL_TYPES]), junk),
    "noData": st.one_of(numeric_lists, st.sampled_from(["0", "nan", "0,0,0", "[1,2]"]), junk),
    "noDataInterpretation": st.sampled_from(["esriNoDataMatchAny", "esriNoDataMatchAll", "x"]),
    "interpolation": st.one_of(st.sampled_from([f"RSP_{name}" for name in INTERPOLATIONS]), junk),
    "compression": st.one_of(st.sampled_from([*COMPRESSIONS]), junk),
    "compressionQuality": st.one_of(st.integers(-10, 200).map(str), junk),
    "compressionTolerance": st.one_of(st.floats(-1, 10).map(repr), junk),
    "lercVersion": st.sampled_from(["1", "2", "3", "x"]),
    "bandIds": st.one_of(st.sampled_from(["0", "0,1,2", "2,1,0", "3", "0,0,0,0,0", "-1", "1.5"]), junk),
    "renderingRule": rules,
    "mosaicRule": st.one_of(
        st.sampled_from(['{"mosaicMethod":"esriMosaicNone"}', '{"where":"1=1"}', "[1]"]), junk
    ),
    "time": st.one_of(st.sampled_from(["1199145600000", "null,null", "2020-01-01", "1,2,3"]), junk),
    "sliceId": st.one_of(st.integers(-3, 30).map(str), junk),
}
forms = st.sampled_from(["image", "image", "image", "image", "json", "pjson", "html", "kmz", "x", ""])
points = st.one_of(
    st.sampled_from(['{"x":12.6,"y":52.49,"spatialReference":{"wkid":4326}}', "-118.5,37.5",
                     '{"points":[[0,0],[1,1]]}', '{"rings":[[[0,0],[0,10],[10,10],[0,0]]]}',
                     '{"paths":[[[0,0],[5,5]]]}', '{"rings":[]}', '{"points":[]}', '{"rings":[[[0,0]]]}',
                     '{"rings":[[["a","b"]]]}', '{"x":null,"y":1}', '{"x":"NaN","y":"NaN"}',
                     '{"xmin":-10,"ymin":-10,"xmax":10,"ymax":10}', '{"paths":[[[0,0]]]}']),
    st.tuples(number, number).map(lambda pair: f"{pair[0]!r},{pair[1]!r}"),
    box,
)  # fmt: skip
more: dict[str, st.SearchStrategy[str]] = {
    "geometry": points,
    "fromGeometry": points,
    "toGeometry": points,
    "geometries": st.one_of(
        points.map(lambda text: f'{{"geometryType":"esriGeometryPoint","geometries":[{text}]}}'), points
    ),
    "geometryType": st.sampled_from([
        "esriGeometryPoint", "esriGeometryMultipoint", "esriGeometryPolyline", "esriGeometryPolygon",
        "esriGeometryEnvelope", "point", "",
    ]),
    "pixelSize": st.one_of(st.sampled_from(["3,3", "100", '{"x":1,"y":1}', "0", "-1", "1e-9,1e-9"]), junk),
    "sampleCount": st.one_of(st.sampled_from(["1", "5", "1e9", "-1", "0"]), junk),
    "sampleDistance": st.one_of(st.sampled_from(["100", "1e-9", "0", "-3"]), junk),
    "where": st.one_of(
        st.sampled_from(["1=1", "OBJECTID > 0", "OBJECTID IN (1,2)", "Name LIKE '%'", "'", "1="]), junk
    ),
    "outFields": st.one_of(st.sampled_from(["*", "OBJECTID,Name", "nothing"]), junk),
    "objectIds": st.one_of(st.sampled_from(["1", "1,2", "-1", "a"]), junk),
    "orderByFields": st.one_of(st.sampled_from(["OBJECTID DESC", "x"]), junk),
    "returnGeometry": st.sampled_from(["true", "false"]),
    "returnCountOnly": st.sampled_from(["true", "false"]),
    "returnIdsOnly": st.sampled_from(["true", "false"]),
    "returnExtentOnly": st.sampled_from(["true", "false"]),
    "resultOffset": st.one_of(st.sampled_from(["0", "5", "-1", "1e99"]), junk),
    "resultRecordCount": st.one_of(st.sampled_from(["0", "5", "-1"]), junk),
    "outSR": references,
    "inSR": references,
    "rasterIds": st.one_of(st.sampled_from(["1", "1,2", "0"]), junk),
    "measureOperation": st.one_of(
        st.sampled_from(["esriMensurationPoint", "esriMensurationDistanceAndAngle",
                         "esriMensurationAreaAndPerimeter", "esriMensurationCentroid"]), junk
    ),
    "renderingRules": st.one_of(rules.map(lambda text: f"[{text}]"), junk),
    "id": junk,
    "callback": st.sampled_from(["", "cb", "alert(1)"]),
}  # fmt: skip


def checked(client: TestClient, path: str, form: dict[str, str], post: bool = False) -> None:
    """Send a request and hold the answer against the rules of the door."""
    response = client.post(path, data=form) if post else client.get(path, params=form)
    what = (path, form, response.status_code, response.content[:300])
    if path.lower().rsplit("imageserver/", 1)[-1].startswith(PLAIN):
        assert response.status_code in (200, 400, 404, 422), what
    else:
        assert response.status_code == 200, what
    assert response.elapsed.total_seconds() < DEADLINE + LEEWAY, what
    assert b"Traceback (most recent" not in response.content, what
    kind = response.headers["content-type"].split(";")[0].strip()
    if kind in ("application/json", "application/javascript"):
        text = response.text
        if kind == "application/javascript":
            text = text[text.index("(") + 1 : text.rindex(")")]
        document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in {what}"))
        if "error" in document:
            error = document["error"]
            assert len(response.content) <= MAX_ERROR, what
            # Code 500 with nothing to say is what an unforeseen failure becomes.
            assert error["code"] != 500 or error["details"], what
    elif kind in SIGNATURES:
        assert response.content.startswith(SIGNATURES[kind]), what
    elif kind == "image/tiff":
        assert response.content[:2] in (b"II", b"MM"), what
    else:
        assert kind in IMAGE_TYPES | {"text/html", "text/plain", "application/xml", "text/xml"}, what
        assert response.content, what


def chosen(of: dict[str, st.SearchStrategy[str]], always: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    required = {name: of[name] for name in always}
    return st.fixed_dictionaries(required, optional={k: v for k, v in of.items() if k not in required})


def test_every_documented_parameter_is_tried() -> None:
    assert {parameter.name for parameter in EXPORT_PARAMETERS} <= set(values)


@settings(max_examples=EXPORTS, **PROFILE)
@given(
    service=st.sampled_from(SERVICES),
    form=chosen(values, ("bbox", "size")),
    answer=forms,
    post=st.booleans(),
)
def test_export_image_answers_anything(
    client: TestClient, service: str, form: dict[str, str], answer: str, post: bool
) -> None:
    path = f"/arcgis/rest/services/{service}/ImageServer/exportImage"
    checked(client, path, {**form, "f": answer}, post)


PATHS = st.one_of(
    st.sampled_from(sorted(OPERATIONS)),
    st.sampled_from(["", "1", "1/info", "2", "-1", "tile/0/0/0", "tile/a/b/c", "tile/30/99/99", "nothing",
                     "1/thumbnail", "tilemap/0/0/0/8/8", "info/thumbnail", "info/metadata", "%20"]),
)  # fmt: skip


@settings(max_examples=OTHERS, **PROFILE)
@given(
    service=st.sampled_from(SERVICES),
    path=PATHS,
    form=chosen({**values, **more}),
    answer=st.sampled_from(["json", "pjson", "html", "image", ""]),
    post=st.booleans(),
)
def test_every_operation_answers_anything(
    client: TestClient, service: str, path: str, form: dict[str, str], answer: str, post: bool
) -> None:
    checked(client, f"/arcgis/rest/services/{service}/ImageServer/{path}", {**form, "f": answer}, post)


XYZ: dict[str, st.SearchStrategy[str]] = {
    "bands": st.one_of(st.sampled_from(["1", "B1", "9", "1,2,3", "Red"]), junk),
    "style": junk,
    "interpolation": junk,
    "nodata": junk,
    "quality": junk,
}


@settings(max_examples=max(60, LONG // 20), **PROFILE)
@given(
    service=st.sampled_from([*SERVICES, "nothing"]),
    zoom=st.integers(-1, 26),
    x=st.integers(-1, 9),
    y=st.integers(-1, 9),
    ending=st.sampled_from(["", ".png", ".jpg", ".webp", "@2x.png", ".exe"]),
    form=chosen(XYZ),
)
def test_tiles_answer_anything(
    client: TestClient, service: str, zoom: int, x: int, y: int, ending: str, form: dict[str, str]
) -> None:
    response = client.get(f"/tiles/{service}/{zoom}/{x}/{y}{ending}", params=form)
    assert response.status_code in (200, 204, 400, 404, 413), (response.status_code, response.content[:300])
    assert "Traceback" not in response.text if response.status_code >= 400 else True


AD_HOC: dict[str, st.SearchStrategy[str]] = {
    "expression": st.one_of(
        st.sampled_from(["b1", "b1/b2", "1/0", "B08-B04", "where(b1>0,b1,0)", "b1**99", "-b1", "sqrt(-b1)"]),
        st.text("b1234()+-*/.,<>=&|^%!~e ", max_size=16),
        junk,
    ),
    "rescale": st.one_of(
        st.sampled_from(["0,1", "1,0", "0,1,0", "0,255,0,9", "-1e308,1e308", "0,1e-320", ","]), junk
    ),
    "colormap": st.one_of(st.sampled_from(["viridis", "RdYlGn_r", "Surface", "NDVI", "VIRIDIS", "_r"]), junk),
    "encoding": st.one_of(st.sampled_from(["terrarium", "terrainrgb", "Terrain-RGB"]), junk),
    "bands": st.sampled_from(["1", "2,1", "9"]),
    "style": st.sampled_from(["None", "slope_map"]),
}
GROUND = {
    "elevation": "10/174/397",
    "sentinel2": "12/2191/1343",
    "bluemarble": "1/0/0",
    "landcover": "8/48/99",
}


@settings(max_examples=max(120, LONG // 20), **PROFILE)
@given(
    service=st.sampled_from(SERVICES),
    ending=st.sampled_from([".png", ".jpg", ".tif", "", "tilejson.json"]),
    form=chosen(AD_HOC),
)
def test_styles_in_the_query_answer_anything(
    client: TestClient, service: str, ending: str, form: dict[str, str]
) -> None:
    place = ending if ending == "tilejson.json" else GROUND[service] + ending
    response = client.get(f"/tiles/{service}/{place}", params=form)
    assert response.status_code in (200, 400, 404), (response.status_code, response.content[:300])
    if response.status_code >= 400:
        assert response.headers["content-type"].startswith("text/plain")


def test_the_profile_sees_pictures(client: TestClient) -> None:
    """Not everything that is tried is refused: a plain request through the same checks is a picture."""
    answer = client.get(
        "/arcgis/rest/services/elevation/ImageServer/exportImage",
        params={
            "bbox": "-119,37,-118.5,37.5",
            "size": "20,20",
            "format": "bsq",
            "pixelType": "F32",
            "f": "image",
        },
    )
    assert np.frombuffer(answer.content[: 20 * 20 * 4], "<f4").min() > 500
