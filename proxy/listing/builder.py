"""Catalogs of services: built at the first start, kept up to date afterwards, by one process at a time."""

from __future__ import annotations

import logging
import math
import operator
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from proxy.catalog.base import ItemRecord, Progress
from proxy.catalog.store import SqliteCatalog
from proxy.catalog.writer import CatalogWriter
from proxy.config import Config, ServiceConfig
from proxy.crs import reference
from proxy.errors import BadRequest, Busy, CannotOpen, ProxyError
from proxy.listing.choosing import Listed
from proxy.listing.context import Context
from proxy.listing.headers import Failed, Headers
from proxy.listing.places import shown
from proxy.listing.state import catalog_path

log = logging.getLogger(__name__)

#: Seconds between looks at what another process does, and after a listing that could not be read at all.
WATCH_SECONDS, RETRY_SECONDS = 2.0, 30.0
#: A catalog that was looked after within these seconds is not looked after again at the start.
FRESH_SECONDS = 60.0
#: Seconds between words about the progress, and those of them that go to the log.
TELL_SECONDS, LOG_SECONDS = 0.2, 10.0
#: Longest wait for the first items of a new catalog.
FIRST_ITEMS_SECONDS = 2.0

Teller = Callable[[Progress], None]


def open_catalog(
    service: ServiceConfig, config: Config, *, background: bool = True, on_progress: Teller | None = None
) -> SqliteCatalog:
    """The catalog of a mosaic, usable at once with what is in it.

    Args:
        background: fill it in a thread, and look at the listing again every `mosaic.refresh` seconds and
            once at the start. Otherwise a catalog that has never been finished is filled before this
            returns, and one that has is taken as it is.
        on_progress: told now and then how far the work is, from the thread that does it.

    Raises:
        CannotOpen: the state folder cannot be written to; without `background` also where nothing can be
            listed.
    """
    keeper = Keeper(service, config, on_progress)
    if background:
        keeper.start()
    elif not keeper.catalog.progress.finished:
        keeper.refresh()
    return keeper.catalog


def refresh_now(
    service: ServiceConfig, config: Config, *, every: bool = False, on_progress: Teller | None = None
) -> SqliteCatalog:
    """Look at the listing of a mosaic and bring its catalog up to date; waits for others who do so.

    Open catalogs of the same service, in this process and others, have the new items from then on.

    Args:
        every: read every header again, rather than those of new and changed items.

    Raises:
        CannotOpen: nothing at all can be listed, or the state folder cannot be written to.
    """
    keeper = Keeper(service, config, on_progress)
    keeper.refresh(every)
    return keeper.catalog


class Keeper:
    """Fills the catalog of one service from its listing."""

    def __init__(self, service: ServiceConfig, config: Config, on_progress: Teller | None = None) -> None:
        self._service = service
        self._config = config
        self._tell = on_progress or (lambda progress: None)
        self._path = catalog_path(service, config)
        self.catalog = _opened(self._path, service)

    def refresh(self, every: bool = False) -> None:
        """Go through the listing; waits until no other process does so.

        Raises:
            CannotOpen: nothing at all can be listed.
        """
        while True:
            try:
                with self.catalog.writing() as writer:
                    Round(self.catalog, writer, self._service, self._config, self._tell).run(every)
                    _looked(self._path).touch()
                return
            except Busy:
                self._tell(self.catalog.progress)
                time.sleep(TELL_SECONDS)

    def start(self) -> None:
        """Look after the catalog in a thread, for as long as somebody holds it."""
        gone = threading.Event()
        weakref.finalize(self.catalog, gone.set)
        watch = _Watch(self._service, self._config, self._path, self._tell, weakref.ref(self.catalog), gone)
        threading.Thread(target=watch.run, name=f"catalog {self._service.name}", daemon=True).start()


class _Watch:
    """What looks after a catalog in its thread. It does not keep the catalog from being forgotten."""

    def __init__(
        self,
        service: ServiceConfig,
        config: Config,
        path: Path,
        tell: Teller,
        catalog: weakref.ref[SqliteCatalog],
        gone: threading.Event,
    ) -> None:
        assert service.mosaic is not None
        self._service, self._config, self._path, self._tell = service, config, path, tell
        self._catalog = catalog
        self._gone = gone
        self._every = service.mosaic.refresh

    def run(self) -> None:
        """Look at the listing until the catalog is gone, or nothing is left to do."""
        pause: float | None = 0.0
        while pause is not None and not self._gone.wait(pause):
            catalog = self._catalog()
            if catalog is None:
                return
            try:
                pause = self._look(catalog)
            except Exception:
                log.exception("catalog of %s: unexpected error", self._service.name)
                pause = RETRY_SECONDS
            del catalog

    def _look(self, catalog: SqliteCatalog) -> float | None:
        """Seconds until the next look, None where there is to be none."""
        if self._age(catalog) < (self._every or FRESH_SECONDS):
            return self._rest(catalog)
        try:
            with catalog.writing() as writer:
                # Another process may have been here while this one came to its turn.
                if self._age(catalog) >= (self._every or FRESH_SECONDS):
                    Round(catalog, writer, self._service, self._config, self._tell).run(False)
                    _looked(self._path).touch()
        except Busy:
            return WATCH_SECONDS
        except ProxyError as error:
            log.warning("catalog of %s: %s", self._service.name, error.message)
            return RETRY_SECONDS
        return self._rest(catalog)

    def _age(self, catalog: SqliteCatalog) -> float:
        """Seconds since the listing was gone through; endless where it never was, to its end."""
        try:
            age = time.time() - _looked(self._path).stat().st_mtime
        except OSError:
            return math.inf
        return age if catalog.progress.finished and age >= 0 else math.inf

    def _rest(self, catalog: SqliteCatalog) -> float | None:
        return max(self._every - self._age(catalog), 0.0) if self._every else None


class Round:
    """Goes once through the listing of a service."""

    def __init__(
        self,
        catalog: SqliteCatalog,
        writer: CatalogWriter,
        service: ServiceConfig,
        config: Config,
        tell: Teller,
    ) -> None:
        self._catalog, self._writer, self._tell = catalog, writer, tell
        self._service = service
        self._listing = Listed(Context(service, config, writer.reject))
        self._headers = Headers(service, config)
        self._told = self._logged = time.monotonic()

    def run(self, every: bool) -> None:
        """Bring the catalog up to date.

        Items that the listing no longer names are taken out, unless a part of it could not be read: what
        cannot be seen is not known to be gone.

        Args:
            every: read the headers of unchanged items too.

        Raises:
            CannotOpen: nothing at all can be listed.
        """
        began, first = time.monotonic(), not self._catalog.progress.finished
        try:
            self._put_all(every)
        except CannotOpen:
            # What the listing has said of it is kept.
            self._writer.flush()
            raise
        if first or not self._listing.failures:
            self._writer.finish()
        else:
            self._writer.flush()
        found = self._catalog.progress
        self._tell(found)
        log.info(
            "catalog of %s: %d items, %d unreadable, %.1f s",
            self._service.name, len(self._catalog), found.unreadable, time.monotonic() - began,
        )  # fmt: skip

    def _put_all(self, every: bool) -> None:
        writer = self._writer

        def known(record: ItemRecord) -> bool:
            return not every and bool(record.version) and writer.known(record.key) == record.version

        for done, found in enumerate(self._headers.completed(self._listing, known), 1):
            if isinstance(found, Failed):
                writer.reject(shown(found.record.assets[0].href), found.reason)
            elif not (known(found) and writer.keep(found.key)):
                writer.put(found)
            if time.monotonic() - self._told >= TELL_SECONDS:
                self._say(done)

    def _say(self, done: int) -> None:
        self._told = now = time.monotonic()
        total = operator.length_hint(self._listing) or None
        self._writer.progress(done, total)
        self._tell(Progress(done, total, False, self._catalog.progress.unreadable))
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            of = f" of {total}" if total else ""
            log.info("catalog of %s: %d%s items looked at", self._service.name, done, of)


def await_items(catalog: SqliteCatalog) -> None:
    """Wait a little for the first items of a catalog that is being built: a small one is whole in no time."""
    until = time.monotonic() + FIRST_ITEMS_SECONDS
    while not len(catalog) and not catalog.progress.finished and time.monotonic() < until:
        time.sleep(0.02)


def _opened(path: Path, service: ServiceConfig) -> SqliteCatalog:
    mosaic = service.mosaic
    assert mosaic is not None
    try:
        crs = reference(mosaic.crs) if mosaic.crs else None
    except BadRequest as error:
        raise CannotOpen(f"The 'crs' of the mosaic is not known: {mosaic.crs}.") from error
    return SqliteCatalog.open(
        path,
        crs=crs,
        time_field=mosaic.time_field,
        end_time_field=mosaic.end_time_field,
        dimensions=mosaic.dimensions,
        sort_field=mosaic.sort_field,
    )


def _looked(path: Path) -> Path:
    """File whose time says when the listing was last gone through."""
    return path.with_suffix(".looked")
