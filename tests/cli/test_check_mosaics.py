from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.chosen import chosen_config, selected_config
from proxy.cli import main
from proxy.config import ConfigError
from tests.conftest import DATA, DEMO


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    for name in ("a.tif", "b.tif"):
        shutil.copy(DATA / "webp_no_overviews.tif", folder / name)
    return folder


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "c.yaml"
    file.write_text("state: state\nservices:\n" + text)
    return file


def test_check_builds_a_mosaic_and_brings_it_up_to_date(tmp_path: Path, scenes: Path) -> None:
    file = write(tmp_path, "- {name: valley, mosaic: {source: scenes}}\n")
    done = check("--config", file)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("valley: ok 2 items, EPSG:3857\n    fields: OBJECTID")
    shutil.copy(DATA / "webp_no_overviews.tif", scenes / "c.tif")
    (scenes / "d.tif").write_text("no raster")
    done = check("--config", file)
    assert done.exit_code == 0
    assert "valley: ok 3 items" in done.output
    assert f"1 could not be read:\n      {scenes / 'd.tif'}: The source could not be opened." in done.output
    assert check("--config", file, "--refresh").output == done.output
    assert len(list((tmp_path / "state" / "catalogs").glob("valley-*.sqlite"))) == 1


def test_a_mosaic_without_readable_items_fails(tmp_path: Path, scenes: Path) -> None:
    for path in scenes.iterdir():
        path.write_text("no raster")
    done = check("--mosaic", "valley", scenes)
    assert done.exit_code == 1
    assert done.output.startswith("valley: FAILED 0 items\n    2 could not be read:\n")
    done = check("--mosaic", "valley", tmp_path / "absent")
    assert done.exit_code == 1
    assert done.output.startswith("valley: FAILED 0 items; The source does not exist.\n")
    assert "Traceback" not in done.output
    (tmp_path / "cache").rename(tmp_path / "aside")
    (tmp_path / "cache").write_text("no folder")
    done = check("--mosaic", "valley", scenes)
    assert done.exit_code == 1
    assert done.output == "valley: FAILED The state folder cannot be written to.\n"


def test_names_choose_services_of_the_file(tmp_path: Path, scenes: Path) -> None:
    file = write(
        tmp_path,
        "- {name: valley, mosaic: {source: scenes}}\n"
        f"- {{name: dem/sierra, source: {DEMO / 'elevation.tif'}}}\n"
        "- {name: broken, source: absent.tif}\n",
    )
    assert check("--config", file).exit_code == 1
    done = check("--config", file, "DEM/sierra")
    assert (done.exit_code, len(done.output.splitlines())) == (0, 1)
    assert done.output.startswith("dem/sierra: ok")
    done = check("--config", file, "valley", DEMO / "landcover.tif")
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.output.splitlines() if line[0] != " "] == [
        "valley",
        "landcover",
    ]
    done = check("--config", file, "valey")
    assert done.exit_code == 1
    assert "valey: there is no such file or folder" in done.output
    names = [service.name for service in selected_config((str(scenes / "a.tif"),), file, None).services]
    assert names == ["valley", "dem/sierra", "broken", "a"]


def test_one_mosaic_of_all_sources(scenes: Path) -> None:
    (service,) = chosen_config((str(scenes), "s3://bucket/x/*.tif"), None, "valley").services
    assert service.name == "valley"
    assert service.mosaic is not None
    assert service.mosaic.source == (str(scenes), "s3://bucket/x/*.tif")


@pytest.mark.parametrize(
    ("sources", "name", "why"), [((), "m", "no sources"), (("x",), "a b", "name"), (("x",), "One", "already")]
)
def test_a_mosaic_that_cannot_be_made_is_said(
    tmp_path: Path, sources: tuple[str, ...], name: str, why: str
) -> None:
    file = write(tmp_path, "- {name: one, source: x.tif}\n")
    with pytest.raises(ConfigError, match=why):
        chosen_config(sources, file, name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("sort_field: Clouds", "sort_field: no item has a field 'Clouds'; there are OBJECTID, Name, MinPS"),
        ("sort_field: Shape", "sort_field: the field 'Shape' is a geometry; there are OBJECTID, Name"),
        ("sort_field: MinPS, sort_value: low", "sort_value: "),
        ("time_field: Flown", "time_field: no item has a field 'Flown'; there are MinPS"),
        (
            "end_time_field: Name",
            "end_time_field: the field 'Name' is neither a date nor a number; there are",
        ),
        ("dimensions: {depth: Depth}", "dimensions.depth: no item has a field 'Depth'; there are MinPS"),
        ("dimensions: {depth: Name}", "dimensions.depth: the field 'Name' is neither a date nor a number"),
        ("rules: {best: {sort_field: Cloud}}", "rules.best.sort_field: no item has a field 'Cloud'"),
        ("rules: {best: {where: Cloud < 5}}", "rules.best.where: "),
        ("rules: {best: {where: MinPS > 7}}", "rules.best.where: no item meets it"),
        ("rules: {best: {method: lock, locked: [1, 77]}}", "rules.best.locked: there is no item 77"),
        ("overview: absent.tif", "overview: absent: The source does not exist."),
        ("overview: seams.json", "overview: seams: The source could not be opened."),
        ("seamlines: seams.json", "seamlines: there is no item z; there are a, b"),
        ("date_pattern: '(?P<date>\\d{8})'", "date_pattern: no item has a date by it"),
    ],
)
def test_settings_that_the_items_do_not_fit_are_said(
    tmp_path: Path, scenes: Path, settings: str, said: str
) -> None:
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for name in ("a", "z")
    ]
    (tmp_path / "seams.json").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    file = write(tmp_path, f"- {{name: valley, mosaic: {{source: scenes, {settings}}}}}\n")
    done = check("--config", file)
    assert done.exit_code == 1
    first, *others = done.output.splitlines()
    assert first == "valley: FAILED 2 items, EPSG:3857"
    assert others[0].startswith(f"    {said}"), done.output
    assert others[1].startswith("    fields: OBJECTID")


def test_settings_that_the_items_fit_are_fine(tmp_path: Path, scenes: Path) -> None:
    settings = (
        "sort_field: minps, sort_value: 3, rules: {b: {where: Name = 'a', ids: [1]}}, overview: scenes/a.tif"
    )
    file = write(tmp_path, f"- {{name: valley, mosaic: {{source: scenes, {settings}}}}}\n")
    done = check("--config", file)
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "valley: ok 2 items, EPSG:3857"), done.output
    file = write(tmp_path, "- {name: valley, bands: [one], mosaic: {source: scenes}}\n")
    assert "bands: 1 are named, the items have" in check("--config", file).output


def test_an_empty_listing_is_told(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text('{"type": "FeatureCollection", "features": []}')
    service = {"name": "none", "mosaic": {"source": str(tmp_path / "none.json")}}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"state": str(tmp_path / "state"), "services": [service]}))
    result = CliRunner().invoke(main, ["check", "--config", str(config)])
    assert result.exit_code == 1
    assert "0 items; the listing is empty" in result.output
