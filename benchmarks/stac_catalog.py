"""A catalog of many items through a STAC API on loopback: time and memory of building, restart, queries.

    python benchmarks/stac_catalog.py [--items N] [--opened]

The footprints are the 100 km squares of the military grid, all zones of UTM, each at as many dates as it
takes; all items point to a handful of real files that the same server gives out by ranges. The items say
everything that drawing needs, so that none is opened; with `--opened` they say nothing, and the header of
each is read.

The server is a process of its own. Prints one line for each thing that is measured; figures of one run are
comparable with each other, those of two machines are not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyproj
from servers import free_port, resident_mb, server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "proxy" / "demo").glob("*.tif"))
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
FIRST = datetime(2020, 1, 1, 10, tzinfo=UTC)
#: Eastings and northings of the lower left corners of the squares in a zone, north of the equator.
EASTINGS, NORTHINGS = range(300_000, 700_000, 100_000), range(0, 8_000_000, 100_000)
SQUARES = 60 * len(EASTINGS) * len(NORTHINGS)


@lru_cache(maxsize=64)
def to_degrees(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)


def item(number: int, root: str, told: bool) -> dict[str, Any]:
    """The item of a number: a square of the grid at a date."""
    visit, place = divmod(number, SQUARES)
    zone, square = divmod(place, len(EASTINGS) * len(NORTHINGS))
    east, north = EASTINGS[square % len(EASTINGS)], NORTHINGS[square // len(EASTINGS)]
    epsg = 32601 + zone
    xs = [east, east + 100_000, east + 100_000, east, east]
    ys = [north, north, north + 100_000, north + 100_000, north]
    lon, lat = to_degrees(epsg).transform(xs, ys)
    moment = FIRST + timedelta(days=5 * visit, minutes=place % 1440)
    grid = {
        "proj:code": f"EPSG:{epsg}",
        "proj:shape": [10_000, 10_000],
        "proj:transform": [10, 0, east, 0, -10, north + 100_000],
    }
    bands = [{"name": name, "data_type": "uint8"} for name in ("red", "green", "blue")]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"S{zone + 1:02d}_{east // 100_000}_{north // 100_000:02d}_{moment:%Y%m%d}",
        "collection": "scenes",
        "geometry": {"type": "Polygon", "coordinates": [list(zip(lon, lat, strict=True))]},
        "bbox": [min(lon), min(lat), max(lon), max(lat)],
        "properties": {
            "datetime": moment.isoformat(),
            "eo:cloud_cover": round((number * 7919 % 10007) / 100.07, 2),
            "platform": f"sat-{number % 3}",
            "zone": zone + 1,
            **(grid if told else {}),
        },
        "links": [],
        "assets": {
            "visual": {
                "href": f"{root}data/{FILES[number % len(FILES)].name}",
                "type": COG,
                "roles": ["data"],
                **({"raster:bands": bands} if told else {}),
            }
        },
    }  # fmt: skip


def api(count: int, told: bool) -> Starlette:
    """A STAC API of so many items, and the files that they point to."""

    async def landing(request: Request) -> Response:
        root = str(request.base_url)
        classes = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]
        link = {"rel": "search", "href": f"{root}search", "type": "application/geo+json", "method": "POST"}
        own = [{"rel": name, "href": root, "type": "application/json"} for name in ("self", "root")]
        head = {"type": "Catalog", "stac_version": "1.0.0", "id": "api", "description": "items"}
        return JSONResponse({**head, "conformsTo": classes, "links": [*own, link]})

    async def search(request: Request) -> Response:
        asked = await request.json()
        start = int(asked.get("token", 0))
        stop = min(start + int(asked.get("limit", 10)), count)
        root = str(request.base_url)
        body = {**asked, "token": str(stop)}
        more = (
            [{"rel": "next", "href": f"{root}search", "method": "POST", "body": body}] if stop < count else []
        )
        features = [item(number, root, told) for number in range(start, stop)]
        answer = {"type": "FeatureCollection", "features": features, "links": more, "numberMatched": count}
        return Response(json.dumps(answer), media_type="application/geo+json")

    async def data(request: Request) -> Response:
        return FileResponse(next(path for path in FILES if path.name == request.path_params["name"]))

    return Starlette(
        routes=[
            Route("/", landing),
            Route("/search", search, methods=["POST"]),
            Route("/data/{name}", data),
        ]
    )


def config_of(state: str, port: int) -> Any:
    """Configuration of a mosaic of all items."""
    from proxy.config import parse

    mosaic = {"source": f"http://127.0.0.1:{port}/", "crs": "EPSG:3857", "search": {"limit": 1000}}
    return parse({"state": state, "services": [{"name": "scenes", "mosaic": mosaic}]}, {})


class Memory:
    """The most resident memory of this process while it lasts."""

    def __init__(self) -> None:
        self.most = 0.0
        self._done = threading.Event()

    def __enter__(self) -> Memory:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.most = max(self.most, resident_mb(os.getpid()))


def build(state: str, port: int) -> None:
    """Build the catalog, and look at the unchanged listing once more."""
    from proxy.listing.builder import refresh_now

    config = config_of(state, port)
    before = resident_mb(os.getpid())
    quarter: list[float] = []
    for name in ("build", "refresh"):
        began = time.perf_counter()
        with Memory() as memory:
            told = quarter.append if name == "build" else (lambda value: None)
            catalog = refresh_now(
                config.services[0], config,
                on_progress=lambda progress, told=told: told(resident_mb(os.getpid())),
            )  # fmt: skip
        seconds = time.perf_counter() - began
        print(
            f"{name:8} {len(catalog)} items in {seconds:.1f} s, {len(catalog) / seconds:.0f} items/s; memory"
            f" {before:.0f} MB before, {memory.most:.0f} MB at most"
        )
    parts = [quarter[len(quarter) * part // 4] for part in (1, 2, 3)]
    print(f"memory   after each quarter of the build {', '.join(f'{value:.0f}' for value in parts)} MB")
    size = sum(path.stat().st_size for path in Path(state).rglob("*.sqlite"))
    print(f"file     {size / 2**20:.0f} MB, {size / max(len(catalog), 1):.0f} bytes an item")


def restart(state: str, port: int) -> None:
    """Open the finished catalog in a fresh process and ask it as the doors do."""
    began = time.perf_counter()
    from proxy.catalog.base import Order, Query
    from proxy.listing.builder import open_catalog
    from proxy.model import Extent
    from proxy.selection import MosaicMethod

    config = config_of(state, port)
    loaded = time.perf_counter()
    catalog = open_catalog(config.services[0], config)
    count, extent = len(catalog), catalog.extent
    done = time.perf_counter()
    assert extent is not None
    print(f"restart  {count} items usable after {done - loaded:.3f} s, {done - began:.2f} s with imports")
    rng = random.Random(5)

    def tile() -> None:
        x, y = rng.uniform(extent.xmin, extent.xmax), rng.uniform(0, 9e6)
        order = Order(MosaicMethod.CENTER, center=(x, y))
        catalog.find(Query(extent=Extent(x, y, x + 40_000, y + 40_000)), order, limit=20)

    def where() -> None:
        text = f"CloudCover < {rng.uniform(1, 5):.2f} AND platform = 'sat-{rng.randrange(3)}'"
        catalog.find(Query(where=text), Order(by=(("AcquisitionDate", False),)), limit=20)

    for name, ask in (("tile", tile), ("where", where)):
        print(f"{name:8} {median_ms(ask):.2f} ms in the middle of 200 queries")


def median_ms(ask: Callable[[], None]) -> float:
    """Median time of a query in milliseconds."""
    times = []
    for _ in range(200):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--opened", action="store_true", help="items say nothing of their pixels")
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--state", default="", help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=("serve", "build", "restart"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "serve":
        import uvicorn

        uvicorn.run(api(options.items, not options.opened), port=options.port, log_level="error")
    elif options.part:
        {"build": build, "restart": restart}[options.part](options.state, options.port)
    else:
        run(options)


def run(options: argparse.Namespace) -> None:
    """Each part in a process of its own."""
    port = free_port()
    command = [sys.executable, __file__, "--items", str(options.items), "--port", str(port)]
    command += ["--opened"] if options.opened else []
    with tempfile.TemporaryDirectory() as state, server([*command, "--part", "serve"], port):
        for part in ("build", "restart"):
            subprocess.run([*command, "--state", state, "--part", part], check=True)


if __name__ == "__main__":
    main()
