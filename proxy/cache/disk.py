"""Pictures in a folder that the processes of a machine share, and that outlives them.

A file for each picture, written beside its place and moved there, so that a reader finds all of it or
nothing; what a crash leaves behind is a file without a name, or an entry whose checksum tells. No index is
kept, hence none can be wrong: the entries are the files, and their times say which was unused longest. The
folders are taken in groups, each with its share of the bytes; who has written enough to a group looks through
it and drops the oldest. Nobody waits for another process, and two that look at once do no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from proxy.cache.entry import Damaged, pack, unpack
from proxy.cache.purge import Purge, purge_of
from proxy.cache.shared import Busy, Claim, Lock, TierCounters, TierError
from proxy.model import Picture
from proxy.threads import DaemonPool

#: False where there are no locks of this kind: every process then renders for itself.
LOCKING: bool = sys.platform != "win32"
if sys.platform != "win32":
    import fcntl

log = logging.getLogger("proxy.cache")

T = TypeVar("T")

#: Folders, and the bytes that a group of them should at least have.
FOLDERS, GROUP_BYTES = 256, 64 << 20
#: Locks; two pictures that share one wait for each other, which is rare and does no harm.
LOCKS = 4096
#: Seconds that an entry's time may lag behind its last use.
TOUCH_SECONDS = 60.0
#: Seconds after which a file without a name is what a crash has left.
LEFT_OVER_SECONDS = 600.0
#: Longest wait for the disk, and threads that wait.
SECONDS, THREADS = 2.0, 4
#: Shares of a group above which it is shrunk, and to which.
FULL, SHRUNK = 0.875, 0.75
#: Largest entry as a share of its group.
LARGEST = 0.125


class DiskTier:
    """At most `max_bytes` in `folder`, and one more picture for each process that writes at the moment.

    Args:
        processes: that share the folder; each may add its part between two looks.
    """

    name = "disk"

    def __init__(self, folder: Path, max_bytes: int, processes: int = 1) -> None:
        self._root = folder
        self._groups = FOLDERS
        while self._groups > 1 and max_bytes // self._groups < GROUP_BYTES:
            self._groups //= 2
        self._budget = max_bytes // self._groups
        self._step = int(self._budget * (1 - FULL) / max(1, processes))
        # The first write to a group looks through what is there.
        self._written = [self._step] * self._groups
        self._pool = DaemonPool(THREADS, "cache-disk")
        self._lock = threading.Lock()
        self._made: set[str] = set()
        self._number = 0
        self._board_seen: tuple[int, ...] | None = None
        self.counters = TierCounters()

    # What the tiers call, on the event loop.

    async def get(self, key: str) -> Picture | None:
        """The picture of a key; a damaged entry is deleted and None."""
        return await self._run(self.read, key)

    async def claim(self, key: str, seconds: float) -> Claim:
        """The picture, or the lock, which ends with the process that holds it at the latest."""
        job = self._pool.submit(self._claim, key)
        try:
            return await self._awaited(job)
        except BaseException:
            # A lock that comes when nobody waits for it any more is given back.
            job.add_done_callback(_released)
            raise

    async def put(self, key: str, picture: Picture, lock: Lock | None = None) -> None:
        """Keep a picture, then release the lock."""
        try:
            await self._run(self.write, key, picture)
        finally:
            if lock is not None:
                await self.release(lock)

    async def release(self, lock: Lock) -> None:
        """Give a lock back."""
        if isinstance(lock.token, int):
            os.close(lock.token)

    async def purges(self) -> list[Purge] | None:
        """All purges on the board; None where it has not changed."""
        return await self._run(self._read_board)

    async def add_purges(self, added: list[Purge], removed: list[str]) -> None:
        """Write on the board."""
        await self._run(self._change_board, added, removed)

    async def close(self) -> None:
        """Nothing is kept open."""

    # What runs in threads.

    def read(self, key: str) -> Picture | None:
        """As `get`; blocks. Raises OSError."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            self.counters.misses += 1
            return None
        try:
            picture = unpack(key, data)
        except Damaged as reason:
            log.warning("cache tier disk: dropped %s: %s", path.name, reason)
            self.counters.damaged += 1
            self.counters.misses += 1
            path.unlink(missing_ok=True)
            return None
        self.counters.hits += 1
        self.counters.bytes_read += len(data)
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > TOUCH_SECONDS:
                os.utime(path)
        return picture

    def write(self, key: str, picture: Picture) -> None:
        """As `put`; blocks. Raises OSError, after room was made where the disk is full."""
        data = pack(key, picture)
        if len(data) > self._budget * LARGEST:
            return
        path = self._path(key)
        group = int(key[:2], 16) % self._groups
        fresh = self._temporary()
        try:
            self._folder(path.parent)
            self._folder(fresh.parent)
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            self._made.clear()
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._shrink(group, half=True)
            raise
        self.counters.writes += 1
        self.counters.bytes_written += len(data)
        with self._lock:
            self._written[group] += _allocated(len(data))
            full = self._written[group] >= self._step
            if full:
                self._written[group] = 0
        if full:
            self._shrink(group)

    def _claim(self, key: str) -> Claim:
        picture = self.read(key)
        if picture is not None:
            return picture
        if not LOCKING:
            return Lock(key, None)
        path = self._root / "locks" / f"{int(key[:8], 16) % LOCKS:03x}"
        self._folder(path.parent)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return Busy()
        except OSError:
            os.close(file)
            raise
        return Lock(key, file)

    def _shrink(self, group: int, *, half: bool = False) -> None:
        """Drop the entries of a group that were unused longest: where it is full, or half of it."""
        found = []
        for number in range(group, FOLDERS, self._groups):
            for entry in _files(self._root / "entries" / f"{number:02x}"):
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    found.append((status.st_mtime_ns, _allocated(status.st_size), entry.path))
        total = sum(size for _, size, _ in found)
        if half or total > self._budget * FULL:
            wanted = total / 2 if half else self._budget * SHRUNK
            for _, size, path in sorted(found):
                if total <= wanted:
                    break
                with contextlib.suppress(OSError):
                    Path(path).unlink(missing_ok=True)
                total -= size
                self.counters.evictions += 1
        self._sweep()

    def _sweep(self) -> None:
        """Delete what crashed writers have left."""
        for entry in _files(self._root / "fresh"):
            with contextlib.suppress(OSError):
                if time.time() - entry.stat().st_mtime > LEFT_OVER_SECONDS:
                    Path(entry.path).unlink(missing_ok=True)

    def held(self) -> int:
        """Bytes that the entries take; looks at every file."""
        folders = (self._root / "entries" / f"{number:02x}" for number in range(FOLDERS))
        return sum(_allocated(entry.stat().st_size) for folder in folders for entry in _files(folder))

    # The board of purges: one file, changed under a lock.

    def _read_board(self) -> list[Purge] | None:
        seen = _seen(self._board)
        if seen == self._board_seen:
            return None
        found = self._board_lines()
        self._board_seen = seen
        return found

    def _change_board(self, added: list[Purge], removed: list[str]) -> None:
        self._folder(self._root)
        with _locked(self._root / "purges.lock"):
            lines = {purge.id: purge for purge in (*self._board_lines(), *added) if purge.id not in removed}
            fresh = self._temporary()
            self._folder(fresh.parent)
            fresh.write_text("".join(f"{purge.text()}\n" for purge in lines.values()), "utf-8")
            fresh.replace(self._board)

    def _board_lines(self) -> list[Purge]:
        try:
            text = self._board.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [purge for line in text.splitlines() if (purge := purge_of(line)) is not None]

    @property
    def _board(self) -> Path:
        return self._root / "purges"

    # Small matters.

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        return await self._awaited(self._pool.submit(function, *args))

    async def _awaited(self, job: Future[T]) -> T:
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes with the result.
            async with asyncio.timeout(SECONDS):
                return await asyncio.wrap_future(job)
        except (OSError, TimeoutError) as error:
            raise TierError(str(error) or "it takes too long") from error

    def _path(self, key: str) -> Path:
        return self._root / "entries" / key[:2] / key[2:]

    def _temporary(self) -> Path:
        with self._lock:
            self._number += 1
            number = self._number
        return self._root / "fresh" / f"{os.getpid():x}-{id(self):x}-{number:x}-{time.time_ns():x}"

    def _folder(self, path: Path) -> None:
        if path.name not in self._made:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made.add(path.name)


def _released(job: Future[Claim]) -> None:
    if not job.cancelled() and job.exception() is None:
        lock = job.result()
        if isinstance(lock, Lock) and isinstance(lock.token, int):
            os.close(lock.token)


def _allocated(size: int) -> int:
    """Bytes that a file of a size takes, in the usual units of file systems."""
    return -(-max(size, 1) // 4096) * 4096


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return


def _seen(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if LOCKING:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
