"""Raster function trees: frozen nodes, what they need to be read, and their evaluation."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from proxy.crs import WEB_MERCATOR
from proxy.errors import InvalidRule
from proxy.functions import registry
from proxy.functions.convert import convert, without_nan
from proxy.functions.pixels import narrowest
from proxy.functions.signature import Function
from proxy.model import Array, BandStatistics, Extent, Grid, Mask, PixelType, Raster, marks_bands


@dataclass(frozen=True, slots=True)
class Source:
    """The service's raster, or one item of a mosaic.

    Attributes:
        item: identifier of the item, None for the whole service.
    """

    item: int | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """The same number everywhere."""

    value: float


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the registry with its arguments.

    Attributes:
        function: name in the registry.
        arguments: (name, value) in the order of the argument table, without those that equal their default;
            a raster is a node, several are a tuple of nodes.
        output_type: type that the result is converted to, None to leave it.
    """

    function: str
    arguments: tuple[tuple[str, Any], ...] = ()
    output_type: PixelType | None = None


Node = Source | Constant | Call


def children(node: Node) -> tuple[Node, ...]:
    """Inputs of a node, in order."""
    found: list[Node] = []
    for _, value in node.arguments if isinstance(node, Call) else ():
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            found.extend(value)
    return tuple(found)


def walk(node: Node) -> Iterator[Node]:
    """Every node of a tree, the root first."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Node) -> int:
    """Calls on the longest way from the root to a leaf."""
    return isinstance(node, Call) + max((depth(child) for child in children(node)), default=0)


def size(node: Node) -> int:
    """Calls and constants of a tree."""
    return sum(not isinstance(found, Source) for found in walk(node))


def items_needed(node: Node) -> tuple[int, ...]:
    """Identifiers of the mosaic items that a tree names, rising."""
    return tuple(sorted({n.item for n in walk(node) if isinstance(n, Source) and n.item is not None}))


def substitute(node: Node, replacement: Node) -> Node:
    """The tree with another input in place of the service's raster."""
    if node == Source():
        return replacement
    if not isinstance(node, Call):
        return node
    changed = tuple((name, _substituted(value, replacement)) for name, value in node.arguments)
    return dataclasses.replace(node, arguments=changed)


def _substituted(value: Any, replacement: Node) -> Any:
    if isinstance(value, Node):
        return substitute(value, replacement)
    if isinstance(value, tuple) and value and isinstance(value[0], Node):
        return tuple(substitute(part, replacement) for part in value)
    return value


def margin(node: Node) -> int:
    """Pixels to read beyond the wanted ones on every side: sums along chains, the greatest over siblings."""
    if not isinstance(node, Call):
        return 0
    function = registry.get(node.function)
    own = function.margin if isinstance(function.margin, int) else function.margin(_plain(function, node))
    return own + max((margin(child) for child in children(node)), default=0)


def bands_needed(node: Node, count: int) -> tuple[int, ...] | None:
    """Zero-based source bands that the tree looks at, rising; None where that is all of them.

    Args:
        node: any tree.
        count: bands of the source.

    Raises:
        InvalidRule: the tree names a band that does not exist.
    """
    found = _bands(node, count)
    return None if found is None or len(found) == count else tuple(sorted(found))


def _bands(node: Node, count: int) -> set[int] | None:
    if isinstance(node, Constant):
        return set()
    if isinstance(node, Source):
        return None
    function = registry.get(node.function)
    found: set[int] = set()
    for child in children(node):
        direct = isinstance(child, Source) and function.bands is not None
        needed = _chosen(function, node, count) if direct else _bands(child, count)
        if needed is None:
            return None
        found |= needed
    return found


def _chosen(function: Function, node: Call, count: int) -> set[int] | None:
    assert function.bands is not None
    try:
        chosen = function.bands(_plain(function, node), count)
    except InvalidRule as error:
        raise InvalidRule(f"{function.name}.{error.path}", error.why) from error
    return None if chosen is None else set(chosen)


def _plain(function: Function, node: Call) -> dict[str, Any]:
    return function.defaults | dict(node.arguments)


def evaluate(
    node: Node,
    source: Raster,
    bands: tuple[int, ...] | None = None,
    items: Mapping[int, Raster] | None = None,
    check: Callable[[], None] | None = None,
) -> Raster:
    """Pixels of a tree. Equal sub-trees are evaluated once.

    Args:
        node: any tree.
        source: the service's raster; the answer lies on its grid, its outer `margin(node)` pixels are not
            to be relied upon.
        bands: what `bands_needed` said, where only those bands were read: band i of `source` is then band
            `bands[i]` of the service, and is addressed as such. None where all bands were read.
        items: rasters of `items_needed(node)` on the same grid and with the same bands.
        check: called before each function; what it raises ends the work.

    Raises:
        InvalidRule: the tree does not fit the raster, for instance a band that does not exist.
    """
    if isinstance(node, Source) and node.item is None and bands is None and source.count > 1:
        # As it was read, also where single bands have no value.
        return source
    leaves: dict[int | None, Raster] = {None: source}
    for key, raster in (items or {}).items():
        leaves[key] = raster
    ready = {key: _prepared(raster, bands) for key, raster in leaves.items()}
    repeated = {key for key, times in Counter(walk(node)).items() if times > 1}
    return _Evaluation(ready, repeated, check).of(node)


class _Evaluation:
    """One walk over a tree; keeps the results of sub-trees that occur again."""

    def __init__(
        self,
        leaves: Mapping[int | None, Raster],
        repeated: set[Node],
        check: Callable[[], None] | None = None,
    ) -> None:
        self.check = check
        self.leaves = leaves
        self.repeated = repeated
        self.done: dict[Node, Raster] = {}

    def of(self, node: Node) -> Raster:
        """Pixels of one node."""
        if isinstance(node, Source):
            if node.item not in self.leaves:
                raise InvalidRule(f"${node.item}", "There is no such item.")
            return self.leaves[node.item]
        if isinstance(node, Constant):
            return _constant(node.value, self.leaves[None])
        if node in self.done:
            return self.done[node]
        result = self._called(node)
        if node in self.repeated:
            self.done[node] = result
        return result

    def _called(self, node: Call) -> Raster:
        function = registry.get(node.function)
        values = {name: self._value(value) for name, value in node.arguments}
        if function.typed:
            values["output_type"] = node.output_type
        if self.check is not None:
            self.check()
        try:
            result = function.run(**values)
        except InvalidRule as error:
            raise InvalidRule(f"{function.name}.{error.path}", error.why) from error
        return result if node.output_type is None else convert(result, node.output_type)

    def _value(self, value: Any) -> Any:
        if isinstance(value, Node):
            return self.of(value)
        if isinstance(value, tuple) and value and isinstance(value[0], Node):
            return tuple(self.of(part) for part in value)
        return value


def _constant(value: float, like: Raster) -> Raster:
    whole = float(value).is_integer()
    dtype = narrowest(value, value).dtype if whole else np.dtype(np.float32)
    data = np.broadcast_to(np.array(value, dtype), (1, *like.data.shape[1:]))
    return Raster(data, None, like.grid)


def _prepared(raster: Raster, bands: tuple[int, ...] | None) -> Raster:
    data, mask = without_nan(*_whole_pixels(raster))
    if data is not raster.data or mask is not raster.mask:
        raster = dataclasses.replace(raster, data=data, mask=mask)
    return raster if bands is None else _spread(raster, bands)


def _whole_pixels(raster: Raster) -> tuple[Array, Mask | None]:
    """Data, and the mask without the pixels of which some bands have no value."""
    data, nodata = raster.data, raster.nodata
    if nodata is None or raster.count == 1 or not marks_bands(nodata, data.dtype):
        return data, raster.mask
    good = np.not_equal(data, nodata).all(axis=0)
    return data, raster.mask if good.all() else good & raster.valid()


def _spread(raster: Raster, bands: tuple[int, ...]) -> Raster:
    """Bands back at their place among all; those in between were never asked for and stay zero."""
    if bands == tuple(range(raster.count)):
        return raster
    count = max(bands, default=0) + 1
    data = np.zeros((count, *raster.data.shape[1:]), raster.data.dtype)
    names, statistics = [""] * count, [BandStatistics(0.0, 0.0, 0.0, 0.0)] * count
    for place, band in enumerate(bands):
        data[band] = raster.data[place]
        names[band] = raster.band_names[place] if raster.band_names else ""
        statistics[band] = raster.statistics[place] if raster.statistics else statistics[band]
    return dataclasses.replace(
        raster,
        data=data,
        band_names=tuple(names) if raster.band_names else (),
        statistics=tuple(statistics) if raster.statistics else None,
    )


@lru_cache(maxsize=512)
def output_of(
    node: Node, pixel_type: PixelType, band_count: int, band_names: tuple[str, ...] = ()
) -> tuple[PixelType, int, bool]:
    """(pixel type, band count, has a colormap) of a tree over a source of that type and count.

    Found by evaluating the tree on 8 x 8 pixels.

    Raises:
        InvalidRule: the tree does not fit such a source.
    """
    grid = Grid(WEB_MERCATOR, Extent(0.0, 0.0, 8.0, 8.0), 8, 8)
    sample = Raster(np.zeros((band_count, 8, 8), pixel_type.dtype), None, grid, band_names)
    result = evaluate(node, sample, items=dict.fromkeys(items_needed(node), sample))
    if isinstance(node, Source):
        found = pixel_type
    elif isinstance(node, Call) and node.output_type is not None:
        found = node.output_type
    else:
        found = result.pixel_type
    return found, result.count, result.colormap is not None
