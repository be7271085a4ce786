"""Which assets of a STAC item give its bands, and what the item says of their pixels."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine

from proxy.catalog.base import ItemFacts
from proxy.crs import SpatialReference, reference
from proxy.errors import BadRequest
from proxy.listing.places import Refused
from proxy.model import PixelType

Json = Mapping[str, Any]

_RASTER_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "image/x.geotiff")
_RASTER_ENDINGS = (".tif", ".tiff", ".jp2")
#: Assets that are pictures of an item rather than its data.
_ASIDE = frozenset({"thumbnail", "overview", "metadata"})
#: Names under which the ready-made picture or the one raster of an item is usual.
_USUAL = ("visual", "image", "data", "analytic", "asset", "cog", "default")


@dataclass(frozen=True, slots=True)
class Chosen:
    """An asset and the zero-based bands that are taken of it, None for all."""

    key: str
    asset: Json
    bands: tuple[int, ...] | None = None


def chosen_assets(assets: Json, wanted: Sequence[str]) -> list[Chosen]:
    """The assets that give the bands of an item, in order.

    Args:
        wanted: keys of assets, or names or common names of bands in them. When empty: the asset with a usual
            name (`visual`, `image`, `data` ...), else the first raster with the role `data`, else the first
            raster.

    Raises:
        Refused: a name is not there, or no asset is a raster.
    """
    known = {key: asset for key, asset in assets.items() if isinstance(asset, Mapping)}
    if not wanted:
        return [_usual(known)]
    found = [_named(known, name) for name in wanted]
    merged: list[Chosen] = []
    for choice in found:
        last = merged[-1] if merged else None
        if last and last.key == choice.key and last.bands and choice.bands:
            merged[-1] = Chosen(last.key, last.asset, last.bands + choice.bands)
        else:
            merged.append(choice)
    return merged


def _usual(assets: dict[str, Json]) -> Chosen:
    rasters = {key: asset for key, asset in assets.items() if _is_raster(asset)}
    by_name = {key.lower(): key for key in reversed(rasters)}
    for name in _USUAL:
        if name in by_name:
            return Chosen(by_name[name], rasters[by_name[name]])
    with_role = [key for key, asset in rasters.items() if "data" in _roles(asset)]
    for key in (*with_role, *rasters):
        return Chosen(key, rasters[key])
    raise Refused("The item has no asset that is a raster.")


def _named(assets: dict[str, Json], name: str) -> Chosen:
    if name in assets:
        return Chosen(name, assets[name])
    for key, asset in assets.items():
        if not _is_raster(asset):
            continue
        for index, band in enumerate(bands_of(asset)):
            if name in (band.get("name"), band.get("common_name"), band.get("eo:common_name")):
                return Chosen(key, asset, (index,))
    raise Refused(f"The item has no asset '{name[:80]}'.")


def href_of(asset: Json, alternates: Sequence[str]) -> object:
    """Where an asset lies: at the first of some alternate addresses that it has, else its own."""
    given = asset.get("alternate")
    others = given if isinstance(given, Mapping) else {}
    for name in alternates:
        found = others.get(name)
        if isinstance(found, Mapping) and found.get("href"):
            return found["href"]
    return asset.get("href")


def _roles(asset: Json) -> frozenset[str]:
    roles = asset.get("roles")
    return frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()


def _is_raster(asset: Json) -> bool:
    if _roles(asset) & _ASIDE:
        return False
    kind = str(asset.get("type") or "").lower()
    if kind:
        return kind.startswith(_RASTER_TYPES)
    return str(asset.get("href") or "").partition("?")[0].lower().endswith(_RASTER_ENDINGS)


def bands_of(asset: Json) -> list[dict[str, Any]]:
    """What an asset says of each of its bands, from `bands`, `eo:bands` and `raster:bands` together."""
    lists = [asset.get(name) for name in ("eo:bands", "raster:bands", "bands")]
    usable = [
        [band for band in found if isinstance(band, Mapping)] for found in lists if isinstance(found, list)
    ]
    return [
        {name: value for band in parts for name, value in band.items()}
        for parts in itertools.zip_longest(*usable, fillvalue={})
    ]


def facts_of(properties: Json, chosen: Sequence[Chosen]) -> ItemFacts | None:
    """What the item says of its pixels; None where it does not say all that drawing needs.

    The grid is that of the asset with the finest pixels; bands follow one another in the order of the
    assets.
    """
    grids = [_grid(choice.asset, properties) for choice in chosen]
    bands = [_bands(choice, properties) for choice in chosen]
    known = [grid for grid in grids if grid is not None]
    if len(known) < len(grids) or any(not found for found in bands):
        return None
    crs, transform, width, height = min(known, key=lambda grid: abs(grid[1].determinant))
    if any(grid[0] != crs for grid in known):
        return None
    every = [band for found in bands for band in found]
    types = [_pixel_type(band.get("data_type")) for band in every]
    kinds = [kind for kind in types if kind is not None]
    if len(kinds) < len(types):
        return None
    merged = kinds[0] if len(set(kinds)) == 1 else PixelType.of(np.result_type(*(k.dtype for k in kinds)))
    nodata = next((value for band in every if (value := _number(band.get("nodata"))) is not None), None)
    names = tuple(str(band["label"]) for band in every)
    return ItemFacts(crs, transform, width, height, merged, names, nodata)


def _bands(choice: Chosen, properties: Json) -> list[dict[str, Any]]:
    """Bands that are taken, each with a `label`; empty where their number is not told."""
    shared = {
        name: value
        for name in ("data_type", "nodata")
        if (value := choice.asset.get(name, properties.get(name))) is not None
    }
    found = [{**shared, **band} for band in bands_of(choice.asset)]
    if choice.bands is not None:
        found = [found[index] for index in choice.bands]
    alone = len(found) == 1
    for index, band in enumerate(found, 1):
        band["label"] = band.get("name") or (choice.key if alone else f"Band_{index}")
    return found


def _grid(asset: Json, properties: Json) -> tuple[SpatialReference, Affine, int, int] | None:
    crs = _crs(asset) or _crs(properties)
    own = _size(asset.get("proj:shape"))
    size = own or _size(properties.get("proj:shape"))
    if crs is None or size is None:
        return None
    height, width = size
    # A transform of the item goes with the shape of the item, not with that of an asset.
    transform = _affine(asset.get("proj:transform"))
    if transform is None and own is None:
        transform = _affine(properties.get("proj:transform"))
    if transform is None:
        box = _box(asset.get("proj:bbox")) or _box(properties.get("proj:bbox"))
        if box is None:
            return None
        west, south, east, north = box
        transform = Affine((east - west) / width, 0.0, west, 0.0, (south - north) / height, north)
    return crs, transform, width, height


def _crs(holder: Json) -> SpatialReference | None:
    code, epsg, wkt, projjson = (holder.get(f"proj:{name}") for name in ("code", "epsg", "wkt2", "projjson"))
    text = code or (f"EPSG:{epsg}" if epsg else None) or wkt or (json.dumps(projjson) if projjson else None)
    if not isinstance(text, str):
        return None
    try:
        return reference(text)
    except BadRequest:
        return None


def _size(value: object) -> tuple[int, int] | None:
    found = _numbers(value, 2)
    if found is None or min(found) < 1 or any(side != int(side) for side in found):
        return None
    return int(found[0]), int(found[1])


def _affine(value: object) -> Affine | None:
    found = _numbers(value, 6)
    if found is None:
        return None
    transform = Affine(*found)
    return None if transform.is_degenerate or transform.is_identity else transform


def _box(value: object) -> tuple[float, float, float, float] | None:
    found = _numbers(value, 4)
    if found is None or found[0] >= found[2] or found[1] >= found[3]:
        return None
    return found[0], found[1], found[2], found[3]


def _numbers(value: object, count: int) -> list[float] | None:
    if not isinstance(value, list | tuple) or len(value) < count:
        return None
    found = [_number(part) for part in value[:count]]
    usable = [part for part in found if part is not None and math.isfinite(part)]
    return usable if len(usable) == count else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _pixel_type(text: object) -> PixelType | None:
    names = {"cint16": "complex64", "cint32": "complex128", "cfloat32": "complex64", "cfloat64": "complex128"}
    try:
        return PixelType(names.get(str(text), str(text)))
    except ValueError:
        return None
