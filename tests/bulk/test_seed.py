"""Seeding of a real raster: what is kept is what the tile door sends."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.bulk import seed as seeding
from proxy.bulk.sinks import MBTiles
from proxy.bulk.work import Tile
from proxy.config import Config
from proxy.errors import CannotRead, InvalidParameter, OutsideExtent, UnknownService, Unsupported
from tests.bulk.conftest import Seeder, config_of
from tests.conftest import DATA

ZOOMS = "16-21"


def served(config: Config, path: str) -> bytes:
    with TestClient(create_app(config)) as client:
        response = client.get(path)
        assert response.status_code == 200
        return response.content


def visible(body: bytes) -> bool:
    return bool(np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))[..., 3].any())


def test_a_folder_holds_what_the_door_sends(seeded: Seeder, configured: Config, tmp_path: Path) -> None:
    report = seeded(f"dir:{tmp_path / 'tiles'}", zooms=ZOOMS)
    files = sorted((tmp_path / "tiles").rglob("*.png"))
    assert report.tiles == len(files) > 20
    assert report.failed == 0
    with TestClient(create_app(configured)) as client:
        for path in files:
            z, x, y = path.parts[-3:]
            assert path.read_bytes() == client.get(f"/tiles/scene/{z}/{x}/{y}").content
    document = json.loads((tmp_path / "tiles" / "tilejson.json").read_text())
    assert (document["minzoom"], document["maxzoom"]) == (16, 21)
    assert not (tmp_path / "tiles" / ".cogproxy-seed").exists()


def test_tiles_without_anything_to_see_are_left_out(seeded: Seeder, tmp_path: Path) -> None:
    config = config_of({"name": "disc", "source": str(DATA / "geostationary_mask_jpeg.tif")})
    report = seeded(f"dir:{tmp_path / 'tiles'}", config, "disc", zooms="5")
    found = list((tmp_path / "tiles").rglob("*.png"))
    assert all(visible(path.read_bytes()) for path in found)
    assert len(found) == report.tiles > 0
    # The corners around the disc of the earth.
    assert report.empty > 0


def test_mbtiles_are_read_by_gdal(seeded: Seeder, configured: Config, tmp_path: Path) -> None:
    target = tmp_path / "scene.mbtiles"
    seeded(f"mbtiles:{target}", zooms=ZOOMS)
    with sqlite3.connect(target) as connection:
        metadata = dict(connection.execute("SELECT name, value FROM metadata"))
        rows = list(connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"))
    connection.close()
    assert (metadata["format"], metadata["minzoom"], metadata["maxzoom"]) == ("png", "16", "21")
    z, x, row, body = rows[len(rows) // 2]
    assert body == served(configured, f"/tiles/scene/{z}/{x}/{(1 << z) - 1 - row}.png")
    with rasterio.open(target) as opened:
        assert opened.crs.to_epsg() == 3857
        assert opened.read(1).any()


def test_pmtiles_are_read_back(seeded: Seeder, configured: Config, tmp_path: Path) -> None:
    from pmtiles.reader import MemorySource, Reader, all_tiles

    target = tmp_path / "scene.pmtiles"
    report = seeded(f"pmtiles:{target}", zooms=ZOOMS)
    source = MemorySource(target.read_bytes())
    header = Reader(source).header()
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (16, 21, True)
    found = list(all_tiles(source))
    assert len(found) == report.tiles
    (z, x, y), body = found[len(found) // 2]
    assert body == served(configured, f"/tiles/scene/{z}/{x}/{y}.png")
    assert sorted(tmp_path.glob("scene*")) == [target]


def test_work_is_taken_up_where_it_was_left(
    seeded: Seeder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "scene.mbtiles"
    taken: list[str] = []
    real = seeding._taken

    def stopping(square: Any, result: Any, sink: Any, report: Any) -> None:
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(square.name)
        real(square, result, sink, report)

    monkeypatch.setattr(seeding, "_taken", stopping)
    with pytest.raises(KeyboardInterrupt):
        seeded(f"mbtiles:{target}", zooms=ZOOMS, threads=1)
    monkeypatch.setattr(seeding, "_taken", real)
    again = seeded(f"mbtiles:{target}", zooms=ZOOMS)
    whole = seeded(f"mbtiles:{tmp_path / 'whole.mbtiles'}", zooms=ZOOMS)
    assert again.skipped > whole.skipped
    rows = [_rows(path) for path in (target, tmp_path / "whole.mbtiles")]
    assert rows[0] == rows[1]


def _rows(path: Path) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return sorted(connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"))
    finally:
        connection.close()


def test_another_job_does_not_continue_this_one(tmp_path: Path) -> None:
    from proxy.bulk.area import Square

    square = Square(3, 0, 0, 1, 1)
    sink = MBTiles(tmp_path / "a.mbtiles", "one")
    sink.put(square, [Tile(3, 0, 0, b"body")])
    sink.close()
    sink = MBTiles(tmp_path / "a.mbtiles", "one")
    assert sink.has(square)
    sink.close()
    sink = MBTiles(tmp_path / "a.mbtiles", "other")
    assert not sink.has(square)
    assert list(sink.tiles_in_order()) == []
    sink.close()


def test_a_square_that_fails_does_not_stop_the_others_and_is_tried_again(
    seeded: Seeder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxy.bulk import work

    target = tmp_path / "scene.mbtiles"
    real = work.Worker.render

    def failing(self: work.Worker, square: Any) -> list[Tile]:
        if square.z == 21:
            raise CannotRead("The source could not be read.")
        return real(self, square)

    monkeypatch.setattr(work.Worker, "render", failing)
    report = seeded(f"mbtiles:{target}", zooms=ZOOMS)
    assert report.failed > 0
    assert report.reason == "The source could not be read."
    assert report.tiles > 0
    monkeypatch.setattr(work.Worker, "render", real)
    again = seeded(f"mbtiles:{target}", zooms=ZOOMS)
    assert again.failed == 0
    assert {row[0] for row in _rows(target)} == {16, 17, 18, 19, 20, 21}


def test_a_dask_cluster_gives_the_same_tiles(seeded: Seeder, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    here, there = tmp_path / "here.mbtiles", tmp_path / "there.mbtiles"
    seeded(f"mbtiles:{here}", zooms="18-20")
    seeded(f"mbtiles:{there}", zooms="18-20", dask="local")
    assert _rows(here) == _rows(there) != []


def test_styles_and_queries_are_those_of_the_door(seeded: Seeder, tmp_path: Path) -> None:
    source = str(DATA / "bottom_up_dem_4326_uint16.tif")
    config = config_of({"name": "dem", "source": source, "kind": "elevation"})
    seeded(f"dir:{tmp_path / 'a'}", config, "DEM", zooms="9", style="tinted_relief")
    [path, *_] = sorted((tmp_path / "a").rglob("*.png"))
    z, x, y = path.parts[-3:]
    assert path.read_bytes() == served(config, f"/tiles/dem/{z}/{x}/{y}?style=tinted_relief")
    seeded(
        f"dir:{tmp_path / 'b'}", config, "dem", zooms="9", query={"expression": "b1*2", "rescale": "0,9000"}
    )
    assert (tmp_path / "b" / z / x / y).read_bytes() == served(
        config, f"/tiles/dem/{z}/{x}/{y}?expression=b1*2&rescale=0,9000"
    )


def test_what_cannot_be_seeded_says_why(seeded: Seeder, tmp_path: Path) -> None:
    with pytest.raises(UnknownService):
        seeded("dir:x", service="nothing")
    with pytest.raises(InvalidParameter, match="to"):
        seeded("ftp:x")
    with pytest.raises(InvalidParameter, match="format"):
        seeded("dir:x", extension="tif")
    with pytest.raises(OutsideExtent):
        seeded(f"dir:{tmp_path}", bbox="100,-50,101,-49")
    with pytest.raises(Unsupported, match="WebMercatorQuad"):
        seeded(f"pmtiles:{tmp_path / 'x'}", tms="WorldCRS84Quad", zooms="3")
    mars = config_of({"name": "mars", "source": str(DATA / "mars_equirectangular_rgb_jpeg.tif")})
    with pytest.raises(OutsideExtent):
        seeded(f"dir:{tmp_path}", mars, "mars", zooms="1")


def test_a_bucket_gets_tiles_with_their_type(seeded: Seeder, configured: Config, tmp_path: Path) -> None:
    from obstore.store import MemoryStore

    from proxy.bulk.area import Square
    from proxy.bulk.sinks import Bucket

    store = MemoryStore()
    sink = Bucket(store, "/tiles/", "job", "png", tmp_path / "state" / "journal")
    square = Square(3, 0, 0, 1, 1)
    sink.put(square, [Tile(3, 0, 0, b"body"), Tile(3, 1, 0, b"")])
    assert sink.has(square)
    assert bytes(store.get("tiles/3/0/0.png").bytes()) == b"body"
    assert store.get("tiles/3/0/0.png").attributes["Content-Type"] == "image/png"
    sink.finish(
        {"name": "n", "description": "", "attribution": "", "bounds": (0, 0, 1, 1), "center": (0, 0, 3),
         "minzoom": 3, "maxzoom": 3}
    )  # fmt: skip
    assert json.loads(bytes(store.get("tiles/tilejson.json").bytes()))["tiles"] == ["{z}/{x}/{y}.png"]
