"""Tiles from archives in the place of renders."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import parse
from proxy.errors import CannotOpen
from proxy.sources.archive import Archive
from tests.bulk.conftest import Seeder
from tests.conftest import DATA
from tests.range_server import range_server

SCENE = str(DATA / "internal_mask_rgb_uint8.tif")
STYLED = {"name": "flipped", "rule": {"function": "extract_band", "band_ids": [2, 1, 0]}}


@pytest.fixture
def archive(seeded: Seeder, tmp_path: Path) -> Path:
    path = tmp_path / "scene.pmtiles"
    seeded(f"pmtiles:{path}", zooms="16-19")
    return path


def client_of(*archives: dict[str, Any], **more: Any) -> TestClient:
    service = {"name": "scene", "source": SCENE, "archives": list(archives), **more}
    return TestClient(create_app(parse({"services": [service]}, {})))


def first_tile(path: Path) -> tuple[int, int, int]:
    from pmtiles.reader import MemorySource, all_tiles

    [*_, (place, _body)] = all_tiles(MemorySource(path.read_bytes()))
    return place


def test_a_tile_comes_from_the_archive_and_what_it_lacks_is_rendered(archive: Path) -> None:
    z, x, y = first_tile(archive)
    with client_of() as plain, client_of({"source": str(archive)}) as client:
        for place in (f"{z}/{x}/{y}", f"{z + 1}/{2 * x}/{2 * y}", "0/0/0"):
            expected = plain.get(f"/tiles/scene/{place}.png")
            found = client.get(f"/tiles/scene/{place}.png")
            assert found.content == expected.content
        answer = client.get(f"/tiles/scene/{z}/{x}/{y}.png")
        assert "archive" in answer.headers["cache-status"]
        assert answer.headers["content-type"] == "image/png"
        again = client.get(f"/tiles/scene/{z}/{x}/{y}.png", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert (
            "archive" not in client.get(f"/tiles/scene/{z + 1}/{2 * x}/{2 * y}.png").headers["cache-status"]
        )


@pytest.mark.parametrize("ending", [".png?bands=1", ".jpg", "@2x.png", ".png?style=flipped", ".png?nodata=0"])
def test_any_other_tile_is_rendered(archive: Path, ending: str) -> None:
    z, x, y = first_tile(archive)
    with client_of({"source": str(archive)}, renderings=[{"name": "own"}, STYLED]) as client:
        answer = client.get(f"/tiles/scene/{z}/{x}/{y}{ending}")
        assert answer.status_code == 200
        assert "archive" not in answer.headers["cache-status"]


def test_an_archive_of_a_style(archive: Path) -> None:
    z, x, y = first_tile(archive)
    own = {"source": str(archive), "style": "Flipped"}
    with client_of(own, renderings=[{"name": "own"}, STYLED]) as client:
        for path in (
            f"/tiles/scene/{z}/{x}/{y}.png?style=flipped",
            f"/tiles/scene/style/flipped/{z}/{x}/{y}.png",
        ):
            assert "archive" in client.get(path).headers["cache-status"]
        assert "archive" not in client.get(f"/tiles/scene/{z}/{x}/{y}.png").headers["cache-status"]


def test_an_archive_on_a_web_server(archive: Path) -> None:
    z, x, y = first_tile(archive)
    with range_server() as server:
        url = server.put("scene.pmtiles", archive.read_bytes())
        with client_of({"source": url}) as client:
            answer = client.get(f"/tiles/scene/{z}/{x}/{y}.png")
            assert "archive" in answer.headers["cache-status"]
            # Out of reach: the tile is rendered.
            server.refuses = 403
            answer = client.get(f"/tiles/scene/{z}/{x}/{y}.png")
            assert answer.status_code == 200
            assert "archive" not in answer.headers["cache-status"]


@pytest.mark.parametrize("damage", ["absent", "short", "other"])
def test_a_damaged_archive_costs_no_tile(archive: Path, tmp_path: Path, damage: str) -> None:
    z, x, y = first_tile(archive)
    path = tmp_path / "damaged.pmtiles"
    if damage == "short":
        path.write_bytes(archive.read_bytes()[:200])
    elif damage == "other":
        shutil.copy(SCENE, path)
    with pytest.raises(CannotOpen):
        Archive(str(path))
    with client_of({"source": str(path)}) as client:
        answer = client.get(f"/tiles/scene/{z}/{x}/{y}.png")
        assert answer.status_code == 200
        assert "archive" not in answer.headers["cache-status"]


def test_a_tile_that_is_cut_off_is_rendered(archive: Path) -> None:
    z, x, y = first_tile(archive)
    with client_of({"source": str(archive)}) as client:
        assert "archive" in client.get(f"/tiles/scene/{z}/{x}/{y}.png").headers["cache-status"]
        archive.write_bytes(archive.read_bytes()[:-10])
        answer = client.get(f"/tiles/scene/{z}/{x}/{y}.png")
        assert answer.status_code == 200
        assert "archive" not in answer.headers["cache-status"]
