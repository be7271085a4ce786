"""The version of a Zarr hierarchy, which is many files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from proxy.config import CredentialsConfig
from proxy.errors import CannotOpen
from proxy.sources.blocks.places import local_version
from proxy.sources.cube.formats import ZARR_DOCUMENTS
from proxy.sources.remote import remote_version

#: Files and folders looked at for a local version: enough to see every array, quick enough for every second.
MOST_ENTRIES = 4096


def folder_version(path: Path) -> str:
    """Version of a local hierarchy.

    Made of the documents at its root and the times of the folders below: writing a piece of an array, a new
    one or in place of another, changes that of its folder. Of a hierarchy of more than `MOST_ENTRIES` files
    the folders that come first are looked at.

    Raises:
        CannotOpen: it is no such hierarchy.
    """
    parts = [local_version(found) for name in ZARR_DOCUMENTS if (found := _stat(path / name)) is not None]
    if not parts:
        raise CannotOpen("The source does not exist, or is no Zarr hierarchy.", str(path))
    waiting, seen = [path], 0
    while waiting and seen < MOST_ENTRIES:
        folder = waiting.pop(0)
        found = _stat(folder)
        parts.append(f"{folder.name}:{found.st_mtime_ns:x}" if found is not None else folder.name)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if entry.is_dir():
                        waiting.append(Path(entry.path))
                    if seen >= MOST_ENTRIES:
                        break
        except OSError as error:
            raise CannotOpen("The source could not be opened.", str(error)) from error
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:24]


def remote_folder_version(url: str, credentials: CredentialsConfig | None) -> str:
    """Version of a remote hierarchy: that of the document at its root, which new pieces change as a rule.

    Raises:
        CannotOpen: there is no such document, or it is out of reach.
    """
    failure: CannotOpen | None = None
    for name in ZARR_DOCUMENTS:
        try:
            return remote_version(f"{url.rstrip('/')}/{name}", credentials)
        except CannotOpen as error:
            failure = failure or error
    assert failure is not None
    raise failure


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
