from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import CannotOpen
from tests.listing.support import copies, listed, stac_item
from tests.listing.test_features import feature, write

MAY = 1588291200000


def test_dates_come_from_names(tmp_path: Path) -> None:
    copies(tmp_path, "S2_20200501_T31.tif", "other.tif", "20200501/c.tif")
    found, _ = listed(tmp_path, date_pattern=r"(?P<date>20\d{6})")
    dates = {record.name: record.properties.get("AcquisitionDate") for record in found}
    assert dates == {"S2_20200501_T31": MAY, "other": None, "c": MAY}
    assert all(record.dates == set(record.properties) for record in found)


@pytest.mark.parametrize(("pattern", "why"), [("(", "no regular expression"), ("a", "no group")])
def test_a_pattern_that_cannot_be_used_is_said(tmp_path: Path, pattern: str, why: str) -> None:
    copies(tmp_path, "a.tif")
    with pytest.raises(CannotOpen, match=why):
        listed(tmp_path, date_pattern=pattern)


def test_seamlines_belong_to_items_by_name(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    seams = write(
        tmp_path / "seams.geojson", feature({"name": "A"}, 3), feature({"name": "unused"}), feature({})
    )
    a, b = listed(tmp_path, seamlines=str(seams))[0]
    assert a.seamline is not None
    assert a.seamline.bounds == (3, 0, 4, 1)
    assert a.footprint_crs is not None
    assert a.footprint_crs.epsg == 4326
    assert (b.seamline, b.footprint_crs) == (None, None)


def test_seamlines_lie_in_the_system_of_the_footprint(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    crs = {"type": "name", "properties": {"name": "EPSG:3857"}}
    index = write(tmp_path / "index.geojson", feature({"file": "a.tif"}), crs=crs)
    seams = write(tmp_path / "seams.geojson", feature({"name": "a"}, 3))
    ((record,), _) = listed(index, seamlines=str(seams))
    assert record.seamline is not None
    assert record.seamline.bounds == pytest.approx((333958.5, 0, 445278.0, 111325.1), abs=0.1)


def test_seamlines_that_are_none_are_said(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    with pytest.raises(CannotOpen, match="no polygon with a name"):
        listed(tmp_path, seamlines=str(write(tmp_path / "seams.geojson", feature({}))))


def test_places_of_several_kinds_make_one_mosaic(tmp_path: Path) -> None:
    copies(tmp_path, "x/a.tif", "b.tif", "c.tif")
    item = tmp_path / "b.json"
    item.write_text(json.dumps(stac_item("b", "b.tif")))
    index = write(tmp_path / "index.geojson", feature({"file": "c.tif"}))
    found, _ = listed([str(tmp_path / "x"), str(item), str(index)])
    assert [record.name for record in found] == ["a", "b", "c"]


@pytest.mark.parametrize("document", [[1], "text", {"type": "Topology"}, {"features": []}])
def test_what_is_no_listing_is_said(tmp_path: Path, document: Any) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(CannotOpen, match="no listing that is known"):
        listed(tmp_path / "a.json")


def test_a_named_kind_goes_before_the_looks(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    with pytest.raises(CannotOpen, match="not JSON"):
        listed(tmp_path / "a.tif", kind="stac")
    (tmp_path / "index").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature({"file": "a.tif"})]})
    )
    assert len(listed(tmp_path / "index", kind="tile_index")[0]) == 1
