"""A catalog of many items: how long it takes to build and to open, and what its queries take.

    python benchmarks/catalog.py [--items N] [--keep FOLDER]

The items lie on a grid of scenes, as in a real archive: UTM zones side by side, scenes of 10,980 pixels of
10 m that overlap by 10 km, three dates each. The service is in Web Mercator, so that every footprint is
transformed. Printed are the time of the build, of a refresh that finds nothing new, of opening the file in a
new process, the medians of some queries in milliseconds, by the clock and of the processor (which a busy
machine changes less), with the mean number of rows in their answers, and how far resident memory has grown.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from affine import Affine
from servers import resident_mb

from proxy.catalog.base import Asset, ItemFacts, ItemRecord, Order, Query
from proxy.catalog.store import SqliteCatalog
from proxy.crs import WEB_MERCATOR, SpatialReference
from proxy.model import Extent, PixelType
from proxy.selection import MosaicMethod, TimeSpan

DAY = 86_400_000
HALF = 20037508.342789244
DATES = 3
REOPEN = """
import sys, time
from pathlib import Path
from proxy.catalog.base import Order, Query
from proxy.catalog.store import SqliteCatalog
start = time.perf_counter()
catalog = SqliteCatalog.open(Path(sys.argv[1]))
assert catalog.find(Query(), Order(), limit=1) and catalog.time and len(catalog)
print(time.perf_counter() - start)
"""


def records(count: int) -> Iterator[ItemRecord]:
    """Scenes of zones 30 to 37, row by row."""
    rng = random.Random(1)
    columns = 5
    for number in range(math.ceil(count / DATES)):
        zone = 30 + number % 8
        row, column = divmod(number // 8, columns)
        crs = SpatialReference(f"EPSG:{32600 + zone}")
        x, y = 300_000 + column * 99_960, 100_000 + (row % 80) * 99_960 + (row // 80) * 1234
        facts = ItemFacts(
            crs, Affine(10, 0, x, 0, -10, y + 109_800), 10980, 10980, PixelType.UINT16,
            ("B04", "B03", "B02"), 0.0, (343, 343),
        )  # fmt: skip
        for date in range(DATES):
            if number * DATES + date >= count:
                return
            key = f"S2_{zone}_{row}_{column}_{date}"
            yield ItemRecord(
                key,
                key,
                (Asset(f"s3://bucket/{key}.tif"),),
                facts,
                version=str(rng.random()),
                properties={
                    "AcquisitionDate": 1_500_000_000_000 + rng.randrange(2000) * DAY + rng.randrange(DAY),
                    "CloudCover": round(rng.random() * 100, 3),
                    "Platform": rng.choice(("S2A", "S2B")),
                    "eo:snow_cover": round(rng.random() * 100, 2),
                    "Orbit": rng.randrange(143),
                },
                dates=frozenset({"AcquisitionDate"}),
            )


def build(catalog: SqliteCatalog, count: int) -> str:
    """Seconds of one round."""
    start, began = time.perf_counter(), time.process_time()
    with catalog.writing() as writer:
        for number, record in enumerate(records(count)):
            if writer.known(record.key) == record.version:
                writer.keep(record.key)
            else:
                writer.put(record)
            if number % 100 == 0:
                writer.progress(number, count)
        writer.finish()
    return f"{time.perf_counter() - start:.1f} s, {time.process_time() - began:.1f} s of the processor"


def tile(place: tuple[float, float], zoom: int) -> Extent:
    """The Web Mercator tile around a place."""
    size = 2 * HALF / 2**zoom
    west, south = (math.floor((value + HALF) / size) * size - HALF for value in place)
    return Extent(west, south, west + size, south + size)


def queries(catalog: SqliteCatalog) -> dict[str, Callable[[random.Random], object]]:
    """What is asked, by name."""
    rows = catalog.rows(Query(), ["CenterX", "CenterY"])
    places = [(float(row["CenterX"] or 0), float(row["CenterY"] or 0)) for row in rows]
    newest = Order(MosaicMethod.ATTRIBUTE, sort_field="AcquisitionDate", sort_value="2100/01/01")
    latest = Order(by=(("AcquisitionDate", False),))

    def at(zoom: int, order: Order, **more: object) -> Callable[[random.Random], object]:
        return lambda rng: catalog.find(Query(extent=tile(rng.choice(places), zoom), **more), order, limit=20)  # type: ignore[arg-type]

    def everywhere(where: str, order: Order) -> Callable[[random.Random], object]:
        return lambda rng: catalog.find(Query(where.format(rng.randrange(5, 95))), order, limit=20)

    span = TimeSpan(1_550_000_000_000, 1_560_000_000_000)
    return {
        "tile 12, northwest": at(12, Order(MosaicMethod.NORTHWEST)),
        "tile 12, center": at(12, Order(MosaicMethod.CENTER)),
        "tile 12, newest, where": at(12, newest, where="CloudCover < 50 AND Platform = 'S2A'"),
        "tile 9, center, time": at(9, Order(MosaicMethod.CENTER), time=span),
        "tile 5, center": at(5, Order(MosaicMethod.CENTER)),
        "tile 0, northwest": at(0, Order(MosaicMethod.NORTHWEST)),
        "where, sort by date": everywhere("CloudCover <= {}", latest),
        "where two, sort by date": everywhere("CloudCover <= {} AND Platform = 'S2A'", latest),
        "where like, sort by cloud": everywhere(
            "Name LIKE 'S2_3%' AND Orbit <> {}", Order(by=(("CloudCover", True),))
        ),
        "where none, sort by date": everywhere("CloudCover < -{}", latest),
        "where, nearest to a date": everywhere("CloudCover <= {}", newest),
        "where, sort by name": everywhere("Orbit = {}", Order(by=(("Name", True),))),
        "count": lambda rng: catalog.count(Query(f"CloudCover <= {rng.randrange(5, 95)}")),
        "statistics by platform": lambda rng: catalog.statistics(
            Query(), [("avg", "CloudCover", "a"), ("stddev", "CloudCover", "s")], ["Platform"]
        ),
        "values of a text": lambda rng: catalog.values("Platform"),
        "revision": lambda rng: catalog.revision,
    }


def timed(ask: Callable[[random.Random], object]) -> tuple[float, float, float]:
    """Medians by the clock and of the processor in milliseconds, and the mean number of rows."""
    rng = random.Random(7)
    taken, worked, found = [], [], []
    for number in range(45):
        start, began = time.perf_counter(), time.process_time()
        answer = ask(rng)
        # The first ones warm up.
        if number >= 5:
            worked.append((time.process_time() - began) * 1000)
            taken.append((time.perf_counter() - start) * 1000)
            found.append(len(answer) if isinstance(answer, list) else 1)
    return statistics.median(taken), statistics.median(worked), statistics.mean(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="folder for the file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = (arguments.keep or Path(folder)) / "catalog.sqlite"
        before = resident_mb(os.getpid())
        catalog = SqliteCatalog.open(path, crs=WEB_MERCATOR)
        print(f"build of {arguments.items} items: {build(catalog, arguments.items)}")
        print(
            f"file: {path.stat().st_size / 2**20:.0f} MB; memory: +{resident_mb(os.getpid()) - before:.0f} MB"
        )
        print(f"refresh that finds nothing new: {build(catalog, arguments.items)}")
        reopened = subprocess.run(
            [sys.executable, "-c", REOPEN, str(path)], capture_output=True, text=True, check=True
        )
        print(f"open in a new process: {float(reopened.stdout):.3f} s")
        before = resident_mb(os.getpid())
        for name, ask in queries(catalog).items():
            taken, worked, found = timed(ask)
            print(f"{name:28} clock {taken:8.2f} ms   processor {worked:8.2f} ms   rows {found:6.1f}")
        print(f"memory over the queries: +{resident_mb(os.getpid()) - before:.0f} MB")
        catalog.close()


if __name__ == "__main__":
    main()
