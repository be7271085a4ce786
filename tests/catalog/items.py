"""Items for the tests of the catalog."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from affine import Affine

from proxy.catalog.base import Asset, ItemFacts, ItemRecord, Value
from proxy.catalog.store import SqliteCatalog
from proxy.crs import WGS84, SpatialReference
from proxy.model import PixelType

UTM33 = SpatialReference("EPSG:32633")
CatalogMaker = Callable[..., SqliteCatalog]


def facts(
    x: float = 500_000.0,
    y: float = 5_800_000.0,
    size: float = 1000.0,
    crs: SpatialReference = UTM33,
    pixels: int = 100,
    **changes: Any,
) -> ItemFacts:
    """A square raster with its lower left corner at (x, y)."""
    pixel = size / pixels
    values: dict[str, Any] = {
        "crs": crs,
        "transform": Affine(pixel, 0, x, 0, -pixel, y + size),
        "width": pixels,
        "height": pixels,
        "pixel_type": PixelType.UINT8,
        "band_names": ("Red", "Green"),
        "nodata": 0.0,
        "coarsest": (pixels // 4, pixels // 4),
    }
    return ItemFacts(**(values | changes))


def record(key: str, header: ItemFacts | None = None, version: str = "1", **changes: Any) -> ItemRecord:
    """An item with the properties given as `properties`."""
    header = header or facts()
    values: dict[str, Any] = {"name": key, "assets": (Asset(f"/data/{key}.tif"),), "facts": header}
    return ItemRecord(key=key, version=version, **(values | changes))


def degrees(west: float, south: float, east: float, north: float, **changes: Any) -> ItemFacts:
    """A raster in longitude and latitude."""
    width, height = 100, 50
    transform = Affine((east - west) / width, 0, west, 0, -(north - south) / height, north)
    return facts(crs=WGS84, **({"transform": transform, "width": width, "height": height} | changes))


def filled(path: Path, records: Iterable[ItemRecord], **options: Any) -> SqliteCatalog:
    """A catalog after one round."""
    catalog = SqliteCatalog.open(path, **options)
    with catalog.writing() as writer:
        for one in records:
            writer.put(one)
        writer.finish()
    return catalog


def scattered(count: int, seed: int = 1) -> list[ItemRecord]:
    """Squares of several sizes at random places, some alike, with attributes of every type and gaps."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        properties: dict[str, Value] = {
            "AcquisitionDate": rng.choice((None, 1_500_000_000_000 + rng.randrange(50) * 86_400_000)),
            "CloudCover": rng.choice((None, float(rng.randrange(20)) / 2)),
            "Rank": rng.choice((None, rng.randrange(-5, 5))),
            "Sensor": rng.choice((None, "S2A", "S2B", "L8")),
            "ZOrder": rng.choice((None, 0, 1, -1)),
        }
        x, y = 400_000.0 + 500 * rng.randrange(100), 5_700_000.0 + 500 * rng.randrange(100)
        header = facts(x, y, rng.choice((1000.0, 2000.0, 4000.0)))
        dates = frozenset({"AcquisitionDate"})
        found.append(record(f"item{number}", header, properties=properties, dates=dates))
    return found
