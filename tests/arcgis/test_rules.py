from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proxy.arcgis.rules import rendering_rule
from proxy.crs import WEB_MERCATOR
from proxy.errors import InvalidRule
from proxy.functions import registry
from proxy.functions.parse import parse
from proxy.functions.tree import Call, Constant, Node, Source, evaluate, items_needed, walk
from proxy.model import Extent, Grid, PixelType, Raster

CORPUS = Path(__file__).parents[2] / "../shared/corpus/requests.jsonl"


def rule(name: str, output: str | None = None, **arguments: Any) -> dict[str, Any]:
    found = {"rasterFunction": name, "rasterFunctionArguments": arguments}
    return found | ({"outputPixelType": output} if output else {})


def arguments(node: Node) -> dict[str, Any]:
    assert isinstance(node, Call)
    return dict(node.arguments)


@pytest.mark.parametrize(
    "text",
    ["", " ", "{}", "None", "null", '{"rasterFunction":"None"}', "{'rasterFunction': 'None'}",
     "{rasterFunction:None}", '{"rasterFunction":"none","rasterFunctionArguments":null}',
     '{"rasterFunction":null}'],
)  # fmt: skip
def test_no_rule(text: str) -> None:
    assert rendering_rule(text) == Source()


@pytest.mark.parametrize(
    "text",
    [
        '{"rasterFunction":"Hillshade","rasterFunctionArguments":{"Azimuth":300,"DEM":"$$"},"variableName":"DEM"}',
        "{'rasterFunction': 'hillshade', 'rasterFunctionArguments': {'azimuth': '300', 'raster': None}}",
        '{"rasterFunctionArguments":{"Raster":{},"AZIMUTH":300.0,"unknown":[1]},"RASTERFUNCTION":"HillShade"}',
        '{rasterFunction:"Hillshade",rasterFunctionArguments:{Azimuth:300,},}',
        '{"functionName":"Hillshade","functionArguments":{"azimuth":300,"raster":""}}',
        '{"rasterFunctionDefinition":{"rasterFunction":"Hillshade","rasterFunctionArguments":{"Azimuth":300}}}',
        '{"name":"x","function":{"type":"HillshadeFunction","pixelType":"UNKNOWN"},"arguments":{"Azimuth":'
        '{"name":"Azimuth","isDataset":false,"value":300,"type":"RasterFunctionVariable"},"DEM":{"name":"DEM",'
        '"isDataset":true,"type":"RasterFunctionVariable"},"type":"HillshadeFunctionArguments"}}',
    ],
)
def test_one_rule_in_many_spellings(text: str) -> None:
    assert rendering_rule(text) == parse({"function": "hillshade", "azimuth": 300})


def test_nested_rules_and_output_types() -> None:
    inner = rule("BandArithmetic", "F32", Method=0, BandIndexes="(B4-B3)/(B4+B3)")
    found = rendering_rule(rule("Stretch", "u8", StretchType=5, Raster=inner))
    assert isinstance(found, Call)
    assert found.output_type is PixelType.UINT8
    below = arguments(found)["raster"]
    assert (below.function, below.output_type) == ("band_arithmetic", PixelType.FLOAT32)


def test_rasters_by_number_and_by_item() -> None:
    found = arguments(rendering_rule(rule("Arithmetic", Raster="$7", Raster2="2", Operation=3)))
    assert (found["raster"], found["raster2"]) == (Source(7), Constant(2))
    several = arguments(rendering_rule(rule("CompositeBand", Rasters=["$1", "$$", 5, rule("Slope")])))
    assert several["rasters"] == (Source(1), Source(), Constant(5), parse("slope"))


def test_templates_of_the_service() -> None:
    templates = {"Natural Color": parse("slope")}
    assert rendering_rule('{"rasterFunction":"natural color"}', templates) == parse("slope")
    assert rendering_rule("Natural Color", templates) == parse("slope")
    stretched = rendering_rule(rule("Stretch", DRA=True, Raster=rule("Natural Color")), templates)
    assert arguments(stretched)["raster"] == parse("slope")


def test_a_whole_template_with_shared_objects() -> None:
    shared = {
        "_object_id": 3,
        "name": "s",
        "function": {"type": "SlopeFunction", "pixelType": "F32"},
        "arguments": {"type": "SlopeFunctionArguments", "SlopeType": {"type": "Scalar", "value": 2}},
        "type": "RasterFunctionTemplate",
    }
    template = {
        "function": {"type": "CompositeBandFunction", "pixelType": "U8"},
        "arguments": {
            "_object_id": 1,
            "type": "RasterFunctionArguments",
            "Rasters": {
                "type": "RasterFunctionVariable",
                "value": {"type": "ArgumentArray", "elements": [shared, {"_object_ref_id": 3}]},
            },
        },
    }
    found = rendering_rule(json.dumps(template))
    assert isinstance(found, Call)
    assert found.output_type is PixelType.UINT8
    first, second = arguments(found)["rasters"]
    assert first == second == parse({"function": "slope", "slope_type": 2, "output_type": "float32"})


@pytest.mark.parametrize(
    ("ramp", "first", "last"),
    [
        ({"type": "algorithmic", "algorithm": "esriHSVAlgorithm", "fromColor": [1, 2, 3, 255],
          "toColor": [4, 5, 6, 0]}, [1, 2, 3, 255], [4, 5, 6, 0]),
        ({"type": "multipart", "colorRamps": [
            {"type": "algorithmic", "fromColor": [9, 9, 9], "toColor": [0, 0, 0]},
            {"type": "algorithmic", "fromColor": [0, 0, 0], "toColor": [7, 8, 9]}]},
         [9, 9, 9, 255], [7, 8, 9, 255]),
        ({"type": "MultiPartColorRamp", "NumColorRamps": 1, "ArrayOfColorRamp": [
            {"type": "AlgorithmicColorRamp", "Algorithm": "esriCIELabAlgorithm",
             "FromColor": {"type": "HsvColor", "Hue": 120, "Saturation": 100, "Value": 100,
                           "AlphaValue": 255},
             "ToColor": {"type": "RgbColor", "Red": 1, "Green": 2, "Blue": 3}}]},
         [0, 255, 0, 255], [1, 2, 3, 255]),
        ("Yellow to Red", [245, 245, 0, 255], [255, 0, 0, 255]),
    ],
)  # fmt: skip
def test_colour_ramps(ramp: Any, first: list[int], last: list[int]) -> None:
    for key in ("ColorRamp", "Colorramp", "colorRamp"):
        colors = arguments(rendering_rule(rule("Colormap", **{key: ramp})))["color_ramp"].colors()
        assert [colors[0].tolist(), colors[255].tolist()] == [first, last]


def test_packed_colormaps_random_ramps_and_the_scheme() -> None:
    # Alpha 255, blue 3, green 2, red 1, written as a signed integer.
    packed = (255 << 24 | 3 << 16 | 2 << 8 | 1) - (1 << 32)
    colormap = {"type": "RasterColormap", "values": [5], "colors": [packed]}
    ramp = {"type": "RandomColorRamp"}
    found = arguments(rendering_rule(rule("Colormap", Colormap=colormap)))
    assert found["colormap"] == ((5, 1, 2, 3, 255),)
    assert len(arguments(rendering_rule(rule("Colormap", ColorRamp=ramp)))["color_ramp"].parts) == 255
    chosen = rule("Colormap", ColorRamp=ramp, ColormapName="NDVI", ColorSchemeType=0)
    assert set(arguments(rendering_rule(chosen))) == {"raster", "colormap_name"}


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ({"xmin": 0, "ymin": 1, "xmax": 2, "ymax": 3}, {"bbox": [0, 1, 2, 3]}),
        ({"XMin": 0, "YMin": 1, "XMax": 2, "YMax": 3, "spatialReference": {"wkid": 102100}},
         {"bbox": [0, 1, 2, 3], "crs": "EPSG:3857"}),
        ({"rings": [[[0, 0], [0, 1, 9], [1, 1], [0, 0]]], "spatialReference": {"wkid": 4326}},
         {"rings": [[[0, 0], [0, 1], [1, 1], [0, 0]]], "crs": "EPSG:4326"}),
    ],
)  # fmt: skip
def test_clipping_geometries(geometry: Any, expected: Any) -> None:
    found = rendering_rule(rule("Clip", ClippingGeometry=geometry, ClippingType=2))
    assert found == parse({"function": "clip", "clipping_geometry": expected, "clipping_type": "inside"})


@pytest.mark.parametrize(
    "geometry",
    [
        {"curveRings": []},
        {"rings": []},
        {"rings": [[[0, 0], [1, 1], [2, 0]]], "spatialReference": {"wkid": -5}},
    ],
)
def test_geometries_that_are_refused(geometry: Any) -> None:
    with pytest.raises(InvalidRule) as error:
        rendering_rule(rule("Clip", ClippingGeometry=geometry))
    assert error.value.path == "Clip.ClippingGeometry"


def test_rows_of_statistics_as_objects() -> None:
    row = {"min": 0, "max": 9, "mean": 4, "standardDeviation": 2}
    short = {"min": 1, "max": 2, "avg": None}
    found = arguments(rendering_rule(rule("Stretch", StretchType=3, Statistics=[row, short])))
    assert found["statistics"] == ((0, 9, 4, 2), (1, 2, None, None))


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("{", "renderingRule", "not JSON"),
        ('{"rasterFunction":"Hillshade"', "renderingRule", "not JSON"),
        ("[]", "renderingRule", "list"),
        ('{"rasterFunction":"NoSuch"}', "NoSuch", "no such function"),
        (json.dumps(rule("Slope", Raster=rule("NoSuch"))), "Slope.Raster.NoSuch", "no such function"),
        (json.dumps(rule("Hillshade", Azimuth="west")), "Hillshade.Azimuth", "no number"),
        (json.dumps(rule("Arithmetic", Operation=9)), "Arithmetic.Operation", "none of"),
        (json.dumps(rule("Slope", "X9")), "Slope", "pixel type"),
        (json.dumps(rule("Slope", Raster="http://localhost/x.tif")), "Slope.Raster", "other servers"),
        (json.dumps(rule("Slope", Raster="file:///etc/passwd")), "Slope.Raster", "other servers"),
        (json.dumps(rule("Slope", Raster={"url": "x"})), "Slope.Raster", "other servers"),
        (json.dumps(rule("Colormap", ColorRamp={"type": "multipart"})), "Colormap.ColorRamp", "parts"),
        ('{"rasterFunction":"Slope","rasterFunctionArguments":[1]}', "Slope", "arguments"),
        ('{"rasterFunction":5}', "5", "name"),
        ('{"x":1}', "", "function"),
        ("__import__('os').system('true')", "__import__('os').system('true')", "no such function"),
        ("{'a': __import__('os')}", "renderingRule", "not JSON"),
        ("{" + " " * 1_000_001 + "}", "renderingRule", "characters"),
        ('{"a":' * 60_000, "renderingRule", ""),
    ],
)  # fmt: skip
def test_faults(text: str, path: str, why: str) -> None:
    with pytest.raises(InvalidRule) as error:
        rendering_rule(text)
    assert error.value.path == path
    assert why in error.value.why


@pytest.mark.parametrize("levels", [17, 40, 300])
def test_deep_rules(levels: int) -> None:
    opening = '{"rasterFunction":"Slope","rasterFunctionArguments":{"Raster":'
    with pytest.raises(InvalidRule, match=r"deep|levels"):
        rendering_rule(opening * levels + "null" + "}}" * levels)


def test_objects_that_refer_to_themselves_end() -> None:
    loop = {"_object_id": 1, **rule("CompositeBand", Rasters=[{"_object_ref_id": 1}, {"_object_ref_id": 1}])}
    with pytest.raises(InvalidRule):
        rendering_rule(json.dumps(loop))


def _corpus() -> list[str]:
    if not CORPUS.exists():
        return []
    with CORPUS.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["params"].get("renderingRule") for line in lines]
    return sorted({text for text in texts if text})


#: Reasons for which a request of the corpus is refused.
REASONS = (
    r"There is no such function\.",  # names of renderings of other services
    "This function is not offered: ",
    "It has no attribute table", "'9' is none of", "the number of ends is odd", "takes 6 bands",
    r"There is no band 0; .* counted from 1", "wavelengths of the bands are not known",
    "A geometry has 1 to",
)  # fmt: skip


@pytest.mark.shared
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real requests is not there")
def test_rules_of_real_clients(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Grid(WEB_MERCATOR, Extent(0, 0, 160, 160), 16, 16)
    data = (np.arange(6 * 256).reshape(6, 16, 16) % 250).astype("uint16")
    refused: Counter[str] = Counter()
    unexplained = []
    for text in _corpus():
        error = _refusal(text, Raster(data, None, grid))
        if error is not None:
            reason = next((r for r in REASONS if re.search(r, error.why)), None)
            refused[reason or "?"] += 1
            unexplained += [] if reason else [(text[:300], error.message)]
    with capsys.disabled():
        print(f"\nrules: {len(_corpus())}, evaluated: {len(_corpus()) - refused.total()}, {dict(refused)}")
    assert not unexplained


def _refusal(text: str, source: Raster) -> InvalidRule | None:
    try:
        node = rendering_rule(text)
        result = evaluate(node, source, items=dict.fromkeys(items_needed(node), source))
    except InvalidRule as error:
        return error
    assert result.data.shape[1:] == (16, 16)
    assert all(registry.find(part.function) for part in walk(node) if isinstance(part, Call))
    return None
