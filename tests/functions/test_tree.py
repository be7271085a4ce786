from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions import registry
from proxy.functions.parse import parse
from proxy.functions.registry import FUNCTIONS
from proxy.functions.signature import Kind
from proxy.functions.tree import (
    Call,
    Constant,
    Source,
    bands_needed,
    depth,
    evaluate,
    items_needed,
    margin,
    output_of,
    size,
    substitute,
)
from proxy.model import PixelType, Raster

from .build import NEEDED, pixels, raster, shown, statistics

NDVI = {"function": "ndvi", "visible_band_id": 0, "infrared_band_id": 3}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, 0),
        ("hillshade", 1),
        (["hillshade", "slope"], 2),
        (["hillshade", "stretch", "aspect", "slope"], 3),
        ({"function": "arithmetic", "raster": ["slope", "slope"], "raster2": "hillshade"}, 2),
        ({"function": "composite_band", "rasters": ["source", "slope", 5]}, 1),
    ],
)
def test_margins_add_up_along_chains(rule: Any, expected: int) -> None:
    assert margin(parse(rule)) == expected


@pytest.mark.parametrize(
    ("rule", "count", "expected"),
    [
        (None, 4, None),
        ("stretch", 4, None),
        (NDVI, 6, (0, 3)),
        (NDVI, 4, (0, 3)),
        ([NDVI, "stretch"], 4, (0, 3)),
        ([{"function": "extract_band", "band_ids": [3, 1]}, "ndvi"], 5, (1, 3)),
        ({"function": "extract_band", "band_ids": [3, 2, 1, 0]}, 4, None),
        ({"function": "extract_band", "band_ids": [9]}, 5, (4,)),
        ({"function": "band_arithmetic", "band_indexes": "(B5-B2)/B5"}, 6, (1, 4)),
        ({"function": "arithmetic", "raster": NDVI, "raster2": {"function": "band_arithmetic",
          "band_indexes": "b2"}}, 6, (0, 1, 3)),
        ({"function": "arithmetic", "raster": NDVI}, 6, None),
        ({"function": "arithmetic", "raster": NDVI, "raster2": 5}, 6, (0, 3)),
        ({"function": "composite_band", "rasters": [NDVI, "source"]}, 6, None),
        ({"function": "remap", "input_ranges": "0 1", "output_values": 1}, 3, (0,)),
    ],
)  # fmt: skip
def test_bands_that_must_be_read(rule: Any, count: int, expected: Any) -> None:
    assert bands_needed(parse(rule), count) == expected


@pytest.mark.parametrize("name", [function.name for function in FUNCTIONS])
@pytest.mark.parametrize("extra", [{}, {"band_ids": [5, 2]}, {"visible_band_id": 4, "infrared_band_id": 2}])
def test_a_subset_of_bands_gives_the_same_result(name: str, extra: dict[str, Any]) -> None:
    known = registry.get(name).by_name
    arguments = {key: value for key, value in extra.items() if key.replace("_", "") in known}
    required = NEEDED | {"band_arithmetic": {"band_indexes": "b6 - b3"}}
    rule = parse({"function": name, **arguments, **required.get(name, {})})
    data = np.random.default_rng(5).integers(1, 99, (6, 5, 5)).astype("uint8")
    stats = statistics(*((0, 100, float(band), 1) for band in range(6)))
    whole = raster(data, band_names=tuple("abcdef"), statistics=stats)
    bands = bands_needed(rule, 6)
    read = list(range(6) if bands is None else bands)
    part = dataclasses.replace(
        whole,
        data=data[read],
        band_names=tuple("abcdef"[band] for band in read),
        statistics=tuple(stats[band] for band in read),
    )
    expected, found = evaluate(rule, whole), evaluate(rule, part, bands)
    assert np.array_equal(found.data, expected.data)
    assert (found.band_names, found.statistics) == (expected.band_names, expected.statistics)


def test_missing_bands_are_told_before_reading() -> None:
    with pytest.raises(InvalidRule, match=r"ndvi\.infrared_band_id"):
        bands_needed(parse(NDVI), 3)


def test_equal_sub_trees_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    function = registry.get("identity")

    def counted(**values: Any) -> Raster:
        calls.append("identity")
        return function.run(**values)

    monkeypatch.setitem(registry._BY_NAME, "identity", dataclasses.replace(function, run=counted))
    rule = {"function": "arithmetic", "raster": "identity", "raster2": "identity"}
    assert shown(evaluate(parse([rule, {"function": "arithmetic", "raster2": rule}]), pixels(3))) == [[12]]
    assert calls == ["identity"]


def test_constants_and_items() -> None:
    rule = parse({"function": "arithmetic", "raster": {"item": 7}, "raster2": 2.5, "operation": "multiply"})
    assert items_needed(rule) == (7,)
    assert shown(evaluate(rule, pixels(1), items={7: pixels(4)})) == [[10]]
    with pytest.raises(InvalidRule, match=r"\$7"):
        evaluate(rule, pixels(1))
    assert evaluate(Constant(300), pixels(1)).data.dtype == np.uint16


def test_errors_name_the_function_that_failed() -> None:
    rule = parse([{"function": "band_arithmetic", "band_indexes": "b7"}, "stretch"])
    with pytest.raises(InvalidRule) as error:
        evaluate(rule, pixels(1, 2))
    assert error.value.path == "band_arithmetic.band_indexes"


def test_nan_of_the_source_is_invalid() -> None:
    assert shown(evaluate(Source(), raster([[np.nan, 1.0]], "float32"))) == [[None, 1]]


@pytest.mark.parametrize(
    ("rule", "pixel_type", "count", "expected"),
    [
        (None, PixelType.UINT16, 4, (PixelType.UINT16, 4, False)),
        (None, PixelType.BIT1, 1, (PixelType.BIT1, 1, False)),
        ("hillshade", PixelType.FLOAT32, 1, (PixelType.UINT8, 1, False)),
        ("slope", PixelType.INT16, 1, (PixelType.FLOAT32, 1, False)),
        ({"function": "slope", "output_type": "uint8"}, PixelType.INT16, 1, (PixelType.UINT8, 1, False)),
        ({"function": "identity", "output_type": "bit4"}, PixelType.UINT8, 2, (PixelType.BIT4, 2, False)),
        ({"function": "stretch", "method": "min_max"}, PixelType.UINT16, 3, (PixelType.UINT8, 3, False)),
        ("colormap", PixelType.UINT8, 1, (PixelType.UINT8, 1, True)),
        (["colormap", "colormap_to_rgb"], PixelType.UINT8, 1, (PixelType.UINT8, 3, False)),
        (NDVI, PixelType.UINT16, 4, (PixelType.UINT8, 1, False)),
        ({"function": "composite_band", "rasters": [{"item": 1}, "source"]}, PixelType.INT8, 2,
         (PixelType.INT8, 4, False)),
    ],
)  # fmt: skip
def test_output_of(rule: Any, pixel_type: PixelType, count: int, expected: Any) -> None:
    assert output_of(parse(rule), pixel_type, count) == expected


@pytest.mark.parametrize("name", [function.name for function in FUNCTIONS])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64"])
def test_every_function_takes_every_type_and_a_single_hidden_pixel(name: str, dtype: str) -> None:
    if name == "tasseled_cap":
        pytest.skip("it needs six bands")
    rule = parse({"function": name, **NEEDED.get(name, {})})
    for mask in (None, [[False]]):
        source = pixels(3, 5, 7, dtype=dtype, mask=mask)
        before = source.data.copy()
        result = evaluate(rule, source)
        assert result.data.shape[1:] == (1, 1)
        assert result.grid == source.grid
        assert result.valid().shape == (1, 1)
        assert mask is None or name in ("constant", "random") or not result.valid().any()
        assert np.array_equal(source.data, before)


def test_trees_are_values() -> None:
    first, second = parse(["slope", "stretch"]), parse({"function": "Stretch", "Raster": "SLOPE"})
    assert first == second
    assert hash(first) == hash(second)
    assert parse({"function": "hillshade", "azimuth": 315}) == parse("hillshade")
    assert (depth(first), size(first), depth(Source()), size(Source())) == (2, 2, 0, 0)


def test_substitute_replaces_the_source_alone() -> None:
    rule = parse({"function": "composite_band", "rasters": ["source", {"item": 3}, 5, "slope"]})
    changed = substitute(rule, Constant(9))
    assert isinstance(changed, Call)
    slope = Call("slope", (("raster", Constant(9)),))
    assert dict(changed.arguments)["rasters"] == (Constant(9), Source(3), Constant(5), slope)


def test_the_registry_is_sound() -> None:
    assert len({function.name for function in FUNCTIONS}) == len(FUNCTIONS)
    for function in FUNCTIONS:
        assert registry.find(function.name.replace("_", "").upper()) is function
        assert function.summary.endswith(".")
        assert function.input is not None, function.name
        spellings = [name for a in function.arguments for name in (a.name, *a.aliases)]
        assert len(function.by_name) == len(spellings), function.name
        assert all((a.kind is Kind.ENUM) == (a.choices is not None) for a in function.arguments)
        for argument in function.arguments:
            hash(argument.default)
    assert registry.find("no such thing") is None
