"""Documents that list items, from disk, bucket or web server, within limits of size and time."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from proxy.config import CredentialsConfig
from proxy.errors import CannotOpen
from proxy.sources.attempts import sentence
from proxy.sources.location import locate
from proxy.sources.remote import object_store

#: Most bytes of a JSON document, also when unpacked, and of a file that is read piece by piece.
MOST_BYTES, MOST_FILE_BYTES = 64 << 20, 1 << 30
#: Seconds for one answer to begin or go on, and for the whole of a JSON document.
PATIENCE, SECONDS = 30.0, 120.0
#: Endings of documents that have a feature in each line.
LINES = (".ndjson", ".jsonl", ".geojsonl", ".geojsons", ".ndjson.gz", ".jsonl.gz", ".geojsonl.gz")
_PIECE = 1 << 18
_MISSING = "The listing does not exist."
_TOO_LARGE = "The document is larger than is read of a listing."


def read_json(place: str, credentials: CredentialsConfig | None) -> Any:
    """A JSON document, packed with gzip or not; of one with a feature in each line their collection.

    Raises:
        CannotOpen: it is missing, out of reach, too large, too slow, or is not JSON.
    """
    data = read_bytes(place, credentials)
    try:
        if place.lower().endswith(LINES):
            return {"type": "FeatureCollection", "features": [json.loads(line) for line in _lines(data)]}
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CannotOpen("The document is not JSON.", str(error)) from error


def _lines(data: bytes) -> list[bytes]:
    # GeoJSON text sequences begin each line with a mark.
    return [stripped for line in data.split(b"\n") if (stripped := line.strip(b"\x1e\r\t "))]


def read_bytes(place: str, credentials: CredentialsConfig | None, most: int = MOST_BYTES) -> bytes:
    """The bytes of a document, unpacked where they are a gzip stream.

    Raises:
        CannotOpen: it is missing, out of reach, too large or too slow.
    """
    until = time.monotonic() + SECONDS
    gathered = bytearray()
    for piece in _pieces(place, credentials):
        gathered += piece
        if len(gathered) > most:
            raise CannotOpen(_TOO_LARGE)
        if time.monotonic() > until:
            raise CannotOpen("The document took too long to arrive.")
    return _unpacked(gathered, most) if gathered[:2] == b"\x1f\x8b" else bytes(gathered)


@contextmanager
def on_disk(place: str, credentials: CredentialsConfig | None) -> Iterator[Path]:
    """A path where the whole document lies: its own, or that of a copy as long as it is needed.

    Raises:
        CannotOpen: it is missing, out of reach, or too large.
    """
    location = locate(place)
    if location.url is None:
        path = Path(location.gdal_path)
        if not path.is_file():
            raise CannotOpen(_MISSING, place)
        yield path
        return
    folder = Path(tempfile.mkdtemp(prefix="cogproxy-"))
    try:
        path = folder / (PurePosixPath(urlsplit(location.url).path).name or "listing")
        left = MOST_FILE_BYTES
        with path.open("wb") as file:
            for piece in _pieces(place, credentials):
                left -= len(piece)
                if left < 0:
                    raise CannotOpen(_TOO_LARGE)
                file.write(piece)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pieces(place: str, credentials: CredentialsConfig | None) -> Iterator[bytes]:
    location = locate(place)
    try:
        if location.url is None:
            yield from _from_disk(Path(location.gdal_path))
        elif location.url.startswith("http"):
            yield from _from_web(location.url)
        else:
            store, path = object_store(location.url, credentials)
            yield from (bytes(piece) for piece in store.get(path).stream(_PIECE))
    except CannotOpen:
        raise
    except Exception as error:  # every store has errors of its own
        missing = isinstance(error, HTTPError) and error.code in (404, 410)
        if isinstance(error, HTTPError):
            error.close()  # it is an answer with an open connection
        raise CannotOpen(_MISSING if missing else sentence(error), str(error)) from error


def _from_disk(path: Path) -> Iterator[bytes]:
    if not path.exists():
        raise CannotOpen(_MISSING, str(path))
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _from_web(url: str) -> Iterator[bytes]:
    asked = Request(url, headers={"Accept": "application/geo+json, application/json, */*;q=0.5"})
    with _opener().open(asked, timeout=PATIENCE) as answer:
        while piece := answer.read1(_PIECE):
            yield piece


def _opener() -> OpenerDirector:
    """What opens web addresses and nothing else, wherever it is redirected."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(), UnknownHandler(), HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(),
        HTTPRedirectHandler(), HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "cogproxy")]
    return opener


def _unpacked(data: bytearray, most: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        found = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise CannotOpen("The document is damaged.", str(error)) from error
    if len(found) > most:
        raise CannotOpen(_TOO_LARGE)
    return found
