from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from proxy.cache import tiers as module
from proxy.cache.disk import DiskTier
from proxy.cache.shared import Breaker, Claim, Lock, TierError
from proxy.cache.store import ByteLRU
from proxy.cache.tiers import Found, Tiers
from proxy.model import Picture
from tests.cache.pictures import key_for, picture_for

MB = 1 << 20


class Broken(DiskTier):
    """A tier that fails when it is told to."""

    down = False
    #: Claims that have been answered.
    claims = 0

    async def get(self, key: str) -> Picture | None:
        self._check()
        return await super().get(key)

    async def claim(self, key: str, seconds: float) -> Claim:
        self._check()
        claim = await super().claim(key, seconds)
        self.claims += 1
        return claim

    async def put(self, key: str, picture: Picture, lock: Lock | None = None) -> None:
        self._check()
        await super().put(key, picture, lock)

    def _check(self) -> None:
        if self.down:
            raise TierError("it is down")


def renderer(
    picture: Picture, runs: list[str], gate: asyncio.Event | None = None
) -> Callable[[], Awaitable[Picture]]:
    async def render() -> Picture:
        runs.append("run")
        if gate is not None:
            await gate.wait()
        return picture

    return render


def broken_at(folder: Path) -> Broken:
    return Broken(folder, 64 * MB)


def tiers_on(folder: Path, tier: Broken | None = None, **settings: object) -> Tiers:
    return Tiers(ByteLRU(MB), [tier or broken_at(folder)], **settings)  # type: ignore[arg-type]


def test_a_picture_is_rendered_once_for_processes_that_share_a_tier(tmp_path: Path) -> None:
    async def scene() -> None:
        runs: list[str] = []
        one, other = tiers_on(tmp_path), tiers_on(tmp_path)
        assert await one.obtain(key_for(1), renderer(picture_for(1), runs)) == Found(picture_for(1))
        await one.close()
        found = await other.obtain(key_for(1), renderer(picture_for(1), runs))
        assert found == Found(picture_for(1), "disk")
        assert other.store.get(key_for(1)) == picture_for(1)
        assert runs == ["run"]

    asyncio.run(scene())


def test_who_comes_second_waits_for_the_first(tmp_path: Path) -> None:
    async def scene() -> None:
        runs: list[str] = []
        gate = asyncio.Event()
        places = [broken_at(tmp_path) for _ in range(4)]
        all_tiers = [tiers_on(tmp_path, place) for place in places]
        asked = [
            asyncio.ensure_future(tiers.obtain(key_for(1), renderer(picture_for(1), runs, gate)))
            for tiers in all_tiers
        ]
        while not (runs and all(place.claims for place in places)):
            await asyncio.sleep(0.01)
        gate.set()
        found = await asyncio.gather(*asked)
        assert runs == ["run"]
        assert sorted(item.tier for item in found) == ["", "disk", "disk", "disk"]
        assert sum(tiers.flights.waited for tiers in all_tiers) == 3
        for tiers in all_tiers:
            await tiers.close()

    asyncio.run(scene())


def test_a_wait_that_is_in_vain_ends_in_a_render_of_ones_own(tmp_path: Path) -> None:
    async def scene() -> None:
        runs: list[str] = []
        gate = asyncio.Event()
        slow, quick = tiers_on(tmp_path), tiers_on(tmp_path, lock_seconds=0.1)
        first = asyncio.ensure_future(slow.obtain(key_for(1), renderer(picture_for(1), runs, gate)))
        while not runs:
            await asyncio.sleep(0.01)
        assert await quick.obtain(key_for(1), renderer(picture_for(1), runs)) == Found(picture_for(1))
        assert (runs, quick.flights.alone) == (["run", "run"], 1)
        gate.set()
        await first
        await slow.close()
        await quick.close()

    asyncio.run(scene())


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError()])
def test_a_render_that_fails_gives_the_lock_back(tmp_path: Path, error: BaseException) -> None:
    async def scene() -> None:
        one, other = tiers_on(tmp_path), tiers_on(tmp_path)

        async def fails() -> Picture:
            raise error

        with pytest.raises(type(error)):
            await one.obtain(key_for(1), fails)
        await one.close()
        found = await other.obtain(key_for(1), renderer(picture_for(1), []))
        assert (found, other.flights.waited, other.flights.alone) == (Found(picture_for(1)), 0, 0)
        await other.close()

    asyncio.run(scene())


def test_a_picture_that_lacks_items_is_kept_nowhere(tmp_path: Path) -> None:
    async def scene() -> None:
        tiers = tiers_on(tmp_path)
        runs: list[str] = []
        partial = Picture(b"x", "image/png", "png", missing=2)
        for _ in range(2):
            assert (await tiers.obtain(key_for(1), renderer(partial, runs))).picture is partial
        await tiers.close()
        assert len(runs) == 2
        assert len(tiers.store) == 0
        assert DiskTier(tmp_path, MB).read(key_for(1)) is None

    asyncio.run(scene())


def test_a_tier_that_is_down_is_tried_seldom_and_told_of_seldom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        told: list[tuple[str, str, int]] = []
        tiers = tiers_on(tmp_path, listen=lambda *event: told.append(event))
        tier = tiers.shared[0].tier
        assert isinstance(tier, Broken)
        tier.down = True
        for number in range(200):
            found = await tiers.obtain(key_for(number), renderer(picture_for(number), []))
            assert found == Found(picture_for(number))
        await tiers.close()
        assert 1 <= tier.counters.errors <= 6
        assert tier.counters.skipped > 300
        assert told.count(("disk", "error", 0)) == tier.counters.errors
        assert len(caplog.records) <= 2

    with caplog.at_level(logging.WARNING, "proxy.cache"):
        asyncio.run(scene())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_waits_longer_each_time_and_lets_one_try() -> None:
    clock = Clock()
    breaker = Breaker("x", clock)
    assert not breaker.is_open
    for _ in range(5):
        breaker.failed(OSError("together"))
    pauses = []
    for _ in range(8):
        began = clock.now
        while breaker.is_open:
            clock.now += 0.25
        assert breaker.is_open, "a second caller waits for the first one's try"
        pauses.append(clock.now - began)
        breaker.failed(OSError("again"))
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    while breaker.is_open:
        clock.now += 1
    breaker.succeeded()
    assert not breaker.is_open
    assert not breaker.is_open


def test_a_hit_in_the_far_tier_comes_to_the_near_one(tmp_path: Path) -> None:
    async def scene() -> None:
        near, far = Broken(tmp_path / "near", 64 * MB), Broken(tmp_path / "far", 64 * MB)
        far.name = "far"
        far.write(key_for(1), picture_for(1))
        tiers = Tiers(ByteLRU(MB), [near, far])
        assert await tiers.obtain(key_for(1), renderer(picture_for(1), [])) == Found(picture_for(1), "far")
        await tiers.close()
        assert near.read(key_for(1)) == picture_for(1)
        # With the far one down the near one keeps the locks.
        far.down = True
        tiers = Tiers(ByteLRU(MB), [near, far])
        assert await tiers.obtain(key_for(2), renderer(picture_for(2), [])) == Found(picture_for(2))
        assert tiers.flights.led == 1
        await tiers.close()
        assert near.read(key_for(2)) == picture_for(2)

    asyncio.run(scene())


def test_writes_that_pile_up_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES", 10_000)

    async def scene() -> None:
        tiers = tiers_on(tmp_path)
        for number in range(10):
            tiers.put(key_for(number), picture_for(number, 3008))
        assert tiers.shared[0].tier.counters.dropped == 7
        await tiers.close()
        assert tiers.shared[0].tier.counters.writes == 3
        tiers.put(key_for(20), picture_for(20, 3008))
        await tiers.close()
        assert tiers.shared[0].tier.counters.writes == 4

    asyncio.run(scene())


def test_purges_reach_other_processes_and_boards_that_forgot_them(tmp_path: Path) -> None:
    async def scene() -> None:
        one, other = tiers_on(tmp_path), tiers_on(tmp_path)
        assert await other.news() == []
        purge = one.purges.made("a")
        one.purges.adopt([purge])
        assert await one.post([purge])
        assert await other.news() == [purge]
        other.purges.adopt([purge])
        assert await other.news() == []
        (tmp_path / "purges").unlink()
        assert await other.news() == []
        assert await tiers_on(tmp_path).news() == [purge]
        later = other.purges.made("a")
        await other.post([later])
        assert await one.news() == [later]
        assert len((tmp_path / "purges").read_text().splitlines()) == 1

    asyncio.run(scene())


def test_a_purge_that_could_not_be_told_is_told_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        tiers = tiers_on(tmp_path)
        guarded = tiers.shared[0]
        assert await tiers.news() == []

        async def fails(*_: object) -> None:
            raise TierError("down")

        clock = Clock()
        guarded.writes = Breaker("x", clock)
        monkeypatch.setattr(guarded.tier, "add_purges", fails)
        purge = tiers.purges.made("a")
        tiers.purges.adopt([purge])
        assert not await tiers.post([purge])
        monkeypatch.undo()
        assert await tiers.news() == []
        assert await tiers_on(tmp_path).news() == []
        clock.now += 2
        await tiers.news()
        assert await tiers_on(tmp_path).news() == [purge]

    asyncio.run(scene())


def test_notes_are_shared_until_their_time_is_over(tmp_path: Path) -> None:
    async def scene() -> None:
        one, other = tiers_on(tmp_path), tiers_on(tmp_path)
        await one.keep_note("href", "name", b"data", 60)
        assert await other.note("href", "name") == b"data"
        assert await other.note("other", "name") is None
        await one.keep_note("href", "old", b"data", -1)
        assert await other.note("href", "old") is None

    asyncio.run(scene())
