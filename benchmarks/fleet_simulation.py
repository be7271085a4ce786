"""On paper: a fleet that answers a billion requests a day: its tiers, buckets and Redis, and what it costs.

    python benchmarks/fleet_simulation.py [--machines N] [--requests N] [--exponent S] ... (see --help)

Requests are independent draws from Zipf's law over the tiles that people look at; the load balancer spreads
them evenly. The hits of a least-recently-used cache follow from Che's approximation (H. Che, Y. Tung,
Z. Wang: Hierarchical Web caching systems, IEEE JSAC 20, 2002): an item stays for the characteristic time T,
the same for all, at which the expected number of items equals the room. A tier sees what the tiers before it
missed, and misses at least the first request for each tile of a lifetime. The formula is checked first
against an LRU that is really run. All assumptions are arguments; prices are those of the command line, not of
any provider.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

Values = NDArray[np.float64]
DAY = 86_400.0


@dataclass(frozen=True)
class Stream:
    """Requests a second for groups of equally popular tiles: `rate` of each tile, `count` tiles."""

    rate: Values
    count: Values

    @property
    def total(self) -> float:
        return float((self.rate * self.count).sum())

    def scaled(self, factor: float) -> Stream:
        return Stream(self.rate * factor, self.count)


def zipf(tiles: float, exponent: float, per_second: float, groups: int = 4000) -> Stream:
    """Zipf's law over ranks 1..tiles, in groups of neighbouring ranks."""
    edges = np.unique(np.floor(np.geomspace(1, tiles + 1, groups)))
    count = np.diff(edges)
    middle = np.sqrt(edges[:-1] * np.maximum(edges[:-1], edges[1:] - 1))
    weight = middle**-exponent
    return Stream(weight * per_second / (weight * count).sum(), count)


def misses(stream: Stream, room: float) -> Stream:
    """What an LRU of `room` items lets through."""
    if room >= stream.count.sum():
        return stream.scaled(0.0)
    low, high = 1e-6, 1e12
    for _ in range(200):
        stay = math.sqrt(low * high)
        held = float((stream.count * -np.expm1(-stream.rate * stay)).sum())
        low, high = (stay, high) if held < room else (low, stay)
    return Stream(stream.rate * np.exp(-stream.rate * stay), stream.count)


def first_ones(stream: Stream, lifetime: float) -> Stream:
    """The first request for each tile in every lifetime, of those that come at all."""
    return Stream(-np.expm1(-stream.rate * lifetime) / lifetime, stream.count)


def at_least(stream: Stream, least: Stream) -> Stream:
    return Stream(np.maximum(stream.rate, least.rate), stream.count)


def check() -> None:
    """The formula beside an LRU that is run on drawn requests."""
    tiles, exponent, draws = 20_000, 0.9, 400_000
    ranks = np.arange(1, tiles + 1) ** -exponent
    drawn = np.random.default_rng(1).choice(tiles, draws, p=ranks / ranks.sum())
    stream = Stream(ranks / ranks.sum(), np.ones(tiles))
    for room in (200, 2000, 8000):
        cache: LRUCache[int, int] = LRUCache(room)
        hits = 0
        for number, tile in enumerate(drawn.tolist()):
            hits += tile in cache and number >= draws // 2
            cache[tile] = 1
        run = hits / (draws - draws // 2)
        print(f"  room {room:>5} of {tiles}: formula {1 - misses(stream, room).total:.1%}, run {run:.1%}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--requests", type=float, default=1e9, help="a day, behind browsers and a CDN")
    add("--peak", type=float, default=2.5, help="busiest hour beside the mean")
    add("--machines", type=int, default=50)
    add("--workers", type=int, default=4, help="on a machine")
    add("--tiles", type=float, default=3e8, help="that anybody looks at")
    add("--exponent", type=float, default=0.9, help="of Zipf's law")
    add("--kb", type=float, default=15, help="of a picture")
    add("--memory-mb", type=float, default=256, help="in each worker")
    add("--disk-gb", type=float, default=100, help="on each machine")
    add("--redis-gb", type=float, default=256, help="in all")
    add("--lifetime-days", type=float, default=7, help="until a source has changed or Redis lets go")
    add("--render-ms", type=float, default=6, help="of a core, for one picture")
    add("--ranges", type=float, default=0.5, help="requests to the bucket for one render")
    add("--services", type=int, default=200)
    add("--revalidate", type=float, default=60)
    add("--core-price", type=float, default=25, help="a core and month")
    add("--redis-price", type=float, default=6, help="a GB and month")
    add("--get-price", type=float, default=0.4, help="a million requests to the bucket")
    return parser.parse_args()


def main() -> None:
    """Check the formula, then print the fleet."""
    given = arguments()
    print("Che's approximation beside an LRU that is run:")
    check()
    rate = given.requests / DAY
    everything = zipf(given.tiles, given.exponent, rate)
    processes = given.machines * given.workers
    fleet = f"{given.machines} machines of {given.workers} workers"
    tiles = f"{given.tiles:.3g} tiles of {given.kb:g} kB, exponent {given.exponent:g}"
    print(f"\n{given.requests:.3g} requests a day ({rate:,.0f}/s), {fleet}, {tiles}")
    lifetime = given.lifetime_days * DAY
    own, machine = everything.scaled(1 / processes), everything.scaled(1 / given.machines)
    memory = at_least(misses(own, given.memory_mb * 1e3 / given.kb), first_ones(own, lifetime))
    alone = memory.scaled(processes)
    disk = misses(memory.scaled(given.workers), given.disk_gb * 1e6 / given.kb)
    on_disk = at_least(disk, first_ones(machine, lifetime)).scaled(given.machines)
    room = given.redis_gb * 1e6 / (given.kb + 0.2)
    least = first_ones(everything, lifetime)
    redis = at_least(misses(on_disk, room), least)
    only_redis = at_least(misses(alone, room), least)
    print("tiers                 hits  renders/s  cores  bucket/s  Redis/s  Redis MB/s    a month")
    for name, left, asked in (
        ("memory", alone, None),
        ("memory, disk", on_disk, None),
        ("memory, Redis", only_redis, alone),
        ("memory, disk, Redis", redis, on_disk),
    ):
        row(given, name, rate, left.total, asked.total if asked is not None else 0.0)
    heads = given.services * processes / given.revalidate
    print(f"\nlooks at versions: {heads:,.0f} HEAD/s, {heads * 2.63 * given.get_price:,.0f} a month")
    print(f"looks at the board of purges: {processes * 2:,} GET/s of Redis")


def row(given: argparse.Namespace, name: str, rate: float, renders: float, redis: float) -> None:
    """One line: loads at the mean, cores for the peak, with a core in two idle."""
    cores = (renders * given.render_ms / 1e3 + rate * 40e-6) * given.peak * 2
    bucket = renders * given.ranges
    # A miss in Redis is one look and one write; a hit is a look.
    operations = redis + (renders if redis else 0)
    traffic = redis * given.kb / 1e3
    price = cores * given.core_price + bucket * 2.63 * given.get_price
    price += given.redis_gb * given.redis_price if redis else 0
    loads = f"{renders:>9,.0f} {cores:>6,.0f} {bucket:>9,.0f} {operations:>8,.0f} {traffic:>11,.0f}"
    print(f"{name:<19} {1 - renders / rate:>6.1%}  {loads} {price:>10,.0f}")


if __name__ == "__main__":
    main()
