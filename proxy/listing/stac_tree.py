"""STAC as documents: an item, an item collection, a collection or catalog with all that it links to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from proxy.catalog.base import ItemRecord
from proxy.errors import CannotOpen
from proxy.listing.ahead import ahead
from proxy.listing.context import Context
from proxy.listing.documents import read_json
from proxy.listing.places import Refused, resolved
from proxy.listing.stac_item import is_item, item_record, links_of, self_of
from proxy.threads import DaemonPool

#: Most catalogs and collections that are followed, and how deep they may lie within one another.
MOST_NODES, DEEPEST = 10_000, 16
#: Most pages of an item collection that goes on in further ones.
MOST_PAGES = 100_000
#: Item documents that are fetched at a time.
PARALLEL = 16

_fetchers = DaemonPool(PARALLEL, "stac")


class StacTree:
    """The items below one STAC document.

    Args:
        document: the document at `place`, where it has been read already.
    """

    def __init__(self, place: str, context: Context, document: Any = None) -> None:
        self._place = place
        self._context = context
        self._first = document
        self._visited: set[str] = set()

    def __iter__(self) -> Iterator[ItemRecord]:
        self._visited = {self._place}
        document = self._first if self._first is not None else self._read(self._place)
        self._first = None
        if not isinstance(document, Mapping):
            raise CannotOpen("The document is no STAC item, collection or catalog.", self._place)
        yield from self._below(document, self._place, 0)

    def _read(self, place: str) -> Any:
        return read_json(place, self._context.credentials)

    def _below(self, document: Mapping[str, Any], place: str, depth: int) -> Iterator[ItemRecord]:
        if document.get("type") == "FeatureCollection":
            yield from self._pages(document, place)
        elif is_item(document):
            yield from self._one(document, place)
        elif "links" in document:
            yield from self._node(document, place, depth)
        else:
            raise CannotOpen("The document is no STAC item, collection or catalog.", place)

    def _one(self, document: Mapping[str, Any], place: str) -> Iterator[ItemRecord]:
        record = item_record(document, place, self._context)
        if record is not None:
            yield record

    def _pages(self, document: Mapping[str, Any], place: str) -> Iterator[ItemRecord]:
        for _ in range(MOST_PAGES):
            features = document.get("features")
            for item in features if isinstance(features, list) else ():
                if is_item(item):
                    yield from self._one(item, self_of(item, place))
                else:
                    self._context.refuse(place, "A feature of the collection is no STAC item.")
            place = next(iter(self._targets(document, place, "next")), "")
            if not place:
                return
            document = self._read(place)
            if not isinstance(document, Mapping):
                raise CannotOpen("A page of the listing is no item collection.", place)
        raise CannotOpen("The listing has more pages than are read.", place)

    def _node(self, document: Mapping[str, Any], place: str, depth: int) -> Iterator[ItemRecord]:
        if depth > DEEPEST or (depth and len(self._visited) > MOST_NODES):
            self._context.refuse(place, "The catalogs lie deeper or are more than are followed.")
            return
        items = list(self._targets(document, place, "item"))
        for href, future in ahead(partial(_fetchers.submit, self._read), items, 2 * PARALLEL):
            try:
                item = future.result()
            except CannotOpen as error:
                self._context.refuse(href, error.message)
                continue
            if is_item(item):
                yield from self._one(item, href)
            else:
                self._context.refuse(href, "The document is no STAC item.")
        if not items:
            # A collection of an API has its items behind one address.
            for href in self._targets(document, place, "items"):
                yield from self._child(href, depth)
        for href in self._targets(document, place, "child"):
            yield from self._child(href, depth)

    def _child(self, href: str, depth: int) -> Iterator[ItemRecord]:
        try:
            child = self._read(href)
            if not isinstance(child, Mapping):
                raise CannotOpen("The document is no STAC collection or catalog.")
            yield from self._below(child, href, depth + 1)
        except CannotOpen as error:
            self._context.refuse(href, error.message)

    def _targets(self, document: Mapping[str, Any], place: str, relation: str) -> Iterator[str]:
        """Places that links of a relation lead to, each followed once."""
        for link in links_of(document):
            kind = str(link.get("type") or "json")
            if link.get("rel") != relation or "json" not in kind:
                continue
            try:
                href = resolved(link.get("href"), place)
            except Refused as reason:
                self._context.refuse(place, reason)
                continue
            if href not in self._visited:
                if relation != "item":
                    self._visited.add(href)
                yield href
