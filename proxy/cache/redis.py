"""Pictures in Redis, shared by machines. Needs the extra `redis`.

All names of one picture share a hash tag, so that they lie on one node of a cluster and a script may use them
together: a look that takes the lock where there is no picture is one round trip, and so is a write that gives
it back. Pictures are stored as they are: they are compressed already.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import redis.asyncio as client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from proxy.cache.entry import FORMAT, Damaged, pack, unpack
from proxy.cache.purge import Purge, purge_of
from proxy.cache.shared import Busy, Claim, Lock, TierCounters, TierError
from proxy.model import Picture

T = TypeVar("T")

#: Connections of a process; those who find none free wait for one.
CONNECTIONS = 32

#: The entry, or 1 where the lock was taken, or 0 where another holds it.
_CLAIM = """
local found = redis.call('GET', KEYS[1])
if found then return found end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_PUT = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
return 1
"""


class RedisTier:
    """A Redis server or cluster.

    Args:
        url: of the server, or of one node.
        namespace: first part of every name.
        days: that a picture stays. seconds: longest wait for any answer.
    """

    name = "redis"

    def __init__(
        self, url: str, *, cluster: bool = False, namespace: str = "cogproxy", days: float = 7, seconds: float
    ) -> None:
        self._space = f"{namespace}:{FORMAT}"
        self._lasting = int(days * 86_400_000)
        self._seconds = seconds
        self._url = url
        self._cluster = cluster
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._board_seen: bytes | None = b""
        self.counters = TierCounters()

    async def get(self, key: str) -> Picture | None:
        """The picture of a key; a damaged one is deleted and None."""
        return await self._entry(key, await self._asked(self._connected().get(self._names(key)[0])))

    async def claim(self, key: str, seconds: float) -> Claim:
        """The picture, or the lock for so many seconds, or the news that another has it."""
        entry, lock = self._names(key)
        token = uuid.uuid4().hex
        try:
            found = await self._asked(self._evaluate(_CLAIM, (entry, lock), token, int(seconds * 1000)))
        except _Refused:
            # Too full to take a lock: it may still be read from.
            return await self.get(key) or Lock(key, None)
        if isinstance(found, bytes):
            return await self._entry(key, found) or Lock(key, None)
        self.counters.misses += 1
        return Lock(key, token) if found else Busy()

    async def put(self, key: str, picture: Picture, lock: Lock | None = None) -> None:
        """Keep a picture, then release the lock: one round trip."""
        data = pack(key, picture)
        token = lock.token if lock is not None and isinstance(lock.token, str) else "-"
        await self._asked(self._evaluate(_PUT, self._names(key), data, self._lasting, token))
        self.counters.writes += 1
        self.counters.bytes_written += len(data)

    async def release(self, lock: Lock) -> None:
        """Delete a lock that is still ours."""
        if isinstance(lock.token, str):
            await self._asked(self._evaluate(_RELEASE, self._names(lock.key)[1:], lock.token))

    async def purges(self) -> list[Purge] | None:
        """All purges on the board; None where it has not changed."""
        board, count = self._board
        seen: bytes | None = await self._asked(self._connected().get(count))
        if seen == self._board_seen:
            return None
        texts = await self._asked(self._connected().hvals(board))
        self._board_seen = seen
        return [purge for text in texts if (purge := purge_of(text)) is not None]

    async def add_purges(self, added: list[Purge], removed: list[str]) -> None:
        """Write on the board."""
        board, count = self._board
        if added:
            texts = {purge.id: purge.text() for purge in added}
            await self._asked(self._connected().hset(board, mapping=texts))
        if removed:
            await self._asked(self._connected().hdel(board, *removed))
        await self._asked(self._connected().incr(count))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
        self._client = None

    async def _entry(self, key: str, data: bytes | None) -> Picture | None:
        if data is None:
            self.counters.misses += 1
            return None
        try:
            picture = unpack(key, data)
        except Damaged:
            self.counters.damaged += 1
            self.counters.misses += 1
            await self._asked(self._connected().delete(self._names(key)[0]))
            return None
        self.counters.hits += 1
        self.counters.bytes_read += len(data)
        return picture

    async def _asked(self, answer: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._seconds):
                return await answer
        except ResponseError as error:
            raise _Refused(str(error)) from error
        except (RedisError, OSError, TimeoutError) as error:
            raise TierError(str(error) or "it takes too long") from error

    def _evaluate(self, script: str, names: tuple[str, ...], *values: object) -> Awaitable[Any]:
        return cast("Awaitable[Any]", self._connected().eval(script, len(names), *names, *values))

    def _names(self, key: str) -> tuple[str, str]:
        return f"{self._space}:{{{key}}}:picture", f"{self._space}:{{{key}}}:lock"

    @property
    def _board(self) -> tuple[str, str]:
        return f"{self._space}:{{purges}}", f"{self._space}:{{purges}}:changes"

    def _connected(self) -> Any:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Connections belong to the event loop that they were opened on.
            self._loop = loop
            self._client = self._made()
        return self._client

    def _made(self) -> Any:
        # One more try, for a connection that the server has closed while it was idle.
        retry = Retry(NoBackoff(), 1)
        waits = {"socket_timeout": self._seconds, "socket_connect_timeout": self._seconds, "retry": retry}
        if self._cluster:
            return client.RedisCluster.from_url(self._url, max_connections=CONNECTIONS, **waits)
        pool = client.BlockingConnectionPool.from_url(
            self._url, max_connections=CONNECTIONS, timeout=self._seconds, **waits
        )
        return client.Redis.from_pool(pool)


class _Refused(TierError):
    """The server has answered, and will not do it."""
