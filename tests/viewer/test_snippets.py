from __future__ import annotations

import ast
import html
import json
import re
import shlex
import shutil
import subprocess
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from proxy.viewer.addresses import addresses
from proxy.viewer.facts import Facts
from proxy.viewer.snippet_pages import js, python
from proxy.viewer.snippets import Snippet, centre, centre_tile, snippets, tms_xml
from tests.viewer.conftest import MakeFacts

BASE = "https://example.org"
TILES = f"{BASE}/tiles/dem/valley"
SERVER = f"{BASE}/arcgis/rest/services/dem/valley/ImageServer"
NASTY = "'\"</script><script>alert(1)</script>\u2028${x}"


def written(facts: Facts, rendering: str = "") -> dict[str, Snippet]:
    return {snippet.key: snippet for snippet in snippets(BASE, "arcgis", facts, rendering)}


def text_of(snippet: Snippet) -> str:
    return "\n".join(part.text for part in snippet.parts)


@pytest.mark.parametrize(
    ("key", "fragments"),
    [
        (
            "leaflet",
            [f'L.tileLayer("{TILES}/{{z}}/{{x}}/{{y}}{{r}}.png?style=Tinted%20relief"', "[[52.33, 15.0]"],
        ),
        ("openlayers", [f'url: "{TILES}/{{z}}/{{x}}/{{y}}@2x.png?style=Tinted%20relief"', "maxZoom: 14"]),
        (
            "maplibre",
            [f'url: "{TILES}/tilejson.json?style=Tinted%20relief"', "[[15.0, 52.33], [15.03, 52.34]]"],
        ),
        ("esri-leaflet", [f'url: "{SERVER}"', 'renderingRule: {"rasterFunction": "Tinted relief"}']),
        (
            "arcgis-js",
            [f'url: "{SERVER}"', 'rasterFunction: { functionName: "Tinted relief" }', "xmin: 15.0"],
        ),
        (
            "qgis",
            [f"{TILES}/{{z}}/{{x}}/{{y}}.png?style=Tinted%20relief\n", f"{BASE}/arcgis/rest/services\n"],
        ),
        (
            "gdal",
            [f"{TILES}/${{z}}/${{x}}/${{y}}.png?style=Tinted%20relief<", "gdal_translate -projwin 15 52.34"],
        ),
        ("curl", [f"{TILES}/tilejson.json?style=Tinted%20relief", f"{TILES}/point/15.015000,52.335000"]),
    ],
)
def test_snippets_name_the_rendering(make_facts: MakeFacts, key: str, fragments: list[str]) -> None:
    text = text_of(written(make_facts(), "Tinted relief")[key])
    for fragment in fragments:
        assert fragment in text


@pytest.mark.parametrize(
    "key", ["leaflet", "openlayers", "maplibre", "esri-leaflet", "arcgis-js", "qgis", "gdal", "curl"]
)
def test_default_rendering_stays_unnamed(make_facts: MakeFacts, key: str) -> None:
    text = text_of(written(make_facts(), "Natural")[key])
    assert "style=" not in text.replace("<style", "")
    assert not re.search("renderingRule|rasterFunction|functionName", text)


@pytest.mark.parametrize("key", ["leaflet", "openlayers", "maplibre", "esri-leaflet", "arcgis-js"])
def test_pages_hold_nasty_words_as_text(make_facts: MakeFacts, key: str) -> None:
    facts = make_facts(title=NASTY, attribution=NASTY)
    [part] = written(facts)[key].parts
    assert "<script>alert" not in part.text
    assert f"<title>{html.escape(NASTY)}</title>" in part.text
    assert part.text.count("<script>\n") == part.text.count("\n</script>") == 1
    if match := re.search(r"attributions?: (\".*\")", part.text):
        # The library takes the decoded string for markup, so what it decodes must be escaped again.
        assert html.unescape(json.loads(match[1])) == NASTY
        assert "<" not in json.loads(match[1])


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("key", ["leaflet", "openlayers", "maplibre", "esri-leaflet", "arcgis-js"])
def test_scripts_of_pages_are_javascript(make_facts: MakeFacts, key: str) -> None:
    [part] = written(make_facts(title=NASTY, attribution=NASTY), "Tinted relief")[key].parts
    script = part.text.split("<script>\n")[1].split("\n</script>")[0]
    done = subprocess.run(["node", "--check", "-"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_tms_xml(make_facts: MakeFacts) -> None:
    facts = make_facts()
    root = ElementTree.fromstring(tms_xml(addresses(BASE + "/a&b", "arcgis", facts, "Tinted relief"), facts))
    assert root.findtext("Service/ServerUrl") == (
        f"{BASE}/a&b/tiles/dem/valley/${{z}}/${{x}}/${{y}}.png?style=Tinted%20relief"
    )
    assert root.findtext("DataWindow/TileLevel") == "14"
    assert float(root.findtext("DataWindow/LowerRightX") or 0) == pytest.approx(20037508.342789244)


def test_gdal_reads_the_file(make_facts: MakeFacts) -> None:
    rasterio = pytest.importorskip("rasterio")
    facts = make_facts()
    with rasterio.open(tms_xml(addresses(BASE, "arcgis", facts), facts)) as tiles:
        assert tiles.count == 4
        assert tiles.crs.to_epsg() == 3857
        assert tiles.width == 256 * 2**14


def test_export_keeps_the_shape_of_the_extent(make_facts: MakeFacts) -> None:
    command = shlex.split(written(make_facts())["gdal"].parts[2].text.splitlines()[0])
    assert command[:3] == ["curl", "-fo", "valley.tif"]
    query = parse_qs(urlsplit(command[3]).query)
    assert query["bbox"] == ["500000,5799000,502000,5800000"]
    assert query["size"] == ["1024,512"]


@pytest.mark.parametrize("name", ["a b", "x;rm -rf", "$(boom)", "quo'te"])
def test_commands_are_quoted(make_facts: MakeFacts, name: str) -> None:
    for part in written(make_facts(name=name))["curl"].parts:
        command = shlex.split(part.text)
        assert command[0] == "curl"
        assert len(command) in (2, 4)
        assert command[-1].startswith(BASE)


def test_qgis_console_line_is_python(make_facts: MakeFacts) -> None:
    line = written(make_facts(title=NASTY), "Tinted relief")["qgis"].parts[2].text
    call = ast.parse(line.strip(), mode="eval").body
    assert isinstance(call, ast.Call)
    source, title, provider = (ast.literal_eval(argument) for argument in call.args)
    assert parse_qs(source) == {
        "type": ["xyz"],
        "url": [f"{TILES}/{{z}}/{{x}}/{{y}}.png?style=Tinted%20relief"],
        "zmin": ["0"],
        "zmax": ["14"],
    }
    assert (title, provider) == (NASTY, "wms")


def test_without_a_web_map_only_programs_that_need_none(make_facts: MakeFacts) -> None:
    found = written(make_facts(info={"geographic_bounds": None}))
    assert list(found) == ["qgis", "gdal", "curl"]
    assert not any("/tiles/" in text_of(snippet) for snippet in found.values())


@pytest.mark.parametrize(
    ("bounds", "zooms", "tile"),
    [
        ((-180, -90, 180, 90), (0, 5), (0, 0, 0)),
        ((15.0, 52.33, 15.03, 52.34), (0, 14), (13, 4437, 2693)),
        ((15.0, 52.33, 15.03, 52.34), (0, 6), (6, 34, 21)),
        ((170, -10, 200, 10), (0, 8), (3, 0, 4)),
        ((-10, 88, 10, 90), (0, 4), (4, 8, 0)),
    ],
)
def test_centre_tile(
    make_facts: MakeFacts, bounds: tuple[float, ...], zooms: tuple[int, int], tile: tuple[int, int, int]
) -> None:
    assert centre_tile(make_facts(info={"geographic_bounds": bounds}, zooms=zooms)) == tile


def test_centre_across_the_antimeridian(make_facts: MakeFacts) -> None:
    assert centre(make_facts(info={"geographic_bounds": (170, -10, 200, 10)})) == (-175, 0)


def test_polar_data_end_where_web_mercator_ends(make_facts: MakeFacts) -> None:
    found = written(make_facts(info={"geographic_bounds": (-180, -90, 180, -60)}))
    assert "-85.051129" in text_of(found["leaflet"])
    assert "-projwin -180 -60 180 -85.051129" in text_of(found["gdal"])


@pytest.mark.parametrize("value", [NASTY, 'a"b', "ü", ["<", 1.5], {"a": "&"}, ""])
def test_js_is_json_without_markup(value: object) -> None:
    assert json.loads(js(value)) == value
    assert not set(js(value)) & set("<>&\u2028")


def test_python_literal() -> None:
    assert ast.literal_eval(python(NASTY)) == NASTY
