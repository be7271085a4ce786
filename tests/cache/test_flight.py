"""Callers who leave a common flight."""

from __future__ import annotations

import asyncio

import pytest

from proxy.cache.flight import SingleFlight


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_only_the_last_who_leaves_ends_the_work() -> None:
    async def run() -> None:
        flight: SingleFlight[int] = SingleFlight()
        told: list[str] = []
        ended: list[str] = []

        async def work() -> int:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("ended")
                raise
            return 1

        first, second = (
            asyncio.ensure_future(flight.do("k", work, lambda: told.append("told"))) for _ in range(2)
        )
        await _settled()
        first.cancel()
        await _settled()
        assert (told, ended, "k" in flight) == ([], [], True)
        second.cancel()
        await _settled()
        assert (told, ended, "k" in flight) == (["told"], ["ended"], False)
        assert flight.abandoned == 1

        async def quick() -> int:
            return 2

        assert await flight.do("k", quick) == 2

    asyncio.run(run())


def test_who_comes_after_all_have_left_begins_anew() -> None:
    async def run() -> None:
        flight: SingleFlight[int] = SingleFlight()
        go_on = asyncio.Event()

        async def stubborn() -> int:
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                await go_on.wait()
            return 1

        async def quick() -> int:
            return 2

        first = asyncio.ensure_future(flight.do("k", stubborn, lambda: None))
        await _settled()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        # The old work is still at its end when the key is asked for again.
        second = asyncio.ensure_future(flight.do("k", quick))
        await _settled()
        go_on.set()
        assert await second == 2
        await _settled()
        assert "k" not in flight

    asyncio.run(run())
