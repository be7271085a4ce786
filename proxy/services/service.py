"""One service: configuration, open source, renderings. Its source opens when first needed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from proxy.catalog.store import SqliteCatalog
from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen, ProxyError, SourceFailed, SourceMissing, UnknownRendering
from proxy.functions.tree import Node
from proxy.listing.builder import await_items, open_catalog, refresh_now
from proxy.model import DataKind, Effort, Interpolation
from proxy.renderings import NONE, Rendering, bundle
from proxy.services.recollection import Recollection
from proxy.sources.base import Source, SourceInfo, Statistics
from proxy.sources.memory import Memory
from proxy.sources.mosaic import MosaicSource
from proxy.sources.opening import current_version, open_source
from proxy.sources.raster import Handles
from proxy.sources.remembered import RememberedSource
from proxy.sources.sampling import source_statistics
from proxy.sources.watch import Watch

log = logging.getLogger(__name__)

#: Seconds before a source that failed to open is tried again.
RETRY_SECONDS = 30.0
#: Seconds between looks at the version of a local file. Remote objects are looked at in the background.
LOCAL_SECONDS = 1.0


RuleReader = Callable[[ServiceConfig], tuple[Rendering, ...]]


class Service:
    """One service. Its source is opened by the first who needs it, and again when it has changed."""

    def __init__(
        self,
        config: ServiceConfig,
        whole: Config,
        handles: Handles,
        renderings: tuple[Rendering, ...],
        memory: Memory | None = None,
    ) -> None:
        self.config = config
        self.name = config.name
        #: Under which it is counted and takes its turn.
        self.label = config.name
        self.title = config.title or config.name.rsplit("/", 1)[-1].replace("_", " ")
        self.description = config.description
        self.attribution = config.attribution
        #: Of the configuration, what decides the pixels.
        self.pixels = config.pixels
        self._whole = whole
        #: Each request has to come by the gate.
        self.checked = False
        self._handles = handles
        self._configured = renderings
        self._standard: tuple[Rendering, ...] = ()
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._catalog: SqliteCatalog | None = None
        self._failure: tuple[float, ProxyError] | None = None
        self._watch = Watch()
        self._recollection = Recollection(config, whole, memory)

    def adopt(self, whole: Config, checked: bool) -> None:
        """Go by another configuration, in which nothing of this service has changed.

        Args:
            checked: each request for it has to be looked at, so none is answered by its address alone.
        """
        self._whole = whole
        self.checked = checked

    def close(self) -> None:
        """Close the source. Who still reads from it ends what he has begun."""
        with self._lock:
            source, self._source = self._source, None
        if source is not None:
            source.close()

    @property
    def state(self) -> str:
        """`ready`, `failed`, or `closed` while nobody has asked for it or it is opening. Never blocks."""
        if self._source is not None:
            return "ready"
        return "failed" if self._failure is not None else "closed"

    @property
    def source(self) -> Source:
        """The open source, as new as the last look at it. May block.

        Raises:
            CannotOpen: it is missing, damaged, or cannot be placed on a map.
        """
        source = self._source
        if source is not None and self._is_usable(source):
            return source
        with self._lock:
            return self._refreshed()

    @property
    def catalog(self) -> SqliteCatalog | None:
        """The items of a mosaic; None for anything else. May block.

        Raises:
            CannotOpen: the items cannot be listed.
        """
        if self.config.mosaic is None:
            return None
        if self._catalog is None:
            with self._lock:
                return self._opened_catalog()
        return self._catalog

    @property
    def ready(self) -> bool:
        """True when the source can be used without waiting."""
        source = self._source
        return source is not None and self._is_usable(source)

    def is_at(self, version: str) -> bool:
        """True while the source is known, by a look not long ago, to be at a version. Never blocks."""
        source = self._source
        if source is None or self._watch.lost is not None or source.info.version != version:
            return False
        return self._is_usable(source)

    @property
    def is_lost(self) -> bool:
        """True while a remote source is out of reach and served as it was when last seen."""
        return self._watch.lost is not None

    @property
    def patience(self) -> float:
        """Seconds between looks at a remote source."""
        return self.config.cache.revalidate or self._whole.cache.revalidate

    @property
    def look_due(self) -> bool:
        """True when it is time for a look at an open remote source."""
        source = self._source
        if source is None or isinstance(source, MosaicSource) or not source.location.is_remote:
            return False
        return self._watch.is_due(self.patience)

    def look(self) -> None:
        """See whether the open source has changed and open it anew if so, while the old one is served.

        May block. Where the source is out of reach, or gone for the first time, the old one stays.
        """
        source = self._source
        if source is None:
            return
        self._watch.begin()
        try:
            changed = self._changed(source)
        except ProxyError as error:
            # Missing is told from out of reach; a bucket that is down for a moment takes no service down.
            self._missed(source, error, bad=isinstance(error, SourceMissing))
            return
        if not changed and not isinstance(source, RememberedSource):
            self._seen(source)
            return
        self._replace(source, bad=True)

    def reopen(self) -> None:
        """Open the source anew, whatever its version, with nothing kept of the old one. May block.

        Of a mosaic the listing is gone through; its items are known by their versions.
        """
        if self.config.mosaic is not None:
            if self._catalog is not None:
                refresh_now(self.config, self._whole)
        elif (source := self._source) is not None:
            self._replace(source, bad=False)

    @property
    def info(self) -> SourceInfo:
        """Facts about the source. May block; raises as `source` does."""
        return self.source.info

    @property
    def failure(self) -> str | None:
        """Public sentence why the source cannot be used, or None. May block."""
        try:
            _ = self.source
        except SourceFailed as error:
            return error.message
        return None

    @property
    def statistics(self) -> Statistics:
        """Statistics of the bands, computed once for each version of the source. Blocks the first time."""
        return self.statistics_of(self.source)

    def statistics_of(self, source: Source) -> Statistics:
        """Statistics of a source that may since have changed: a render ends with what it began with."""
        return self.remembered(source.info.version, None, lambda: source_statistics(source))

    def remembered(self, version: str, key: object, compute: Callable[[], Statistics]) -> Statistics:
        """Statistics of a rule's result, computed once for each version of the source and each key."""
        return self._recollection.statistics(version, key, compute)

    @property
    def source_pixels(self) -> int:
        """Pixels of a band that may be read for one picture."""
        return self.config.limits.source_pixels

    @property
    def effort(self) -> Effort:
        """Of the PNG encoder."""
        return self._whole.render.effort

    @property
    def interpolation(self) -> Interpolation:
        """Used where the request names none."""
        if self.config.interpolation is not None:
            return self.config.interpolation
        return Interpolation.NEAREST if self.info.kind is DataKind.THEMATIC else Interpolation.BILINEAR

    @property
    def renderings(self) -> tuple[Rendering, ...]:
        """All renderings; the first is the default, and one named `None` is always among them.

        Never blocks: the standard ones appear when the source has been opened.
        """
        if any(rendering.name.lower() == "none" for rendering in self._configured):
            return self._configured
        return (*self._configured, NONE) if self._configured else (NONE, *self._standard)

    @property
    def default_rendering(self) -> Rendering:
        """Used where the request names none."""
        return self.renderings[0]

    @property
    def templates(self) -> dict[str, Node]:
        """Rules by rendering name, for rules that name a rendering."""
        return {rendering.name: rendering.rule for rendering in self.renderings}

    def rendering(self, name: str | None) -> Rendering:
        """Rendering by name, without regard to case; None, empty or `default` for the first.

        Raises:
            UnknownRendering: no rendering has that name.
        """
        wanted = (name or "").lower()
        for rendering in self.renderings:
            if rendering.name.lower() == wanted:
                return rendering
        if wanted in ("", "default"):
            return self.default_rendering
        raise UnknownRendering(self.name, name or "")

    def _is_usable(self, source: Source) -> bool:
        if source.stale:
            return False
        if isinstance(source, MosaicSource) or not source.location.is_remote:
            # The catalog of a mosaic lies here, wherever its items do.
            return self._watch.age() < LOCAL_SECONDS
        return self._watch.lost is None or self._watch.lost_for() < self.config.cache.stale_if_error

    def _seen(self, source: Source) -> None:
        self._recollection.confirmed(source)
        if self._watch.seen():
            log.warning("service %s: its source is within reach again", self.name)

    def _missed(self, source: Source, error: ProxyError, *, bad: bool) -> None:
        was_lost = self._watch.lost is not None
        if self._watch.missed(bad=bad):
            if isinstance(error, SourceMissing):
                self._recollection.gone()
            with self._lock:
                if self._source is source:
                    self._failed(time.monotonic(), error)
                    source.close()
        elif not was_lost:
            log.warning("service %s: version cannot be checked, serving the last one", self.name)

    def _replace(self, source: Source, *, bad: bool) -> None:
        """Put a fresh source in the place of one, which is served meanwhile and after a first failure."""
        try:
            fresh = self._opened()
        except ProxyError as error:
            self._missed(source, error, bad=bad)
            return
        except Exception as error:
            log.exception("service %s: unexpected error", self.name)
            self._missed(source, CannotOpen("The source could not be opened.", str(error)), bad=bad)
            return
        with self._lock:
            if self._source is not source:
                fresh.close()
                return
            self._take(fresh)
        source.close()
        log.info("service %s: source opened anew", self.name)

    def _opened(self) -> Source:
        if self.config.mosaic is None:
            return open_source(self.config, self._whole, self._handles)
        catalog = self._opened_catalog()
        await_items(catalog)
        return MosaicSource(self.config, self._whole, self._handles, catalog, self._recollection.facts)

    def _take(self, fresh: Source) -> None:
        self._standard = self._standard_of(fresh.info)
        self._source = fresh
        self._failure = None
        self._watch.begin()
        if not isinstance(fresh, RememberedSource):
            self._seen(fresh)

    def _opened_first(self) -> Source:
        source, age = self._recollection.first(self._opened, self._came_late)
        if age is not None:
            self._watch.lose(age)
        return source

    def _came_late(self, fresh: Source, remembered: Source) -> None:
        """Take a source that was slow to open, unless another has come meanwhile."""
        with self._lock:
            if self._source is remembered:
                self._take(fresh)
                return
        fresh.close()

    def _refreshed(self) -> Source:
        now = time.monotonic()
        if self._failure is not None and now - self._failure[0] < self._forbearance():
            # Without the way of earlier callers, which would pile up on the one error.
            raise self._failure[1].with_traceback(None)
        source = self._source
        if source is not None and self._is_usable(source):
            return source
        try:
            fresh = self._newest(source)
            if fresh is not source:
                self._take(fresh)
                return fresh
        except ProxyError as error:
            raise self._failed(now, error) from None
        except Exception as error:
            log.exception("service %s: unexpected error", self.name)
            raise self._failed(now, CannotOpen("The source could not be opened.", str(error))) from error
        self._failure = None
        self._watch.begin()
        return fresh

    def _newest(self, source: Source | None) -> Source:
        """The source itself where it has not changed."""
        if isinstance(source, MosaicSource):
            return source.refreshed()
        if source is not None and not self._changed(source):
            return source
        if source is None:
            return self._opened_first()
        fresh = self._opened()
        source.close()
        log.info("service %s: source changed", self.name)
        return fresh

    def _opened_catalog(self) -> SqliteCatalog:
        if self._catalog is None:
            self._catalog = open_catalog(self.config, self._whole, background=True)
        return self._catalog

    def _forbearance(self) -> float:
        """Seconds before a failure is looked at again: an empty catalog may have items at any moment."""
        return LOCAL_SECONDS if self._catalog is not None else RETRY_SECONDS

    def _standard_of(self, info: SourceInfo) -> tuple[Rendering, ...]:
        return bundle(info) if self.config.bundle and not self._configured else ()

    def _failed(self, now: float, error: ProxyError) -> ProxyError:
        self._failure = (now, error)
        self._source = None
        self._watch = Watch()
        detail = f" ({error.detail})" if isinstance(error, SourceFailed) and error.detail else ""
        log.warning("service %s: %s%s", self.name, error.message, detail)
        return error

    def _version(self, source: Source) -> str:
        return current_version(source.location, self._whole, self.config)

    def _changed(self, source: Source) -> bool:
        return source.stale or self._version(source) != source.info.version
