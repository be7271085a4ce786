"""Windows, levels, the cache, statistics and what they cost."""

from __future__ import annotations

import dataclasses
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from proxy.errors import CannotRead, ReadBudgetExceeded
from proxy.model import ImageFormat, Interpolation, Level, RenderRequest, Window
from proxy.render.pipeline import overall_grid, render_picture, result_statistics
from proxy.services import Service
from proxy.sources.base import Readable, Sliced
from proxy.sources.blocks.cache import BlockCache, shared_cache
from proxy.sources.cube import blocks as blocks_module
from proxy.sources.cube import slices as slices_module
from proxy.sources.cube.blocks import Blocks, block_shape
from proxy.sources.cube.cube import CubeSource
from proxy.sources.cube.layers import Key, Layer
from tests.conftest import DEMO
from tests.sources.cube.build import OCEAN, chosen, decoded, ocean, service_of, tiff


class Counted:
    """Arrays in memory that count what is read of them."""

    parallel = False

    def __init__(self, data: np.ndarray[Any, Any]) -> None:
        self.data, self.keys = data, []  # type: tuple[Any, list[Key]]

    def load(self, name: str, key: Key) -> np.ndarray[Any, Any]:
        self.keys.append(key)
        return np.asarray(self.data[key])

    def close(self) -> None:
        pass


@pytest.fixture
def layer() -> Layer:
    (found,) = service_of(OCEAN).source._layers  # type: ignore[attr-defined]
    assert isinstance(found, Layer)
    return found


def with_shape(layer: Layer, shape: tuple[int, ...], chunks: tuple[int, ...], **more: Any) -> Layer:
    return dataclasses.replace(layer, shape=shape, chunks=chunks, **more)


@pytest.mark.parametrize(
    ("shape", "chunks", "found"),
    [
        # Pieces as they are stored, small ones joined.
        ((12, 5, 1000, 2000), (1, 1, 500, 500), (500, 500, (1, 1))),
        ((12, 5, 1000, 2000), (1, 1, 10, 2000), (20, 2000, (1, 1))),
        ((12, 5, 1000, 2000), (1, 1, 1, 1), (128, 256, (1, 1))),
        ((12, 5, 45, 90), (1, 1, 45, 90), (45, 90, (1, 1))),
        # Times that lie in one piece are read at once, unless that is too much.
        ((12, 5, 1000, 2000), (4, 1, 200, 200), (200, 200, (4, 1))),
        ((400, 5, 1000, 2000), (400, 1, 200, 200), (200, 200, (1, 1))),
    ],
)
def test_shapes_of_blocks(
    layer: Layer, shape: tuple[int, ...], chunks: tuple[int, ...], found: tuple[object, ...]
) -> None:
    assert block_shape(with_shape(layer, shape, chunks)) == found


@pytest.mark.parametrize("chunks", [(1, 1, 7, 9), (3, 2, 20, 20), (1, 1, 30, 40), (1, 1, 1, 1)])
@pytest.mark.parametrize("keep", [True, False])
def test_whatever_is_gathered_is_what_is_stored(
    layer: Layer, chunks: tuple[int, ...], keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks_module, "SMALLEST", 60)
    monkeypatch.setattr(blocks_module, "BATCH_BYTES", 4000)
    rng = np.random.default_rng(3)
    data = rng.random((6, 5, 30, 40)).astype(np.float32)
    arrays = Counted(data)
    blocks = Blocks(arrays, with_shape(layer, data.shape, chunks), BlockCache(1 << 20), "token")
    for place, rows, columns in [
        ((0, 0), np.arange(30), np.arange(40)),
        ((5, 4), np.arange(29, -1, -1), np.roll(np.arange(40), 13)),
        ((3, 2), np.array([7]), np.arange(39, 3, -5)),
        ((2, 1), np.array([3, 3, 9, 4, 29]), np.array([0, 39, 39, 1])),
    ]:
        found = blocks.gather(place, rows, columns, keep)
        assert np.array_equal(found, data[place][np.ix_(rows, columns)])


def test_a_block_is_read_once_for_all_times_in_it(layer: Layer) -> None:
    data = np.zeros((6, 5, 300, 300), np.float32)
    arrays = Counted(data)
    blocks = Blocks(arrays, with_shape(layer, data.shape, (3, 1, 300, 300)), BlockCache(1 << 24), "token")
    for time in (0, 1, 2):
        blocks.gather((time, 0), np.arange(10), np.arange(10))
    assert len(arrays.keys) == 1
    blocks.gather((3, 0), np.arange(10), np.arange(10))
    assert [key[0] for key in arrays.keys] == [slice(0, 3), slice(3, 6)]


def test_the_cache_of_the_process_holds_blocks_and_forgets_those_of_a_closed_source() -> None:
    service = service_of(OCEAN)
    source = service.source
    assert isinstance(source, CubeSource)
    before = shared_cache().counters.misses
    part = source.at(chosen(service))
    part.read(0, (0,), Window(0, 0, 90, 45))
    part.read(0, (0,), Window(3, 3, 9, 4))
    assert shared_cache().counters.misses == before + 1
    held = len(shared_cache())
    source.close()
    assert len(shared_cache()) == held - 1


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The real slices, each cell repeated 8 x 8, with coarser levels as if that were large."""
    monkeypatch.setattr(slices_module, "LEVELS_ABOVE", 100_000)
    monkeypatch.setattr(slices_module, "COARSEST", 10_000)
    monkeypatch.setattr(slices_module, "PIECE", 50)
    data = decoded(ocean()).isel(depth=slice(0, 1))
    fine = {
        "lat": (
            "lat",
            np.repeat(data.lat.values, 8) + np.tile(np.arange(8) * 0.5 - 1.75, 45),
            data.lat.attrs,
        ),
        "lon": (
            "lon",
            np.repeat(data.lon.values, 8) + np.tile(np.arange(8) * 0.5 - 1.75, 90),
            data.lon.attrs,
        ),
    }
    values = np.repeat(np.repeat(data.temp.values, 8, 2), 8, 3)
    path = tmp_path / "large.nc"
    whole = xr.Dataset({"temp": (data.temp.dims, values)}, {**fine, "time": data.time, "depth": data.depth})
    whole.temp.encoding = {"chunksizes": (1, 1, 64, 64), "zlib": True}
    whole.to_netcdf(path, engine="h5netcdf")
    return service_of(path)


def test_levels_hold_pixels_at_even_steps(large: Service) -> None:
    source = large.source
    assert isinstance(source, CubeSource)
    sizes = [(level.width, level.height) for level in source.levels]
    assert sizes == [(720, 360), (360, 180), (180, 90), (90, 45)]
    assert large.info.level_sizes == tuple(sizes[1:])
    native, _ = source.read(0, (0,), Window(0, 0, 720, 360))
    for index, step in ((1, 2), (2, 4), (3, 8)):
        level = source.levels[index]
        thinned, mask = source.read(index, (0,), Window(0, 0, level.width, level.height))
        assert np.array_equal(thinned[0], native[0][step // 2 :: step, step // 2 :: step], equal_nan=True)
        part, _ = source.read(index, (0,), Window(31, 17, 43, 20))
        assert np.array_equal(part[0], thinned[0][17:37, 31:74], equal_nan=True)
        assert mask is not None


def test_a_coarse_picture_of_many_pixels_is_refused_by_the_budget(large: Service) -> None:
    part = large.source.at(chosen(large))
    assert isinstance(part, Readable)
    part._sheet.budget = 720 * 360 - 1  # type: ignore[attr-defined]
    with pytest.raises(ReadBudgetExceeded, match="259199 source pixels"):
        part.read(3, (0,), Window(0, 0, 90, 45))
    part.read(3, (0,), Window(0, 0, 45, 45))


def test_statistics_are_those_of_all_slices_of_the_variable() -> None:
    service = service_of(OCEAN)
    values = decoded(ocean()).temp.values
    for part in (service.source, service.source.at(chosen(service, ZAXLEVIT19=1000.0))):
        assert isinstance(part, Sliced)
        (found,) = service.statistics_of(part)  # type: ignore[arg-type]
        assert found.count == np.isfinite(values).sum()
        assert found.minimum == np.nanmin(values)
        assert found.maximum == np.nanmax(values)
        assert found.mean == pytest.approx(np.nanmean(values.astype(np.float64)), rel=1e-6)


def test_a_sample_of_a_large_source_is_bounded(large: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices_module, "SAMPLE_PIXELS", 20_000)
    source = large.source
    assert isinstance(source, CubeSource)
    data, mask = source.sample()
    assert mask is not None
    assert 5_000 < data.size < 4 * 20_000
    whole, _ = source.read(0, (0,), Window(0, 0, 720, 360))
    assert np.isin(np.unique(data[np.isfinite(data)]), decoded(ocean()).temp.values).all()
    assert whole.size == 720 * 360


def test_all_slices_are_stretched_alike_also_by_a_rule() -> None:
    from proxy.functions.parse import parse

    service = service_of(OCEAN)
    rule = parse({"function": "arithmetic", "raster2": 2, "operation": "multiply"})
    slices = [service.source.at(chosen(service, ZAXLEVIT19=depth)) for depth in (0.0, 1000.0)]
    first, second = (result_statistics(service, part, rule, (0,)) for part in slices)
    assert first == second
    fresh = service_of(OCEAN)
    assert result_statistics(fresh, slices[1], rule, (0,)) == first


def test_pictures_of_two_slices_share_their_greys() -> None:
    service = service_of(OCEAN)
    seen = []
    for depth in (0.0, 20.0):
        selection = chosen(service, ZAXLEVIT19=depth)
        grid = overall_grid(service.source.at(selection))
        request = RenderRequest("cube", grid, ImageFormat.PNG, selection=selection)
        picture = Image.open(io.BytesIO(render_picture(service, service.source, request).body)).convert("LA")
        grey, alpha = np.moveaxis(np.asarray(picture), -1, 0)
        values = tiff(service, selection)
        assert np.array_equal(alpha > 0, np.isfinite(values))
        order = np.argsort(values[alpha > 0])
        seen.append((values[alpha > 0][order], grey[alpha > 0][order]))
    (upper, upper_greys), (lower, lower_greys) = seen
    inside = (lower > upper[0]) & (lower < upper[-1])
    # Half a grey of rounding on either side.
    assert np.abs(np.interp(lower, upper, upper_greys) - lower_greys)[inside].max() <= 1.0


def test_many_threads_read_the_same_values(large: Service) -> None:
    source = large.source
    assert isinstance(source, CubeSource)
    moments = large.info.variables[0].dimensions[0].values
    windows = [Window(x, y, 97, 61) for x in range(0, 600, 150) for y in range(0, 290, 90)]
    work = [(moment, window) for window in windows for moment in moments]
    alone = [source.at(chosen(large, time=moment)).read(0, (0,), window)[0] for moment, window in work]
    fresh = service_of(large.config.source)
    start = threading.Barrier(8)

    def read(index: int) -> list[np.ndarray[Any, Any]]:
        start.wait()
        order = work[index * 5 :] + work[: index * 5]
        found = [fresh.source.at(chosen(fresh, time=m)).read(0, (0,), w)[0] for m, w in order]  # type: ignore[attr-defined]
        return found[len(work) - index * 5 :] + found[: len(work) - index * 5]

    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(read, range(8)):
            assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(alone, result, strict=True))


def test_damage_that_a_library_finds_is_a_public_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_of(OCEAN)
    source = service.source
    assert isinstance(source, CubeSource)

    def broken(*_: object) -> None:
        raise RuntimeError("filter returned failure during read")

    monkeypatch.setattr(source._arrays, "load", broken)
    with pytest.raises(CannotRead) as caught:
        source.read(0, (0,), Window(0, 0, 5, 5))
    assert caught.value.message == "The source could not be read."
    assert "filter" in caught.value.detail


def test_levels_of_a_raster_and_of_a_slice_are_of_one_kind() -> None:
    service = service_of(OCEAN)
    assert isinstance(service.source, Readable)
    assert all(isinstance(level, Level) for level in service.source.levels)
    assert isinstance(service_of(DEMO / "elevation.tif").source, Readable)
    assert not isinstance(service_of(DEMO / "elevation.tif").source, Sliced)
    assert service.interpolation is Interpolation.BILINEAR
