"""Items that a STAC API finds, page by page, through pystac-client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from proxy.catalog.base import ItemRecord
from proxy.errors import CannotOpen, ProxyError
from proxy.listing.context import Context
from proxy.listing.documents import MOST_BYTES, PATIENCE
from proxy.listing.stac_item import is_item, item_record, self_of

#: What may be searched for, as pystac-client calls it.
SEARCHED = frozenset({
    "bbox", "collections", "datetime", "fields", "filter", "filter_lang", "ids", "intersects", "limit",
    "max_items", "method", "query", "sortby",
})  # fmt: skip
#: Items of a page where the configuration says nothing, and most items of a search.
PAGE, MOST_ITEMS = 500, 10_000_000
RETRIES = 3


class StacApi:
    """The items that a search finds.

    Args:
        url: of the landing page. What is searched for is the service's `mosaic.search`.
    """

    def __init__(self, url: str, context: Context) -> None:
        self._url = url
        self._context = context
        self._matched = 0

    def __length_hint__(self) -> int:
        return self._matched

    def __iter__(self) -> Iterator[ItemRecord]:
        unknown = sorted(set(self._context.mosaic.search) - SEARCHED)
        if unknown:
            raise CannotOpen(f"'{unknown[0]}' is not something that a STAC API is searched for.")
        try:
            for page in self._pages():
                self._matched = int(page.get("numberMatched") or self._matched)
                yield from self._records(page)
        except ProxyError:
            raise
        except Exception as error:  # the client lets errors of several libraries through
            raise CannotOpen("The STAC API could not be searched.", str(error)) from error

    def _pages(self) -> Iterator[dict[str, Any]]:
        with _client(self._url) as client:
            offered = {str(link.extra_fields.get("method") or "GET") for link in client.get_links("search")}
            method = "POST" if "POST" in offered or not offered else "GET"
            search = {"limit": PAGE, "max_items": MOST_ITEMS, "method": method, **self._context.mosaic.search}
            yield from client.search(**search).pages_as_dicts()

    def _records(self, page: dict[str, Any]) -> Iterator[ItemRecord]:
        for item in page.get("features") or ():
            if not is_item(item):
                self._context.refuse(self._url, "A feature of the answer is no STAC item.")
                continue
            record = item_record(item, self_of(item, self._url), self._context)
            if record is not None:
                yield record


@contextmanager
def _client(url: str) -> Iterator[Any]:
    try:
        from pystac_client import Client, ConformanceClasses
        from pystac_client.exceptions import APIError
        from pystac_client.stac_api_io import StacApiIO
    except ImportError as error:
        raise CannotOpen(
            "A STAC API needs an extra of this software: pip install 'cogproxy[stac]'.", str(error)
        ) from error

    class Limited(StacApiIO):
        """Answers no larger than a document may be."""

        def request(
            self,
            href: str,
            method: str | None = None,
            headers: dict[str, str] | None = None,
            parameters: dict[str, Any] | None = None,
        ) -> str:
            verb = (method or "GET").upper()
            body = verb in ("POST", "PUT", "PATCH")
            with self.session.request(
                verb, href, headers=headers, timeout=self.timeout, stream=True,
                json=parameters if body else None, params=None if body else parameters,
            ) as answer:  # fmt: skip
                if not answer.ok:
                    raise APIError(f"{answer.status_code} {answer.reason}")
                gathered = bytearray()
                for piece in answer.iter_content(1 << 18):
                    gathered += piece
                    if len(gathered) > MOST_BYTES:
                        raise CannotOpen("An answer of the STAC API is larger than is read.")
                return gathered.decode("utf-8")

    limited = Limited(timeout=PATIENCE, max_retries=RETRIES)
    # The client and its links hold each other: without this, connections wait for the garbage collector.
    with limited.session:
        client = Client.from_file(url, stac_io=limited)
        if not client.conforms_to(ConformanceClasses.ITEM_SEARCH):
            # Its landing page links to a search, or the configuration says that it has one.
            client.add_conforms_to("ITEM_SEARCH")
        yield client
