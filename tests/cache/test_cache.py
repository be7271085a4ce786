from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from proxy.cache.flight import SingleFlight
from proxy.cache.keys import key_of
from proxy.cache.store import OVERHEAD, ByteLRU
from proxy.crs import WEB_MERCATOR
from proxy.model import EncodeOptions, Extent, Grid, ImageFormat, Interpolation, Picture, RenderRequest

GRID = Grid(WEB_MERCATOR, Extent(0.0, 0.0, 10.0, 10.0), 4, 4)
REQUEST = RenderRequest("a", GRID)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, service="b"),
        replace(REQUEST, bands=(0,)),
        replace(REQUEST, format=ImageFormat.JPEG),
        replace(REQUEST, interpolation=Interpolation.CUBIC),
        replace(REQUEST, options=EncodeOptions(quality=10)),
        replace(REQUEST, grid=replace(GRID, width=5)),
        replace(REQUEST, grid=replace(GRID, extent=Extent(0.0, 0.0, 10.0, 10.000001))),
    ],
)
def test_whatever_changes_the_picture_changes_the_key(other: RenderRequest) -> None:
    assert key_of("1", other) != key_of("1", REQUEST)


def test_equal_requests_have_equal_keys_and_versions_part_them() -> None:
    again = RenderRequest("a", Grid(WEB_MERCATOR, Extent(0.0, 0.0, 10.0, 10.0), 4, 4))
    assert key_of("1", again) == key_of("1", REQUEST)
    assert key_of("2", again) != key_of("1", REQUEST)


def picture(size: int) -> Picture:
    return Picture(b"x" * size, "image/png", "png")


def test_the_store_is_bounded_by_bytes_and_drops_the_one_unused_longest() -> None:
    store = ByteLRU(3 * (100 + OVERHEAD))
    for key in "abc":
        store.put(key, picture(100))
    assert store.get("a") is not None
    store.put("d", picture(100))
    assert store.get("b") is None
    assert {key for key in "acd" if store.get(key)} == set("acd")
    assert store.bytes <= store.max_bytes
    assert (store.counters.hits, store.counters.misses, store.counters.evictions) == (4, 1, 1)


def test_a_picture_larger_than_the_store_is_not_kept() -> None:
    store = ByteLRU(1000)
    store.put("big", picture(2000))
    assert len(store) == 0
    assert store.get("big") is None


def test_a_store_without_room_is_no_error() -> None:
    store = ByteLRU(0)
    store.put("a", picture(1))
    assert store.get("a") is None


def test_equal_work_runs_once() -> None:
    async def scene() -> tuple[list[int], int]:
        flight: SingleFlight[int] = SingleFlight()
        runs = 0

        async def work() -> int:
            nonlocal runs
            runs += 1
            await asyncio.sleep(0.01)
            return 7

        found = await asyncio.gather(*(flight.do("k", work) for _ in range(5)))
        assert "k" not in flight
        assert flight.coalesced == 4
        await flight.do("k", work)
        return found, runs

    assert asyncio.run(scene()) == ([7] * 5, 2)


def test_an_error_reaches_all_and_is_not_kept() -> None:
    async def scene() -> None:
        flight: SingleFlight[int] = SingleFlight()

        async def fail() -> int:
            await asyncio.sleep(0)
            raise ValueError("no")

        async def work() -> int:
            return 1

        found = await asyncio.gather(*(flight.do("k", fail) for _ in range(3)), return_exceptions=True)
        assert [type(item) for item in found] == [ValueError] * 3
        assert await flight.do("k", work) == 1

    asyncio.run(scene())


def test_a_caller_who_leaves_does_not_end_the_work_of_the_others() -> None:
    async def scene() -> int:
        flight: SingleFlight[int] = SingleFlight()

        async def work() -> int:
            await asyncio.sleep(0.02)
            return 3

        first = asyncio.ensure_future(flight.do("k", work))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(flight.do("k", work))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(scene()) == 3
