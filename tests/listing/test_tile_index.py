from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely

from proxy.errors import CannotOpen
from proxy.listing import tile_index
from tests.listing.support import copies, listed
from tests.range_server import RangeServer, range_server


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def write(path: Path, columns: dict[str, list[Any]], layer: str = "index", **options: Any) -> Path:
    count = len(next(iter(columns.values())))
    boxes = [shapely.box(5e5 + i, 0, 6e5 + i, 1e5) for i in range(count)]
    arrays = [np.array(v, dtype=object if isinstance(v[0], str) else None) for v in columns.values()]
    pyogrio.raw.write(
        path, np.array(shapely.to_wkb(boxes), dtype=object), arrays, list(columns), layer=layer,
        geometry_type="Polygon", crs="EPSG:32631", **options,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("ending", ["gpkg", "gti.gpkg", "fgb", "shp"])
def test_the_tiles_of_an_index(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_index, "BATCH", 2)
    copies(tmp_path, "a.tif", "b.tif", "c.tif", "d.tif")
    # FlatGeobuf sorts what it holds, unless it has no spatial index.
    options = {"SPATIAL_INDEX": "NO"} if ending == "fgb" else {}
    days = np.array(["2018-01-31T00:00:00"] * 4, dtype="datetime64[ms]")
    columns: dict[str, list[Any]] = {
        "location": ["a.tif", "b.tif", "c.tif", "d.tif"], "cloud_pct": [1.5, 2.5, 3.5, 4.5],
        "acquired": list(days) if ending != "shp" else ["2018-01-31"] * 4,
    }  # fmt: skip
    found, rejected = listed(write(tmp_path / f"index.{ending}", columns, **options))
    assert rejected == []
    assert [record.name for record in found] == ["a", "b", "c", "d"]
    assert [record.properties["CloudCover"] for record in found] == [1.5, 2.5, 3.5, 4.5]
    assert found[0].properties["AcquisitionDate"] == 1517356800000
    assert found[2].footprint is not None
    assert found[2].footprint.bounds == (5e5 + 2, 0, 6e5 + 2, 1e5)
    assert found[2].footprint_crs is not None
    assert found[2].footprint_crs.epsg == 32631


def test_the_layer_with_a_location_is_read(tmp_path: Path, server: RangeServer) -> None:
    copies(tmp_path, "a.tif")
    path = write(tmp_path / "index.gpkg", {"other": ["x"]}, "first")
    write(path, {"Location": ["a.tif", "no.tif"]}, "second", append=True)
    found, rejected = listed(path)
    assert [record.name for record in found] == ["a"]
    assert rejected == [(f"{path}#2", "The source does not exist.")]
    remote, _ = listed(server.put("x/index.gpkg", path.read_bytes()))
    assert [record.key for record in remote] == [f"{server.url}/x/a.tif", f"{server.url}/x/no.tif"]


def test_what_is_no_index_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.gpkg").write_bytes(b"SQLite format 4")
    with pytest.raises(CannotOpen, match="could not be read"):
        listed(tmp_path / "a.gpkg")
    with pytest.raises(CannotOpen, match="No layer"):
        listed(write(tmp_path / "b.gpkg", {"x": [1]}))
    with pytest.raises(CannotOpen, match="several files"):
        listed("https://h/a.shp")
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(CannotOpen, match=r"pip install 'cogproxy\[vector\]'"):
        listed(tmp_path / "b.gpkg")
