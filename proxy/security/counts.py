"""Small counters that the workers of a machine share, in memory that is mapped from files.

An entry is the digest of a name and two numbers. Entries lie in rows of a few; where a row is full, the one
whose second number is the least makes room. Which row is a secret of the table, or callers could choose names
that push out what is counted of others. No request waits for a disk: the system writes the pages when it
likes, and the files go with the supervisor.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import os
import struct
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_ENTRY = struct.Struct("16sdd")
_NOBODY = bytes(16)
#: Bytes of the key of a table, before its rows.
KEY = 16
#: Entries of a row.
ROW = 8
#: Entries for rates, of which the configuration names few, and for callers with wrong passwords.
RATES, CALLERS = 4096, 65536


class Table:
    """Two numbers by name. For one thread of each process.

    Args:
        entries: that there is room for, a multiple of `ROW`.
        file: that processes share; the table is this process's own when absent.
    """

    def __init__(self, entries: int, file: Path | None = None) -> None:
        self._rows = entries // ROW
        size = KEY + self._rows * ROW * _ENTRY.size
        self._file: int | None = None
        if file is None:
            self._memory = mmap.mmap(-1, size)
            self._memory[:KEY] = os.urandom(KEY)
            return
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        weakref.finalize(self, os.close, self._file)
        # Longer by zeros where it is new, as it is where another process has made it.
        os.ftruncate(self._file, size)
        self._memory = mmap.mmap(self._file, size)
        with self.held():
            if self._memory[:KEY] == bytes(KEY):
                self._memory[:KEY] = os.urandom(KEY)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out while entries are read and changed; a lock ends with its process."""
        if self._file is None or sys.platform == "win32":
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def get(self, name: bytes) -> tuple[float, float] | None:
        """The numbers of a name."""
        for place in self._places(name):
            known, first, second = _ENTRY.unpack_from(self._memory, place)
            if known == name and math.isfinite(first) and math.isfinite(second):
                return first, second
        return None

    def put(self, name: bytes, first: float, second: float) -> None:
        """Set the numbers of a name, in the place of those whose second number is the least where need be."""
        chosen, least = -1, math.inf
        for place in self._places(name):
            known, _, age = _ENTRY.unpack_from(self._memory, place)
            if known == name:
                chosen = place
                break
            if known == _NOBODY or not math.isfinite(age):
                age = -math.inf
            if chosen < 0 or age < least:
                chosen, least = place, age
        _ENTRY.pack_into(self._memory, chosen, name, first, second)

    def drop(self, name: bytes) -> None:
        """Forget a name."""
        for place in self._places(name):
            if self._memory[place : place + len(name)] == name:
                _ENTRY.pack_into(self._memory, place, _NOBODY, 0.0, 0.0)

    def _places(self, name: bytes) -> range:
        hashed = hashlib.blake2b(name, digest_size=8, key=self._memory[:KEY]).digest()
        row = KEY + int.from_bytes(hashed, "big") % self._rows * ROW * _ENTRY.size
        return range(row, row + ROW * _ENTRY.size, _ENTRY.size)


class Counts:
    """The tables of a server.

    Args:
        folder: where the workers of a server share them; they are this process's own when absent.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.rates = Table(RATES, folder and folder / "rates")
        self.attempts = Table(CALLERS, folder and folder / "attempts")


def digest(name: object) -> bytes:
    """Name of an entry."""
    return hashlib.blake2b(repr(name).encode("utf-8", "surrogatepass"), digest_size=16).digest()
