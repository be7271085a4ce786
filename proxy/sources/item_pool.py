"""Open items of a mosaic, and the threads that open and read them."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from cachetools import LRUCache

from proxy.catalog.base import Asset, Item
from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen, CannotRead, ProxyError, SourceFailed
from proxy.sources.leading import check_leads_nowhere
from proxy.sources.opening import current_version, open_raster
from proxy.sources.raster import Handles, RasterSource
from proxy.threads import DaemonPool

log = logging.getLogger(__name__)

#: Items of a service that are kept open: facts and headers, no file handles.
OPEN_ITEMS = 256
#: Seconds before an item that failed is tried again, and how many such items are remembered.
RETRY_SECONDS, FAILURES = 30.0, 4096
#: Seconds between looks at the version of a local item.
LOOK_SECONDS = 1.0
#: Items that are opened or read at a time by the whole process, those that hang among them.
READERS = 32

T = TypeVar("T")
Key = tuple[str, str]


class NotBegun(CannotRead):
    """No thread was free to read an item in time: it is left out, and no fault of its own."""


@lru_cache(maxsize=1)
def readers() -> DaemonPool:
    """Threads for items. Nothing that runs in them may wait for another of their jobs."""
    return DaemonPool(READERS, "item")


def awaited(future: Future[T], seconds: float | None) -> T:
    """Result of a job of `readers`.

    Raises:
        NotBegun: no thread has come to it in time.
        CannotRead: it has begun, and takes longer.
        Exception: whatever the job has raised.
    """
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done() and not future.cancelled():
            # It is the job that has run out of time, not the wait for it.
            raise
        if future.cancel():
            raise NotBegun("Too many items are being read at this moment.") from None
        raise CannotRead("The source took too long.") from None


@dataclass(eq=False)
class _Opening:
    """The rasters of an item, opened or on their way; `looked` is when they were last known to be current."""

    future: Future[tuple[RasterSource, ...]] = field(default_factory=Future)
    looked: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        if self.future.done() and self.future.exception() is None:
            for raster in self.future.result():
                raster.close()


class ItemPool:
    """Rasters of items, opened when first needed. Safe in several threads."""

    def __init__(self, service: ServiceConfig, config: Config, handles: Handles) -> None:
        self._service = service.model_copy(update={"mosaic": None, "cube": None, "bands": ()})
        self._config = config
        self._handles = handles
        self._lock = threading.Lock()
        self._open: LRUCache[Key, _Opening] = LRUCache(OPEN_ITEMS)
        self._failures: LRUCache[Key, tuple[float, SourceFailed]] = LRUCache(FAILURES)
        self.opened = 0

    def rasters(self, item: Item) -> tuple[RasterSource, ...]:
        """The rasters of an item, one for each asset. Opened once, whoever asks.

        Raises:
            SourceFailed: one of them cannot be opened, or could not a moment ago.
        """
        self.check(item)
        key = _key(item)
        with self._lock:
            opening = self._open.get(key)
            mine = opening is None
            if opening is None:
                opening = self._open[key] = _Opening()
        if mine:
            self._opened(item, opening)
        found = opening.future.result()
        if mine or time.monotonic() - opening.looked < LOOK_SECONDS or not self._changed(opening, found):
            return found
        self.forget(item)
        return self.rasters(item)

    def _opened(self, item: Item, opening: _Opening) -> None:
        try:
            opening.future.set_result(tuple(self.raster(asset) for asset in item.assets))
        except BaseException as error:
            with self._lock:
                if self._open.get(_key(item)) is opening:
                    del self._open[_key(item)]
            if isinstance(error, Exception) and not isinstance(error, ProxyError):
                log.exception("item %s cannot be opened", item.name)
                error = unreadable(error)
            opening.future.set_exception(error)

    def _changed(self, opening: _Opening, rasters: tuple[RasterSource, ...]) -> bool:
        """True where a local file is no longer the one that was opened; of remote ones the listing tells."""
        opening.looked = time.monotonic()
        try:
            return any(
                current_version(raster.location, self._config, self._service) != raster.info.version
                for raster in rasters
                if not raster.location.is_remote
            )
        except CannotOpen:
            return True

    def raster(self, asset: Asset) -> RasterSource:
        """Open the raster of an asset, whether it is open already or not.

        Raises:
            CannotOpen: it is missing, damaged, or cannot be placed on a map.
            CannotRead: the configuration asks for bands that it does not have.
        """
        derived = self._service.model_copy(update={"source": asset.href})
        found = open_raster(derived, self._config, self._handles)
        try:
            check_leads_nowhere(found.info.driver, asset.href)
        except CannotOpen:
            found.close()
            raise
        self.opened += 1
        if asset.bands is not None and max(asset.bands, default=-1) >= found.info.band_count:
            raise CannotRead("The file has fewer bands than its listing says.")
        return found

    def check(self, item: Item) -> None:
        """Raise what an item failed with, where that is not long ago."""
        with self._lock:
            found = self._failures.get(_key(item))
        if found is not None and time.monotonic() < found[0]:
            raise found[1].with_traceback(None)

    def failed(self, item: Item, error: SourceFailed) -> None:
        """Remember that an item cannot be read, so that the next pictures do not wait for it."""
        if isinstance(error, NotBegun):
            return
        now = time.monotonic()
        with self._lock:
            known = self._failures.get(_key(item))
            # What is remembered already is not put off by those who meet it.
            if known is None or now >= known[0]:
                self._failures[_key(item)] = now + RETRY_SECONDS, error

    def forget(self, item: Item) -> None:
        """Close an item whose files have changed; it is opened anew when next needed."""
        with self._lock:
            gone = self._open.pop(_key(item), None)
        if gone is not None:
            gone.close()

    def close(self) -> None:
        """Close all items."""
        with self._lock:
            gone = list(self._open.values())
            self._open.clear()
        for opening in gone:
            opening.close()


def _key(item: Item) -> Key:
    return item.key, item.version


def unreadable(error: Exception) -> SourceFailed:
    """Any error of an item as one whose message is fit for the public."""
    if isinstance(error, SourceFailed):
        return error
    if isinstance(error, OSError):
        return CannotOpen("The source could not be opened.", str(error))
    return CannotRead("The source could not be read.", repr(error))
