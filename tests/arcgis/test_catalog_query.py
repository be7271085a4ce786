"""query on a catalog of real footprints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import shapely
from affine import Affine

from proxy.arcgis.catalog_query import answer
from proxy.arcgis.errors import CannotComplete, error_document
from proxy.arcgis.fields import Fields
from proxy.catalog.base import Asset, ItemFacts, ItemRecord
from proxy.catalog.store import SqliteCatalog
from proxy.crs import reference, transform_bounds
from proxy.errors import InvalidParameter
from proxy.model import Extent, PixelType

UTM = reference("EPSG:32633")
DAY = 86_400_000


@dataclass
class Info:
    extent: Extent = field(default_factory=lambda: Extent(0, 0, 1, 1))
    variables: tuple[Any, ...] = ()
    is_mosaic: bool = True


@dataclass
class Service:
    info: Any


def record(number: int, cloud: float | None) -> ItemRecord:
    """One of five squares of 10 km in a row from west to east, 5 km apart, each a day later."""
    facts = ItemFacts(
        UTM, Affine(10, 0, 500_000 + number * 5_000, 0, -10, 5_800_000), 1000, 1000, PixelType.UINT16, ("b",)
    )
    properties = {"CloudCover": cloud, "AcquisitionDate": number * DAY, "State": "AB"[number % 2]}
    return ItemRecord(
        f"{number}.tif",
        f"scene {number}",
        (Asset(f"{number}.tif"),),
        facts,
        version="1",
        properties=properties,
        dates=frozenset({"AcquisitionDate"}),
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqliteCatalog]:
    found = SqliteCatalog.open(tmp_path / "items.db", crs=UTM)
    with found.writing() as writer:
        for number, cloud in enumerate((0.5, 0.1, None, 0.9, 0.3)):
            writer.put(record(number, cloud))
        writer.finish()
    yield found
    found.close()


def ask(catalog: SqliteCatalog, **parameters: Any) -> dict[str, Any]:
    service: Any = Service(Info())
    texts = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()
    }
    found = answer(service, catalog, Fields(texts.items()))
    json.dumps(found, allow_nan=False)
    return found


def ids(catalog: SqliteCatalog, **parameters: Any) -> list[int]:
    return list(ask(catalog, returnIdsOnly="true", **parameters)["objectIds"])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("1=1", [1, 2, 3, 4, 5]),
        ("CloudCover <= 0.3", [2, 5]),
        ("cloudcover IS NULL", [3]),
        ("Name LIKE 'scene%' AND \"State\" = 'B'", [2, 4]),
        ("AcquisitionDate >= DATE '1970-01-04'", [4, 5]),
        ("OBJECTID IN (2,3)", [2, 3]),
    ],
)
def test_conditions(catalog: SqliteCatalog, where: str, expected: list[int]) -> None:
    assert ids(catalog, where=where) == expected
    assert ask(catalog, where=where, returnCountOnly="true") == {"count": len(expected)}


@pytest.mark.parametrize(
    "where", ["CloudCover <", "1=1; DROP TABLE items", "nothing = 1", "load_extension('x')"]
)
def test_a_clause_that_cannot_be_read(catalog: SqliteCatalog, where: str) -> None:
    with pytest.raises(CannotComplete) as caught:
        ask(catalog, where=where)
    assert error_document(caught.value)["error"]["details"][0].startswith("'where' parameter is invalid. ")
    assert len(catalog) == 5


def test_features_have_what_was_asked_for(catalog: SqliteCatalog) -> None:
    found = ask(catalog, where="OBJECTID = 2", outFields="Name,CloudCover,AcquisitionDate")
    assert [field["type"] for field in found["fields"]] == [
        "esriFieldTypeString",
        "esriFieldTypeDouble",
        "esriFieldTypeDate",
    ]
    assert found["fields"][2]["length"] == 8
    [feature] = found["features"]
    assert feature["attributes"] == {"Name": "scene 1", "CloudCover": 0.1, "AcquisitionDate": DAY}
    [ring] = feature["geometry"]["rings"]
    assert {tuple(place) for place in ring} == {
        (505_000, 5_800_000), (515_000, 5_800_000), (515_000, 5_790_000), (505_000, 5_790_000)
    }  # fmt: skip
    assert found["spatialReference"] == {"wkid": 32633, "latestWkid": 32633}
    assert "geometry" not in ask(catalog, returnGeometry="false")["features"][0]


def test_every_field_and_only_the_id_by_default(catalog: SqliteCatalog) -> None:
    every = ask(catalog, outFields="*", where="OBJECTID = 1")["features"][0]["attributes"]
    assert {"OBJECTID", "Name", "MinPS", "Category", "CenterX", "CloudCover", "State"} <= set(every)
    assert ask(catalog, where="OBJECTID = 1")["features"][0]["attributes"] == {"OBJECTID": 1}
    with pytest.raises(InvalidParameter, match="outFields"):
        ask(catalog, outFields="nothing")


def test_order_and_pages(catalog: SqliteCatalog) -> None:
    assert ids(catalog, orderByFields="CloudCover DESC") == [4, 1, 5, 2, 3]
    assert ids(catalog, orderByFields="State, CloudCover desc") == [1, 5, 3, 4, 2]
    first = ask(catalog, orderByFields="CloudCover", resultRecordCount="2")
    assert [f["attributes"]["OBJECTID"] for f in first["features"]] == [2, 5]
    assert first["exceededTransferLimit"] is True
    last = ask(catalog, orderByFields="CloudCover", resultRecordCount="2", resultOffset="4")
    assert [f["attributes"]["OBJECTID"] for f in last["features"]] == [3]
    assert "exceededTransferLimit" not in last
    assert ask(catalog, resultOffset="1e99")["features"] == []
    for wrong in ("nothing", "CloudCover SIDEWAYS", "CloudCover; DROP TABLE items", "Shape,", "(SELECT 1)"):
        with pytest.raises(InvalidParameter, match="orderByFields"):
            ask(catalog, orderByFields=wrong)


def test_places(catalog: SqliteCatalog) -> None:
    point = {"x": 512_500, "y": 5_795_000}
    assert ids(catalog, geometry=point, geometryType="esriGeometryPoint") == [2, 3]
    box = {"xmin": 504_000, "ymin": 5_785_000, "xmax": 520_100, "ymax": 5_805_000}
    assert ids(catalog, geometry=box, geometryType="esriGeometryEnvelope") == [1, 2, 3, 4, 5]
    contained = ids(
        catalog, geometry=box, geometryType="esriGeometryEnvelope", spatialRel="esriSpatialRelContains"
    )
    assert contained == [2, 3]
    small = {"xmin": 506_000, "ymin": 5_791_000, "xmax": 507_000, "ymax": 5_792_000}
    within = ids(
        catalog, geometry=small, geometryType="esriGeometryEnvelope", spatialRel="esriSpatialRelWithin"
    )
    assert within == [1, 2]
    with pytest.raises(InvalidParameter, match="spatialRel"):
        ask(catalog, geometry=box, geometryType="esriGeometryEnvelope", spatialRel="esriSpatialRelNear")


def test_the_whole_world_as_a_box_in_degrees(catalog: SqliteCatalog) -> None:
    box = {"xmin": -180, "ymin": -90, "xmax": 180, "ymax": 90, "spatialReference": {"wkid": 4326}}
    assert ids(catalog, geometry=box, geometryType="esriGeometryEnvelope") == [1, 2, 3, 4, 5]


def test_far_away_there_is_nothing(catalog: SqliteCatalog) -> None:
    for lon, lat in ((-75, 40), (0, -89), (179, 0)):
        place = {"x": lon, "y": lat, "spatialReference": {"wkid": 4326}}
        assert ids(catalog, geometry=place, geometryType="esriGeometryPoint") == []


def test_times_and_ids(catalog: SqliteCatalog) -> None:
    assert ids(catalog, time=f"{DAY},{2 * DAY}") == [2, 3]
    assert ids(catalog, time=f"null,{DAY}") == [1, 2]
    assert ids(catalog, objectIds="4,2,99", where="OBJECTID = 1") == [2, 4]
    with pytest.raises(InvalidParameter, match="objectIds"):
        ask(catalog, objectIds="a")


def test_an_extent(catalog: SqliteCatalog) -> None:
    found = ask(catalog, where="OBJECTID < 3", returnExtentOnly="true", outSR="4326")
    expected = transform_bounds((500_000, 5_790_000, 515_000, 5_800_000), UTM, reference("EPSG:4326"))
    assert found["count"] == 2
    assert [found["extent"][name] for name in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(expected)
    assert ask(catalog, where="1=0", returnExtentOnly="true") == {"count": 0, "extent": None}


def test_statistics_of_groups(catalog: SqliteCatalog) -> None:
    asked = [
        {"statisticType": "count", "onStatisticField": "OBJECTID", "outStatisticFieldName": "n"},
        {"statisticType": "avg", "onStatisticField": "cloudcover"},
        {"statisticType": "max", "onStatisticField": "AcquisitionDate", "outStatisticFieldName": "last"},
    ]
    found = ask(catalog, outStatistics=asked, groupByFieldsForStatistics="State")
    rows = [feature["attributes"] for feature in found["features"]]
    assert rows == [
        {"State": "A", "n": 3, "AVG_CloudCover": pytest.approx(0.4), "last": 4 * DAY},
        {"State": "B", "n": 2, "AVG_CloudCover": pytest.approx(0.5), "last": 3 * DAY},
    ]
    assert [field["type"] for field in found["fields"]] == [
        "esriFieldTypeString", "esriFieldTypeInteger", "esriFieldTypeDouble", "esriFieldTypeDate"
    ]  # fmt: skip
    for wrong in (
        [{"statisticType": "median", "onStatisticField": "CloudCover"}],
        [{"statisticType": "sum", "onStatisticField": "State"}],
        [{"statisticType": "max(1);--", "onStatisticField": "CloudCover"}],
        [{"statisticType": "max", "onStatisticField": "(SELECT sql FROM sqlite_master)"}],
        [],
        {},
        "x",
    ):
        with pytest.raises(InvalidParameter, match="outStatistics"):
            ask(catalog, outStatistics=wrong)


def test_an_output_name_is_never_sql(catalog: SqliteCatalog) -> None:
    name = '"; DROP TABLE items; --'
    asked = [{"statisticType": "count", "onStatisticField": "OBJECTID", "outStatisticFieldName": name}]
    assert ask(catalog, outStatistics=asked)["features"] == [{"attributes": {name: 5}}]
    assert len(catalog) == 5


def test_distinct_values(catalog: SqliteCatalog) -> None:
    found = ask(catalog, outFields="State", returnDistinctValues="true", orderByFields="State DESC")
    assert found["features"] == [{"attributes": {"State": "B"}}, {"attributes": {"State": "A"}}]


def test_geojson(catalog: SqliteCatalog) -> None:
    found = ask(catalog, f="geojson", where="OBJECTID = 1", outFields="OBJECTID,Name", geometryPrecision="4")
    [feature] = found["features"]
    assert feature["id"] == 1
    shape = shapely.from_geojson(json.dumps(feature["geometry"]))
    assert shape.is_valid
    assert shapely.is_ccw(shape.exterior)
    expected = transform_bounds((500_000, 5_790_000, 510_000, 5_800_000), UTM, reference("EPSG:4326"))
    assert shape.bounds == pytest.approx(expected, abs=2e-3)
