"""Assets and headers of items as they are kept in the catalog's file."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from affine import Affine

from proxy.catalog.base import Asset, ItemFacts, Layout
from proxy.crs import SpatialReference
from proxy.model import PixelType

_TRANSFORM = struct.Struct("<6d")


def dump_assets(assets: tuple[Asset, ...]) -> str:
    """JSON of assets."""
    return json.dumps([[a.href, a.bands, a.name] if a.name or a.bands else [a.href] for a in assets])


def load_assets(text: str) -> tuple[Asset, ...]:
    """Assets from their JSON."""
    found = []
    for href, *rest in json.loads(text):
        bands, name = rest or (None, "")
        found.append(Asset(href, None if bands is None else tuple(bands), name))
    return tuple(found)


def dump_kind(facts: ItemFacts) -> str:
    """JSON of what items of one make share: everything but the place."""
    return json.dumps(
        [
            facts.crs.definition, facts.width, facts.height, facts.pixel_type.value, facts.band_names,
            facts.nodata, facts.coarsest,
        ]
    )  # fmt: skip


def dump_transform(transform: Affine) -> bytes:
    """Six numbers of a transform."""
    return _TRANSFORM.pack(*tuple(transform)[:6])


@lru_cache(maxsize=4096)
def _kind(
    text: str,
) -> tuple[SpatialReference, int, int, PixelType, tuple[str, ...], float | None, tuple[int, int] | None]:
    crs, width, height, pixel_type, names, nodata, coarsest = json.loads(text)
    return (
        _reference(crs),
        width,
        height,
        PixelType(pixel_type),
        tuple(names),
        nodata,
        None if coarsest is None else (coarsest[0], coarsest[1]),
    )


@lru_cache(maxsize=1024)
def _reference(definition: str) -> SpatialReference:
    # One object a system, since it remembers what PROJ has parsed.
    return SpatialReference(definition)


def load_facts(kind: str, transform: bytes) -> ItemFacts:
    """The header of an item."""
    crs, width, height, pixel_type, names, nodata, coarsest = _kind(kind)
    return ItemFacts(
        crs, Affine(*_TRANSFORM.unpack(transform)), width, height, pixel_type, names, nodata, coarsest
    )


def layouts(kinds: Iterable[tuple[str, int]]) -> list[Layout]:
    """What kinds, each with a number of items, have in common: the most common first."""
    counts: Counter[tuple[tuple[str, ...], PixelType, str]] = Counter()
    for text, items in kinds:
        _, _, _, pixel_type, names, nodata, _ = _kind(text)
        # NaN is no key: it differs from itself.
        counts[names, pixel_type, repr(nodata)] += items
    return [
        Layout(names, pixel_type, None if nodata == "None" else float(nodata), items)
        for (names, pixel_type, nodata), items in counts.most_common()
    ]
