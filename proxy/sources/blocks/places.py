"""Bytes of a file or object at one version of it; bytes of two versions never mix."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from proxy.errors import CannotRead
from proxy.sources.attempts import tried
from proxy.sources.blocks.header import NotTaken
from proxy.sources.blocks.segments import Segments, ahead

#: Bytes fetched first from a remote object, and the most that its header may need.
HEAD_BYTES, MOST_HEAD_BYTES = 65536, 32 << 20
#: Ranges nearer than this are fetched as one; ranges grow no longer than this.
GAP, LONGEST = 128 << 10, 8 << 20
#: Ranges in flight at a time, over all requests.
PARALLEL = 16

Range = tuple[int, int]

_segments = Segments()
_owners = count()
_fetchers = ThreadPoolExecutor(PARALLEL, thread_name_prefix="ranges")


class SourceChanged(CannotRead):
    """The object is no longer the one that was opened."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("The source could not be read.", detail or "it has changed since it was opened")


class Place(Protocol):
    """Where blocks come from."""

    def at(self, start: int, length: int) -> bytes:
        """Bytes of the header; raises `NotTaken` where they cannot be had."""

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        """Bytes of each (start, end).

        Raises:
            SourceChanged: the object has another version by now.
            OSError: it is out of reach or too short.
        """

    def close(self) -> None:
        """Let go of what is kept of it."""


def local_version(found: os.stat_result) -> str:
    """Version of a local file: time and size."""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def object_version(meta: Any) -> str:
    """Version of a remote object from what its store says of it: ETag, or time and size."""
    return str(meta.get("e_tag") or f"{meta['last_modified'].timestamp():.0f}-{meta['size']}")


class LocalPlace:
    """A file on disk, opened for each read: no handle outlives a replaced file."""

    def __init__(self, path: str, version: str) -> None:
        self._path = path
        self._version = version

    def at(self, start: int, length: int) -> bytes:
        """Bytes of the header."""
        try:
            return bytes(self.read([(start, start + length)])[0])
        except OSError as error:
            raise NotTaken("its header is cut short") from error

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        """Bytes of each range."""
        file = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            if local_version(os.fstat(file)) != self._version:
                raise SourceChanged
            return [_exactly(_at(file, start, end - start), end - start) for start, end in ranges]
        finally:
            os.close(file)

    def check(self) -> None:
        """Raise `SourceChanged` where the path has another version by now, or none."""
        try:
            found = local_version(Path(self._path).stat())
        except OSError as error:
            raise SourceChanged(str(error)) from error
        if found != self._version:
            raise SourceChanged

    def close(self) -> None:
        """Nothing is kept open."""


def _at(file: int, start: int, length: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file, length, start)
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, length)


class RemotePlace:
    """An object behind obstore. The first request brings the version and the header."""

    def __init__(self, store: Any, path: str) -> None:
        self._store = store
        self._path = path
        self._owner = next(_owners)
        result = store.get(path, options={"range": (0, HEAD_BYTES)})
        self.version = object_version(result.meta)
        self.size = int(result.meta["size"])
        self.head = bytes(result.bytes())

    def at(self, start: int, length: int) -> bytes:
        """Bytes of the header, which grows as far as it is asked for."""
        end = start + length
        if end > self.size:
            raise NotTaken("its header is cut short")
        if end > len(self.head):
            self._grow(end)
        return self.head[start:end]

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        """Bytes of each range: neighbours in one request, requests side by side."""
        known = [self._known(*item) for item in ranges]
        missing = [item for item, data in zip(ranges, known, strict=True) if data is None]
        merged = merge(self._widened(missing))
        if len(merged) > 1:
            parts = list(_fetchers.map(self._fetch, merged))
        else:
            parts = [self._fetch(item) for item in merged]
        for (start, end), part in zip(merged, parts, strict=True):
            if end - start <= LONGEST // 8:
                _segments.keep(self._owner, start, part)
        return [
            _cut(item, merged, parts) if data is None else data
            for item, data in zip(ranges, known, strict=True)
        ]

    def check(self) -> None:
        """Ask for the object's version.

        Raises:
            SourceChanged: it is another one by now.
            OSError: it cannot be told.
        """
        try:
            version = object_version(tried(lambda: self._store.head(self._path)))
        except Exception as error:  # every store has errors of its own
            raise OSError(str(error)) from error
        if version != self.version:
            raise SourceChanged(f"version {version} instead of {self.version}")

    def close(self) -> None:
        """Forget what was fetched ahead."""
        _segments.drop(self._owner)

    def _known(self, start: int, end: int) -> bytes | None:
        if end <= len(self.head):
            return self.head[start:end]
        return _segments.find(self._owner, start, end)

    def _widened(self, ranges: list[Range]) -> list[Range]:
        more = ahead(end - start for start, end in ranges)
        return [(max(0, start - more), max(end, min(self.size, end + more))) for start, end in ranges]

    def _grow(self, end: int) -> None:
        # What follows an index is usually the indexes of its overviews, a third of its size.
        wanted = min(self.size, end + end // 2 + HEAD_BYTES)
        if wanted - len(self.head) > MOST_HEAD_BYTES:
            raise NotTaken("its header is not at the beginning of the object")
        self.head += bytes(self._fetch((len(self.head), wanted)))

    def _fetch(self, item: Range) -> memoryview:
        try:
            return tried(lambda: self._fetched(item))
        except SourceChanged:
            raise
        except Exception as error:  # every store has errors of its own
            raise OSError(str(error)) from error

    def _fetched(self, item: Range) -> memoryview:
        result = self._store.get(self._path, options={"range": item})
        version = object_version(result.meta)
        data = memoryview(result.bytes())
        if version != self.version:
            raise SourceChanged(f"version {version} instead of {self.version}")
        _exactly(data, item[1] - item[0])
        return data


def _cut(item: Range, merged: list[Range], parts: list[memoryview]) -> bytes:
    start, end = item
    index = bisect_right(merged, start, key=lambda part: part[0]) - 1
    low = merged[index][0]
    return bytes(parts[index][start - low : end - low])


def merge(ranges: Any) -> list[Range]:
    """Ranges that cover the given ones, neighbours joined where little lies between."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start - merged[-1][1] <= GAP and max(end, merged[-1][1]) - merged[-1][0] <= LONGEST:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _exactly(data: Any, length: int) -> Any:
    if len(data) != length:
        raise OSError(f"{len(data)} bytes where there should be {length}")
    return data
