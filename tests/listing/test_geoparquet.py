from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from proxy.errors import CannotOpen
from proxy.listing import geoparquet
from tests.listing.support import copies, listed, stac_item
from tests.range_server import RangeServer, range_server

MAY = datetime(2020, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def row(name: str, href: str, **members: Any) -> dict[str, Any]:
    """A row as stac-geoparquet lays it out: properties at the top, times as timestamps, a box as a struct."""
    item = stac_item(name, href, **{"proj:epsg": 32631, "proj:shape": [10, 20]})
    west, south, east, north = item["bbox"]
    properties = item.pop("properties")
    return {
        **item,
        **properties,
        "datetime": MAY,
        "bbox": {"xmin": west, "ymin": south, "xmax": east, "ymax": north},
        "geometry": shapely.to_wkb(shapely.box(*item["bbox"])),
        **members,
    }


def write(path: Path, rows: list[dict[str, Any]], crs: Any = None) -> Path:
    geo = {"version": "1.1.0", "primary_column": "geometry"}
    geo["columns"] = {"geometry": {"encoding": "WKB", "geometry_types": [], **({"crs": crs} if crs else {})}}
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


def test_the_items_of_a_table(tmp_path: Path, server: RangeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geoparquet, "BATCH", 2)
    copies(tmp_path, "a.tif", "b.tif", "c.tif")
    path = write(
        tmp_path / "items.parquet", [row(name, f"{name}.tif", **{"eo:cloud_cover": 5.0}) for name in "abc"]
    )
    found, rejected = listed(path)
    assert rejected == []
    assert [record.key for record in found] == ["scenes/a", "scenes/b", "scenes/c"]
    assert found[0].footprint is not None
    assert found[0].footprint.bounds == (0, 0, 1, 1)
    assert found[0].properties["AcquisitionDate"] == MAY.timestamp() * 1000
    assert found[0].properties["CloudCover"] == 5.0
    assert Path(found[0].assets[0].href).samefile(tmp_path / "a.tif")
    remote, _ = listed(server.put("x/items.parquet", path.read_bytes()))
    assert [record.assets[0].href for record in remote] == [f"{server.url}/x/{name}.tif" for name in "abc"]


def test_what_is_null_in_a_row_is_absent(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    rows = [row("a", "a.tif", platform="x"), row("b", "b.tif", platform=None, geometry=None)]
    rows[1]["assets"] = {"other": rows[1]["assets"]["visual"]}
    found, rejected = listed(write(tmp_path / "items.parquet", rows))
    assert [record.assets[0].name for record in found] == ["visual", "other"]
    assert rejected == []
    assert "platform" not in found[1].properties
    assert found[1].footprint is not None


def test_a_table_of_files(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    rows = [
        {"location": name, "quality": 3, "geometry": shapely.to_wkb(shapely.box(5e5, 0, 6e5, 1e5))}
        for name in ("a.tif", "no.tif")
    ]
    path = write(tmp_path / "index.parquet", rows, {"id": {"authority": "EPSG", "code": 32631}, **_utm()})
    found, rejected = listed(path)
    assert [(record.name, record.properties) for record in found] == [("a", {"quality": 3})]
    assert found[0].footprint_crs is not None
    assert found[0].footprint_crs.epsg == 32631
    assert rejected == [(f"{path}#1", "The source does not exist.")]


def _utm() -> dict[str, Any]:
    from proxy.crs import reference

    found: dict[str, Any] = reference("EPSG:32631").pyproj.to_json_dict()
    return found


def test_what_is_no_table_of_items_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but not quite")
    with pytest.raises(CannotOpen, match="could not be read"):
        listed(tmp_path / "a.parquet")
    with pytest.raises(CannotOpen, match="neither assets nor a location"):
        listed(write(tmp_path / "b.parquet", [{"geometry": b"", "x": 1}]))
    with pytest.raises(CannotOpen, match="does not exist"):
        listed(tmp_path / "c.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CannotOpen, match=r"pip install 'cogproxy\[geoparquet\]'"):
        listed(tmp_path / "b.parquet")
