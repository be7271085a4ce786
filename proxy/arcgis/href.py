"""Signed links to pictures: the link itself holds what is to be rendered, so any worker can answer it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode

from cachetools import TTLCache

from proxy.arcgis.fields import Fields
from proxy.errors import NotFound

SIGNATURE_BYTES = 16
#: Longest file name that is put into an address; longer orders are remembered instead.
MAX_TOKEN = 1700
#: Length of the token of an order that is remembered: a signature as text.
SHORT = 22
#: Expiry is rounded up to whole steps, so that the same order keeps the same address for a while.
STEP_SECONDS = 60
#: Bytes of orders that a process remembers.
REMEMBERED_BYTES = 16 * 1024 * 1024

_FILE = re.compile(r"_ags_(?P<token>[A-Za-z0-9_\-]{20,2000})\.(?P<extension>[a-z0-9]{1,8})")

#: What decides a picture; everything else of a request is left out of its link.
PARAMETERS = (
    "bbox", "bboxSR", "imageSR", "size", "adjustAspectRatio", "time", "format", "pixelType", "noData",
    "noDataInterpretation", "interpolation", "compression", "compressionQuality", "compressionTolerance",
    "lercVersion", "bandIds", "mosaicRule", "renderingRule", "sliceId", "validateExtent",
)  # fmt: skip


class UnknownPicture(NotFound):
    """The link was never made, was changed, or is too old."""

    def __init__(self) -> None:
        super().__init__("There is no such picture, or it is no longer kept.")


class Hrefs:
    """Makes and reads the file names of pictures.

    Args:
        key: signs them.
        seconds: how long they are good for, at least.
        clock: seconds since 1970.
    """

    def __init__(self, key: bytes, seconds: int, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(b"href\0" + key).digest()
        self._seconds = seconds
        self._clock = clock
        self._remembered: TTLCache[str, bytes] = TTLCache(
            REMEMBERED_BYTES, seconds + STEP_SECONDS, timer=clock, getsizeof=len
        )

    def name(self, service: str, fields: Mapping[str, str], extension: str) -> str:
        """File name of the picture that the parameters describe."""
        pairs = [(name, fields[name.lower()]) for name in PARAMETERS if name.lower() in fields]
        order = zlib.compress(urlencode(pairs).encode(), 9)
        expiry = math.ceil((self._clock() + self._seconds) / STEP_SECONDS) * STEP_SECONDS
        content = struct.pack(">I", expiry) + order
        token = _text(self._signature(service, content) + content)
        if len(token) > MAX_TOKEN:
            token = _text(self._signature(service, order))
            self._remembered[token] = order
        return f"_ags_{token}.{extension}"

    def remembered(self, name: str) -> tuple[str, bytes] | None:
        """Token and order of a file name that does not hold its order, where this process knows it."""
        match = _FILE.fullmatch(name)
        order = self._remembered.get(match["token"]) if match else None
        return (match["token"], order) if match and order is not None else None

    def unknown(self, name: str) -> str | None:
        """Token of a file name that does not hold its order, where only another process may know it."""
        match = _FILE.fullmatch(name)
        if match is None or len(match["token"]) != SHORT or match["token"] in self._remembered:
            return None
        return match["token"]

    def remember(self, token: str, order: bytes) -> None:
        """Take in what another process has kept; it is checked when it is read."""
        if len(order) <= REMEMBERED_BYTES:
            self._remembered[token] = order

    def read(self, service: str, name: str) -> tuple[Fields, str]:
        """Parameters and extension of a file name.

        Raises:
            UnknownPicture: it is not one of ours, or has expired.
        """
        match = _FILE.fullmatch(name)
        if match is None:
            raise UnknownPicture
        token = match["token"]
        order = self._remembered.get(token)
        if order is None or not self._is_signed(service, token, order):
            order = self._order(service, token)
        return Fields(parse_qsl(zlib.decompress(order).decode())), match["extension"]

    def _order(self, service: str, token: str) -> bytes:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (ValueError, binascii.Error):
            raise UnknownPicture from None
        signature, content = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(service, content)) or len(content) <= 4:
            raise UnknownPicture
        if struct.unpack(">I", content[:4])[0] < self._clock():
            raise UnknownPicture
        return content[4:]

    def _is_signed(self, service: str, token: str, order: bytes) -> bool:
        return hmac.compare_digest(token, _text(self._signature(service, order)))

    def _signature(self, service: str, content: bytes) -> bytes:
        message = service.lower().encode() + b"\0" + content
        return hmac.new(self._key, message, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
