"""Exports larger than one render: whole files compared with the source and with single requests."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image

from proxy.app import read_renderings
from proxy.arcgis.rules import rendering_rule
from proxy.bulk import export as exporting
from proxy.bulk.commands import export_file
from proxy.errors import CannotRead, InvalidParameter
from proxy.functions.tree import Source
from proxy.model import Grid, ImageFormat, RenderRequest
from proxy.render.pipeline import render_picture
from proxy.services import Registry
from tests.bulk.conftest import config_of
from tests.conftest import DATA, RasterMaker

Exporter = Callable[..., tuple[int, int, int]]


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    """Export with the options that are given; blocks are small, so that there are many."""
    monkeypatch.setattr(exporting.blocks, "__defaults__", (128,))

    def run(source: str, target: Path, **options: Any) -> tuple[int, int, int]:
        config = config_of({"name": "scene", "source": str(DATA / source), "kind": options.pop("kind", None)})
        service = Registry(config, read_renderings).get("scene")
        given: dict[str, Any] = dict.fromkeys(
            ("bbox", "bbox_crs", "crs", "size", "resolution", "rule", "bands", "interpolation"), ""
        )
        given |= {
            "style": "None",
            "query": {},
            "display": False,
            "compression": "deflate",
            "optimized": True,
            "threads": 2,
            "quiet": True,
            "read_rule": rendering_rule,
        }
        return export_file(service, target, **(given | options))

    return run


def test_the_numbers_of_the_source_come_back_as_they_are(exported: Exporter, tmp_path: Path) -> None:
    source, target = DATA / "antimeridian_utm60n_uint16.tif", tmp_path / "out.tif"
    width, height, missing = exported(source.name, target)
    with rasterio.open(source) as before, rasterio.open(target) as after:
        assert (width, height) == (before.width, before.height) == (after.width, after.height)
        assert after.crs == before.crs
        assert np.allclose(after.transform, before.transform, rtol=1e-12)
        assert np.array_equal(after.read(), before.read())
        assert np.array_equal(after.dataset_mask(), before.dataset_mask())
        assert after.overviews(1)
        assert after.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert missing == 0
    assert list(tmp_path.iterdir()) == [target]


def test_a_mask_without_a_value_is_kept_as_a_mask(exported: Exporter, tmp_path: Path) -> None:
    source, target = DATA / "internal_mask_rgb_uint8.tif", tmp_path / "out.tif"
    exported(source.name, target)
    with rasterio.open(source) as before, rasterio.open(target) as after:
        valid = before.dataset_mask()
        assert np.array_equal(after.dataset_mask(), valid)
        assert np.array_equal(after.read()[:, valid > 0], before.read()[:, valid > 0])


def test_blocks_join_without_seams(exported: Exporter, tmp_path: Path, monkeypatch: Any) -> None:
    """A rule with a margin gives the same in many blocks as in one: to the bit, since neither resamples."""
    options = {"rule": '{"rasterFunction": "Hillshade"}', "style": None}
    exported("bottom_up_dem_4326_uint16.tif", tmp_path / "many.tif", **options)
    monkeypatch.setattr(exporting.blocks, "__defaults__", (4096,))
    exported("bottom_up_dem_4326_uint16.tif", tmp_path / "one.tif", **options)
    with rasterio.open(tmp_path / "many.tif") as many, rasterio.open(tmp_path / "one.tif") as one:
        assert many.read(1).std() > 5
        assert np.array_equal(many.read(), one.read())


def test_another_system_and_resolution(exported: Exporter, tmp_path: Path) -> None:
    target = tmp_path / "out.tif"
    size = exported(
        "bottom_up_dem_4326_uint16.tif", target, crs="EPSG:32613", resolution="200", interpolation="bilinear"
    )
    with rasterio.open(target) as after:
        assert after.crs.to_epsg() == 32613
        assert after.res == (200.0, 200.0)
        assert (after.width, after.height) == size[:2]
        values = after.read(1, masked=True)
    with rasterio.open(DATA / "bottom_up_dem_4326_uint16.tif") as before:
        known = before.read(1)
    # Interpolation stays within the values, and the middle of the mountains is their middle.
    assert known.min() <= values.min() <= values.max() <= known.max()
    assert abs(float(values.mean()) - float(known.mean())) < 30


def test_a_box_in_degrees_and_a_size(exported: Exporter, tmp_path: Path) -> None:
    target = tmp_path / "out.tif"
    size = exported(
        "antimeridian_utm60n_uint16.tif", target, bbox="178,51,179,52", bbox_crs="EPSG:4326", size="300x200"
    )
    assert size[:2] == (300, 200)
    with rasterio.open(target) as after:
        assert (after.width, after.height) == (300, 200)
        assert after.read(1).any()


def test_colours_instead_of_numbers(exported: Exporter, tmp_path: Path) -> None:
    target = tmp_path / "out.tif"
    exported("antimeridian_utm60n_uint16.tif", target, display=True, compression="jpeg", size="600,600")
    with rasterio.open(target) as after:
        assert after.dtypes[0] == "uint8"
        assert after.compression.name == "jpeg"
        assert after.read(1).std() > 10


def test_colours_are_those_of_a_picture_of_the_same_bands(
    tmp_path: Path, make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown are not the first three bands; each is stretched by its own statistics, equal to the bit."""
    monkeypatch.setattr(exporting.blocks, "__defaults__", (32,))
    rows, columns = np.mgrid[0:64, 0:64]
    data = np.stack([rows * 900, columns * 10, rows + columns, rows * 40 + columns]).astype(np.uint16)
    path = make_raster("scene.tif", data, names=("NearInfrared", "Blue", "Green", "Red"))
    service = Registry(config_of({"name": "s", "source": str(path)}), read_renderings).get("s")
    grid = Grid(service.info.crs, service.info.extent, 64, 64)
    request = RenderRequest("s", grid, ImageFormat.PNG24, rule=Source())
    exporting.export(service, exporting.Order(request, display=True), tmp_path / "out.tif", threads=1)
    picture = Image.open(io.BytesIO(render_picture(service, service.source, request).body)).convert("RGB")
    with rasterio.open(tmp_path / "out.tif") as after:
        assert np.array_equal(np.moveaxis(after.read(), 0, -1), np.asarray(picture))


def test_a_plain_tiled_file(exported: Exporter, tmp_path: Path) -> None:
    target = tmp_path / "out.tif"
    exported("antimeridian_utm60n_uint16.tif", target, optimized=False, compression="lzw")
    with rasterio.open(target) as after:
        assert after.compression.name == "lzw"
        assert after.profile["tiled"]


def test_a_palette_stays_a_palette(exported: Exporter, tmp_path: Path) -> None:
    target = tmp_path / "out.tif"
    exported("nlcd_alaska_clip_rat.tif", target)
    with rasterio.open(DATA / "nlcd_alaska_clip_rat.tif") as before, rasterio.open(target) as after:
        assert np.array_equal(after.read(), before.read())
        assert after.colormap(1) == before.colormap(1)


def test_nothing_is_left_behind_by_an_export_that_fails(
    exported: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def failing(*_: Any) -> Any:
        done.append(1)
        if len(done) > 3:
            raise CannotRead("The source could not be read.")
        return real(*_)

    real = exporting.render_raster
    monkeypatch.setattr(exporting, "render_raster", failing)
    with pytest.raises(CannotRead):
        exported("antimeridian_utm60n_uint16.tif", tmp_path / "out.tif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"size": "10", "resolution": "5"}, "size"),
        ({"size": "a"}, "size"),
        ({"size": "-5,5"}, "size"),
        ({"size": "99999999,99999999"}, "size"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "3,0,1,1"}, "bbox"),
        ({"bbox": "1e7,1e7,2e7,2e7"}, "bbox"),
        ({"compression": "zip"}, "compression"),
        ({"rule": "{}", "style": "None"}, "rule"),
        ({"bands": "9"}, "bands"),
        ({"interpolation": "best"}, "interpolation"),
    ],
)
def test_what_is_wrong_is_named(
    exported: Exporter, tmp_path: Path, options: dict[str, str], name: str
) -> None:
    with pytest.raises(InvalidParameter, match=f"'{name}'"):
        exported("antimeridian_utm60n_uint16.tif", tmp_path / "out.tif", **options)
