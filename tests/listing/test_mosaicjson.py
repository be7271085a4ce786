from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import morecantile
import pytest

from proxy.errors import CannotOpen
from proxy.listing.shapes import quadkey_square
from tests.listing.support import copies, listed

MATRICES = morecantile.tms.get("WebMercatorQuad")


def mosaic(tiles: Any, version: str = "0.0.2", **members: Any) -> dict[str, Any]:
    return {
        "mosaicjson": version, "version": "1.0.0", "minzoom": 7, "maxzoom": 9, "bounds": [-1, -1, 1, 1],
        "tiles": tiles, **members,
    }  # fmt: skip


@pytest.mark.parametrize("key", ["0", "3", "0231102", "3333333333", "120223123012"])
def test_quadkeys_are_the_tiles_that_others_know(key: str) -> None:
    found = MATRICES.xy_bounds(MATRICES.quadkey_to_tile(key))
    assert quadkey_square(key) == pytest.approx(tuple(found), abs=1e-6)


@pytest.mark.parametrize("packed", [False, True])
def test_assets_stand_where_tiles_name_them(tmp_path: Path, packed: bool) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    text = json.dumps(mosaic({"0301": ["a.tif", "b.tif"], "0302": ["b.tif"], "0303": ["b.tif"]})).encode()
    path = tmp_path / ("m.json.gz" if packed else "m.json")
    path.write_bytes(gzip.compress(text) if packed else text)
    (a, b), rejected = listed(path)
    assert rejected == []
    assert (a.name, b.name) == ("a", "b")
    side = quadkey_square("0301")[2] - quadkey_square("0301")[0]
    assert a.footprint is not None
    assert b.footprint is not None
    assert a.footprint.bounds == pytest.approx(quadkey_square("0301"))
    assert a.footprint_crs is not None
    assert a.footprint_crs.epsg == 3857
    assert b.footprint.area == pytest.approx(3 * side * side)


def test_newer_ones_have_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(mosaic({"0301": ["a.tif"]}, "0.0.3", asset_prefix="s3://bucket/x/")))
    assert [record.key for record in listed(path)[0]] == ["s3://bucket/x/a.tif"]


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    tiles = {"0301": ["a.tif", "/vsimem/a.tif", 7, "no.tif"], "5": ["b.tif"], "0302": "a.tif", "": ["b.tif"]}
    path = tmp_path / "m.json"
    path.write_text(json.dumps(mosaic(tiles)))
    found, rejected = listed(path)
    assert [record.name for record in found] == ["a"]
    reasons = dict(rejected)
    assert set(reasons) == {"/vsimem/a.tif", "no.tif", "b.tif"}
    assert reasons["b.tif"] == "'5' is no quadkey."


@pytest.mark.parametrize(
    "document", [mosaic([]), mosaic({"0": ["a.tif"]}, tilematrixset={"id": "UTM31WGS84Quad"})]
)
def test_others_are_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(document))
    with pytest.raises(CannotOpen, match="MosaicJSON"):
        listed(path)
