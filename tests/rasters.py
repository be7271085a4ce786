"""Rasters in other forms."""

from __future__ import annotations

from pathlib import Path

from rasterio.io import MemoryFile
from rasterio.shutil import copy


def imagine(path: Path) -> bytes:
    """A raster as an Erdas Imagine file: GDAL reads it, as only the blocks of TIFFs are read without it."""
    with MemoryFile(ext=".img") as memory:
        copy(path, memory.name, driver="HFA")
        return bytes(memory.getbuffer())
