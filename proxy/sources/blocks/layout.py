"""From a directory to the layout of its blocks, or the reason why GDAL has to read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.sources.blocks.header import MOST_BLOCKS, Directory, NotTaken, Tag

#: Largest decoded block, in bytes: larger declarations are left to GDAL.
MOST_BYTES = 64 << 20
#: Compressed bytes may exceed the decoded ones a little where data do not compress.
SLACK = 1 << 16

NONE, LZW, JPEG, DEFLATE, PACKBITS, LERC, LZMA, ZSTD, WEBP = 1, 5, 7, 8, 32773, 34887, 34925, 50000, 50001
ADOBE_DEFLATE = 32946
NAMES = {
    NONE: "none", LZW: "LZW", JPEG: "JPEG", DEFLATE: "deflate", PACKBITS: "PackBits", LERC: "LERC",
    LZMA: "LZMA", ZSTD: "ZSTD", WEBP: "WEBP",
}  # fmt: skip

MINISBLACK, RGB, PALETTE, MASK, YCBCR = 1, 2, 3, 4, 6
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u", 6: "c"}


@dataclass(frozen=True, eq=False)
class Layout:
    """How the blocks of one image lie and are coded.

    Attributes:
        number: place of the directory in the file; part of the key of a block.
        width: columns. height: rows. samples: bands.
        block_width: columns of a block. block_height: its rows.
        tiled: False for strips, whose last one may be short.
        separate: True where every band has blocks of its own.
        bits: of a value, 1 or those of `dtype`.
        dtype: of decoded values, in native byte order. big_endian: of stored values.
        compression: TIFF code. predictor: 1, 2 or 3. photometric: TIFF code.
        tables: JPEG tables shared by the blocks.
        lerc: additional compression under LERC: 0 none, 1 deflate, 2 ZSTD.
    """

    directory: Directory
    number: int
    width: int
    height: int
    samples: int
    block_width: int
    block_height: int
    tiled: bool
    separate: bool
    bits: int
    dtype: np.dtype[Any]
    big_endian: bool
    compression: int
    predictor: int
    photometric: int
    tables: bytes | None
    lerc: int

    @property
    def across(self) -> int:
        """Blocks in a row."""
        return -(-self.width // self.block_width)

    @property
    def down(self) -> int:
        """Rows of blocks."""
        return -(-self.height // self.block_height)

    @property
    def planes(self) -> int:
        """Bands in one block."""
        return 1 if self.separate else self.samples

    @property
    def block_bytes(self) -> int:
        """Bytes of a decoded block."""
        return self.block_width * self.block_height * self.planes * self.dtype.itemsize

    def rows_of(self, index: int) -> int:
        """Stored rows of a block: the last strip ends with the image, tiles are whole."""
        if self.tiled:
            return self.block_height
        row = index % (self.across * self.down)
        return min(self.block_height, self.height - row * self.block_height)

    @cached_property
    def _places(self) -> tuple[NDArray[Any], NDArray[Any]]:
        tags = (Tag.TILE_OFFSETS, Tag.TILE_COUNTS) if self.tiled else (Tag.STRIP_OFFSETS, Tag.STRIP_COUNTS)
        return self.directory.numbers(tags[0]), self.directory.numbers(tags[1])

    def place(self, index: int) -> tuple[int, int]:
        """Offset and length of a block; both 0 where it was never written."""
        offsets, counts = self._places
        return int(offsets[index]), int(counts[index])

    def check_places(self) -> None:
        """Read the places of the blocks; raises `NotTaken` where there are too few or too many."""
        wanted = self.across * self.down * (self.samples if self.separate else 1)
        if wanted > MOST_BLOCKS or any(part.size != wanted for part in self._places):
            raise NotTaken("it does not say where all its blocks are")


def read_layout(directory: Directory, number: int) -> Layout:
    """The layout of a directory.

    Raises:
        NotTaken: its blocks are coded in a way that is left to GDAL.
    """
    width, height = directory.one(Tag.WIDTH, 0), directory.one(Tag.HEIGHT, 0)
    tiled = directory.has(Tag.TILE_OFFSETS)
    block_width = directory.one(Tag.TILE_WIDTH, 0) if tiled else width
    rows = directory.one(Tag.TILE_HEIGHT, 0) if tiled else directory.one(Tag.ROWS_PER_STRIP, height)
    bits, dtype = _type(directory)
    compression = directory.one(Tag.COMPRESSION, NONE)
    lerc = directory.numbers(Tag.LERC)
    layout = Layout(
        directory=directory,
        number=number,
        width=width,
        height=height,
        samples=directory.one(Tag.SAMPLES, 1),
        block_width=block_width,
        block_height=rows if tiled else min(rows, height),
        tiled=tiled,
        separate=directory.one(Tag.PLANAR, 1) == 2 and directory.one(Tag.SAMPLES, 1) > 1,
        bits=bits,
        dtype=dtype,
        big_endian=directory.big_endian,
        compression=DEFLATE if compression == ADOBE_DEFLATE else compression,
        predictor=directory.one(Tag.PREDICTOR, 1),
        photometric=directory.one(Tag.PHOTOMETRIC, MINISBLACK),
        tables=directory.raw(Tag.JPEG_TABLES),
        lerc=int(lerc[1]) if lerc.size > 1 else 0,
    )
    _check(layout)
    return layout


def _type(directory: Directory) -> tuple[int, np.dtype[Any]]:
    bits = {int(value) for value in directory.numbers(Tag.BITS)} or {1}
    formats = {int(value) for value in directory.numbers(Tag.SAMPLE_FORMAT)} or {1}
    if len(bits) > 1 or len(formats) > 1:
        raise NotTaken("its bands differ in type")
    size, kind = bits.pop(), _KINDS.get(formats.pop())
    if size == 1 and kind == "u":
        return 1, np.dtype(np.uint8)
    sizes = {"u": (8, 16, 32, 64), "i": (8, 16, 32, 64), "f": (32, 64), "c": (64, 128)}
    if kind is None or size not in sizes[kind]:
        raise NotTaken(f"its values have {size} bits")
    return size, np.dtype(f"{kind}{size // 8}")


def _check(layout: Layout) -> None:
    """Refuse what is not decoded here."""
    directory = layout.directory
    if min(layout.width, layout.height, layout.block_width, layout.block_height, layout.samples) < 1:
        raise NotTaken("its directories make no sense")
    if layout.block_bytes > MOST_BYTES:
        raise NotTaken(f"its blocks have {layout.block_bytes} bytes")
    if layout.compression not in NAMES:
        raise NotTaken(f"its compression {layout.compression} is left to GDAL")
    if directory.one(Tag.FILL_ORDER, 1) != 1:
        raise NotTaken("its bits run backwards")
    if layout.bits == 1 and (layout.samples > 1 or layout.predictor > 1):
        raise NotTaken("its single bits are interleaved or predicted")
    _check_predictor(layout)
    _check_codec(layout)


def _check_predictor(layout: Layout) -> None:
    kind = layout.dtype.kind
    if layout.compression not in (LZW, DEFLATE, ZSTD, LZMA):
        return
    good = {1: True, 2: kind in "ui", 3: kind == "f"}
    if not good.get(layout.predictor, False):
        raise NotTaken(f"its predictor {layout.predictor} is left to GDAL")


def _check_codec(layout: Layout) -> None:
    bands, code = layout.planes, layout.compression
    if layout.photometric == YCBCR and (code != JPEG or bands != 3):
        raise NotTaken("its colours are stored as luma and chroma")
    if layout.photometric > PALETTE and layout.photometric not in (MASK, YCBCR):
        raise NotTaken(f"its photometric interpretation {layout.photometric} is left to GDAL")
    if code == JPEG and (layout.bits != 8 or layout.dtype.kind != "u" or bands not in (1, 3)):
        raise NotTaken("its JPEG blocks are not grey or three colours of 8 bits")
    if code == WEBP and (layout.bits != 8 or bands not in (3, 4)):
        raise NotTaken("its WEBP blocks are not three or four colours of 8 bits")
    if code == LERC and (layout.bits == 1 or bands > 1 or layout.lerc > 2 or layout.dtype.kind == "c"):
        raise NotTaken("its LERC blocks have several bands")
    if code == LERC and layout.big_endian and layout.dtype.itemsize > 1:
        # The values are turned first and coded then.
        raise NotTaken("its LERC blocks hold turned bytes")
