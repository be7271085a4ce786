from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from proxy.chosen import chosen_config, services_of
from proxy.cli import main
from proxy.config import ConfigError, parse
from proxy.running import revealed
from tests.conftest import DATA, DEMO, RasterMaker


def test_a_file_a_folder_and_a_url_each_become_services(tmp_path: Path) -> None:
    for name in ("b.tif", "a.TIF", "notes.txt", "sub/b.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(DATA / "webp_no_overviews.tif", tmp_path / name)
    found = services_of((str(tmp_path), "https://h/x y/Scene%201.tif?sig=a", str(DEMO / "sentinel2.tif")))
    assert [name for name, _ in found] == ["a", "b", "b_2", "Scene_1", "sentinel2"]


def test_files_and_folders_with_dimensions_are_sources(tmp_path: Path) -> None:
    shutil.copy(DATA / "ocean_temperature.nc", tmp_path / "ocean.nc")
    for name in ("deep/cube.zarr/.zgroup", "deep/cube.zarr/temp/0.tif", "deep/plain/zarr.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [name for name, _ in services_of((str(tmp_path),))] == ["cube", "plain", "ocean"]
    hierarchy = str(tmp_path / "deep" / "cube.zarr")
    assert services_of((hierarchy,)) == [("cube", hierarchy)]


def test_check_tells_variables_and_dimensions() -> None:
    result = CliRunner().invoke(main, ["check", str(DATA / "ocean_temperature.nc")])
    assert result.exit_code == 0
    assert "90 x 45, 1 bands float32, EPSG:4326" in result.output
    assert (
        "    TEMP (Temperature) float32; TIME: 4 values from 0001-01-16T06:00:00Z to 0001-10-16T04:21:54Z; "
        "ZAXLEVIT19: 4 values from 0 METERS to 1000 METERS" in result.output
    )


def test_sources_are_added_to_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("services:\n- {name: one, source: x.tif}\n")
    config = chosen_config((str(DEMO / "sentinel2.tif"),), file)
    assert [service.name for service in config.services] == ["one", "sentinel2"]


def test_no_service_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("b.tif", "b_2.tif", "sub/b.tif", "sub/B_2.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(DATA / "webp_no_overviews.tif", tmp_path / name)
    names = [name.lower() for name, _ in services_of((str(tmp_path),))]
    assert len(set(names)) == 4
    file = tmp_path / "c.yaml"
    file.write_text("services:\n- {name: Sentinel2, source: x.tif}\n")
    config = chosen_config((str(DEMO / "sentinel2.tif"),), file)
    assert [service.name for service in config.services] == ["Sentinel2", "sentinel2_2"]


@pytest.mark.parametrize(
    ("file", "name"), [("Höhe 5 m.tif", "H_he_5_m"), ("地形.tif", "raster"), ("_.tif", "raster")]
)
def test_every_file_name_gives_a_name_that_a_service_may_have(tmp_path: Path, file: str, name: str) -> None:
    shutil.copy(DATA / "webp_no_overviews.tif", tmp_path / file)
    assert [service.name for service in chosen_config((str(tmp_path),), None).services] == [name]


def test_nothing_is_the_demo() -> None:
    assert [service.name for service in chosen_config((), None).services][:2] == ["sentinel2", "dem/sierra"]


@pytest.mark.parametrize("make", [lambda folder: folder / "absent.tif", lambda folder: folder])
def test_what_is_not_there_is_named(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="there is no"):
        services_of((str(make(tmp_path)),))


def test_check_says_what_each_source_is(make_raster: RasterMaker) -> None:
    flat = make_raster("flat.tif", np.zeros((1200, 1100), np.uint8))
    done = CliRunner().invoke(main, ["check", str(flat), str(DEMO / "landcover.tif"), str(DATA)])
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert any(line.startswith("flat: ok 1100 x 1200, 1 bands uint8, EPSG:32633") for line in lines)
    assert any("no overviews" in line for line in lines)
    assert any("stored in strips" in line for line in lines)
    assert any(line.startswith("landcover: ok") and "thematic" in line for line in lines)
    assert any(line.startswith("rpc_uint16: FAILED") and "rational" in line for line in lines)
    assert any("not on the earth" in line for line in lines)


def test_check_ends_well_when_all_is_well() -> None:
    assert CliRunner().invoke(main, ["check", str(DEMO / "landcover.tif")]).exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["serve", "--config", "absent.yaml"], ["serve", "nowhere.tif"], ["dance"]]
)
def test_wrong_calls_end_with_a_sentence(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code != 0
    assert "Error:" in done.output
    assert "Traceback" not in done.output


def test_workers_get_the_whole_configuration_and_a_common_secret() -> None:
    config = parse({"credentials": {"a": {"secret_access_key": "hush"}}, "server": {"workers": 2}}, {})
    plain = revealed(config)
    again = parse(plain, {})
    assert again.credentials["a"].secret_access_key is not None
    assert again.credentials["a"].secret_access_key.get_secret_value() == "hush"
    assert again.server.secret is not None
    assert len(again.server.secret.get_secret_value()) >= 32
    assert again.model_copy(update={"server": config.server}) == config
