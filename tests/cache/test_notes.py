from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.cache.building import notes_of, tiers_of
from proxy.cache.disk import DiskTier
from proxy.cache.keys import note_key
from proxy.cache.notes import Notes
from proxy.cache.shared import TierError
from proxy.cache.tiers import Guarded
from proxy.config import Config
from proxy.model import Picture

MB = 1 << 20


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are waited for, however busy the machine."""
    monkeypatch.setattr("proxy.cache.notes.SECONDS", 60.0)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Down(DiskTier):
    """A tier that can be taken down."""

    down = False

    async def get(self, key: str) -> Picture | None:
        if self.down:
            raise TierError("it is down")
        return await super().get(key)


def tier_at(folder: Path) -> Guarded:
    return Guarded(Down(folder, 64 * MB), lambda tier, outcome, size: None)


async def recalled(notes: Notes, name: str) -> bytes | None:
    return await asyncio.to_thread(notes.recall, name)


async def kept(notes: Notes, *note: object) -> None:
    """Keep a note, and wait until it is written."""
    before = asyncio.all_tasks()
    await asyncio.to_thread(notes.keep, *note)  # type: ignore[arg-type]
    await asyncio.gather(*(asyncio.all_tasks() - before))


def test_a_note_is_found_by_others_until_it_is_old_or_forgotten(tmp_path: Path) -> None:
    async def scene() -> None:
        clock = Clock()
        one, two = (Notes("source", [tier_at(tmp_path)], clock) for _ in range(2))
        one.begin(), two.begin()
        assert await recalled(two, "a") is None
        await kept(one, "a", b"data", 60)
        assert await recalled(two, "a") == b"data"
        assert await recalled(two, "b") is None
        clock.now += 60
        assert await recalled(two, "a") is None
        await kept(one, "a", b"data", 60)
        await kept(two, "a", b"", 60)
        assert await recalled(one, "a") is None

    asyncio.run(scene())


def test_the_tier_that_was_told_last_is_right(tmp_path: Path) -> None:
    async def scene() -> None:
        clock = Clock()
        near, far = tier_at(tmp_path / "near"), tier_at(tmp_path / "far")
        both, alone = Notes("source", [near, far], clock), Notes("source", [far], clock)
        both.begin(), alone.begin()
        await kept(both, "a", b"old", 600)
        clock.now += 1
        await kept(alone, "a", b"new", 60)
        assert await recalled(both, "a") == b"new"
        await kept(alone, "a", b"", 60)
        assert await recalled(both, "a") is None
        # What is short is none of ours.
        await near.put(note_key("source", "b"), Picture(b"short", "x", "y"))
        assert await recalled(both, "b") is None

    asyncio.run(scene())


def test_without_a_loop_or_with_a_tier_that_is_down_there_are_none(tmp_path: Path) -> None:
    tier = tier_at(tmp_path)
    notes = Notes("source", [tier])
    notes.keep("a", b"data", 60)
    assert notes.recall("a") is None

    async def scene() -> None:
        notes.begin()
        await kept(notes, "a", b"data", 60)
        # On the loop itself one would wait for oneself.
        assert notes.recall("a") is None
        assert await recalled(notes, "a") == b"data"
        assert isinstance(tier.tier, Down)
        tier.tier.down = True
        assert await recalled(notes, "a") is None

    asyncio.run(scene())
    # The loop has ended without a word.
    assert notes.recall("a") is None


def test_what_was_told_before_the_end_is_kept(tmp_path: Path) -> None:
    async def told() -> None:
        notes = Notes("source", [tier_at(tmp_path)])
        notes.begin()
        await asyncio.to_thread(notes.keep, "a", b"data", 60)
        await notes.end()
        assert await recalled(notes, "a") is None

    async def found() -> bytes | None:
        notes = Notes("source", [tier_at(tmp_path)])
        notes.begin()
        return await recalled(notes, "a")

    asyncio.run(told())
    assert asyncio.run(found()) == b"data"


@pytest.mark.parametrize(("disk", "is_there"), [("auto", True), ("off", False)])
def test_where_pictures_are_in_memory_only_notes_have_a_folder(
    tmp_path: Path, disk: str, is_there: bool
) -> None:
    config = Config.model_validate({"state": tmp_path, "cache": {"disk": disk}})

    async def scene() -> None:
        notes = notes_of(config, "source", tiers_of(config))
        notes.begin()
        await kept(notes, "a", b"data", 60)
        assert (await recalled(notes, "a") == b"data") is is_there

    asyncio.run(scene())
    assert (tmp_path / "notes").exists() is is_there
