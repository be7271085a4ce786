"""Windows from blocks: which blocks, their bytes, their values, and the window put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from proxy.model import Array, Level, Mask, Window
from proxy.sources.blocks.cache import BlockCache
from proxy.sources.blocks.decode import Damaged, decode_block, empty_block
from proxy.sources.blocks.header import Directory, NotTaken, Tag, read_directories
from proxy.sources.blocks.layout import MASK, SLACK, Layout, read_layout
from proxy.sources.blocks.places import Place

#: Decoded bytes held at a time beside the window itself.
BATCH_BYTES = 64 << 20

_REDUCED, _MASKS = 1, 4


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a window: rows and columns of it that the window takes.

    Attributes:
        bands: (band of the window, band of the block).
        row: first row of the block in the level. column: its first column.
    """

    layout: Layout
    index: int
    row: int
    column: int
    bands: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Images:
    """The image of a level and its mask."""

    image: Layout
    mask: Layout | None


class BlockReader:
    """Reads windows of the levels of one version of a file. Safe in several threads."""

    def __init__(
        self,
        place: Place,
        levels: tuple[Images, ...],
        fill: float | None,
        cache: BlockCache,
        token: Hashable,
    ) -> None:
        self._place = place
        self._levels = levels
        self._fill = fill
        self._cache = cache
        self._token = token

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Values (bands, rows, columns), and the mask inside the file, True where valid; None without.

        Raises:
            Damaged: a block cannot be decoded.
            SourceChanged, OSError: see `Place.read`.
        """
        images = self._levels[level]
        data = np.empty((len(bands), window.height, window.width), images.image.dtype)
        wanted = [(block, data) for block in blocks_of(images.image, bands, window)]
        mask: Array | None = None
        if images.mask is not None:
            mask = np.empty((1, window.height, window.width), np.uint8)
            wanted += [(block, mask) for block in blocks_of(images.mask, (0,), window)]
        for batch in _batches(wanted):
            found = self._blocks([block for block, _ in batch])
            for (block, target), values in zip(batch, found, strict=True):
                _paste(block, values, target, window)
        return data, None if mask is None else mask[0].astype(np.bool_)

    def close(self) -> None:
        """Forget the blocks of this version."""
        self._place.close()
        self._cache.drop(lambda key: isinstance(key, tuple) and key[0] == self._token)

    def _blocks(self, blocks: Sequence[Block]) -> list[Array]:
        keys = [(self._token, block.layout.number, block.index) for block in blocks]
        return self._cache.get_many(keys, lambda missing: self._load([blocks[i] for i in missing]))

    def _load(self, blocks: Sequence[Block]) -> list[Array]:
        places = [_checked(block) for block in blocks]
        stored = iter(self._place.read([place for place in places if place is not None]))
        return [
            self._empty(block)
            if place is None
            else decode_block(block.layout, next(stored), block.layout.rows_of(block.index))
            for block, place in zip(blocks, places, strict=True)
        ]

    def _empty(self, block: Block) -> Array:
        fill = 0 if block.layout.photometric == MASK else self._fill
        return empty_block(block.layout, block.layout.rows_of(block.index), fill)


def open_blocks(
    place: Place,
    levels: tuple[Level, ...],
    dtype: np.dtype[np.generic],
    count: int,
    masked: bool,
) -> tuple[Images, ...]:
    """Find the images of a source's levels in a file.

    Args:
        levels: as GDAL sees them. dtype: of its bands. count: of bands.
        masked: True where a mask inside the file says what is valid.

    Raises:
        NotTaken: something in it is left to GDAL.
    """
    directories = read_directories(place)
    found = []
    for index, level in enumerate(levels):
        image = _find(directories, level, _REDUCED if index else None)
        mask = _find(directories, level, _MASKS | (_REDUCED if index else 0)) if masked else None
        found.append(Images(image, mask))
        if (image.dtype, image.samples) != (dtype, count):
            raise NotTaken("GDAL gives its bands another type")
        if mask is not None and (mask.bits, mask.samples) != (1, 1):
            raise NotTaken("its mask is not of single bits")
    return tuple(found)


def _find(directories: tuple[Directory, ...], level: Level, role: int | None) -> Layout:
    """The directory of a level: the first for the native one (no role), else by role and size."""
    for number, directory in enumerate(directories):
        size = directory.one(Tag.WIDTH, 0), directory.one(Tag.HEIGHT, 0)
        kind = directory.one(Tag.SUBFILE, 0) & (_REDUCED | _MASKS)
        if size == (level.width, level.height) and (number == 0 if role is None else kind == role):
            layout = read_layout(directory, number)
            layout.check_places()
            return layout
    raise NotTaken("its overviews or masks lie in other files")


def blocks_of(layout: Layout, bands: tuple[int, ...], window: Window) -> Iterator[Block]:
    """The blocks under a window, in the order of the file's grid."""
    width, height = layout.block_width, layout.block_height
    columns = range(window.column // width, (window.column + window.width - 1) // width + 1)
    rows = range(window.row // height, (window.row + window.height - 1) // height + 1)
    planes: dict[int, list[tuple[int, int]]] = {}
    for target, band in enumerate(bands):
        plane, inside = (band, 0) if layout.separate else (0, band)
        planes.setdefault(plane, []).append((target, inside))
    for plane, pairs in planes.items():
        first = plane * layout.across * layout.down
        for row in rows:
            for column in columns:
                index = first + row * layout.across + column
                yield Block(layout, index, row * height, column * width, tuple(pairs))


def _checked(block: Block) -> tuple[int, int] | None:
    """Range of a block's bytes; None where it was never written."""
    start, length = block.layout.place(block.index)
    if not length:
        return None
    if length > 2 * block.layout.block_bytes + SLACK:
        raise Damaged(f"a block of {block.layout.block_bytes} bytes cannot take {length}")
    return start, start + length


def _batches(wanted: list[tuple[Block, Array]]) -> Iterator[list[tuple[Block, Array]]]:
    if not wanted:
        return
    size = max(1, BATCH_BYTES // wanted[0][0].layout.block_bytes)
    parts = iter(wanted)
    while batch := list(islice(parts, size)):
        yield batch


def _paste(block: Block, values: Array, target: Array, window: Window) -> None:
    top, left = max(block.row, window.row), max(block.column, window.column)
    bottom = min(block.row + values.shape[1], window.row + window.height)
    right = min(block.column + values.shape[2], window.column + window.width)
    rows, columns = (
        slice(top - block.row, bottom - block.row),
        slice(left - block.column, right - block.column),
    )
    to_rows, to_columns = (
        slice(top - window.row, bottom - window.row),
        slice(left - window.column, right - window.column),
    )
    if len(block.bands) == len(target) == len(values) and all(a == b for a, b in block.bands):
        target[:, to_rows, to_columns] = values[:, rows, columns]
        return
    for to, inside in block.bands:
        target[to, to_rows, to_columns] = values[inside, rows, columns]
