"""Items that are missing, damaged, slow or replaced."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from proxy.catalog.base import Asset
from proxy.crs import reference
from proxy.errors import DeadlinePassed, SourceFailed
from proxy.model import Grid, Interpolation, Raster
from proxy.render.context import ReadContext
from proxy.render.reader import read_raster
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.sources import item_pool
from proxy.sources.mosaic import MosaicSource
from proxy.threads import DaemonPool
from tests.catalogs import catalog_of, mosaic_of, record_of
from tests.conftest import RasterMaker
from tests.range_server import RangeServer, range_server
from tests.render.mosaic.test_mixed import at, numbers

UTM = reference("EPSG:32633")


def read(
    source: MosaicSource, operation: MosaicOperation = MosaicOperation.FIRST, seconds: float | None = None
) -> tuple[Raster, ReadContext]:
    grid = Grid(source.crs, source.info.extent, source.info.width, source.info.height)
    chosen = source.normalised(Selection(MosaicRule(MosaicMethod.NONE, operation)))
    deadline = None if seconds is None else time.monotonic() + seconds
    context = ReadContext(selection=chosen, deadline=deadline, seconds=seconds or 0.0)
    return read_raster(source, grid, (0,), Interpolation.NEAREST, context), context


@pytest.fixture
def three(make_raster: RasterMaker) -> list[Path]:
    """Three rasters side by side that overlap by half."""
    return [make_raster(f"{name}.tif", numbers(value), transform=at(10 * place))
            for place, (name, value) in enumerate((("a", 10), ("b", 60), ("c", 120)))]  # fmt: skip


def without(place: int) -> np.ndarray:
    """The first operation over the other two."""
    found = np.zeros((16, 40), np.uint8)
    for other in (2, 1, 0):
        if other != place:
            found[:, 10 * other : 10 * other + 20] = numbers((10, 60, 120)[other])[0]
    return found


@pytest.mark.parametrize("fault", ["missing", "corrupt", "cut"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_rest_is_drawn_and_what_is_missing_told(three: list[Path], fault: str, place: int) -> None:
    catalog = catalog_of(three, UTM)
    source = mosaic_of(catalog)
    if fault == "missing":
        three[place].unlink()
    elif fault == "corrupt":
        three[place].write_bytes(b"no raster at all" * 40)
    else:
        three[place].write_bytes(three[place].read_bytes()[:-200])
    found, context = read(source)
    expected = without(place)
    assert np.array_equal(found.data[0], expected)
    assert np.array_equal(found.valid(), expected > 0)
    name = "abc"[place]
    assert list(context.missing) == [name]
    assert str(three[place].parent) not in context.missing[name]
    with pytest.raises(SourceFailed, match=name):
        read(mosaic_of(catalog, strict=True))


def test_an_item_that_failed_is_not_tried_at_once_again(
    three: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = mosaic_of(catalog_of(three, UTM))
    copy = three[1].with_suffix(".copy")
    shutil.copy2(three[1], copy)
    three[1].unlink()
    assert list(read(source)[1].missing) == ["b"]
    copy.rename(three[1])
    assert list(read(source)[1].missing) == ["b"]
    clock = time.monotonic() + item_pool.RETRY_SECONDS + 1
    monkeypatch.setattr("proxy.sources.item_pool.time.monotonic", lambda: clock)
    assert not read(source)[1].missing


def test_a_replaced_item_is_read_from_its_new_file(
    three: list[Path], make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = mosaic_of(catalog_of(three, UTM))
    monkeypatch.setattr("proxy.sources.item_pool.LOOK_SECONDS", 0.0)
    read(source)
    opened = source.opened
    make_raster("new.tif", numbers(200), transform=at(0)).replace(three[0])
    found, context = read(source)
    assert np.array_equal(found.data[0, :, :20], numbers(200)[0])
    assert not context.missing
    assert source.opened == opened + 1


def test_nothing_at_all_is_an_error(three: list[Path]) -> None:
    source = mosaic_of(catalog_of(three, UTM))
    for path in three:
        path.unlink()
    with pytest.raises(SourceFailed, match="a, b, c"):
        read(source)


def test_an_item_of_which_one_file_is_missing_is_missing(three: list[Path]) -> None:
    assets = (Asset(str(three[0]), name="x"), Asset(str(three[1]), name="y"))
    catalog = catalog_of([record_of(three[0], assets, ("x", "y")), three[2]], UTM)
    three[1].unlink()
    source = mosaic_of(catalog)
    _, context = read(source)
    assert list(context.missing) == ["a"]


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as found:
        yield found


@pytest.fixture
def remote(three: list[Path], server: RangeServer) -> MosaicSource:
    """The three, the second behind a web server."""
    url = server.put("b.tif", three[1].read_bytes())
    return mosaic_of(catalog_of([three[0], record_of(three[1], (Asset(url),)), three[2]], UTM))


def test_remote_items_are_read(remote: MosaicSource) -> None:
    found, context = read(remote)
    assert np.array_equal(found.data[0], without(9))
    assert not context.missing


@pytest.mark.parametrize("operation", [MosaicOperation.FIRST, MosaicOperation.MEAN])
def test_a_slow_item_is_left_out(
    remote: MosaicSource, server: RangeServer, operation: MosaicOperation
) -> None:
    server.latency = 30.0
    began = time.monotonic()
    found, context = read(remote, operation, seconds=5.0)
    assert list(context.missing) == ["b"]
    assert "too long" in context.missing["b"]
    assert found.valid().all() == (operation is MosaicOperation.FIRST) or found.valid().any()
    # Half of the time is the item's; the rest is left to the picture.
    assert time.monotonic() - began < 5.0


def test_slow_items_hold_up_nobody_else(three: list[Path], remote: MosaicSource, server: RangeServer) -> None:
    server.latency = 30.0
    local = mosaic_of(catalog_of(three, UTM))
    slow = threading.Thread(target=read, args=(remote, MosaicOperation.FIRST, 4.0))
    slow.start()
    found, context = read(local, MosaicOperation.MEAN, seconds=3.0)
    slow.join()
    assert found.mask is None
    assert not context.missing


def test_a_refusing_server_is_a_missing_item(remote: MosaicSource, server: RangeServer) -> None:
    server.refuses = 403
    _, context = read(remote)
    assert list(context.missing) == ["b"]


def test_the_deadline_of_the_picture_still_holds(three: list[Path]) -> None:
    source = mosaic_of(catalog_of(three, UTM))
    with pytest.raises(DeadlinePassed):
        read(source, seconds=-1.0)


def test_items_that_no_thread_comes_to_are_not_blamed(
    three: list[Path], remote: MosaicSource, server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one thread, and that one held up, local items are read and a remote one is tried again later."""
    pool, held = DaemonPool(1, "busy"), threading.Event()
    busy = pool.submit(held.wait)
    monkeypatch.setattr("proxy.render.mosaic.fetch.readers", lambda: pool)
    local = mosaic_of(catalog_of(three, UTM))
    assert read(local, MosaicOperation.MEAN, seconds=60.0)[0].mask is None
    _, context = read(remote, MosaicOperation.MEAN, seconds=1.0)
    assert "Too many items" in context.missing["b"]
    held.set()
    busy.result()
    assert not read(remote, MosaicOperation.MEAN, seconds=60.0)[1].missing
