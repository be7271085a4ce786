"""Stored values by block: each is read once for all requests, whatever is cut from it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from proxy.model import Array
from proxy.sources.blocks.cache import BlockCache
from proxy.sources.cube.layers import Arrays, Key, Layer

Indices = NDArray[np.intp]
Selector = slice | Indices

#: Pixels of a block at least, where the source is cut up smaller or not at all.
SMALLEST = 1 << 15
#: Bytes of a block that holds the neighbours in time, or in depth, that lie in the same stored piece.
DEEPEST_BYTES = 16 << 20
#: Bytes of blocks held at a time while a slice is thinned.
BATCH_BYTES = 64 << 20

_loaders = ThreadPoolExecutor(8, thread_name_prefix="chunks")


class Blocks:
    """The blocks of one layer. Safe in several threads."""

    def __init__(self, arrays: Arrays, layer: Layer, cache: BlockCache, token: Hashable) -> None:
        self._arrays, self._layer, self._cache = arrays, layer, cache
        self._token = (token, layer.variable.name)
        self._rows, self._columns, self._depths = block_shape(layer)
        self._order = (*layer.others, layer.down, layer.across)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of a block."""
        return self._columns, self._rows

    def gather(self, place: Sequence[int], rows: Indices, columns: Indices, keep: bool = True) -> Array:
        """Stored values of a slice, (rows, columns).

        Args:
            place: index along each dimension beside those of the map.
            rows, columns: positions in the stored array, in any order.
            keep: remember the blocks; not for a pass over many of which little is wanted.
        """
        found = np.empty((len(rows), len(columns)), self._layer.dtype.newbyteorder("="))
        down, across = list(_runs(rows, self._rows)), list(_runs(columns, self._columns))
        inner = tuple(index % depth for index, depth in zip(place, self._depths, strict=True))
        outer = tuple(index // depth for index, depth in zip(place, self._depths, strict=True))
        pieces = list(itertools.product(down, across))
        for batch in self._batches(pieces):
            numbers = [(*outer, row[0], column[0]) for row, column in batch]
            for (row, column), block in zip(batch, self._blocks(numbers, keep), strict=True):
                found[_joined(row[1], column[1])] = block[inner][_joined(row[2], column[2])]
        return found

    def remembered(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """Something else that is made of this layer, kept beside its blocks."""
        return self._cache.get_many([(*self._token, key)], lambda _: [make()])[0]

    def _batches(self, pieces: list[tuple[Run, Run]]) -> Iterator[list[tuple[Run, Run]]]:
        size = self._rows * self._columns * math.prod(self._depths) * self._layer.dtype.itemsize
        count = max(1, BATCH_BYTES // size)
        for start in range(0, len(pieces), count):
            yield pieces[start : start + count]

    def _blocks(self, numbers: list[tuple[int, ...]], keep: bool) -> Sequence[Array]:
        def load(wanted: list[int]) -> Sequence[Array]:
            chosen = [numbers[index] for index in wanted]
            if self._arrays.parallel and len(chosen) > 1:
                return list(_loaders.map(self._load, chosen))
            return [self._load(number) for number in chosen]

        if keep:
            return self._cache.get_many([(*self._token, number) for number in numbers], load)
        return load(list(range(len(numbers))))

    def _load(self, number: tuple[int, ...]) -> Array:
        sizes = (*self._depths, self._rows, self._columns)
        parts = dict(zip(self._order, zip(number, sizes, strict=True), strict=True))
        key: Key = tuple(
            slice(parts[axis][0] * parts[axis][1], min((parts[axis][0] + 1) * parts[axis][1], length))
            for axis, length in enumerate(self._layer.shape)
        )
        block = self._arrays.load(self._layer.variable.name, key).transpose(self._order)
        block = np.ascontiguousarray(block, block.dtype.newbyteorder("="))
        block.setflags(write=False)
        return block


#: A block number, where its pixels go, and where in the block they lie.
Run = tuple[int, Selector, Selector]


def _runs(positions: Indices, size: int) -> Iterator[Run]:
    """The blocks that hold some positions."""
    numbers = positions // size
    for number in np.unique(numbers):
        where = np.flatnonzero(numbers == number)
        yield int(number), _slice(where), _slice(positions[where] - number * size)


def _slice(positions: Indices) -> Selector:
    """The same as a slice where they are evenly spaced, which is quicker."""
    step = int(positions[1] - positions[0]) if len(positions) > 1 else 1
    if step == 0 or (np.diff(positions) != step).any():
        return positions
    stop = int(positions[-1]) + (1 if step > 0 else -1)
    return slice(int(positions[0]), stop if stop >= 0 else None, step)


def _joined(rows: Selector, columns: Selector) -> tuple[Selector, ...]:
    if isinstance(rows, slice) or isinstance(columns, slice):
        return rows, columns
    return rows[:, None], columns


def block_shape(layer: Layer) -> tuple[int, int, tuple[int, ...]]:
    """Rows, columns, and steps along the other dimensions of a block.

    That of the stored pieces, several together where they are small. Steps that lie in one piece are read
    together where that is not too much, as reading one costs as much as reading all.
    """
    height, width = layer.shape[layer.down], layer.shape[layer.across]
    rows, columns = min(layer.chunks[layer.down], height), min(layer.chunks[layer.across], width)
    while rows * columns < SMALLEST and (rows, columns) != (height, width):
        if columns < width and (columns <= rows or rows == height):
            columns = min(width, columns * 2)
        else:
            rows = min(height, rows * 2)
    depths = tuple(min(layer.chunks[axis], layer.shape[axis]) for axis in layer.others)
    if rows * columns * math.prod(depths) * layer.dtype.itemsize > DEEPEST_BYTES:
        depths = (1,) * len(depths)
    return rows, columns, depths
