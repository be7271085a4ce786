"""A picture as one run of bytes, for tiers outside the process: a header, then the body.

    magic 4 | format 1 | lengths of media type and extension 1 + 1 | length of the body 8 | checksum 16
    media type | extension | body

Numbers are big-endian. The checksum is BLAKE2b over the key and everything but itself, so that neither a byte
that has changed nor an entry under another's name is taken for a picture.
"""

from __future__ import annotations

import hashlib
import struct

from proxy.model import Picture

MAGIC = b"cgpx"
#: Raised when the form changes; entries of another form are dropped.
FORMAT = 1
CHECKSUM_BYTES = 16

_FIXED = struct.Struct(">4sBBBQ")
HEADER_BYTES = _FIXED.size + CHECKSUM_BYTES


class Damaged(ValueError):
    """The bytes are not a whole entry of that key."""


def pack(key: str, picture: Picture) -> bytes:
    """Header and body of a picture.

    Raises:
        ValueError: its media type or extension is too long for the header.
    """
    media, extension = picture.media_type.encode(), picture.extension.encode()
    if max(len(media), len(extension)) > 255:
        raise ValueError("the media type is too long to be kept")
    fixed = _FIXED.pack(MAGIC, FORMAT, len(media), len(extension), len(picture.body))
    words = media + extension
    return b"".join((fixed, _checksum(key, fixed, words, picture.body), words, picture.body))


def unpack(key: str, data: bytes) -> Picture:
    """The picture of an entry.

    Raises:
        Damaged: it is cut short, changed, of another key or of another form.
    """
    if len(data) < HEADER_BYTES:
        raise Damaged("cut short")
    fixed = data[: _FIXED.size]
    magic, form, media, extension, length = _FIXED.unpack(fixed)
    start = HEADER_BYTES + media + extension
    if magic != MAGIC or form != FORMAT or len(data) != start + length:
        raise Damaged("another form or length")
    words, body = data[HEADER_BYTES:start], data[start:]
    if data[_FIXED.size : HEADER_BYTES] != _checksum(key, fixed, words, body):
        raise Damaged("wrong checksum")
    return Picture(body, words[:media].decode(), words[media:].decode())


def _checksum(key: str, *parts: bytes) -> bytes:
    digest = hashlib.blake2b(key.encode(), digest_size=CHECKSUM_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()
