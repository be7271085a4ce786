"""Seeded tiles in the shared tiers of the cache, under the names by which the servers look for them."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from proxy.bulk.area import Square
from proxy.bulk.work import Tile, Worker
from proxy.cache.building import shared_tiers
from proxy.cache.keys import key_of
from proxy.cache.shared import SharedTier, TierError
from proxy.cache.store import ByteLRU
from proxy.cache.tiers import Tiers
from proxy.config import Config
from proxy.errors import ProxyError, Unsupported
from proxy.model import Picture

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Tries of one look or write: a disk or server that is busy for a moment does not end hours of work.
TRIES = 3

#: How the tiles of each format begin, and their media type and extension.
_KINDS = (
    (b"\x89PNG", "image/png", "png"),
    (b"\xff\xd8", "image/jpeg", "jpg"),
    (b"RIFF", "image/webp", "webp"),
)


class CacheUnreachable(ProxyError):
    """A shared tier cannot be reached, so that nothing can be kept in it."""

    def __init__(self, tier: str, why: str) -> None:
        super().__init__(f"The cache tier {tier} cannot be used: {why}")


class CacheSink:
    """Puts tiles into every shared tier. What is there already is its own mark of progress.

    Tiles without anything to see are put too: a server would render them as well.
    """

    def __init__(self, worker: Worker, tiers: Tiers) -> None:
        """Read the purges so far. Blocks.

        Raises:
            CacheUnreachable: a tier cannot be reached.
        """
        self._worker = worker
        self._tiers = tiers
        self._shared: list[SharedTier] = [guarded.tier for guarded in tiers.shared]
        # Connections belong to the loop that opened them.
        self._runner = asyncio.Runner()
        try:
            self._runner.run(self._take_in_purges())
        except BaseException:
            self.close()
            raise

    def has(self, square: Square) -> bool:
        """True where the tier that most processes share holds every tile of this version of the source.

        Raises:
            CacheUnreachable: the tier cannot be reached.
        """
        version = self._worker.service.source.info.version
        keys = [self._key(*place, version) for place in square.tiles()]
        return self._runner.run(self._holds(keys))

    def put(self, square: Square, tiles: Iterable[Tile]) -> None:
        """Keep the tiles of a square, those without anything to see too.

        Raises:
            CacheUnreachable: a tier cannot be written.
        """
        pictures = {}
        for tile in tiles:
            place = tile.z, tile.x, tile.y
            if body := tile.body or self._worker.blank(*place):
                pictures[self._key(*place, tile.version)] = _picture(body)
        self._runner.run(self._write(pictures))

    def finish(self, metadata: Mapping[str, Any]) -> None:
        """Say where a tier was too small for all of it."""
        for tier in self._shared:
            if tier.counters.evictions:
                log.warning(
                    "cache tier %s is too small: %d pictures were dropped for others; raise cache.disk_mb",
                    tier.name,
                    tier.counters.evictions,
                )

    def close(self) -> None:
        """Let the tiers go."""
        self._runner.run(self._tiers.close())
        self._runner.close()

    def _key(self, z: int, x: int, y: int, version: str) -> str:
        # As the renderer names it, see `proxy.render_service`.
        request = self._worker.request(z, x, y)
        epoch = self._tiers.epoch_of(request.service, request.grid)
        return key_of(version, request, settings=self._worker.service.pixels, epoch=epoch)

    async def _take_in_purges(self) -> None:
        # Once: what was rendered before a later purge must not get the name that comes after it.
        for tier in self._shared:
            found = await _sure(tier, tier.purges)
            self._tiers.purges.adopt(found or ())

    async def _holds(self, keys: list[str]) -> bool:
        tier = self._shared[-1]
        for key in keys:
            if await _sure(tier, functools.partial(tier.get, key)) is None:
                return False
        return True

    async def _write(self, pictures: Mapping[str, Picture]) -> None:
        for tier in self._shared:
            writes = (functools.partial(tier.put, key, picture) for key, picture in pictures.items())
            await asyncio.gather(*(_sure(tier, write) for write in writes))


async def _sure(tier: SharedTier, work: Callable[[], Awaitable[T]]) -> T:
    for _ in range(TRIES - 1):
        try:
            return await work()
        except TierError:
            continue
    try:
        return await work()
    except TierError as error:
        raise CacheUnreachable(tier.name, str(error)) from error


def _picture(body: bytes) -> Picture:
    for start, media_type, extension in _KINDS:
        if body.startswith(start):
            return Picture(body, media_type, extension)
    raise AssertionError("a tile is PNG, JPEG or WebP")


def cache_sink(worker: Worker, config: Config) -> CacheSink:
    """The sink for the shared tiers of a configuration.

    Raises:
        Unsupported: there are none.
        CacheUnreachable: one cannot be reached.
        ConfigError: the library of one is not installed.
    """
    shared = shared_tiers(config)
    if not shared:
        raise Unsupported(
            "No tier of the cache is shared, so nothing could be kept for a server: "
            "set cache.disk to a folder or cache.redis to a server's URL, or name another target with --to."
        )
    return CacheSink(worker, Tiers(ByteLRU(0), shared))
