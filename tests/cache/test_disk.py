from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proxy.cache.disk import FULL, LEFT_OVER_SECONDS, DiskTier
from proxy.cache.purge import Purges
from proxy.cache.shared import Busy, Lock, TierError
from proxy.model import Picture
from tests.cache.pictures import key_for, picture_for

ROOT = Path(__file__).parents[2]
MB = 1 << 20


@pytest.fixture
def tier(tmp_path: Path) -> DiskTier:
    return DiskTier(tmp_path / "pictures", 64 * MB)


def entries(tier: DiskTier) -> list[Path]:
    return [path for path in (tier._root / "entries").rglob("*") if path.is_file()]


def test_pictures_outlive_the_process_that_wrote_them(tier: DiskTier) -> None:
    for number in range(50):
        tier.write(key_for(number), picture_for(number))
    other = DiskTier(tier._root, 64 * MB)
    assert [other.read(key_for(number)) for number in range(50)] == [picture_for(n) for n in range(50)]
    assert other.read(key_for(50)) is None
    assert (other.counters.hits, other.counters.misses) == (50, 1)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap", "foreign"])
def test_a_damaged_entry_is_dropped_and_never_served(tier: DiskTier, damage: str) -> None:
    tier.write(key_for(1), picture_for(1))
    (path,) = entries(tier)
    data = bytearray(path.read_bytes())
    tier.write(key_for(2), picture_for(2))
    if damage == "flip":
        data[len(data) // 2] ^= 1
    content = {
        "cut": bytes(data[:-7]), "flip": bytes(data), "empty": b"", "foreign": b"GIF89a" * 50,
        "swap": tier._path(key_for(2)).read_bytes(),
    }[damage]  # fmt: skip
    path.write_bytes(content)
    assert tier.read(key_for(1)) is None
    assert not path.exists()
    assert (tier.counters.damaged, tier.counters.misses) == (1, 1)
    tier.write(key_for(1), picture_for(1))
    assert tier.read(key_for(1)) == picture_for(1)


@pytest.mark.parametrize("processes", [1, 4])
def test_the_folder_stays_within_its_bytes_and_the_oldest_leave(tmp_path: Path, processes: int) -> None:
    tiers = [DiskTier(tmp_path, 1 * MB, processes) for _ in range(processes)]
    most = 0
    for number in range(600):
        tiers[number % processes].write(key_for(number), picture_for(number, 7000))
        if number % 20 == 0:
            most = max(most, tiers[0].held())
    assert 0.5 * MB < most <= 1 * MB
    kept = [number for number in range(600) if tiers[0].read(key_for(number))]
    assert set(range(560, 600)) <= set(kept)
    assert min(kept) > 300
    assert sum(tier.counters.evictions for tier in tiers) >= 600 - len(kept)


def test_an_entry_that_is_used_stays(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path, 1 * MB)
    for number in range(40):
        tier.write(key_for(number), picture_for(number, 7000))
        os.utime(tier._path(key_for(number)), (time.time() - 7200, time.time() - 7200))
    assert tier.read(key_for(3)) is not None
    for number in range(100, 180):
        tier.write(key_for(number), picture_for(number, 7000))
    assert 4 < tier.counters.evictions < 40
    assert tier.read(key_for(3)) is not None
    assert tier.read(key_for(4)) is None


def test_a_restart_finds_a_folder_that_is_too_full(tmp_path: Path) -> None:
    before = DiskTier(tmp_path, 64 * MB)
    for number in range(300):
        before.write(key_for(number), picture_for(number, 7000))
    after = DiskTier(tmp_path, 1 * MB)
    after.write(key_for(1000), picture_for(1000))
    assert after.held() <= 1 * MB * FULL


def test_a_picture_too_large_for_the_folder_is_not_kept(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path, 1 * MB)
    tier.write(key_for(1), picture_for(1, MB // 4))
    assert tier.read(key_for(1)) is None
    assert tier.held() == 0


def test_what_a_crash_has_left_is_swept_up(tmp_path: Path) -> None:
    left = tmp_path / "fresh" / "1-2-3"
    left.parent.mkdir()
    left.write_bytes(b"half a pic")
    recent = tmp_path / "fresh" / "1-2-4"
    recent.write_bytes(b"being written")
    old = time.time() - LEFT_OVER_SECONDS - 10
    os.utime(left, (old, old))
    DiskTier(tmp_path, 1 * MB).write(key_for(1), picture_for(1))
    assert not left.exists()
    assert recent.exists()


def test_a_full_disk_is_a_failed_write_that_makes_room(
    tier: DiskTier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        tier.write(key_for(number), picture_for(number))
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.parent.name == "fresh":
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TierError, match="No space left"):
        asyncio.run(tier.put(key_for(99), picture_for(99)))
    monkeypatch.undo()
    assert len(entries(tier)) <= 20
    assert not list((tier._root / "fresh").iterdir())
    assert tier.read(key_for(99)) is None
    asyncio.run(tier.put(key_for(99), picture_for(99)))
    assert tier.read(key_for(99)) == picture_for(99)


def test_a_folder_that_cannot_be_made_is_a_tier_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    tier = DiskTier(tmp_path / "file" / "pictures", MB)
    with pytest.raises(TierError):
        asyncio.run(tier.put(key_for(1), picture_for(1)))
    with pytest.raises(TierError):
        asyncio.run(tier.get(key_for(1)))


def test_a_folder_that_was_deleted_is_made_again(tier: DiskTier) -> None:
    import shutil

    tier.write(key_for(1), picture_for(1))
    shutil.rmtree(tier._root)
    assert tier.read(key_for(1)) is None
    with pytest.raises(OSError, match="No such file"):
        tier.write(key_for(1), picture_for(1))
    tier.write(key_for(1), picture_for(1))
    assert tier.read(key_for(1)) == picture_for(1)


WRITER = """
import sys
from pathlib import Path
from proxy.cache.disk import DiskTier
from tests.cache.pictures import key_for, picture_for
tier = DiskTier(Path(sys.argv[1]), 8 << 20, 2)
print("ready", flush=True)
turn = 0
while True:
    number = turn % 400
    tier.write(key_for(number), picture_for(number, 200_000))
    found = tier.read(key_for((number * 7) % 400))
    assert found is None or found == picture_for((number * 7) % 400, 200_000), number
    turn += 1
    if turn % 50 == 0:
        print(turn, flush=True)
"""


def writer(folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_processes_killed_while_they_write_leave_whole_pictures_only(tmp_path: Path) -> None:
    for round_ in range(3):
        both = [writer(tmp_path), writer(tmp_path)]
        try:
            for process in both:
                assert process.stdout is not None
                # Some hundred writes by each, the last of them cut off at any place.
                assert [process.stdout.readline().strip() for _ in range(4)] == ["ready", "50", "100", "150"]
        finally:
            for process in both:
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                assert process.stdout is not None
                process.stdout.close()
        assert both[0].returncode == both[1].returncode == -signal.SIGKILL, round_
    tier = DiskTier(tmp_path, 8 * MB, 2)
    found = [number for number in range(400) if tier.read(key_for(number)) is not None]
    assert found
    assert all(tier.read(key_for(number)) == picture_for(number, 200_000) for number in found)
    assert tier.counters.damaged == 0
    assert tier.held() <= 8 * MB + 2 * 200_000


def test_one_of_two_gets_the_lock_and_a_killed_holder_loses_it(tmp_path: Path) -> None:
    holder = """
import asyncio, sys, time
from pathlib import Path
from proxy.cache.disk import DiskTier
from proxy.cache.shared import Lock
tier = DiskTier(Path(sys.argv[1]), 1 << 20)
lock = asyncio.run(tier.claim(sys.argv[2], 60))
print(isinstance(lock, Lock), flush=True)
time.sleep(600)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", holder, str(tmp_path), key_for(1)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    tier = DiskTier(tmp_path, MB)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "True"
        assert isinstance(asyncio.run(tier.claim(key_for(1), 60)), Busy)
        assert isinstance(asyncio.run(tier.claim(key_for(2), 60)), Lock)
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
    assert isinstance(asyncio.run(tier.claim(key_for(1), 60)), Lock)


def test_a_lock_is_given_back_with_the_picture(tier: DiskTier) -> None:
    async def scene() -> None:
        lock = await tier.claim(key_for(1), 10)
        assert isinstance(lock, Lock)
        assert isinstance(await tier.claim(key_for(1), 10), Busy)
        await tier.put(key_for(1), picture_for(1), lock)
        assert await tier.claim(key_for(1), 10) == picture_for(1)
        again = await tier.claim(key_for(3), 10)
        assert isinstance(again, Lock)
        await tier.release(again)
        assert isinstance(await tier.claim(key_for(3), 10), Lock)

    asyncio.run(scene())


def test_the_board_of_purges_is_shared_and_read_when_it_has_changed(tmp_path: Path) -> None:
    async def scene() -> None:
        one, other = DiskTier(tmp_path, MB), DiskTier(tmp_path, MB)
        assert await one.purges() == []
        assert await one.purges() is None
        known = Purges()
        first, second = known.made("a"), known.made("b", (1.0, 2.0, 3.0, 4.0), (0.0, 5.0))
        await other.add_purges([first, second], [])
        assert await one.purges() == [first, second]
        assert await one.purges() is None
        await one.add_purges([], [first.id])
        assert await other.purges() == [second]
        (tmp_path / "purges").write_bytes(b"\xff\0 nonsense\n" + second.text().encode() + b"\n[1]\n")
        assert await other.purges() == [second]

    asyncio.run(scene())


def test_nothing_is_pickled(tier: DiskTier) -> None:
    tier.write(key_for(1), Picture(b"plain bytes", "image/png", "png"))
    (path,) = entries(tier)
    assert path.read_bytes().endswith(b"image/pngpngplain bytes")
