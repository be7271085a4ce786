"""Rasters by name: files, folders and globs on disk; objects, prefixes and globs in buckets."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from proxy.catalog.base import Asset, ItemRecord
from proxy.errors import CannotOpen
from proxy.listing.context import Context
from proxy.sources.attempts import sentence
from proxy.sources.blocks.places import local_version, object_version
from proxy.sources.location import RASTER_SUFFIXES, Location, locate
from proxy.sources.remote import object_store

_WILD = re.compile(r"[*?\[]")
#: Objects that a bucket is asked for at a time.
_PAGE = 1000


class Files:
    """The rasters that one text of the configuration names.

    Args:
        text: a file, a folder (with all below it) or a glob, in which `**` stands for any folders; an
            object, a prefix (which has no ending, or ends with `/`), or a glob in a bucket.
    """

    def __init__(self, text: str, context: Context) -> None:
        self._text = text
        self._context = context
        self._known = 0

    def __length_hint__(self) -> int:
        return self._known

    def __iter__(self) -> Iterator[ItemRecord]:
        location = locate(self._text)
        if location.url is not None:
            return self._remote(location.url)
        if location.gdal_path.startswith("/vsi"):
            return iter([_record(self._text, locate(self._text).name, "")])
        return self._local(location)

    def _local(self, location: Location) -> Iterator[ItemRecord]:
        paths = _paths(location.gdal_path)
        if not paths:
            raise CannotOpen("There is no raster in this place.", self._text)
        if paths == [location.gdal_path] and not Path(location.gdal_path).exists():
            raise CannotOpen("The source does not exist.", self._text)
        self._known = len(paths)
        for path in paths:
            try:
                version = local_version(Path(path).stat())
            except OSError:
                self._context.refuse(path, "The source does not exist.")
                continue
            yield _record(path, Path(path).stem, version)

    def _remote(self, url: str) -> Iterator[ItemRecord]:
        key = url.partition("://")[2].partition("/")[2]
        if not url.startswith("http") and not PurePosixPath(key).suffix and not is_wild(key):
            # A bucket, or what looks like a folder in one.
            url = url.rstrip("/") + "/"
        if not is_wild(url) and not url.endswith("/"):
            # One object: its version comes with its header.
            self._known = 1
            yield _record(url, locate(url).name, "")
            return
        fixed = url if url.endswith("/") else url[: _first_wild(url)].rpartition("/")[0] + "/"
        pattern = glob_pattern(url) if is_wild(url) else None
        found = False
        try:
            for meta in _objects(fixed, self._context):
                if _wanted(meta["path"], pattern, url):
                    found = True
                    yield self._of_object(url, meta)
        except CannotOpen:
            raise
        except Exception as error:  # every store has errors of its own
            raise CannotOpen(sentence(error), str(error)) from error
        if not found:
            raise CannotOpen("There is no raster in this place.", url)

    def _of_object(self, url: str, meta: Any) -> ItemRecord:
        place = f"{_root(url)}/{quote(meta['path'])}"
        return _record(place, PurePosixPath(meta["path"]).stem, object_version(meta))


def is_wild(text: str) -> bool:
    """True for a glob. A `?` in a web address begins its query."""
    return bool(_WILD.search(text.partition("?")[0] if text.startswith("http") else text))


def glob_pattern(url: str) -> re.Pattern[str]:
    """Pattern over the path of objects, below the bucket: `**` crosses folders, `*` and `?` do not."""
    text = url.partition("://")[2].partition("/")[2]
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", text)
    return re.compile("".join(_translated(part) for part in parts))


def _translated(part: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in known:
        return known[part]
    if part.startswith("[") and part.endswith("]"):
        inner = part[1:-1].replace("\\", r"\\")
        return f"[^{inner[1:]}/]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(part)


def _wanted(path: str, pattern: re.Pattern[str] | None, url: str) -> bool:
    if pattern is None:
        return PurePosixPath(path).suffix.lower() in RASTER_SUFFIXES
    if not pattern.fullmatch(path):
        return False
    # A glob that ends in a wild part means the rasters among what it matches.
    return not url.endswith("*") or PurePosixPath(path).suffix.lower() in RASTER_SUFFIXES


def _paths(text: str) -> list[str]:
    if is_wild(text) and not Path(text).exists():
        found = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 the pattern may be absolute
        return [path for path in found if _is_raster(path, text)]
    if Path(text).is_dir():
        return sorted(str(p) for p in Path(text).rglob("*") if p.suffix.lower() in RASTER_SUFFIXES)
    return [text]


def _is_raster(path: str, text: str) -> bool:
    return (not text.endswith("*") or Path(path).suffix.lower() in RASTER_SUFFIXES) and Path(path).is_file()


def _first_wild(url: str) -> int:
    found = _WILD.search(url)
    return found.start() if found else len(url)


def _root(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _objects(folder: str, context: Context) -> Iterator[Any]:
    store, prefix = object_store(folder, context.credentials)
    for page in store.list(prefix or None, chunk_size=_PAGE):
        yield from page


def _record(place: str, name: str, version: str) -> ItemRecord:
    return ItemRecord(place, name, (Asset(place),), version=version)
