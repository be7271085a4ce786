from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import CannotOpen
from tests.listing.support import copies, listed


def feature(properties: Any, west: float = 0.0) -> dict[str, Any]:
    ring = [[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write(path: Path, *features: Any, **members: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


def test_features_that_name_a_file(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    path = write(
        tmp_path / "c.geojson",
        feature({"file": "a.tif", "name": "first", "acquisition_date": "2018-01-31"}),
        feature({"FILE": "b.tif", "cloud": 3}, 5),
        feature({"file": "a.tif"}, 7),
    )
    (a, b, again), rejected = listed(path)
    assert rejected == []
    assert (a.name, b.name, again.name) == ("first", "b", "a")
    assert again.key == f"{a.key}#2"
    assert a.properties["AcquisitionDate"] == 1517356800000
    assert "file" not in a.properties
    assert b.footprint is not None
    assert b.footprint.bounds == (5, 0, 6, 1)


def test_features_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    path = write(
        tmp_path / "c.geojson", feature({"file": "no.tif"}), feature({"x": 1}), feature(None), 7,
        {"type": "Feature", "properties": {"file": "a.tif"}, "geometry": {"type": "Polygon"}},
    )  # fmt: skip
    found, rejected = listed(path)
    assert [(record.name, record.footprint) for record in found] == [("a", None)]
    assert [reason for _, reason in rejected] == [
        "The source does not exist.", "The feature names no file.", "The feature has no properties.",
        "The feature has no properties.",
    ]  # fmt: skip


def test_older_geojson_may_have_another_system(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    ((record,), _) = listed(write(tmp_path / "c.geojson", feature({"file": "a.tif"}), crs=crs))
    assert record.footprint_crs is not None
    assert record.footprint_crs.epsg == 3857
    crs["properties"] = {"name": "nowhere"}
    with pytest.raises(CannotOpen, match="not known"):
        listed(write(tmp_path / "c.geojson", feature({"file": "a.tif"}), crs=crs))


@pytest.mark.shared
@pytest.mark.parametrize(("name", "count"), [("naip", 6), ("l8ny", 19), ("quebec", 3)])
def test_the_catalogs_of_the_large_set(shared: Path, name: str, count: int) -> None:
    document = json.loads((shared / f"mosaic_{name}" / "catalog.geojson").read_text())
    found, rejected = listed(shared / f"mosaic_{name}" / "catalog.geojson")
    wanted = {entry["properties"]["name"]: entry["properties"] for entry in document["features"]}
    assert rejected == []
    assert count <= len(wanted)
    assert {record.name for record in found} == set(wanted)
    for record in found:
        assert record.properties.get("AcquisitionDate") == wanted[record.name].get("acquisition_ms")
