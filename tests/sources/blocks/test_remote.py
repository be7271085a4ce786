"""Remote objects: how many requests, and never two versions in one picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from proxy.config import ServiceConfig, parse
from proxy.errors import CannotOpen, CannotRead
from proxy.model import Window
from proxy.sources.blocks.places import GAP, LONGEST, SourceChanged, merge
from proxy.sources.blocks.segments import LEAST_AHEAD, MOST_AHEAD, Segments, ahead
from proxy.sources.opening import current_version, open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from tests.conftest import DATA, DEMO, RasterMaker
from tests.range_server import RangeServer, range_server

CONFIG = parse({}, {})


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def opened(url: str, **settings: object) -> RasterSource:
    service = ServiceConfig(name="x", source=url, **settings)  # type: ignore[arg-type]
    return open_source(service, CONFIG, Pool[Handle](8))


@pytest.mark.parametrize(
    ("path", "window", "beside"),
    [
        (DEMO / "bluemarble.tif", Window(3000, 1400, 256, 256), Window(3256, 1400, 256, 256)),
        (DEMO / "sentinel2.tif", Window(300, 300, 256, 256), Window(556, 300, 256, 256)),
        (DEMO / "elevation.tif", Window(300, 300, 256, 256), Window(556, 300, 256, 256)),
        (DATA / "internal_mask_rgb_uint8.tif", Window(10, 10, 100, 100), Window(110, 10, 50, 100)),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_first_tile_takes_three_requests_and_the_next_one(path: Path, window: Window, beside: Window) -> None:
    with range_server(0.03) as server:
        source = opened(server.put(path.name, path.read_bytes()))
        assert source.info.way == "blocks", source.info.why
        bands = tuple(range(source.info.band_count))
        data, mask = source.read(0, bands, window)
        assert len(server.log) <= 3
        assert server.round_trips() <= 3
        assert {request.method for request in server.log} == {"GET"}
        before = len(server.log)
        source.read(0, bands, beside)
        assert len(server.log) - before <= 1
    local = open_source(ServiceConfig(name="y", source=str(path)), CONFIG, Pool[Handle](8))
    expected, valid = local.read(0, bands, window)
    np.testing.assert_array_equal(data, expected)
    assert (mask is None) == (valid is None)
    if mask is not None and valid is not None:
        np.testing.assert_array_equal(mask, valid)


@pytest.mark.parametrize(
    "path", [DEMO / "landcover.tif", DATA / "nlcd_alaska_clip_rat.tif"], ids=lambda p: p.stem
)
def test_facts_are_those_of_the_local_file(server: RangeServer, path: Path) -> None:
    remote = opened(server.put(path.name, path.read_bytes())).info
    local = open_source(
        ServiceConfig(name="x", source=str(path), side_files=False), CONFIG, Pool[Handle](8)
    ).info
    for name in ("crs", "extent", "nodata", "mask_kind", "kind", "level_sizes", "compression", "colormap"):
        assert getattr(remote, name) == getattr(local, name), name


def test_a_header_longer_than_the_first_fetch(server: RangeServer, make_raster: RasterMaker) -> None:
    data = np.zeros((3, 1600, 1600), np.uint8)
    data[:, 1590:, 1590:] = 8
    path = make_raster(
        "h.tif", data, tiled=True, blockxsize=16, blockysize=16, compress="deflate", interleave="band"
    )
    # Its indexes alone have 240 kB.
    source = opened(server.put("h.tif", path.read_bytes()))
    assert source.info.way == "blocks", source.info.why
    read, _ = source.read(0, (2, 0), Window(1500, 1500, 100, 100))
    np.testing.assert_array_equal(read, data[[2, 0], 1500:, 1500:])
    assert len(server.log) <= 4


def test_the_version_is_that_of_a_later_look(server: RangeServer) -> None:
    url = server.put("v.tif", (DEMO / "sentinel2.tif").read_bytes())
    source = opened(url)
    config = ServiceConfig(name="x", source=url)
    assert current_version(source.location, CONFIG, config) == source.info.version


def test_two_versions_never_mix(server: RangeServer) -> None:
    content = (DEMO / "sentinel2.tif").read_bytes()
    source = opened(server.put("c.tif", content))
    source.read(0, (0,), Window(0, 0, 10, 10))
    server.put("c.tif", content, '"another"')
    with pytest.raises(SourceChanged):
        source.read(0, (0,), Window(1400, 700, 60, 60))
    assert source.stale


def test_a_local_file_that_is_replaced_is_not_mixed_either(make_raster: RasterMaker) -> None:
    data = np.ones((64, 64), np.uint8)
    path = make_raster("r.tif", data)
    source = open_source(ServiceConfig(name="x", source=str(path)), CONFIG, Pool[Handle](8))
    make_raster("r.tif", np.ones((64, 65), np.uint8))
    with pytest.raises(SourceChanged):
        source.read(0, (0,), Window(0, 0, 5, 5))
    assert source.stale


def test_an_absent_object_is_reported(server: RangeServer) -> None:
    with pytest.raises(CannotOpen, match="does not exist"):
        opened(f"{server.url}/absent.tif")


def test_a_server_that_goes_away_is_reported(server: RangeServer) -> None:
    source = opened(server.put("g.tif", (DEMO / "bluemarble.tif").read_bytes()))
    server.objects.clear()
    with pytest.raises(CannotRead, match="could not be read"):
        source.read(0, (0,), Window(5000, 2500, 10, 10))


def test_a_name_with_spaces(server: RangeServer) -> None:
    url = server.put("a%20b.tif", (DEMO / "sentinel2.tif").read_bytes())
    assert opened(url).info.band_count == 4


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], []),
        ([(5, 9), (0, 5)], [(0, 9)]),
        ([(0, 5), (5 + GAP, 9 + GAP)], [(0, 9 + GAP)]),
        ([(0, 5), (6 + GAP, 9 + GAP)], [(0, 5), (6 + GAP, 9 + GAP)]),
        ([(0, 100), (20, 30)], [(0, 100)]),
        ([(0, LONGEST), (LONGEST, LONGEST + 1)], [(0, LONGEST), (LONGEST, LONGEST + 1)]),
    ],
)
def test_merging(ranges: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert merge(ranges) == expected


def test_segments_are_bounded_and_found_by_what_they_hold() -> None:
    kept = Segments(100)
    kept.keep(1, 50, memoryview(bytes(range(60))))
    assert kept.find(1, 60, 63) == bytes([10, 11, 12])
    assert kept.find(1, 40, 60) is None
    assert kept.find(2, 60, 63) is None
    kept.keep(2, 0, memoryview(bytes(60)))
    assert kept.find(1, 60, 63) is None
    kept.drop(2)
    assert len(kept) == 0


def test_what_is_fetched_ahead() -> None:
    assert [ahead(lengths) for lengths in ([], [10], [50_000], [MOST_AHEAD], [MOST_AHEAD + 1])] == [
        LEAST_AHEAD, LEAST_AHEAD, 62_500, MOST_AHEAD, 0,
    ]  # fmt: skip
