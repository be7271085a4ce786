"""Files that lie: a clear error or GDAL's answer, never a crash, never more memory than sizes allow."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from proxy.config import ServiceConfig, parse
from proxy.errors import CannotOpen, CannotRead, SourceFailed
from proxy.model import Window
from proxy.sources.blocks.header import NotTaken, read_directories
from proxy.sources.blocks.layout import read_layout
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource
from tests.conftest import RasterMaker

CONFIG = parse({}, {})
CODECS = ("deflate", "lzw", "zstd", "lzma", "packbits", "jpeg", "webp", "lerc", "lerc_deflate", "lerc_zstd")


class Memory:
    """A header in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def at(self, start: int, length: int) -> bytes:
        found = self.content[start : start + length]
        if len(found) != length:
            raise NotTaken("cut short")
        return found


def opened(path: Path) -> RasterSource:
    return open_source(ServiceConfig(name="x", source=str(path)), CONFIG, Pool[Handle](8))


def noise(bands: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).integers(0, 255, (bands, 128, 128)).astype(np.uint8)


def written(make_raster: RasterMaker, codec: str) -> Path:
    bands = 3 if codec == "webp" else 1
    return make_raster("d.tif", noise(bands), compress=codec, tiled=True, blockxsize=64, blockysize=64)


def block_of(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    return read_layout(read_directories(Memory(content))[0], 0).place(0)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("fill", [b"\x00", b"\xff"])
def test_a_block_of_rubbish(make_raster: RasterMaker, codec: str, fill: bytes) -> None:
    path = written(make_raster, codec)
    start, length = block_of(path)
    content = bytearray(path.read_bytes())
    content[start : start + length] = fill * length
    path.write_bytes(content)
    source = opened(path)
    assert source.info.way == "blocks", source.info.why
    with pytest.raises(CannotRead, match="could not be read"):
        source.read(0, (0,), Window(0, 0, 10, 10))
    read, _ = source.read(0, (0,), Window(64, 64, 64, 64))
    assert read.shape == (1, 64, 64)


@pytest.mark.parametrize("codec", ["none", *CODECS])
def test_a_file_that_ends_too_soon(make_raster: RasterMaker, codec: str) -> None:
    path = written(make_raster, codec)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(SourceFailed):
        opened(path).read(0, (0,), Window(0, 0, 128, 128))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("codec", ["deflate", "lzw", "zstd", "jpeg"])
def test_bytes_turned_at_random_never_crash(make_raster: RasterMaker, tmp_path: Path, codec: str) -> None:
    original = written(make_raster, codec).read_bytes()
    rng = np.random.default_rng(11)
    for number in range(60):
        content = bytearray(original)
        limit = 600 if number % 2 else len(content)
        for place in rng.integers(4, limit, 3):
            content[place] = int(rng.integers(0, 256))
        path = tmp_path / f"f{number}.tif"
        path.write_bytes(content)
        try:
            source = opened(path)
            window = Window(0, 0, min(128, source.levels[0].width), min(128, source.levels[0].height))
            if window.width * window.height < 1 << 16:
                source.read(0, (0,), window)
        except SourceFailed:
            continue


def tiff(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """A classic TIFF of one directory; entries of (tag, type, count, value)."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


GOOD = [
    (256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1),
    (322, 3, 1, 64), (323, 3, 1, 64), (324, 4, 1, 8), (325, 4, 1, 4096),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"GIF89a" + bytes(20), "not a TIFF"),
        (b"II*\0" + bytes(3), "cut short"),
        (b"II+\0\x04\0\0\0" + bytes(20), "not a TIFF"),
        (tiff(GOOD, following=8), "circle"),
        (tiff([])[:14] + bytes(9), "no sense"),
        (tiff(GOOD)[:60], "cut short"),
    ],
)
def test_headers_that_make_no_sense(content: bytes, why: str) -> None:
    with pytest.raises(NotTaken, match=why):
        read_directories(Memory(content.ljust(16, b"\0") if len(content) > 8 else content))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((322, 4, 1, 1 << 21), "134217728 bytes"),
        ((256, 4, 1, 0), "no sense"),
        ((258, 3, 1, 12), "12 bits"),
        ((259, 3, 1, 2), "compression 2"),
        ((262, 3, 1, 6), "luma"),
        ((324, 4, 3, 8), "where all its blocks"),
        ((324, 4, 1 << 30, 8), "1073741824 values"),
    ],
)
def test_layouts_that_are_not_taken(change: tuple[int, int, int, int], why: str) -> None:
    entries = [change if entry[0] == change[0] else entry for entry in GOOD]
    directory = read_directories(Memory(tiff(entries) + bytes(8192)))[0]
    with pytest.raises(NotTaken, match=why):
        read_layout(directory, 0).check_places()


def test_a_block_that_claims_too_many_bytes(make_raster: RasterMaker) -> None:
    path = make_raster(
        "b.tif", noise(1)[:, :64, :64], compress="deflate", tiled=True, blockxsize=64, blockysize=64
    )
    content = bytearray(path.read_bytes())
    _, length = block_of(path)
    at = content.index(struct.pack("<HHII", 325, 4, 1, length))
    content[at + 8 : at + 12] = struct.pack("<I", 1 << 31)
    path.write_bytes(content)
    try:
        source = opened(path)
    except CannotOpen:
        return
    with pytest.raises(CannotRead):
        source.read(0, (0,), Window(0, 0, 10, 10))


def test_a_small_block_that_inflates_without_end(make_raster: RasterMaker) -> None:
    path = make_raster(
        "z.tif", noise(1)[:, :64, :64], compress="zstd", tiled=True, blockxsize=64, blockysize=64
    )
    bomb = imagecodecs.zstd_encode(bytes(200 << 20))
    start, length = block_of(path)
    assert len(bomb) <= length or len(bomb) < 1 << 16
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<HHI", 325, 4, 1)) + 8
    content[at : at + 4] = struct.pack("<I", len(bomb))
    path.write_bytes(bytes(content[:start]) + bytes(bomb))
    with pytest.raises(CannotRead):
        opened(path).read(0, (0,), Window(0, 0, 10, 10))
