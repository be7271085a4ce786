"""A look at a few items that stands for a whole mosaic."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from proxy.catalog.base import Item
from proxy.errors import CannotRead, SourceFailed
from proxy.sources.base import Readable, Source, Statistics
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.item import ItemSource
from proxy.sources.item_pool import awaited, readers, unreadable
from proxy.sources.merging import merged
from proxy.sources.mosaic import MosaicSource
from proxy.sources.mosaic_facts import spread
from proxy.sources.statistics import band_statistics

T = TypeVar("T")

#: Items that stand for all, evenly spread over the catalog.
SAMPLE = 16
#: Seconds for the look at all of them: what takes longer is left out.
SECONDS = 20.0


def source_statistics(source: Source) -> Statistics:
    """Statistics of the bands of any source.

    Those of a mosaic are its overview's, else the ones of a sample of its items merged.

    Raises:
        CannotRead: the pixels cannot be read.
    """
    if isinstance(source, ItemSource):
        return source.statistics()
    if isinstance(source, MosaicSource):
        if source.overview is not None:
            return source.overview.statistics()
        return merged(sampled(source, source.statistics_of))
    assert isinstance(source, Readable)
    return band_statistics(source)


def sampled(source: MosaicSource, work: Callable[[ItemSource], T]) -> list[T]:
    """Results of some work on a sample of the items, in their order; those that fail are left out.

    The work runs in the threads of the items and must not wait for others there.

    Raises:
        CannotRead: none of them can be read.
        ProxyError: what is not the fault of an item.
    """
    items = spread(source.catalog, SAMPLE)
    started = [(item, readers().submit(_done, source, item, work)) for item in items]
    until = time.monotonic() + SECONDS
    found: list[T] = []
    try:
        for item, future in started:
            try:
                found.append(awaited(future, max(0.0, until - time.monotonic())))
            except (SourceFailed, SourceChanged, OSError) as error:
                source.failed(item, unreadable(error))
    finally:
        for _, future in started:
            future.cancel()
    if not found:
        raise CannotRead("None of the items of the mosaic can be read.")
    return found


def _done(source: MosaicSource, item: Item, work: Callable[[ItemSource], T]) -> T:
    try:
        return work(source.open(item))
    except SourceChanged:
        source.forget(item)
        return work(source.open(item))
