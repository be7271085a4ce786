from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import InvalidRule
from proxy.functions.parse import DEPTH, NODES, parse
from proxy.functions.ramps import Ramp
from proxy.functions.stretch import StretchType
from proxy.functions.surface import SlopeType
from proxy.functions.tree import Call, Constant, Node, Source
from proxy.model import Histogram, PixelType


def arguments(node: Node) -> dict[str, Any]:
    assert isinstance(node, Call)
    return dict(node.arguments)


HILL = Call("hillshade", (("raster", Source()),))


@pytest.mark.parametrize(
    "rule",
    [
        "hillshade", "Hillshade", " HILL_SHADE ", {"function": "hillshade"}, ["hillshade"],
        [None, "hillshade"],
        {"function": "hillshade", "raster": "source"}, {"function": "hillshade", "DEM": None},
        {"Function": "hillshade", "Arguments": {"raster": ""}}, {"function": "hillshade", "raster": {}},
        {"function": "none", "raster": "hillshade"}, HILL,
    ],
)  # fmt: skip
def test_one_function_in_many_spellings(rule: Any) -> None:
    assert parse(rule) == HILL


@pytest.mark.parametrize("rule", [None, "", {}, [], "none", "None", "source", {"function": None}])
def test_nothing_is_the_source(rule: Any) -> None:
    assert parse(rule) == Source()


@pytest.mark.parametrize(
    ("rule", "expected"), [(5, Constant(5)), ("2.5", Constant(2.5)), ({"item": "7"}, Source(7))]
)
def test_leaves(rule: Any, expected: Node) -> None:
    assert parse(rule) == expected


@pytest.mark.parametrize(
    ("function", "given", "name", "expected"),
    [
        ("hillshade", {"azimuth": "300"}, "azimuth", 300.0),
        ("hillshade", {"Azimuth": 90.5}, "azimuth", 90.5),
        ("hillshade", {"slopetype": 3}, "slope_type", SlopeType.SCALED),
        ("hillshade", {"slope_type": "percent rise"}, "slope_type", SlopeType.PERCENT_RISE),
        ("hillshade", {"remove_edge_effect": "True"}, "remove_edge_effect", True),
        ("hillshade", {"remove_edge_effect": 1}, "remove_edge_effect", True),
        ("stretch", {"type": "6"}, "stretch_type", StretchType.PERCENT_CLIP),
        ("stretch", {"method": "MinMax"}, "stretch_type", StretchType.MIN_MAX),
        ("stretch", {"method": "percent_clip"}, "stretch_type", StretchType.PERCENT_CLIP),
        ("stretch", {"gamma": "1.2, 1.3"}, "gamma", (1.2, 1.3)),
        ("stretch", {"gamma": 2}, "gamma", (2.0,)),
        ("stretch", {"max": "100"}, "maximum", 100.0),
        ("stretch", {"statistics": [["1", 2, None, 4]]}, "statistics", ((1.0, 2.0, None, 4.0),)),
        ("stretch", {"statistics": "1 2; 3 4"}, "statistics", ((1.0, 2.0), (3.0, 4.0))),
        ("stretch", {"histograms": [{"min": 0, "max": 2, "counts": [1, 2]}]}, "histograms",
         (Histogram(0, 2, (1, 2)),)),
        ("extract_band", {"BandIDs": "3 1 0"}, "band_ids", (3.0, 1.0, 0.0)),
        ("extract_band", {"band_names": "Near Infrared, Red"}, "band_names", ("Near Infrared", "Red")),
        ("band_arithmetic", {"band_indexes": [4, 3]}, "band_indexes", "4 3"),
        ("ndvi", {"scientific": "true"}, "scientific_output", True),
        ("mask", {"no_data_values": ["0", "", "255 254"]}, "no_data_values", ((0.0,), (), (255.0, 254.0))),
        ("mask", {"no_data_values": "0"}, "no_data_values", ((0.0,),)),
        ("mask", {"no_data_values": 7}, "no_data_values", ((7.0,),)),
        ("colormap", {"colormap": [[1, 2, 3, 4], ["5", 6, 7, 8, 0]]}, "colormap",
         ((1, 2, 3, 4, 255), (5, 6, 7, 8, 0))),
        ("colormap", {"color_ramp": ["#000000", "#ffffff"]}, "color_ramp",
         Ramp.through((0, 0, 0), (255, 255, 255))),
        ("remap", {"replacement_value": "3"}, "replacement_value", 3.0),
    ],
)  # fmt: skip
def test_tolerant_values(function: str, given: dict[str, Any], name: str, expected: Any) -> None:
    assert arguments(parse({"function": function, **given}))[name] == expected


@pytest.mark.parametrize(
    ("rule", "path", "why"),
    [
        ("nosuch", "nosuch", "no such function"),
        ({"function": "hillshade", "azimut": 3}, "hillshade.azimut", "no such argument"),
        ({"function": "hillshade", "azimuth": "west"}, "hillshade.azimuth", "no number"),
        ({"function": "hillshade", "azimuth": float("nan")}, "hillshade.azimuth", "no number"),
        ({"function": "hillshade", "azimuth": "1e999"}, "hillshade.azimuth", "no number"),
        ({"function": "hillshade", "altitude": 91}, "hillshade.altitude", "more than 90"),
        ({"function": "hillshade", "altitude": -91}, "hillshade.altitude", "less than -90"),
        ({"function": "hillshade", "slope_type": 9}, "hillshade.slope_type", "none of 1 degree"),
        ({"function": "hillshade", "slope_type": "steep"}, "hillshade.slope_type", "none of"),
        ({"function": "hillshade", "remove_edge_effect": "maybe"}, "hillshade.remove_edge_effect", "true"),
        ({"function": "stretch", "sigmoid_strength_level": 2.5}, "stretch.sigmoid_strength_level", "whole"),
        ({"function": "stretch", "histograms": [{}]}, "stretch.histograms", "counts"),
        ({"function": "colormap", "colormap": [[1, 2]]}, "colormap.colormap", "row"),
        ({"function": "colormap", "colormap": [[1, 2, 3, 400]]}, "colormap.colormap", "255"),
        ({"function": "colormap", "colormap": [[0, 0, 0, 0]] * 65537}, "colormap.colormap", "65536"),
        ({"function": "colormap", "color_ramp": {"from": 1}}, "colormap.color_ramp", "colour"),
        ({"function": "band_arithmetic", "band_indexes": "b" * 2001}, "band_arithmetic.band_indexes", "2000"),
        ({"function": "composite_band", "rasters": ["source"] * 21}, "composite_band.rasters", "20"),
        ({"function": "slope", "raster": {"function": "nosuch"}}, "slope.raster.nosuch", "no such function"),
        (["slope", "nosuch"], "2.nosuch", "no such function"),
        ({"function": "slope", "output_type": "uint7"}, "slope", "no pixel type"),
        ({"function": 5}, "", "name"),
        ({"azimuth": 5}, "", "no function"),
        ({"function": "slope", "arguments": [1]}, "", "mapping"),
        ({"item": -1}, "", "item"),
        (object(), "", "object"),
    ],
)  # fmt: skip
def test_faults_are_placed(rule: Any, path: str, why: str) -> None:
    with pytest.raises(InvalidRule) as error:
        parse(rule)
    assert error.value.path == path
    assert why in error.value.why


def test_unknown_arguments_can_be_overlooked() -> None:
    assert parse({"function": "hillshade", "azimut": 3}, ignore_unknown=True) == HILL


def test_chains_and_nesting_are_the_same() -> None:
    chain = parse(
        [{"function": "extract_band", "band_ids": [0]}, "slope", {"function": "stretch", "dra": True}]
    )
    nested = parse(
        {
            "function": "stretch",
            "dra": True,
            "raster": {"function": "slope", "raster": {"function": "extract_band", "band_ids": 0}},
        }
    )
    assert chain == nested


def test_only_the_first_input_of_a_step_is_the_step_before() -> None:
    found = arguments(parse(["slope", {"function": "arithmetic", "operation": 2}]))
    assert (found["raster"], found["raster2"]) == (parse("slope"), Source())
    assert arguments(parse(["slope", "composite_band"]))["rasters"] == (parse("slope"),)


def test_output_types() -> None:
    found = parse({"function": "slope", "output_type": "UINT8"})
    assert isinstance(found, Call)
    assert found.output_type is PixelType.UINT8
    assert parse({"function": "none", "output_type": "int16"}) == Call(
        "identity", (("raster", Source()),), PixelType.INT16
    )


TEMPLATES = {"Relief": parse(["hillshade", "stretch"]), "ndvi": parse("slope"), "None": Source()}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("relief", ["hillshade", "stretch"]),
        ({"function": "RELIEF", "raster": "slope"}, ["slope", "hillshade", "stretch"]),
        (["slope", "Relief"], ["slope", "hillshade", "stretch"]),
        ("NDVI", "slope"),
        ({"function": "ndvi", "visible_band_id": 2}, {"function": "ndvi", "visible_band_id": 2}),
    ],
)
def test_templates_come_first(rule: Any, expected: Any) -> None:
    wanted = parse(expected)
    assert parse(rule, TEMPLATES) == wanted


def test_a_template_takes_no_other_argument() -> None:
    with pytest.raises(InvalidRule, match="template"):
        parse({"function": "relief", "azimuth": 3}, TEMPLATES)
    assert parse({"function": "relief", "azimuth": 3}, TEMPLATES, ignore_unknown=True) == TEMPLATES["Relief"]


def test_limits() -> None:
    deepest = parse(["slope"] * DEPTH)
    with pytest.raises(InvalidRule, match=str(DEPTH)):
        parse({"function": "slope", "raster": deepest})
    rule: dict[str, Any] = {"function": "slope"}
    for _ in range(5000):
        rule = {"function": "slope", "raster": rule}
    with pytest.raises(InvalidRule, match="deep"):
        parse(rule)
    wide = {"function": "composite_band", "rasters": ["slope"] * 16}
    with pytest.raises(InvalidRule, match=str(NODES)):
        parse({"function": "composite_band", "rasters": [wide] * 4})


def test_templates_cannot_grow_without_bounds() -> None:
    double = {"d": parse({"function": "arithmetic"})}
    with pytest.raises(InvalidRule, match=str(NODES)):
        parse(["d"] * 12, double)
