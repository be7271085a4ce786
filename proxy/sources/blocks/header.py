"""TIFF directories: classic and BigTIFF, little and big endian. TIFF 6.0, section 2; BigTIFF design."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

#: Bounds on what a header may declare.
MOST_DIRECTORIES, MOST_ENTRIES = 64, 1024
MOST_BLOCKS = 1 << 24

#: NumPy types by TIFF field type. Rationals and signed types of no use here are left out.
_TYPES = {1: "u1", 2: "u1", 3: "u2", 4: "u4", 6: "i1", 7: "u1", 8: "i2", 9: "i4", 12: "f8",
          13: "u4", 16: "u8", 17: "i8", 18: "u8"}  # fmt: skip


class NotTaken(Exception):
    """The file is left to GDAL; the message says why."""


class Tag(IntEnum):
    """Fields that decide how blocks are read."""

    SUBFILE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_COUNTS = 279
    PLANAR = 284
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    LERC = 50674


class Content(Protocol):
    """Bytes of a header, by place."""

    def at(self, start: int, length: int) -> bytes:
        """Exactly these bytes; raises `NotTaken` where they cannot be had."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory: where its values lie."""

    dtype: np.dtype[Any]
    count: int
    start: int

    @property
    def end(self) -> int:
        """First byte after the values."""
        return self.start + self.count * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Directory:
    """One image file directory: fields by tag, values read when asked for."""

    content: Content
    fields: dict[int, Field]
    big_endian: bool

    def has(self, tag: Tag) -> bool:
        """True where the tag is present."""
        return tag in self.fields

    def numbers(self, tag: Tag) -> NDArray[Any]:
        """All values of a tag, in the byte order of the file; empty where it is absent."""
        field = self.fields.get(tag)
        if field is None:
            return np.empty(0, np.uint8)
        if field.count > MOST_BLOCKS:
            raise NotTaken(f"its tag {tag.name} has {field.count} values")
        return np.frombuffer(self.content.at(field.start, field.count * field.dtype.itemsize), field.dtype)

    def one(self, tag: Tag, default: int) -> int:
        """First value of a tag."""
        found = self.numbers(tag)
        return int(found[0]) if found.size else default

    def raw(self, tag: Tag) -> bytes | None:
        """Values of a tag as bytes, None where it is absent."""
        return self.numbers(tag).tobytes() if tag in self.fields else None


@dataclass(frozen=True, slots=True)
class _Form:
    """Differences between classic and BigTIFF."""

    order: str
    big: bool
    first: int

    def number(self, data: bytes, size: int) -> int:
        return int.from_bytes(data[:size], "big" if self.order == ">" else "little")

    @property
    def word(self) -> int:
        return 8 if self.big else 4


def read_directories(content: Content) -> tuple[Directory, ...]:
    """All directories of a file, in its order.

    Raises:
        NotTaken: it is no TIFF, or its directories make no sense.
    """
    form = _form(content.at(0, 16))
    found: list[Directory] = []
    seen: set[int] = set()
    place = form.first
    while place:
        if place in seen or len(found) >= MOST_DIRECTORIES:
            raise NotTaken("its directories run in a circle or are too many")
        seen.add(place)
        directory, place = _directory(content, form, place)
        found.append(directory)
    return tuple(found)


def _form(start: bytes) -> _Form:
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None:
        raise NotTaken("it is not a TIFF")
    version, first = struct.unpack(f"{order}HI", start[2:8])
    if version == 42:
        return _Form(order, False, first)
    if version == 43 and struct.unpack(f"{order}HH", start[4:8]) == (8, 0):
        return _Form(order, True, struct.unpack(f"{order}Q", start[8:16])[0])
    raise NotTaken("it is not a TIFF")


def _directory(content: Content, form: _Form, place: int) -> tuple[Directory, int]:
    width, entry = (8, 20) if form.big else (2, 12)
    count = form.number(content.at(place, width), width)
    if not 0 < count <= MOST_ENTRIES:
        raise NotTaken("its directories make no sense")
    start = place + width
    data = content.at(start, count * entry + form.word)
    fields = {}
    for index in range(count):
        tag, field = _field(data[index * entry :], form, start + index * entry)
        if field is not None:
            fields[tag] = field
    return Directory(content, fields, form.order == ">"), form.number(data[count * entry :], form.word)


def _field(data: bytes, form: _Form, place: int) -> tuple[int, Field | None]:
    tag, kind = struct.unpack(f"{form.order}HH", data[:4])
    count = form.number(data[4:], form.word)
    if kind not in _TYPES or not count:
        return tag, None
    dtype = np.dtype(form.order + _TYPES[kind])
    inside = count * dtype.itemsize <= form.word
    start = place + 4 + form.word if inside else form.number(data[4 + form.word :], form.word)
    return tag, Field(dtype, count, start)
