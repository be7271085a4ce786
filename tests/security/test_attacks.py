"""What attackers send, through every door: refused, in the language of the door, and cheaply."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import rasterio
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.doors import client_of
from tests.range_server import range_server

LAND = DEMO / "landcover.tif"
REST = "/arcgis/rest/services"
EXPORT = f"{REST}/landcover/ImageServer/exportImage"
QUERY = f"{REST}/landcover/ImageServer/query"
BBOX = {"bbox": "-113.1,37.2,-113,37.3", "bboxSR": "4326", "size": "32,32", "f": "image"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(LAND) as found:
        yield found


def esri_error(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert len(answer.content) <= 750
    assert "Traceback" not in answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/..%2f..%2fetc%2fpasswd/0/0/0.png",
        "/tiles/landcover/..%2f..%2f..%2fetc%2fpasswd",
        "/tiles/%2e%2e/%2e%2e/etc/passwd",
        "/static/x/..%2f..%2f..%2fconfig.yaml",
        "/static/x/%2e%2e/%2e%2e/%2e%2e/app.py",
        "/static/..%2f..%2fapp.py/map.js",
        "/view/..%2f..%2fetc%2fpasswd",
        "/arcgis/rest/static/..%2f..%2froutes.py",
        "/arcgis/rest/directories/arcgisoutput/landcover_ImageServer/..%2f..%2f..%2fetc%2fpasswd",
        "/arcgis/rest/directories/arcgisoutput/..%2f..%2fetc_ImageServer/_ags_aaaaaaaaaaaaaaaaaaaaaaaa.png",
        "/tiles/landcover/file:%2f%2f%2fetc%2fpasswd/0/0/0.png",
        "/tiles//etc/passwd",
        "/tiles/landcover%00.png/0/0/0.png",
    ],
)
def test_paths_lead_nowhere_else(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text
    assert "import" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/..%2f..%2fetc/passwd/ImageServer?f=json", "/a/b/c/d/ImageServer?f=json", "/%00/ImageServer?f=json"],
)
def test_names_of_services_are_names(client: TestClient, path: str) -> None:
    assert esri_error(client.get(REST + path))["code"] == 404


@pytest.mark.parametrize(
    "rule",
    [
        '{"rasterFunction":"Clip","rasterFunctionArguments":' + '{"Raster":' * 5000 + "1" + "}" * 5001,
        "[" * 100_000,
        '{"a":' * 50_000,
        json.dumps({"rasterFunction": "x" * 500_000}),
        "{" + ",".join(f'"{number}":1' for number in range(200_000)) + "}",
        '{"rasterFunction":"' + "\\u0000" * 1000 + '"}',
    ],
)
@pytest.mark.parametrize("name", ["renderingRule", "mosaicRule", "bbox", "geometry"])
def test_deep_and_large_json(client: TestClient, rule: str, name: str) -> None:
    form = BBOX | {name: rule}
    path = f"{REST}/landcover/ImageServer/identify" if name == "geometry" else EXPORT
    if name == "geometry":
        form |= {"geometryType": "esriGeometryPoint", "f": "json"}
    answer = client.post(path, data=form)
    if name == "mosaicRule" and answer.headers["content-type"].startswith("image/"):
        # JSON that is none too deep, with nothing in it that a mosaic rule knows, chooses everything.
        assert json.loads(rule)
        return
    assert esri_error(answer)["code"] == 400


def test_forms_have_an_end(client: TestClient) -> None:
    assert esri_error(client.post(EXPORT, data=BBOX | {"a": "x" * 5_000_000}))["code"] == 400
    many = {f"field{number}": "1" for number in range(300)}
    assert esri_error(client.post(EXPORT, data=BBOX | many))["code"] == 400


@pytest.mark.parametrize(
    "where",
    [
        "1=1; DROP TABLE items",
        "1=1; --",
        "OBJECTID IN (SELECT 1)",
        "OBJECTID = 1 UNION SELECT * FROM sqlite_master",
        "1=1 OR load_extension('x')",
        "Name LIKE '" + "%a" * 2000 + "'",
        "Name LIKE '" + "_%" * 40 + "b' ESCAPE '",
        "(" * 5000 + "1=1" + ")" * 5000,
        "1=1" + " OR 1=1" * 20000,
        "OBJECTID = 0x7fffffffffffffffffff",
        "Name = 'a' AND (SELECT randomblob(1000000000))",
        "PRAGMA database_list",
        "Name = ''''; ATTACH DATABASE '/tmp/x' AS y",
        "Name = 'a\0'; DROP TABLE x",
    ],
)
def test_where_is_no_way_into_a_database(client: TestClient, where: str) -> None:
    answer = client.post(QUERY, data={"where": where, "f": "json", "outFields": "*"})
    if "error" in answer.json():
        assert esri_error(answer)["code"] == 400
    else:
        # Understood as a comparison, and answered as one.
        assert "LIKE" in where
        assert len(answer.json()["features"]) <= 1


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "b1.__class__",
        "(" * 500 + "b1" + ")" * 500,
        "b1+" * 5000 + "b1",
        "[b1 for b1 in (1,)]",
        "(lambda: b1)()",
        "open('/etc/passwd')",
    ],
)
def test_expressions_are_arithmetic(client: TestClient, expression: str) -> None:
    answer = client.get(f"/tiles/landcover/10/190/397.png?expression={quote(expression, safe='')}")
    assert answer.status_code == 400
    rule = {
        "rasterFunction": "BandArithmetic",
        "rasterFunctionArguments": {"Method": 0, "BandIndexes": expression},
    }
    assert esri_error(client.post(EXPORT, data=BBOX | {"renderingRule": json.dumps(rule)}))["code"] == 400


@pytest.mark.parametrize("expression", ["b1" + "**b1" * 30, "9**9**9**9"])
def test_powers_are_those_of_floats(client: TestClient, expression: str) -> None:
    # Python's own integers would not come to an end.
    assert client.get(f"/tiles/landcover/10/190/397.png?expression={quote(expression)}").status_code == 200


@pytest.mark.parametrize(
    "callback",
    [
        "alert(1)",
        "a;b",
        "a//",
        "</script><script>alert(1)</script>",
        "a\r\nSet-Cookie: x=1",
        "a" * 200,
        "a b",
        "ä",
        "1a",
        "a\u2028b",
        "a`b`",
    ],
)
def test_callbacks_are_names(client: TestClient, callback: str) -> None:
    for path in (REST, f"{REST}/landcover/ImageServer", "/arcgis/rest/info"):
        answer = client.get(path, params={"f": "json", "callback": callback})
        error = esri_error(answer)
        assert error["code"] == 400
        assert callback not in answer.text
        assert "set-cookie" not in answer.headers


def test_a_callback_is_a_script_of_its_own_type_only(client: TestClient) -> None:
    answer = client.get(REST, params={"f": "json", "callback": "dojo.io.cb[0]"})
    assert answer.headers["content-type"].startswith("application/javascript")
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Pictures are never wrapped, whatever is asked.
    picture = client.get(EXPORT, params=BBOX | {"callback": "steal"})
    assert picture.headers["content-type"].startswith("image/")


SPLIT = "a\r\nX-Evil: 1\r\n\r\n<script>"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/tiles/landcover/tilejson.json?style={quote(SPLIT)}", {}),
        (f"/tiles/landcover/tilejson.json?x={quote(SPLIT)}", {}),
        (f"/tiles/{quote(SPLIT)}/0/0/0.png", {}),
        (f"/view/{quote(SPLIT)}", {}),
        (f"{REST}/landcover/ImageServer?f={quote(SPLIT)}", {}),
        ("/arcgis/rest", {"X-Forwarded-Host": "evil.example\\r\\nX-Evil: 1"}),
        ("/arcgis/rest", {"X-Forwarded-Prefix": "//evil.example/"}),
        ("/arcgis/rest", {"X-Forwarded-Host": "evil.example/@"}),
        ("/healthz", {"X-Request-ID": "a b"}),
        ("/healthz", {"X-Request-ID": "a" * 200}),
        ("/healthz", {"X-Request-ID": '"><script>'}),
    ],
)
def test_no_header_can_be_put_in(client: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers, follow_redirects=False)
    assert "x-evil" not in answer.headers
    assert "<script>alert" not in answer.text
    for name, value in answer.headers.items():
        assert "evil" not in value, name
        assert not {"\r", "\n"} & set(value), name
    assert answer.headers["x-request-id"] != headers.get("X-Request-ID")


def test_what_is_sent_is_escaped_where_it_is_shown(client: TestClient) -> None:
    script = "<script>alert(1)</script>"
    for path in (
        f"/view/{quote(script)}",
        f"{REST}/landcover/ImageServer/exportImage?f=html&bbox={quote(script)}",
        f"{REST}/{quote(script)}?f=html",
        f"/view/landcover?style={quote(script)}",
    ):
        answer = client.get(path)
        assert script not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "referrer-policy" in answer.headers


@pytest.mark.parametrize(
    "size", ["999999999,1", "1,999999999", "100000,100000", "-1,-1", "1e9,1e9", "nan,nan", "0x10,5"]
)
def test_sizes_beyond_reason(client: TestClient, size: str) -> None:
    assert esri_error(client.get(EXPORT, params=BBOX | {"size": size}))["code"] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/landcover/10/190/397@99x.png",
        "/tiles/landcover/99999999999999999999/0/0.png",
        "/tiles/landcover/9/-1/5.png",
        "/tiles/landcover/9/1e3/5.png",
        "/tiles/landcover/10/190/397.exe",
    ],
)
def test_tiles_beyond_reason(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_unknown_credentials_of_any_form(client: TestClient) -> None:
    for value in ("", "Bearer", "Bearer ", "Basic eHg6eHg=", "Bearer " + "x" * 8000, "Bearer \xff\xfe"):
        raw = value.encode("latin-1")
        assert (
            client.get("/tiles/landcover/10/190/397.png", headers={"Authorization": raw}).status_code == 200
        )


# --- Rasters made to harm -------------------------------------------------------------------------


def tiff(
    width: int, height: int, tile: int, data: bytes, compression: int = 8, tiles: int | None = None
) -> bytes:
    """A TIFF of one band whose tiles all lie in the same bytes, placed around Greenwich."""
    count = -(-width // tile) * -(-height // tile) if tiles is None else tiles
    geo = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326)
    scale = struct.pack("<3d", 10 / width, 10 / height, 0)
    tie = struct.pack("<6d", 0, 0, 0, 0, 10, 0)
    first = 8 + 2 + 14 * 12 + 4
    places = [first, first + len(geo), first + len(geo) + len(scale)]
    index = places[2] + len(tie)
    body = index + (8 * count if count > 1 else 0)
    offsets = index if count > 1 else body
    lengths = index + 4 * count if count > 1 else len(data)
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1),
        (277, 3, 1, 1), (322, 4, 1, tile), (323, 4, 1, tile), (324, 4, count, offsets),
        (325, 4, count, lengths), (339, 3, 1, 1), (33550, 12, 3, places[1]), (33922, 12, 6, places[2]),
        (34735, 3, 16, places[0]),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    table = struct.pack(f"<{count}I", *[body] * count) + struct.pack(f"<{count}I", *[len(data)] * count)
    head = b"II*\0" + struct.pack("<I", 8) + directory + b"\0" * 4 + geo + scale + tie
    return head + (table if count > 1 else b"") + data


def test_the_maker_of_tiffs_makes_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "good.tif"
    path.write_bytes(tiff(512, 512, 256, zlib.compress(b"\7" * 65536)))
    with rasterio.open(path) as file:
        assert (file.read(1) == 7).all()
        assert file.crs.to_epsg() == 4326


def bomb() -> bytes:
    """100 kB that become 100 MB where 64 kB should be."""
    return tiff(256, 256, 256, zlib.compress(b"\0" * 100_000_000, 9))


BAD_TIFFS = {
    "a block that grows": bomb(),
    "more tiles than bytes": tiff(2**31 - 1, 2**31 - 1, 256, b"", tiles=1),
    "a block of the size of a country": tiff(60_000, 60_000, 60_000, zlib.compress(b"\0" * 1000)),
    "blocks of nothing": tiff(512, 512, 256, b""),
    "a block that lies": tiff(256, 256, 256, b"\xff" * 500),
    "lengths beyond the end": tiff(256, 256, 256, zlib.compress(b"\1" * 65536))[:-40],
}


@pytest.mark.parametrize("name", BAD_TIFFS)
@pytest.mark.parametrize("ad_hoc", [False, True])
def test_rasters_made_to_harm(tmp_path: Path, name: str, ad_hoc: bool) -> None:
    content = BAD_TIFFS[name]
    tracemalloc.start()
    try:
        if ad_hoc:
            with range_server() as server:
                url = server.put("cogs/bad.tif", content)
                settings = {"prefixes": [f"{server.url}/cogs/"], "private": True}
                with client_of(LAND, open=settings) as client:
                    answer = client.get(f"/tiles/open/6/32/31.png?url={quote(url, safe='')}")
        else:
            path = tmp_path / "bad.tif"
            path.write_bytes(content)
            with client_of(path) as client:
                answer = client.get("/tiles/bad/6/32/31.png")
                document = client.get(f"{REST}/bad/ImageServer?f=json").json()
                assert "error" in document or document["name"] == "bad"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if name == "blocks of nothing":
        assert answer.status_code == 200
    else:
        assert answer.status_code == 502
        assert answer.text.startswith(("The source could not be", "Its blocks are"))
    # An array is counted here; 64 MB are the most that a block may have.
    assert peak < 200e6


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.tif"
    path.write_bytes(tiff(200_000, 200_000, 4096, zlib.compress(b"\1" * 4096 * 4096)))
    with client_of({"name": "wide", "source": str(path)}) as client:
        answer = client.get("/tiles/wide/0/0/0.png")
        assert answer.status_code == 413
        error = esri_error(client.get(f"{REST}/wide/ImageServer/exportImage?bbox=0,0,10,10&f=image"))
        assert error["code"] == 400


def test_side_files_do_not_read_for_others(tmp_path: Path) -> None:
    """A VRT with a program in it, as the source of a service."""
    flag = tmp_path / "ran"
    vrt = tmp_path / "evil.vrt"
    vrt.write_text(
        f"""<VRTDataset rasterXSize="4" rasterYSize="4"><SRS>EPSG:4326</SRS>
<GeoTransform>0,1,0,4,0,-1</GeoTransform><VRTRasterBand dataType="Byte" band="1"
subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType>
<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode><![CDATA[
import pathlib
def f(*a, **k): pathlib.Path({str(flag)!r}).touch()
]]></PixelFunctionCode></VRTRasterBand></VRTDataset>"""
    )
    with client_of(vrt) as client:
        client.get("/tiles/evil/0/0/0.png")
    assert not flag.exists()


def test_boxes_that_are_none(client: TestClient) -> None:
    for text in (
        "1e400,0,1,1",
        "-inf,0,1,1",
        "nan,nan,nan,nan",
        ",,,",
        "1,2,3",
        "0,0,0,0",
        "9" * 400 + ",0,1,1",
    ):
        assert esri_error(client.get(EXPORT, params=BBOX | {"bbox": text}))["code"] == 400
