"""What a service keeps of its source beyond the process, so that a start finds it while the bucket is down.

The name under which it is kept is made of all that decides the facts: the place, the settings, and with which
profile it is read. No secret is part of it, nor of what is kept. The version of the source is part of the
facts, and so of the keys of its pictures: those of another version are never found by it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from cachetools import LRUCache

from proxy import __version__
from proxy.config import Config, CredentialsConfig, ServiceConfig
from proxy.errors import CannotOpen, SourceMissing
from proxy.sources.base import Source, SourceInfo, Statistics
from proxy.sources.location import locate
from proxy.sources.memory import (
    Memory,
    Remembered,
    packed,
    packed_statistics,
    unpacked,
    unpacked_statistics,
)
from proxy.sources.mosaic import MosaicSource
from proxy.sources.remembered import known_of, remembered
from proxy.threads import DaemonPool

log = logging.getLogger(__name__)

#: Longest wait for a store where the source is remembered, and sources that are waited for at a time.
SLOW_SECONDS, OPENERS = 3.0, 32
_openers = DaemonPool(OPENERS, "first")
#: Seconds after which a confirmed version is written down again, at least and at most; in between, a share of
#: the time that it is good for.
SELDOM, OFTEN, SHARE = 3600.0, 5.0, 0.1
#: Seconds that statistics are kept.
LASTING = 30 * 86400.0
#: Results of rules whose statistics a process holds for a service.
RESULTS = 256


class Recollection:
    """The memory of one service.

    Args:
        memory: where it is kept; nothing is when absent.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        config: ServiceConfig,
        whole: Config,
        memory: Memory | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        remote = config.mosaic is not None or locate(config.source).is_remote
        self._memory = memory if remote else None
        self._clock = clock
        self._kept = ("", float("-inf"))
        self._lock = threading.Lock()
        self._results: LRUCache[object, Statistics] = LRUCache(RESULTS)
        self._name = _name(config, whole.credentials.get(config.credentials or ""))
        #: Seconds for which what was seen may be served.
        self.patience = float(config.cache.stale_if_error)

    def confirmed(self, source: Source) -> None:
        """A source has been seen at its version just now."""
        if (
            self._memory is None
            or not self.patience
            or (isinstance(source, MosaicSource) and not source.looked)
        ):
            return
        now, version = self._clock(), source.info.version
        step = max(OFTEN, min(SELDOM, SHARE * self.patience))
        if self._kept[0] != version or not 0 <= now - self._kept[1] < step:
            self._kept = version, now
            self._memory.keep(self._name, packed(known_of(source, now)), self.patience)

    def gone(self) -> None:
        """The store says that there is no such source any more."""
        self._kept = ("", float("-inf"))
        if self._memory is not None:
            self._memory.keep(self._name, b"", LASTING)

    def facts(self) -> SourceInfo | None:
        """What was last known, however long ago. May block."""
        known = self._recalled()
        return None if known is None else known.info

    def first(
        self, opened: Callable[[], Source], late: Callable[[Source, Source], None]
    ) -> tuple[Source, float | None]:
        """The source as `opened` gives it; as it was last seen where its store is out of reach or slow.

        Args:
            late: called with what is opened after all and what was given in its place, in another thread.

        Returns:
            The source, and the seconds since it was last seen where it is only remembered.

        Raises:
            CannotOpen: it cannot be opened, and was not seen for too long.
        """
        known = self._served()
        if known is None:
            return opened(), None
        opening = _openers.submit(opened)
        try:
            return opening.result(SLOW_SECONDS), None
        except SourceMissing:
            self.gone()
            raise
        except (CannotOpen, TimeoutError) as error:
            why = error.message if isinstance(error, CannotOpen) else "Its store takes too long."
        age = max(0.0, self._clock() - known.seen)
        log.warning("service %s: %s It is served as it was seen %.0f s ago.", self._config.name, why, age)
        standing = remembered(locate(self._config.source), known, self._config.name)
        # In a thread of its own: who waits here may hold what the other needs.
        opening.add_done_callback(lambda _: _openers.submit(_handed, opening, standing, late))
        return standing, age

    def _served(self) -> Remembered | None:
        """What may stand in the place of a source that is out of reach."""
        known = None if self._config.mosaic is not None else self._recalled()
        return None if known is None or self._clock() - known.seen >= self.patience else known

    def statistics(self, version: str, key: object, compute: Callable[[], Statistics]) -> Statistics:
        """Statistics of a version of the source, or of a rule's result, computed but once. Blocks."""
        full = (version, key)
        with self._lock:
            found = self._results.get(full)
        if found is None:
            found = self._computed(version, key, compute)
            with self._lock:
                self._results[full] = found
        return found

    def _computed(self, version: str, key: object, compute: Callable[[], Statistics]) -> Statistics:
        if self._memory is None:
            return compute()
        name = _digest(self._name, version, key)
        data = self._memory.recall(name)
        found = None if data is None else unpacked_statistics(data)
        if found is None:
            found = compute()
            self._memory.keep(name, packed_statistics(found), LASTING)
        return found

    def _recalled(self) -> Remembered | None:
        data = None if self._memory is None else self._memory.recall(self._name)
        return None if data is None else unpacked(data)


def _handed(opening: Future[Source], remembered: Source, late: Callable[[Source, Source], None]) -> None:
    if opening.exception() is None:
        late(opening.result(), remembered)


def _name(config: ServiceConfig, profile: CredentialsConfig | None) -> str:
    # The title hints at what the numbers mean.
    about = (config.pixels, config.title, config.credentials)
    if profile is None:
        return _digest(about)
    return _digest(about, profile.endpoint, profile.region, profile.account, profile.anonymous)


def _digest(*parts: object) -> str:
    # Equal values have equal texts in every process, as in the keys of pictures.
    return hashlib.blake2b(repr((__version__, *parts)).encode(), digest_size=16).hexdigest()
