"""`cogproxy seed` and `cogproxy export` as they are typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner, Result

from proxy.cli import main
from tests.conftest import DATA, RasterMaker


@pytest.fixture
def config(tmp_path: Path, make_raster: RasterMaker) -> Path:
    """A raster, and a mosaic of two that lie side by side."""
    left = np.full((64, 64), 100, np.uint8)
    make_raster("left.tif", left)
    make_raster("right.tif", left + 50, transform=rasterio.Affine(10, 0, 500640, 0, -10, 5800000))
    folder = tmp_path / "items"
    folder.mkdir()
    for name in ("left.tif", "right.tif"):
        shutil.move(tmp_path / name, folder / name)
    path = tmp_path / "config.json"
    services = [
        {"name": "scene", "source": str(DATA / "internal_mask_rgb_uint8.tif")},
        {"name": "both", "mosaic": {"source": str(folder / "*.tif")}},
    ]
    path.write_text(json.dumps({"state": str(tmp_path / "state"), "services": services}))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_seeding_tells_what_it_did(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mbtiles"
    result = run(
        "seed", "scene", "--config", config, "--zooms", "18-19", "--to", f"mbtiles:{target}", "--quiet"
    )
    assert result.exit_code == 0, result.output
    assert "tiles" in result.output
    assert target.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("seed", "nothing"), "There is no service 'nothing'"),
        (("seed", "scene", "--zooms", "x"), "'zooms' parameter is invalid"),
        (("seed", "scene", "--zooms", "3-1"), "Use 5, 0-12 or 0,3,5-7."),
        (("seed", "scene", "--query", "bands"), "is not NAME=VALUE"),
        (("seed", "scene", "--to", "ftp://x"), "'to' parameter is invalid"),
        (("seed", "scene", "--to", "pmtiles:"), "'to' parameter is invalid"),
        (("seed", "scene", "--to", "mbtiles:/dev/null/x.mbtiles"), "/dev/null"),
        (
            ("seed", "scene", "--to", "dir:x", "--query", "tiem=2020"),
            "There is no 'tiem'; use bands, colormap",
        ),
        (("seed", "scene", "--to", "dir:x", "--query", "rescale=1"), "'rescale' parameter is invalid"),
        (("seed", "scene", "--to", "dir:x", "--style", "no"), "no rendering 'no'"),
        (("seed", "both", "--to", "dir:x", "--query", "item=99"), "'item' parameter is invalid"),
        (("seed", "both", "--overview", "--to", "pmtiles:x"), "Name a file"),
        (("seed", "both", "--overview", "--to", "x.tif", "--zooms", "3"), "takes no zooms"),
        (("export", "scene", "-o", "x.tif", "--query", "bands=1"), "There is no 'bands'"),
        (("export", "scene", "-o", "x.tif", "--rule", "@absent.json"), "The file cannot be read"),
        (("export", "scene", "-o", "x.tif", "--rule", "{slope"), "It is not JSON"),
        (("export", "scene", "-o", "/dev/null/x.tif"), "/dev/null"),
        (("export", "both", "-o", "x.tif", "--compression", "webp"), "3 or 4 bands of 8 bits"),
        (("seed", "scene", "--overview"), "is no mosaic"),
        (("seed", "both", "--overview"), "Name a file"),
        (("export", "scene", "-o", "x.tif", "--size", "0"), "'size' parameter is invalid"),
        (("export", "scene", "-o", "x.tif", "--crs", "EPSG:99999"), "coordinate reference system"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(config: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments, "--config", config)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output


def test_more_items_are_exported_than_one_request_may_read(config: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "items", tmp_path / "coarse.tif"
    for number in range(40):
        shutil.copy(folder / "left.tif", folder / f"left_{number}.tif")
        with rasterio.open(folder / f"left_{number}.tif", "r+") as file:
            file.transform = rasterio.Affine(10, 0, 500000, 0, -10, 5800000 + 640 * number)
    size = ("--resolution", "640", "--interpolation", "average")
    result = run("export", "both", "--config", config, "-o", target, "--quiet", *size)
    assert result.exit_code == 0, result.output
    with rasterio.open(target) as file:
        assert file.shape == (40, 2)
        assert (file.read(1)[:, 0] == 100).all()


def test_a_mosaic_is_exported_whole(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "both.tif"
    result = run("export", "both", "--config", config, "-o", target, "--quiet")
    assert result.exit_code == 0, result.output
    with rasterio.open(target) as file:
        data = file.read(1)
    assert data.shape == (64, 128)
    assert (data[:, :64] == 100).all()
    assert (data[:, 64:] == 150).all()


@pytest.mark.parametrize("dask", [(), ("--dask", "local")])
def test_an_overview_is_drawn_from_all_items(config: Path, tmp_path: Path, dask: tuple[str, ...]) -> None:
    if dask:
        pytest.importorskip("distributed")
    target = tmp_path / "overview.tif"
    result = run("seed", "both", "--config", config, "--overview", "--to", target, "--quiet", *dask)
    assert result.exit_code == 0, result.output
    with rasterio.open(target) as file:
        data, width = file.read(1, masked=True), file.width
    assert width < 128
    assert (data.min(), data.max()) == (100, 150)
    assert not data.mask.any()


def test_a_style_is_exported_in_its_own_numbers(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "grey.tif"
    result = run(
        "export", "scene", "--config", config, "-o", target, "--quiet", "--plain", "--compression", "lzw",
        "--rule", '{"function": "extract_band", "band_ids": [2]}',
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    with rasterio.open(target) as file, rasterio.open(DATA / "internal_mask_rgb_uint8.tif") as source:
        valid = source.dataset_mask() > 0
        assert file.count == 1
        assert np.array_equal(file.read(1)[valid], source.read(3)[valid])


def test_a_dask_cluster_exports_the_same_pixels(config: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    here, there = tmp_path / "here.tif", tmp_path / "there.tif"
    rule = '{"function": "extract_band", "band_ids": [1]}'
    given = ("--config", config, "--quiet", "--crs", "EPSG:3857", "--size", "1100,40", "--rule", rule)
    assert run("export", "scene", *given, "-o", here).exit_code == 0
    result = run("export", "Scene", *given, "-o", there, "--dask", "local")
    assert result.exit_code == 0, result.output
    with rasterio.open(here) as one, rasterio.open(there) as other:
        assert one.profile == other.profile
        assert np.array_equal(one.read(masked=True), other.read(masked=True))


def test_a_cluster_that_is_not_there_is_told(config: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    result = run("export", "scene", "--config", config, "-o", tmp_path / "x.tif", "--dask", "nowhere")
    assert result.exit_code == 1
    assert "Dask cluster cannot be reached" in result.output
