"""Tiles seeded into the shared tiers, and the server that finds them there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.bulk.area import Area
from proxy.bulk.cache_sink import CacheUnreachable
from proxy.cli import main
from proxy.config import Config, parse
from proxy.errors import InvalidParameter, Unsupported
from tests.bulk.conftest import Seeder
from tests.conftest import DATA
from tests.redis_server import redis_server

SOURCE = DATA / "internal_mask_rgb_uint8.tif"
ZOOMS = "16-19"


def config_of(cache: dict[str, Any], source: Path = SOURCE, **service: Any) -> Config:
    services = [{"name": "scene", "source": str(source), **service}]
    return parse({"cache": cache, "services": services}, {})


@pytest.fixture
def kept(tmp_path: Path) -> Config:
    """A configuration with a tier on disk."""
    return config_of({"disk": str(tmp_path / "pictures")})


def places(folder: Path) -> list[tuple[str, str, str]]:
    return [(p.parts[-3], p.parts[-2], p.stem) for p in sorted(folder.rglob("*.*")) if p.stem.isdigit()]


@pytest.fixture
def tiles(seeded: Seeder, tmp_path: Path) -> list[tuple[str, str, str]]:
    """Places of the tiles that show something."""
    seeded(f"dir:{tmp_path / 'tiles'}", zooms=ZOOMS)
    return places(tmp_path / "tiles")


def statuses(config: Config, paths: list[str]) -> tuple[set[str], dict[str, bytes], int]:
    """What Cache-Status says of each picture without its name, the bodies, and the number of renders."""
    app = create_app(config)
    with TestClient(app) as client:
        answers = {path: client.get(path) for path in paths}
        rendered = sum("miss" in answer.headers["cache-status"] for answer in answers.values())
    assert {answer.status_code for answer in answers.values()} == {200}
    found = {answer.headers["cache-status"] for answer in answers.values()}
    return found, {path: answer.content for path, answer in answers.items()}, rendered


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "auto"])
def test_the_door_answers_from_the_tier_without_rendering(
    seeded: Seeder, kept: Config, tiles: list[tuple[str, str, str]], extension: str
) -> None:
    ending = "" if extension == "auto" else f".{extension}"
    paths = [f"/tiles/scene/{z}/{x}/{y}{ending}" for z, x, y in tiles]
    report = seeded("cache", kept, zooms=ZOOMS, extension=extension)
    assert (report.failed, report.skipped) == (0, 0)
    found, bodies, rendered = statuses(kept, paths)
    assert rendered == 0
    assert all("hit" in each and "disk" in each for each in found), found
    _, fresh, count = statuses(config_of({}), paths)
    assert count == len(set(paths))
    assert bodies == fresh


def test_tiles_with_nothing_to_see_are_kept_too(seeded: Seeder, tmp_path: Path) -> None:
    disc = DATA / "geostationary_mask_jpeg.tif"
    config = config_of({"disk": str(tmp_path / "pictures")}, disc)
    report = seeded("cache", config, zooms="5")
    assert report.empty > 0
    seeded(f"dir:{tmp_path / 'tiles'}", config, zooms="5")
    shown = set(places(tmp_path / "tiles"))
    bounds = create_app(config).state.registry.get("scene").info.geographic_bounds
    squares = Area("WebMercatorQuad", (5,), bounds).squares()
    hidden = [place for square in squares for place in square.tiles() if tuple(map(str, place)) not in shown]
    assert len(hidden) == report.empty
    _, _, rendered = statuses(config, [f"/tiles/scene/{z}/{x}/{y}.png" for z, x, y in hidden])
    assert rendered == 0


def test_what_is_there_is_not_rendered_again(seeded: Seeder, kept: Config, tmp_path: Path) -> None:
    first = seeded("cache", kept, zooms=ZOOMS)
    again = seeded("cache", kept, zooms=ZOOMS)
    assert again.tiles == again.empty == 0
    assert again.skipped == first.tiles + first.empty
    # The tier has lost something: only its square is rendered again.
    next(path for path in (tmp_path / "pictures" / "entries").rglob("*") if path.is_file()).unlink()
    third = seeded("cache", kept, zooms=ZOOMS)
    assert 0 < third.tiles + third.empty <= 64


def test_a_source_that_was_replaced_is_seeded_anew(
    seeded: Seeder, tiles: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    source = tmp_path / "scene.tif"
    shutil.copy(SOURCE, source)
    config = config_of({"disk": str(tmp_path / "pictures")}, source)
    seeded("cache", config, zooms="16")
    source.write_bytes(SOURCE.read_bytes() + b"\0")
    path = next(f"/tiles/scene/16/{x}/{y}.png" for z, x, y in tiles if z == "16")
    assert statuses(config, [path])[2] == 1


def test_after_a_purge_seeding_fills_the_new_names(
    seeded: Seeder, tiles: list[tuple[str, str, str]], kept: Config, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        f"cache: {{disk: '{tmp_path / 'pictures'}'}}\nservices: [{{name: scene, source: '{SOURCE}'}}]\n"
    )
    seeded("cache", kept, zooms="16")
    done = CliRunner().invoke(main, ["purge", "scene", "--config", str(file)])
    assert done.exit_code == 0, done.output
    again = seeded("cache", kept, zooms="16")
    assert again.tiles > 0
    app = create_app(kept)
    z, x, y = next(place for place in tiles if place[0] == "16")
    with TestClient(app) as client:
        # As the background listener does when the server starts, without waiting for its turn.
        client.portal.call(_caught_up, app)  # type: ignore[union-attr]
        answer = client.get(f"/tiles/scene/{z}/{x}/{y}.png")
    assert "disk" in answer.headers["cache-status"]


async def _caught_up(app: Any) -> None:
    tiers = app.state.renderer.tiers
    tiers.purges.adopt(await tiers.shared[0].tier.purges() or ())


def test_a_style_is_a_run_of_its_own(seeded: Seeder, tmp_path: Path) -> None:
    dem = DATA / "bottom_up_dem_4326_uint16.tif"
    config = config_of({"disk": str(tmp_path / "pictures")}, dem, kind="elevation")
    seeded("cache", config, zooms="9", style="tinted_relief")
    seeded(f"dir:{tmp_path / 'tiles'}", config, zooms="9", style="tinted_relief")
    z, x, y = places(tmp_path / "tiles")[0]
    paths = [
        f"/tiles/scene/{z}/{x}/{y}.png?style=tinted_relief",
        f"/tiles/scene/style/tinted_relief/{z}/{x}/{y}.png",
    ]
    assert statuses(config, paths)[2] == 0
    assert statuses(config, [f"/tiles/scene/{z}/{x}/{y}.png?style=None"])[2] == 1


def test_without_a_shared_tier_it_says_what_to_set(seeded: Seeder, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match=r"set cache\.disk to a folder or cache\.redis"):
        seeded("cache", config_of({}), zooms="16")


def test_a_tier_that_cannot_be_written_ends_the_work(seeded: Seeder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheUnreachable, match="The cache tier disk cannot be used: "):
        seeded("cache", config_of({"disk": str(tmp_path / "file" / "pictures")}), zooms="16")


def test_a_tier_that_is_too_small_is_told_of(
    seeded: Seeder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of({"disk": str(tmp_path / "pictures"), "disk_mb": 16})
    seeded("cache", config, zooms="16-22", scale=4)
    assert "cache tier disk is too small" in caplog.text


def test_formats_are_those_of_the_target(seeded: Seeder, kept: Config, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="auto"):
        seeded("cache", kept, extension="tif")
    with pytest.raises(InvalidParameter, match="png, jpg, webp"):
        seeded(f"dir:{tmp_path / 'x'}", kept, extension="auto")


def test_redis_is_filled_as_well(seeded: Seeder, tiles: list[tuple[str, str, str]], tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        config = config_of({"redis": server.url, "redis_seconds": 5})
        seeded("cache", config, zooms=ZOOMS)
        found, _, rendered = statuses(config, [f"/tiles/scene/{z}/{x}/{y}.png" for z, x, y in tiles])
    assert rendered == 0
    assert all("redis" in each for each in found), found
