"""Rasters to encode, and decoders that are not the project's own."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import rasterio
from PIL import Image
from rasterio.io import MemoryFile

from proxy.crs import WGS84, reference
from proxy.model import Colormap, Extent, Grid, Raster

Array = np.ndarray[Any, Any]
UTM = reference("EPSG:32633")


def raster(data: Array, mask: Array | None = None, **more: Any) -> Raster:
    """Pixels (bands, rows, columns) or (rows, columns) on ten-metre pixels."""
    data = data if data.ndim == 3 else data[None]
    rows, columns = data.shape[1:]
    extent = Extent(500000, 5000000 - 10 * rows, 500000 + 10 * columns, 5000000)
    return Raster(data, mask, Grid(UTM, extent, columns, rows), **more)


def in_degrees(data: Array, mask: Array | None = None) -> Raster:
    return Raster(data, mask, Grid(WGS84, Extent(10, 45, 11, 46), data.shape[2], data.shape[1]))


def photo(rows: int = 40, columns: int = 50, bands: int = 3, seed: int = 0) -> Array:
    """A smooth coloured surface with grain, uint8."""
    y, x = np.mgrid[:rows, :columns]
    waves = [120 + 80 * np.sin(x / (9 + 3 * b)) * np.cos(y / (7 + 2 * b)) for b in range(bands)]
    grain = np.random.default_rng(seed).normal(0, 6, (bands, rows, columns))
    return np.clip(np.array(waves) + grain, 0, 255).astype(np.uint8)


def disc(rows: int = 40, columns: int = 50) -> Array:
    y, x = np.mgrid[:rows, :columns]
    mask: Array = (y - rows / 2) ** 2 + (x - columns / 2) ** 2 < (min(rows, columns) / 2.2) ** 2
    return mask


#: Classes 1..5; 4 is half transparent, 5 has no entry.
CLASSES = Colormap(((1, 255, 0, 0, 255), (2, 0, 128, 0, 255), (3, 9, 8, 7, 255), (4, 10, 20, 250, 128)))


def expected_rgba(source: Raster) -> Array:
    """What a viewer should see, (rows, columns, 4), computed pixel by pixel from the contract."""
    top = np.iinfo(source.data.dtype).max
    valid = np.ones(source.data.shape[1:], bool) if source.mask is None else source.mask
    if source.colormap is not None:
        out = source.colormap.table()[source.data[0]]
    else:
        bands = source.data if source.count == 3 else np.repeat(source.data, 3, axis=0)
        out = np.dstack([*bands, np.full(valid.shape, top, source.data.dtype)])
    out = np.where(valid[..., None], out, 0)
    return np.where(out[..., 3:] > 0, out, 0).astype(source.data.dtype)


def pillow(body: bytes) -> Array:
    return zeroed(np.asarray(Image.open(io.BytesIO(body)).convert("RGBA")))


def opencv(body: bytes) -> Array:
    read = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    if read.ndim == 2:
        read = cv2.cvtColor(read, cv2.COLOR_GRAY2BGR)
    if read.shape[2] == 3:
        return zeroed(cv2.cvtColor(read, cv2.COLOR_BGR2RGBA))
    return zeroed(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA))


def gdal(body: bytes) -> Array:
    with MemoryFile(body) as memory, memory.open() as file:
        data, mask = file.read(), file.dataset_mask()
        if file.colorinterp[0] == rasterio.enums.ColorInterp.palette:
            table = file.colormap(1)
            lookup = np.array([table.get(value, (0, 0, 0, 0)) for value in range(256)], np.uint8)
            return zeroed(lookup[data[0]])
    if data.shape[0] == 4:
        return zeroed(np.moveaxis(data, 0, -1))
    if data.shape[0] == 2:
        return zeroed(np.dstack([data[0]] * 3 + [data[1]]))
    bands = list(data) if data.shape[0] == 3 else [data[0]] * 3
    top = np.iinfo(data.dtype).max
    return zeroed(np.dstack([*bands, np.where(mask > 0, top, 0).astype(data.dtype)]))


def zeroed(picture: Array) -> Array:
    """Colours under alpha 0 are nobody's business."""
    return np.where(picture[..., 3:] > 0, picture, 0).astype(picture.dtype)
