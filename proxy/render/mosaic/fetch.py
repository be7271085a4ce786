"""Items read ahead in threads, handed out in order, each within its time."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from proxy.catalog.base import Item
from proxy.errors import CannotRead, ProxyError, SourceFailed
from proxy.model import Mask
from proxy.render.context import Abandoned, ReadContext
from proxy.render.mosaic.layers import Layer
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.item_pool import awaited, readers, unreadable
from proxy.sources.mosaic import MosaicSource

log = logging.getLogger(__name__)

#: Remote items that are read ahead for one picture, and the bytes that may wait in memory.
AHEAD, WAITING_BYTES = 8, 256 << 20
#: Items that are looked at ahead.
LONGEST = 2 * AHEAD
#: Share of the time that is left to a picture which one item may take.
SHARE = 0.5

ReadItem = Callable[[Item, ReadContext], Layer]


@dataclass(eq=False)
class Wanted:
    """An item in the queue.

    Attributes:
        cover: pixels of the plan that it may fill.
        spare: those before it may fill them as well.
    """

    item: Item
    cover: Mask
    spare: bool
    remote: bool
    context: ReadContext
    future: Future[Layer] | None = None

    @classmethod
    def new(cls, item: Item, cover: Mask, spare: bool, remote: bool, context: ReadContext) -> Wanted:
        """With a context of its own, so that it can be given up alone."""
        return cls(item, cover, spare, remote, dataclasses.replace(context, abandoned=threading.Event()))


@dataclass
class Faults:
    """What became of the items of a picture, by id."""

    read: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    spares: set[int] = field(default_factory=set)

    def counted(self, wanted: Wanted, allowed: int) -> bool:
        """True for an item that may be read; a spare one is counted from then on."""
        if not wanted.spare or wanted.item.id in self.spares:
            return True
        if len(self.spares) >= allowed:
            return False
        self.spares.add(wanted.item.id)
        return True


def _growing(queue: deque[Wanted], wanted: Iterator[Wanted]) -> Iterator[Wanted]:
    """What is in a queue, and what is put at its end for each step beyond."""
    yield from list(queue)
    while len(queue) < LONGEST and (found := next(wanted, None)) is not None:
        queue.append(found)
        yield found


class Fetcher:
    """Reads items of one picture.

    Args:
        read: reads one item; called in threads.
        layer_bytes: of one item on the picture's grid.
    """

    def __init__(
        self, source: MosaicSource, context: ReadContext, read: ReadItem, layer_bytes: int, faults: Faults
    ) -> None:
        self._source, self._context, self._read, self._faults = source, context, read, faults
        fits = max(1, WAITING_BYTES // max(1, layer_bytes))
        self._ahead = min(AHEAD, fits)
        self._ahead_local = min(len(os.sched_getaffinity(0)), fits)

    def layers(
        self, wanted: Iterator[Wanted], gaps: Callable[[], Mask | None], spares: int
    ) -> Iterator[tuple[Item, Layer]]:
        """Layers of items in order. What cannot be read is noted in the faults and left out.

        An item is read ahead only where it may fill pixels that none of those before it may, and not at all
        where its pixels have been filled by the time that it is its turn.

        Args:
            gaps: pixels of the plan that are still empty; None where every item counts in any case.
            spares: items that may be read of those that are `spare`.

        Raises:
            ProxyError: what is not the fault of one item.
        """
        queue: deque[Wanted] = deque()
        empty: Mask | None = None
        changed = True
        try:
            while True:
                if changed:
                    empty = gaps()
                    if empty is not None and not empty.any():
                        return
                if changed or not queue:
                    self._fill(queue, wanted, empty)
                    changed = False
                if not queue:
                    return
                first = queue.popleft()
                hidden = empty is not None and not (first.cover & empty).any()
                if hidden or not self._faults.counted(first, spares):
                    self._drop(first)
                    continue
                layer = self._layer(first)
                changed = True
                if layer is not None:
                    yield first.item, layer
        finally:
            for left in queue:
                self._drop(left)

    def _fill(self, queue: deque[Wanted], wanted: Iterator[Wanted], empty: Mask | None) -> None:
        """Start what is worth starting of the queue, and make it longer while there is room."""
        promised = None if empty is None else np.logical_not(empty)
        started = sum(entry.future is not None for entry in queue)
        for place, entry in enumerate(_growing(queue, wanted)):
            limit = self._ahead if entry.remote else self._ahead_local
            # A local item whose turn it is is read by the thread that waits for it; spare ones may not come
            # to it.
            early = entry.future is None and not entry.spare and (entry.remote or place > 0)
            if early and started < limit and (promised is None or (entry.cover & ~promised).any()):
                self._start(entry)
                started += 1
            if promised is not None:
                promised |= entry.cover
            if started >= self._ahead or (promised is not None and promised.all()):
                return

    def _start(self, entry: Wanted) -> None:
        entry.future = readers().submit(self._once_more, entry)

    def _drop(self, entry: Wanted) -> None:
        assert entry.context.abandoned is not None
        entry.context.abandoned.set()
        if entry.future is not None:
            entry.future.cancel()

    def _layer(self, entry: Wanted) -> Layer | None:
        self._context.check()
        try:
            if entry.future is None and entry.remote:
                self._start(entry)
            layer = self._once_more(entry) if entry.future is None else self._awaited(entry, entry.future)
        except (SourceFailed, SourceChanged, OSError) as error:
            self._failed(entry.item, unreadable(error))
            return None
        except (ProxyError, Abandoned):
            raise
        except Exception as error:
            log.exception("item %s cannot be read", entry.item.name)
            self._failed(entry.item, unreadable(error))
            return None
        self._faults.read.add(entry.item.id)
        return layer

    def _awaited(self, entry: Wanted, future: Future[Layer]) -> Layer:
        if not entry.remote and future.cancel():
            # No thread has come to it yet; this one need not wait.
            return self._once_more(entry)
        limit = None
        if self._context.deadline is not None:
            limit = max(0.0, (self._context.deadline - time.monotonic()) * SHARE)
        try:
            return awaited(future, limit)
        except CannotRead:
            self._drop(entry)
            raise

    def _once_more(self, entry: Wanted) -> Layer:
        """Read an item, and again from its new files where they have been replaced."""
        try:
            return self._read(entry.item, entry.context)
        except SourceChanged:
            self._source.forget(entry.item)
            return self._read(entry.item, entry.context)

    def _failed(self, item: Item, error: SourceFailed) -> None:
        if item.id in self._faults.failed:
            return
        log.warning("item %s: %s %s", item.name, error.message, error.detail)
        self._faults.failed[item.id] = error.message
        self._source.failed(item, error)
        names = self._context.missing
        names[item.name if item.name not in names else f"{item.name} ({item.id})"] = error.message
