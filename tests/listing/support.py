"""What the tests of listings share: running a listing, items of STAC, small rasters in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from proxy.catalog.base import ItemRecord
from proxy.config import Config, parse
from proxy.listing.choosing import Listed
from proxy.listing.context import Context
from tests.conftest import DATA

#: A small raster, and another in another place of the earth.
FLAT, OTHER = "webp_no_overviews.tif", "internal_mask_rgb_uint8.tif"


def config_of(source: str | Path | list[str], service: dict[str, Any] | None = None, **mosaic: Any) -> Config:
    """Configuration of one mosaic `m`."""
    places = source if isinstance(source, list) else str(source)
    named = {"name": "m", "mosaic": {"source": places, **mosaic}, **(service or {})}
    settings = {"credentials": CREDENTIALS} if named.get("credentials") else {}
    return parse({"services": [named], **settings}, {})


CREDENTIALS: dict[str, dict[str, Any]] = {}


def context_of(config: Config, rejected: list[tuple[str, str]] | None = None) -> Context:
    gathered = [] if rejected is None else rejected
    return Context(config.services[0], config, lambda place, reason: gathered.append((place, reason)))


def listed(
    source: str | Path | list[str], service: dict[str, Any] | None = None, **mosaic: Any
) -> tuple[list[ItemRecord], list[tuple[str, str]]]:
    """The items of a mosaic, and what was left out of it with the reasons."""
    rejected: list[tuple[str, str]] = []
    context = context_of(config_of(source, service, **mosaic), rejected)
    return list(Listed(context)), rejected


def copies(folder: Path, *names: str, of: str = FLAT) -> None:
    """Copies of a small raster under other names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DATA / of, folder / name)


def stac_item(name: str, href: str, **properties: Any) -> dict[str, Any]:
    """A STAC item over a degree at the equator with one COG of three bands."""
    west = properties.pop("west", 0.0)
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "scenes",
        "bbox": [west, 0.0, west + 1.0, 1.0],
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]],
        },
        "properties": {"datetime": "2020-05-01T10:00:00Z", **properties},
        "links": [],
        "assets": {
            "visual": {
                "href": href,
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "roles": ["data"],
            }
        },
    }
