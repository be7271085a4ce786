"""What an opened source knows of its bytes: where to describe it from, and how to read its blocks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import numpy as np
from rasterio.io import DatasetReader, MemoryFile

from proxy.model import Level
from proxy.sources.blocks.cache import BlockCache
from proxy.sources.blocks.header import NotTaken, read_directories
from proxy.sources.blocks.places import LocalPlace, RemotePlace
from proxy.sources.blocks.reader import BlockReader, open_blocks


class Stored:
    """The bytes of a source.

    Args:
        place: None where they are not those of one plain file or object.
        described_here: take a remote TIFF's facts from the header already fetched; its side files are
            then not looked for.
        alone: GDAL may see no more of it than that header.
    """

    def __init__(
        self,
        place: LocalPlace | RemotePlace | None,
        cache: BlockCache,
        described_here: bool = True,
        alone: bool = False,
    ) -> None:
        self._alone = alone
        self._place = place
        self._cache = cache
        self._described_here = described_here

    @contextmanager
    def described_at(self, path: str) -> Iterator[str]:
        """Path that GDAL reads the facts from: `path`, or a file in memory that holds a remote header.

        Raises:
            NotTaken: it would be `path`, and the source is to be left alone.
        """
        place = self._place
        if not isinstance(place, RemotePlace) or not self._described_here or not _gathered(place):
            if self._alone:
                raise NotTaken("it is not a tiled TIFF with its header in front")
            yield path
            return
        with MemoryFile(place.head, filename=PurePosixPath(path).name or "header.tif") as memory:
            yield memory.name

    def check(self) -> None:
        """Raise `SourceChanged` where a local file is no longer the one that was opened."""
        if isinstance(self._place, LocalPlace):
            self._place.check()

    def verify(self) -> None:
        """Raise `SourceChanged` where what GDAL has just read of a remote object may be of another version.

        Raises:
            OSError: the version cannot be told.
        """
        if isinstance(self._place, RemotePlace):
            self._place.check()

    def reader(
        self, dataset: DatasetReader, levels: tuple[Level, ...], masked: bool, token: Hashable
    ) -> BlockReader:
        """Reader of the blocks of a dataset.

        Raises:
            NotTaken: GDAL has to read it; the message says why.
        """
        if self._place is None:
            raise NotTaken("it is not a plain file")
        if dataset.driver not in ("GTiff", "COG"):
            raise NotTaken("it is not a TIFF")
        if any(str(name).lower().endswith((".ovr", ".msk")) for name in dataset.files):
            raise NotTaken("its overviews or masks lie in other files")
        if str(dataset.dtypes[0]).startswith("complex_int"):
            raise NotTaken("its values are complex integers")
        dtype = np.dtype(dataset.dtypes[0])
        images = open_blocks(self._place, levels, dtype, dataset.count, masked)
        return BlockReader(self._place, images, dataset.nodata, self._cache, token)


def _gathered(place: RemotePlace) -> bool:
    """Fetch the whole header; False where it is not that of a TIFF with its header in front."""
    try:
        for directory in read_directories(place):
            for field in directory.fields.values():
                place.at(field.start, field.count * field.dtype.itemsize)
    except NotTaken:
        return False
    return True
