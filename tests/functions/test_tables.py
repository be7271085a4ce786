"""Attribute tables, remap by table, units, and functions that leave pixels alone."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import InvalidRule
from proxy.functions.bands import spectral_conversion
from proxy.functions.parse import parse
from proxy.functions.passing import resample, statistics_histogram
from proxy.functions.remap_table import remap_by_any
from proxy.functions.tables import attach, lookup, table_of
from proxy.functions.tree import evaluate
from proxy.functions.units import Unit, unit_conversion
from proxy.model import Histogram

from .build import EIGHT_BIT, pixels, raster, shown, statistics

ROWS = [
    {"Value": 1, "Class": "water", "Red": 1, "Green": 2, "Blue": 3, "Depth": 40},
    {"Value": 2, "Class": "wood", "Red": 300, "Green": 5, "Blue": 6, "Depth": 0.5},
]


@pytest.mark.parametrize("value", [ROWS, {"features": [{"attributes": row} for row in ROWS]}, {"rows": ROWS}])
def test_tables_in_their_forms(value: Any) -> None:
    table = table_of(value)
    assert table.fields == ("Value", "Class", "Red", "Green", "Blue", "Depth")
    assert table.rows[0] == (1, "water", 1, 2, 3, 40)


@pytest.mark.parametrize("value", [[], {}, 5, [1], {"features": "x"}])
def test_what_is_no_table(value: Any) -> None:
    with pytest.raises(ValueError, match="table"):
        table_of(value)


def test_a_table_brings_its_colours() -> None:
    source = raster("1 2 / 3 nd", "uint8")
    result = attach(source, table=table_of(ROWS))
    assert result.data is source.data
    assert result.colormap is not None
    assert result.colormap.entries == ((1, 1, 2, 3, 255), (2, 255, 5, 6, 255))
    assert attach(raster("1", "float32"), table=table_of(ROWS)).colormap is None
    assert attach(source, table=table_of([{"Value": 1}])).colormap is None


def test_lookup() -> None:
    source = attach(raster("1 2 / 3 nd", "uint8"), table=table_of(ROWS))
    result = lookup(source, field="depth")
    assert (str(result.data.dtype), shown(result)) == ("float32", [[40, 0.5], [None, None]])
    for field in ("Class", "none"):
        with pytest.raises(InvalidRule):
            lookup(source, field=field)
    with pytest.raises(InvalidRule, match="no attribute table"):
        lookup(pixels(1), field="depth")
    chain = parse([{"function": "attribute_table", "table": ROWS}, {"function": "lookup", "field": "Depth"}])
    assert shown(evaluate(chain, raster("2 2", "uint8"))) == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"input_field": "a", "output_field": "out"}, "1 nd 2 / nd nd nd / nd nd nd"),
        ({"input_field": "a", "input_max_field": "b", "output_field": "out"}, "1 1 2 / nd nd nd / nd nd nd"),
    ],
)
def test_remap_by_table(options: Any, expected: str) -> None:
    table = table_of(
        [{"A": 0, "B": 50, "Out": 1}, {"A": 50, "B": 99, "Out": 2}, {"A": None, "B": 1, "Out": 3}]
    )
    result = remap_by_any(raster(EIGHT_BIT, "uint8"), use_table=True, table=table, **options)
    assert shown(result) == shown(raster(expected))
    with pytest.raises(InvalidRule, match="given"):
        remap_by_any(pixels(1), use_table=True)
    with pytest.raises(InvalidRule, match="no field"):
        remap_by_any(pixels(1), table=table, input_field="zz", output_field="out")


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (1, "MILE", "METER", 1609.344), (1, "METER", "FOOT", 3.2808399), (1, "YARD", "INCH", 36),
        (1, "NAUTICAL_MILE", "METER", 1852), (10, "MILLIMETER", "CENTIMETER", 1),
        (10, "METER_PER_SECOND", "KILOMETER_PER_HOUR", 36), (1, "KNOT", "KILOMETER_PER_HOUR", 1.852),
        (60, "MILE_PER_HOUR", "FOOT_PER_SECOND", 88), (100, "CELSIUS", "FAHRENHEIT", 212),
        (-40, "FAHRENHEIT", "CELSIUS", -40), (0, "CELSIUS", "KELVIN", 273.15),
    ],
)  # fmt: skip
def test_units(value: float, from_unit: str, to_unit: str, expected: float) -> None:
    result = unit_conversion(pixels(value), from_unit=Unit[from_unit], to_unit=Unit[to_unit])
    assert result.data[0, 0, 0] == pytest.approx(expected, rel=1e-6)
    back = unit_conversion(result, from_unit=Unit[to_unit], to_unit=Unit[from_unit])
    assert back.data[0, 0, 0] == pytest.approx(value, rel=1e-5, abs=1e-4)


def test_units_of_unlike_things() -> None:
    with pytest.raises(InvalidRule, match="METER does not convert to KELVIN"):
        unit_conversion(pixels(1), from_unit=Unit.METER, to_unit=Unit.KELVIN)


@pytest.mark.parametrize(
    ("dtype", "expected"), [("uint8", [50, 135, 0]), ("int16", [50, 135, -170]), ("float32", [50, 135, -170])]
)
def test_spectral_conversion(dtype: str, expected: list[float]) -> None:
    result = spectral_conversion(
        pixels(50, 220, 205, dtype=dtype), conversion_matrix=(1, 0, 0, 0.5, 0.5, 0, 1, -1, 0)
    )
    assert (str(result.data.dtype), result.data.ravel().tolist()) == (dtype, expected)
    with pytest.raises(InvalidRule, match="a row has 2"):
        spectral_conversion(pixels(1, 2), conversion_matrix=(1, 2, 3))
    first = spectral_conversion(pixels(1, 2, 9), conversion_matrix=(1, 1, 1, -1))
    assert first.data.ravel().tolist() == [3, -1]


def test_given_statistics_reach_the_stretch() -> None:
    rule = parse(
        [
            {"function": "statistics_histogram", "statistics": [[10, 210, 100, 50]]},
            {"function": "stretch", "type": 5},
        ]
    )
    source = raster("0 10 50 / 100 150 210", "uint8", statistics=statistics((0, 255, 1, 1)))
    assert shown(evaluate(rule, source)) == [[0, 0, 51], [115, 179, 255]]


def test_given_histograms() -> None:
    histogram = Histogram(0, 10, (1, 2))
    known = statistics_histogram(pixels(1, 2), histograms=(histogram,)).statistics
    assert known is not None
    assert [(s.minimum, s.maximum, s.histogram) for s in known] == [(0, 10, histogram)] * 2
    bare = pixels(1)
    assert statistics_histogram(bare) is bare
    assert resample(bare) is bare
