from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.arcgis import documents
from proxy.config import LimitsConfig, MosaicConfig
from proxy.facts import Facts
from proxy.model import BandStatistics, Colormap, DataKind, Histogram, Interpolation, PixelType
from proxy.renderings import NONE
from proxy.selection import MosaicMethod, MosaicOperation
from proxy.sources.base import AttributeTable, Dimension, Variable
from tests.arcgis.conftest import HILLSHADE, INFO

HISTOGRAM = Histogram(-0.5, 255.5, (1, 2, 3))
BAND = BandStatistics(1.0, 9.0, 4.5, 2.0, 100, HISTOGRAM, 4.0, 3.0)
FACTS = Facts(INFO, INFO.pixel_type, INFO.band_names, (BAND,) * 4, None, None, None)


def document(facts: Facts = FACTS, interpolation: Interpolation = Interpolation.BILINEAR) -> dict[str, Any]:
    limits, offers = LimitsConfig(max_width=5000), documents.Offers([{"name": "OBJECTID"}])
    return documents.service_document(
        "dem/valley", "Words", "Us", facts, (HILLSHADE, NONE), interpolation, limits, offers
    )


def test_what_clients_cannot_do_without() -> None:
    found = document()
    json.dumps(found, allow_nan=False)
    assert found["currentVersion"] == 10.91
    assert found["name"] == "dem/valley"
    for name in ("extent", "initialExtent", "fullExtent"):
        assert list(found[name]) == ["xmin", "ymin", "xmax", "ymax", "spatialReference"]
        assert found[name]["spatialReference"] == {"wkid": 32633, "latestWkid": 32633}
    assert found["spatialReference"] == {"wkid": 32633, "latestWkid": 32633}
    assert (found["pixelSizeX"], found["pixelSizeY"]) == (10.0, 10.0)
    assert (found["bandCount"], found["pixelType"]) == (4, "U16")
    assert found["bandNames"] == ["Red", "Green", "Blue", "NearInfrared"]
    assert found["serviceDataType"] == "esriImageServiceDataTypeGeneric"
    assert found["serviceSourceType"] == "esriImageServiceSourceTypeDataset"
    assert (found["objectIdField"], found["fields"]) == ("OBJECTID", [{"name": "OBJECTID"}])
    assert found["capabilities"] == "Image,Metadata,Catalog,Mensuration"
    assert (found["maxImageWidth"], found["maxImageHeight"]) == (5000, 4100)
    assert found["hasMultidimensions"] is False
    assert "timeInfo" not in found
    assert "tileInfo" not in found


def test_statistics_have_one_entry_for_each_band() -> None:
    found = document()
    assert found["minValues"] == [1.0] * 4
    assert found["maxValues"] == [9.0] * 4
    assert found["meanValues"] == [4.5] * 4
    assert found["stdvValues"] == [2.0] * 4
    assert found["hasHistograms"] is True


def test_unknown_statistics_are_empty_and_never_nan() -> None:
    for bands in ((), (replace(BAND, maximum=float("inf"), histogram=None),) * 4):
        found = document(replace(FACTS, statistics=bands))
        json.dumps(found, allow_nan=False)
        assert found["maxValues"] == []
        assert found["hasHistograms"] is False


def test_the_default_comes_first_and_none_is_offered() -> None:
    names = [info["name"] for info in document()["rasterFunctionInfos"]]
    assert names == ["Relief", "None"]
    child = documents.function_infos_document((HILLSHADE, NONE), "http://h/t.png")["rasterFunctionInfos"]
    assert [info["name"] for info in child] == names
    assert child[0]["thumbnail"] == "http://h/t.png?size=64&style=Relief"
    assert all(set(info) >= {"name", "description", "help"} for info in child)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(DataKind.ELEVATION, "Elevation"), (DataKind.THEMATIC, "Thematic"), (DataKind.RGB, "RGB"),
     (DataKind.GENERIC, "Generic")],
)  # fmt: skip
def test_kinds(kind: DataKind, expected: str) -> None:
    found = document(replace(FACTS, info=replace(INFO, kind=kind)))
    assert found["serviceDataType"] == f"esriImageServiceDataType{expected}"


def test_storage() -> None:
    found = document()
    assert found["uncompressedSize"] == 100 * 100 * 4 * 2
    assert (found["datasetFormat"], found["compressionType"]) == ("TIFF", "DEFLATE")
    plain = document(replace(FACTS, info=replace(INFO, compression="NONE", driver="netCDF")))
    assert (plain["datasetFormat"], plain["compressionType"]) == ("netCDF", "None")


@pytest.mark.parametrize(
    ("nodata", "one", "every"),
    [(None, None, None), (-9999.0, -9999.0, [-9999.0] * 4), (float("nan"), None, None)],
)
def test_nodata(nodata: float | None, one: float | None, every: list[float] | None) -> None:
    found = document(replace(FACTS, nodata=nodata))
    assert (found["noDataValue"], found["noDataValues"]) == (one, every)


@pytest.mark.parametrize("interpolation", list(Interpolation))
def test_every_interpolation_has_a_name(interpolation: Interpolation) -> None:
    assert document(interpolation=interpolation)["defaultResamplingMethod"]


def test_a_result_is_described_as_such() -> None:
    found = document(
        Facts(INFO, PixelType.UINT8, ("Band_1",), (BAND,), Colormap(((1, 2, 3, 4, 255),)), None, None, True)
    )
    assert (found["bandCount"], found["pixelType"], found["bandNames"]) == (1, "U8", ["Band_1"])
    assert found["serviceDataType"] == "esriImageServiceDataTypeProcessed"
    assert found["hasColormap"] is True


def test_statistics_document() -> None:
    bare = BandStatistics(1.0, 9.0, float("nan"), 2.0)
    found = documents.statistics_document(replace(FACTS, statistics=(BAND, bare)))["statistics"]
    assert found[0] == {
        "min": 1.0, "max": 9.0, "mean": 4.5, "standardDeviation": 2.0, "median": 4.0, "mode": 3.0,
        "count": 100, "sum": 450.0,
    }  # fmt: skip
    assert set(found[1]) == {"min", "max", "standardDeviation", "count"}


def test_histograms_are_there_for_all_bands_or_none() -> None:
    found = documents.histograms_document(FACTS)["histograms"]
    assert found == [{"size": 3, "min": -0.5, "max": 255.5, "counts": [1, 2, 3]}] * 4
    partly = replace(FACTS, statistics=(BAND, replace(BAND, histogram=None)))
    assert documents.histograms_document(partly) == {"histograms": []}


def test_transparent_colours_are_left_out() -> None:
    colormap = Colormap(((0, 0, 0, 0, 0), (1, 255, 0, 0, 255), (2, 0, 0, 255, 128)))
    found = documents.colormap_document(replace(FACTS, colormap=colormap))
    assert found == {"colormap": [[1, 255, 0, 0], [2, 0, 0, 255]]}


def test_key_properties() -> None:
    found = documents.key_properties_document(replace(FACTS, info=replace(INFO, acquired=1000)))
    assert found["BandProperties"][3] == {"BandName": "NearInfrared", "SourceBandIndex": 3}
    assert (found["LowCellSize"], found["HighCellSize"]) == (10.0, 40.0)
    assert found["AcquisitionDate"] == 1000
    assert "AcquisitionDate" not in documents.key_properties_document(FACTS)


def test_attribute_table() -> None:
    columns = (("Value", "integer"), ("ClassName", "text"), ("Share", "real"))
    table = AttributeTable(columns, ((1, "Water", 0.5), (2, "Wood", float("nan"))))
    found = documents.attribute_table_document(table)
    assert found["objectIdFieldName"] == "OBJECTID"
    assert [field["name"] for field in found["fields"]] == ["OBJECTID", "Value", "ClassName", "Share"]
    assert [field["type"].removeprefix("esriFieldType") for field in found["fields"]] == [
        "OID", "Integer", "String", "Double",
    ]  # fmt: skip
    assert found["features"][1]["attributes"] == {
        "OBJECTID": 2, "Value": 2, "ClassName": "Wood", "Share": None,
    }  # fmt: skip


def test_a_table_with_its_own_object_ids_keeps_them() -> None:
    table = AttributeTable((("ObjectID", "integer"), ("Value", "integer")), ((7, 1),))
    found = documents.attribute_table_document(table)
    assert found["objectIdFieldName"] == "ObjectID"
    assert found["fields"][0]["type"] == "esriFieldTypeOID"
    assert found["features"] == [{"attributes": {"ObjectID": 7, "Value": 1}}]


def test_a_mosaic_tells_its_own_rule_and_its_time() -> None:
    rule = MosaicConfig(
        source=("a.tif",),
        method=MosaicMethod.ATTRIBUTE,
        operation=MosaicOperation.MEAN,
        sort_field="Year",
        sort_value=2050,
        ascending=False,
        max_items=7,
    )
    offers = documents.Offers([{"name": "OBJECTID"}], mosaic=rule, start_field="AcquisitionDate")
    facts = replace(FACTS, info=replace(INFO, time=(1000, 2000), item_count=3))
    found = documents.service_document(
        "scenes", "", "", facts, (NONE,), Interpolation.NEAREST, LimitsConfig(), offers
    )
    assert found["serviceSourceType"] == "esriImageServiceSourceTypeMosaicDataset"
    assert (found["defaultMosaicMethod"], found["mosaicOperator"]) == ("ByAttribute", "Mean")
    assert (found["sortField"], found["sortValue"], found["sortAscending"]) == ("Year", 2050, False)
    assert found["maxMosaicImageCount"] == 7
    assert found["timeInfo"] == {
        "startTimeField": "AcquisitionDate",
        "endTimeField": "AcquisitionDate",
        "timeExtent": [1000, 2000],
        "timeReference": None,
    }


def test_dimensions_are_announced() -> None:
    variable = Variable("t", "", "K", (Dimension("time", "time", "", (0.0, 1.0)),))
    facts = replace(FACTS, info=replace(INFO, variables=(variable,), time=(0, 1)))
    found = document(facts)
    assert found["hasMultidimensions"] is True
    assert found["timeInfo"]["startTimeField"] == "StdTime"
