"""Tiles that were rendered before, in a PMTiles archive on disk, on a web server or in a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from proxy.config import CredentialsConfig
from proxy.errors import CannotOpen, CannotRead, Unsupported
from proxy.sources.attempts import sentence, tried
from proxy.sources.blocks.places import LocalPlace, local_version, object_version
from proxy.sources.location import locate
from proxy.sources.remote import object_store

#: Bytes of the header, and of a directory at the most.
HEADER, MOST_DIRECTORY = 127, 16 << 20
#: Leaf directories kept by each archive.
LEAVES = 64
#: Levels of directories that an archive may have.
DEPTH = 4

MEDIA = {2: ("image/png", "png"), 3: ("image/jpeg", "jpg"), 4: ("image/webp", "webp")}

Reader = Callable[[int, int], bytes]


class Archive:
    """A PMTiles 3 archive of raster tiles. Safe in several threads.

    Attributes:
        version: of the file or object.
        media_type, extension: of the tiles.
        zooms: first and last.
    """

    def __init__(self, source: str, credentials: CredentialsConfig | None = None) -> None:
        """Read the header and the root directory. Blocks.

        Raises:
            CannotOpen: it is missing, out of reach, or no such archive.
            Unsupported: the package that reads archives is not installed.
        """
        self._tile = _library()
        self.version, size, self._read = _opened(source, credentials)
        try:
            header = self._tile.deserialize_header(self._read(0, HEADER))
            kind = int(header["tile_type"].value)
            if kind not in MEDIA or header["tile_compression"] not in (
                self._tile.Compression.NONE,
                self._tile.Compression.UNKNOWN,
            ):
                raise CannotOpen("The archive holds no raster tiles.")
            if header["tile_data_offset"] + header["tile_data_length"] > size:
                raise CannotOpen("The archive is cut short.")
            self._root = self._directory(header["root_offset"], header["root_length"])
        except CannotOpen:
            raise
        except Exception as error:  # a damaged archive fails in many ways
            raise CannotOpen("The archive could not be read.", str(error)) from error
        self.media_type, self.extension = MEDIA[kind]
        self.zooms = int(header["min_zoom"]), int(header["max_zoom"])
        self._leaves = int(header["leaf_directory_offset"])
        self._data = int(header["tile_data_offset"])
        self._leaf = lru_cache(LEAVES)(self._directory)

    def get(self, z: int, x: int, y: int) -> bytes | None:
        """Bytes of a tile, None where the archive has none. Blocks.

        Raises:
            CannotRead: it is damaged or out of reach.
        """
        if not self.zooms[0] <= z <= self.zooms[1]:
            return None
        try:
            wanted = self._tile.zxy_to_tileid(z, x, y)
            directory = self._root
            for _ in range(DEPTH):
                found = self._tile.find_tile(directory, wanted)
                if found is None:
                    return None
                if found.run_length:
                    return self._read(self._data + found.offset, found.length)
                directory = self._leaf(self._leaves + found.offset, found.length)
        except CannotRead:
            raise
        except Exception as error:  # a damaged archive fails in many ways
            raise CannotRead("The archive could not be read.", str(error)) from error
        return None

    def key(self, z: int, x: int, y: int) -> str:
        """Names the tile in this version of the archive."""
        return hashlib.blake2b(f"{self.version}/{z}/{x}/{y}".encode(), digest_size=16).hexdigest()

    def _directory(self, offset: int, length: int) -> Any:
        if length > MOST_DIRECTORY:
            raise CannotRead("The archive could not be read.", "a directory is too large")
        return self._tile.deserialize_directory(self._read(offset, length))


def _library() -> Any:
    try:
        import pmtiles.tile
    except ImportError:
        raise Unsupported("PMTiles needs a package of its own: pip install 'cogproxy[pmtiles]'.") from None
    return pmtiles.tile


def _opened(source: str, credentials: CredentialsConfig | None) -> tuple[str, int, Reader]:
    location = locate(source)
    if location.url is None:
        return _local(Path(location.gdal_path))
    try:
        store, path = object_store(location.url, credentials)
        meta = tried(lambda: store.head(path))
        version = object_version(meta)
    except Exception as error:  # every store has errors of its own
        raise CannotOpen(sentence(error), str(error)) from error

    def read(offset: int, length: int) -> bytes:
        try:
            found = tried(lambda: store.get(path, options={"range": (offset, offset + length)}))
            data = bytes(found.bytes())
        except Exception as error:  # every store has errors of its own
            raise CannotRead("The archive could not be read.", str(error)) from error
        if object_version(found.meta) != version or len(data) != length:
            raise CannotRead("The archive has changed.")
        return data

    return version, int(meta["size"]), read


def _local(path: Path) -> tuple[str, int, Reader]:
    try:
        found = path.stat()
    except OSError as error:
        raise CannotOpen("The archive does not exist.", str(error)) from error
    place = LocalPlace(str(path), local_version(found))

    def read(offset: int, length: int) -> bytes:
        try:
            return bytes(place.read([(offset, offset + length)])[0])
        except OSError as error:
            raise CannotRead("The archive could not be read.", str(error)) from error

    return local_version(found), found.st_size, read
