from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

redis = pytest.importorskip("redis")

from proxy.cache.purge import Purges  # noqa: E402
from proxy.cache.redis import RedisTier  # noqa: E402
from proxy.cache.shared import Busy, Lock, TierError  # noqa: E402
from tests.cache.pictures import key_for, picture_for  # noqa: E402
from tests.redis_server import RedisServer, redis_server  # noqa: E402

Scene = Callable[[RedisTier], Awaitable[None]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as running:
        yield running


def play(server: RedisServer, scene: Scene, **settings: Any) -> None:
    async def whole() -> None:
        tier = RedisTier(server.url, **({"seconds": 5.0} | settings))
        try:
            await scene(tier)
        finally:
            await tier.close()

    asyncio.run(whole())


def test_pictures_are_shared_and_leave_after_their_time(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        assert await tier.get(key_for(1)) is None
        await tier.put(key_for(1), picture_for(1))
        other = RedisTier(server.url, seconds=5.0)
        assert await other.get(key_for(1)) == picture_for(1)
        raw = redis.Redis(port=server.port)
        (name,) = raw.keys("*")
        assert name.startswith(b"cogproxy:1:{")
        assert 86_000_000 < raw.pttl(name) <= 86_400_000
        # As it is, neither pickled nor compressed.
        assert raw.get(name).endswith(picture_for(1).body)
        raw.close()
        await other.close()

    play(server, scene, days=1)


def test_a_damaged_entry_is_dropped(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        await tier.put(key_for(1), picture_for(1))
        raw = redis.Redis(port=server.port)
        (name,) = raw.keys("*")
        raw.setrange(name, 100, b"\x01\x02")
        assert await tier.get(key_for(1)) is None
        assert raw.exists(name) == 0
        raw.set(name, b"short")
        assert isinstance(await tier.claim(key_for(1), 5), Lock)
        assert tier.counters.damaged == 2
        raw.close()

    play(server, scene)


def test_one_takes_the_lock_and_gives_it_back_with_the_picture(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        claims = await asyncio.gather(*(tier.claim(key_for(1), 5) for _ in range(20)))
        locks = [claim for claim in claims if isinstance(claim, Lock)]
        assert len(locks) == 1
        assert sum(isinstance(claim, Busy) for claim in claims) == 19
        await tier.put(key_for(1), picture_for(1), locks[0])
        assert await tier.claim(key_for(1), 5) == picture_for(1)
        raw = redis.Redis(port=server.port)
        assert not [name for name in raw.keys("*") if name.endswith(b":lock")]
        raw.close()

    play(server, scene)


def test_a_lock_expires_and_its_former_holder_cannot_give_back_the_next_ones(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        first = await tier.claim(key_for(1), 0.05)
        assert isinstance(first, Lock)
        second = await tier.claim(key_for(1), 60)
        while isinstance(second, Busy):
            second = await tier.claim(key_for(1), 60)
        assert isinstance(second, Lock)
        await tier.release(first)
        await tier.put(key_for(2), picture_for(2), first)
        assert isinstance(await tier.claim(key_for(1), 60), Busy)
        await tier.release(second)
        assert isinstance(await tier.claim(key_for(1), 60), Lock)

    play(server, scene)


def test_namespaces_are_apart(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        await tier.put(key_for(1), picture_for(1))
        other = RedisTier(server.url, namespace="other", seconds=5.0)
        assert await other.get(key_for(1)) is None
        assert await other.purges() == []
        await other.close()

    play(server, scene)


def test_a_server_that_is_killed_and_comes_back(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        await tier.put(key_for(1), picture_for(1))
        server.kill()
        for _ in range(3):
            with pytest.raises(TierError):
                await tier.get(key_for(1))
        with pytest.raises(TierError):
            await tier.claim(key_for(1), 5)
        server.start()
        assert await tier.get(key_for(1)) is None
        await tier.put(key_for(1), picture_for(1))
        assert await tier.get(key_for(1)) == picture_for(1)

    play(server, scene)


def test_a_server_that_hangs_is_waited_for_no_longer_than_allowed(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        await tier.put(key_for(1), picture_for(1))
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        try:
            with pytest.raises(TierError):
                await tier.get(key_for(1))
        finally:
            server.process.send_signal(signal.SIGCONT)
        # It would hang for ever: any bound shows that it does not.
        assert time.monotonic() - began < 10
        assert await tier.get(key_for(1)) == picture_for(1)

    play(server, scene, seconds=0.3)


def test_a_server_that_is_full_is_still_read_from(tmp_path: Path) -> None:
    options = ("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    with redis_server(tmp_path, *options) as server:

        async def scene(tier: RedisTier) -> None:
            await tier.put(key_for(0), picture_for(0))
            with pytest.raises(TierError):
                await asyncio.gather(*(tier.put(key_for(n), picture_for(n, 100_000)) for n in range(1, 99)))
            raw = redis.Redis(port=server.port)
            raw.config_set("maxmemory", "1mb")
            raw.close()
            assert await tier.claim(key_for(0), 5) == picture_for(0)
            # No lock can be kept: everybody renders for itself.
            assert await tier.claim(key_for(900), 5) == Lock(key_for(900), None)

        play(server, scene)


def test_a_wrong_password_is_a_tier_that_is_down(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--requirepass", "right") as server:

        async def scene(tier: RedisTier) -> None:
            with pytest.raises(TierError):
                await tier.get(key_for(1))

        play(server, scene)
        server.url = f"redis://:right@127.0.0.1:{server.port}/0"

        async def other(tier: RedisTier) -> None:
            assert await tier.get(key_for(1)) is None

        play(server, other)


def test_the_board_of_purges_is_shared_and_outlives_a_forgetful_server(server: RedisServer) -> None:
    async def scene(tier: RedisTier) -> None:
        other = RedisTier(server.url, seconds=5.0)
        assert await tier.purges() == []
        assert await tier.purges() is None
        known = Purges()
        first, second = known.made("a"), known.made("b")
        await other.add_purges([first, second], [])
        found = await tier.purges()
        assert found is not None
        assert sorted(found, key=lambda purge: purge.service) == [first, second]
        assert await tier.purges() is None
        await tier.add_purges([], [first.id])
        assert await other.purges() == [second]
        raw = redis.Redis(port=server.port)
        raw.flushall()
        raw.close()
        assert await tier.purges() == []
        await other.close()

    play(server, scene)


def test_a_cluster_takes_every_script(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf") as server:
        raw = redis.Redis(port=server.port)
        raw.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        until = time.monotonic() + 20
        while b"cluster_state:ok" not in raw.execute_command("CLUSTER", "INFO"):
            assert time.monotonic() < until
            time.sleep(0.05)

        async def scene(tier: RedisTier) -> None:
            for number in range(20):
                lock = await tier.claim(key_for(number), 5)
                assert isinstance(lock, Lock)
                assert isinstance(await tier.claim(key_for(number), 5), Busy)
                await tier.put(key_for(number), picture_for(number), lock)
                assert await tier.claim(key_for(number), 5) == picture_for(number)
                picture, name = (
                    raw.execute_command("CLUSTER", "KEYSLOT", n) for n in tier._names(key_for(number))
                )
                assert picture == name
            known = Purges()
            await tier.add_purges([known.made("a")], [])
            assert len(await tier.purges() or ()) == 1

        play(server, scene, cluster=True)
        raw.close()
