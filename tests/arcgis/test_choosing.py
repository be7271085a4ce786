"""What requests choose of mosaics and cubes, in the spellings of real clients."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from proxy.arcgis.choosing import read_selection, read_time
from proxy.arcgis.fields import Fields
from proxy.crs import WEB_MERCATOR, SpatialReference
from proxy.errors import InvalidParameter, InvalidRule
from proxy.functions.tree import Call, Node
from proxy.selection import (
    EVERYTHING,
    DimensionChoice,
    MosaicMethod,
    MosaicOperation,
    MosaicRule,
    Selection,
    TimeSpan,
)
from proxy.sources.base import Dimension, Variable
from proxy.sources.dimensions import outward

TIMES = Dimension("time", "time", "", (0.0, 86_400_000.0))
DEPTHS = Dimension("depth", "vertical", "m", (5.0, 10.0, 100.0), positive_down=True)
YEARS = Dimension("Year", "", "", (1961.0, 1962.0))


@dataclass
class Info:
    is_mosaic: bool = True
    variables: tuple[Variable, ...] = ()
    crs: SpatialReference = WEB_MERCATOR


@dataclass
class Service:
    info: Any = field(default_factory=Info)
    templates: dict[str, Node] = field(default_factory=dict)
    config: Any = field(default_factory=lambda: SimpleNamespace(mosaic=None))


CUBE = Service(
    Info(
        is_mosaic=False,
        variables=(Variable("temp", "", "K", (TIMES, DEPTHS)), Variable("salt", "", "", (YEARS,))),
    )
)


def chosen(service: Service = Service(), **parameters: str) -> Selection:  # noqa: B008
    return read_selection(Fields(parameters.items()), service)  # type: ignore[arg-type]


def rule(text: str) -> MosaicRule:
    return chosen(mosaicRule=text).mosaic


def test_a_rule_that_says_nothing_is_that_of_the_service() -> None:
    assert chosen() == chosen(mosaicRule="") == chosen(mosaicRule="{}") == EVERYTHING


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("esriMosaicNone", MosaicMethod.NONE),
        ("esriMosaicCenter", MosaicMethod.CENTER),
        ("center", MosaicMethod.CENTER),
        ("NADIR", MosaicMethod.NADIR),
        ("NorthWest", MosaicMethod.NORTHWEST),
        ("esriMosaicNorthwest", MosaicMethod.NORTHWEST),
        ("esriMosaicSeamline", MosaicMethod.SEAMLINE),
        ("esriMosaicViewpoint", MosaicMethod.VIEWPOINT),
    ],
)
def test_methods(name: str, method: MosaicMethod) -> None:
    given = {"mosaicMethod": name, "viewpoint": {"x": 1, "y": 2}}
    assert rule(json.dumps(given)).method is method


def test_a_lock_in_pythons_spelling_with_text_for_ids() -> None:
    found = rule("{'mosaicMethod': 'esriMosaicLockRaster', 'ascending': 'true', 'lockRasterIds': ['3', 1]}")
    assert (found.method, found.locked, found.ascending) == (MosaicMethod.LOCK, (3, 1), True)


def test_an_order_by_attribute() -> None:
    found = rule(
        '{"mosaicMethod":"esriMosaicAttribute","sortField":"AcquisitionDate",'
        '"sortValue":"2017/02/06, 12:00 AM","ascending":false,"mosaicOperation":"MT_LAST"}'
    )
    assert found == MosaicRule(
        MosaicMethod.ATTRIBUTE,
        MosaicOperation.LAST,
        ascending=False,
        sort_field="AcquisitionDate",
        sort_value=1486339200000,
    )


def test_the_metadata_of_a_service_is_a_rule() -> None:
    found = rule(
        '{"defaultMosaicMethod":"ByAttribute","sortField":"Year","sortValue":"2050","sortAscending":true,'
        '"mosaicOperator":"Mean"}'
    )
    assert (found.method, found.operation) == (MosaicMethod.ATTRIBUTE, MosaicOperation.MEAN)
    assert (found.sort_field, found.sort_value) == ("Year", "2050")


def test_where_ids_and_what_is_unknown() -> None:
    found = rule('{"where":"CloudCover < 0.1","fids":[5,7],"mosaicWhat":1}')
    assert found == MosaicRule(where="CloudCover < 0.1", ids=(5, 7))


def test_a_viewpoint_has_its_own_reference() -> None:
    found = rule(
        '{"mosaicMethod":"esriMosaicViewpoint","viewpoint":{"x":180,"y":0,"spatialReference":{"wkid":4326}}}'
    )
    assert found.viewpoint == pytest.approx((20037508.342789244, 0.0), abs=1e-6)


def test_a_rule_for_each_item() -> None:
    found = rule('{"itemRenderingRule":{"rasterFunction":"Hillshade"}}')
    assert isinstance(found.item_rule, Call)
    assert found.item_rule.function == "hillshade"
    with pytest.raises(InvalidRule):
        rule('{"itemRenderingRule":{"rasterFunction":"Nonsense"}}')


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"mosaicMethod":"esriMosaicMiddle"}',
        '{"mosaicOperation":"MT_MEDIAN"}',
        '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[]}',
        '{"mosaicMethod":"esriMosaicLockRaster"}',
        '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":["a"]}',
        '{"fids":[1e400]}',
        '{"fids":[10000000000000000000000000000]}',
        '{"mosaicMethod":"esriMosaicViewpoint","viewpoint":{"x":1%s,"y":0}}' % ("0" * 400),
        '{"where":5}',
        '{"mosaicMethod":"esriMosaicViewpoint","viewpoint":{"x":"a"}}',
        '{"mosaicMethod":"esriMosaicViewpoint","viewpoint":7}',
        '{"mosaicMethod":"esriMosaicViewpoint","viewpoint":{"x":0,"y":95,"spatialReference":{"wkid":4326}}}',
        '{"multidimensionalDefinition":[{"variableName":"temp"}]}',
    ],
)
def test_what_is_wrong_in_a_rule(text: str) -> None:
    with pytest.raises(InvalidParameter, match="'mosaicRule' parameter is invalid"):
        rule(text)


def test_dimensions_by_standard_names() -> None:
    found = chosen(
        CUBE,
        mosaicRule='{multidimensionalDefinition:[{variableName:"TEMP",dimensionName:"StdTime",values:[86400000]},'
        '{variableName:"temp",dimensionName:"StdZ",values:[[-100,-10],-5],isSlice:False}]}',
    )
    assert found.variable == "temp"
    assert found.dimensions == (
        DimensionChoice("depth", ((10.0, 100.0), (5.0, 5.0))),
        DimensionChoice("time", ((86_400_000.0, 86_400_000.0),)),
    )


def test_dimensions_by_their_own_names_and_moments_as_text() -> None:
    found = chosen(
        CUBE,
        mosaicRule='{"multidimensionalDefinition":[{"dimensionName":"time","values":["1970-01-02T00:00:00Z"]}]}',
    )
    assert found.dimensions == (DimensionChoice("time", ((86_400_000.0, 86_400_000.0),)),)
    found = chosen(
        CUBE,
        mosaicRule='{"multidimensionalDefinition":[{"variableName":"salt","dimensionName":"Year","values":[1961]}]}',
    )
    assert (found.variable, found.dimensions) == ("salt", (DimensionChoice("Year", ((1961.0, 1961.0),)),))


def test_of_several_variables_the_first_counts() -> None:
    text = '{"multidimensionalDefinition":[{"variableName":"salt"},{"variableName":"temp"}]}'
    assert chosen(CUBE, mosaicRule=text).variable == "salt"


def test_a_variable_without_values_is_the_variable() -> None:
    text = '{"multidimensionalDefinition":[{"variableName":"temp","dimensionName":null,"values":null}]}'
    assert chosen(CUBE, mosaicRule=text) == Selection(variable="temp")


@pytest.mark.parametrize(
    "definition",
    [
        '[{"variableName":"wind"}]',
        '[{"variableName":"temp","dimensionName":"Year","values":[1]}]',
        '[{"variableName":"temp","dimensionName":"StdZ","values":["deep"]}]',
        '[{"variableName":"temp","dimensionName":"StdZ","values":[[1,2,3]]}]',
        '[{"variableName":"temp","dimensionName":"StdZ","values":[1e999]}]',
        '"temp"',
        "[5]",
    ],
)
def test_what_is_wrong_in_a_definition(definition: str) -> None:
    with pytest.raises(InvalidParameter, match="'mosaicRule' parameter is invalid"):
        chosen(CUBE, mosaicRule=f'{{"multidimensionalDefinition":{definition}}}')


def test_slices_count_over_variables_and_win() -> None:
    text = '{"multidimensionalDefinition":[{"variableName":"temp"}]}'
    found = chosen(CUBE, mosaicRule=text, sliceId="7")
    assert (found.variable, found.dimensions) == ("salt", (DimensionChoice("Year", ((1962.0, 1962.0),)),))
    assert chosen(CUBE, sliceId="4").dimensions == (
        DimensionChoice("depth", ((10.0, 10.0),)),
        DimensionChoice("time", ((86_400_000.0, 86_400_000.0),)),
    )
    for wrong in ("8", "-1", "1.5", "x"):
        with pytest.raises(InvalidParameter, match="'sliceId' parameter is invalid"):
            chosen(CUBE, sliceId=wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("null", None),
        ("null,null", None),
        ("1483272000000", TimeSpan(1483272000000, 1483272000000)),
        ("0, 5", TimeSpan(0, 5)),
        ("1199145600000, 1230768000000", TimeSpan(1199145600000, 1230768000000)),
        ("1199145600000,null", TimeSpan(1199145600000, None)),
        ("[-5,null]", TimeSpan(-5, None)),
        ("2020-01-01", TimeSpan(1577836800000, 1577923199999)),
        ("2023", TimeSpan(1672531200000, 1704067199999)),
    ],
)
def test_times(text: str, expected: TimeSpan | None) -> None:
    assert read_time(Fields([("time", text)])) == expected


def test_depths_are_negative_heights() -> None:
    assert outward(DEPTHS, 5.0) == -5
    assert outward(TIMES, 5.0) == 5
