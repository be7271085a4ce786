"""Mosaics put together with rasterio, pyproj and numpy alone, to compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from affine import Affine
from numpy.typing import NDArray

from proxy.model import Grid
from tests.conftest import DATA

Pixels = tuple[NDArray[Any], NDArray[np.bool_]]


def clips_in(folder: Path) -> list[Path]:
    """Four parts of one real picture, laid over one another with an offset; each with a nodata value of 0."""
    paths = []
    with rasterio.open(DATA / "internal_mask_rgb_uint8.tif") as file:
        picture, mask, profile = file.read(), file.dataset_mask(), file.profile
    # Rows and columns of the part, and the pixel at which it is put down.
    parts = ((0, 0, 0, 0), (60, 90, 40, 55), (100, 200, 10, 130), (20, 150, 90, 20))
    for number, (row, column, down, across) in enumerate(parts):
        data = picture[:, row : row + 110, column : column + 140]
        valid = mask[row : row + 110, column : column + 140] > 0
        path = folder / f"clip_{number}.tif"
        place = profile["transform"] @ Affine.translation(across, down)
        with rasterio.open(
            path, "w", driver="GTiff", count=3, height=data.shape[1], width=data.shape[2], dtype="uint8",
            crs=profile["crs"], transform=place, nodata=0, photometric="rgb",
        ) as out:  # fmt: skip
            out.write(np.where(valid, np.maximum(data, 1), 0))
        paths.append(path)
    return paths


def sampled(path: Path, grid: Grid) -> Pixels:
    """All bands of a file at the centres of a grid by the pixel that holds each, and whether it is valid."""
    with rasterio.open(path) as file:
        data = file.read()
        valid = file.dataset_mask() > 0
        if file.nodata is not None:
            valid = (data != file.nodata).any(axis=0)
        inverse, crs, shape = ~file.transform, file.crs.to_wkt(), (file.height, file.width)
    e = grid.extent
    x = e.xmin + (np.arange(grid.width) + 0.5) * e.width / grid.width
    y = e.ymax - (np.arange(grid.height) + 0.5) * e.height / grid.height
    x, y = np.meshgrid(x, y)
    if not pyproj.CRS(crs).equals(grid.crs.pyproj, ignore_axis_order=True):
        x, y = pyproj.Transformer.from_crs(grid.crs.pyproj, crs, always_xy=True).transform(x, y)
    columns = np.floor(inverse.a * x + inverse.b * y + inverse.c).astype(int)
    rows = np.floor(inverse.d * x + inverse.e * y + inverse.f).astype(int)
    inside = (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
    columns, rows = np.where(inside, columns, 0), np.where(inside, rows, 0)
    return data[:, rows, columns], valid[rows, columns] & inside


def gap_of(path: Path) -> float | None:
    """Nodata value that tells of each band by itself whether it is there; not of 8 bits, nor of one band."""
    with rasterio.open(path) as file:
        return None if file.count < 2 or file.dtypes[0] == "uint8" else file.nodata


def composed(layers: Sequence[Pixels], operation: str, gap: float | None = None) -> Pixels:
    """Layers from the topmost down put together; zeros where nothing is valid.

    Bands are put together each by itself where they have gaps of their own.
    """
    data = np.stack([values for values, _ in layers])
    valid = np.stack([mask for _, mask in layers])[:, None]
    if gap is not None:
        valid = valid & (data != gap)
    some = valid.any(axis=0)
    if operation in ("first", "last"):
        order = valid if operation == "first" else valid[::-1]
        values = data if operation == "first" else data[::-1]
        place = order.argmax(axis=0)
        found = np.take_along_axis(values, np.broadcast_to(place, values.shape[1:])[None], axis=0)[0]
    elif operation in ("min", "max"):
        dtype = data.dtype
        limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
        neutral = limits.max if operation == "min" else limits.min
        found = getattr(np.where(valid, data, neutral), operation)(axis=0)
    else:
        weights = valid.astype(float)
        if operation == "blend":
            weights = np.stack([np.stack([edge_distance(plane) for plane in each]) for each in valid])
        total = (data * weights).sum(axis=0)
        found = total if operation == "sum" else total / np.where(some, weights.sum(axis=0), 1)
        if data.dtype.kind in "iu":
            found = np.where(found >= 0, np.floor(found + 0.5), np.ceil(found - 0.5))
            found = found.clip(np.iinfo(data.dtype).min, np.iinfo(data.dtype).max)
        found = found.astype(data.dtype)
    return np.where(some, found, 0), some.any(axis=0)


def edge_distance(valid: NDArray[np.bool_], width: int = 32) -> NDArray[np.float64]:
    """Distance to the nearest invalid pixel, at most `width`, found by trying every offset."""
    height, columns = valid.shape
    padded = np.pad(valid, width, constant_values=True)
    found = np.where(valid, float(width), 0.0)
    for dy in range(-width, width + 1):
        for dx in range(-width, width + 1):
            distance = math.hypot(dx, dy)
            if distance < width:
                moved = padded[width + dy : width + dy + height, width + dx : width + dx + columns]
                np.minimum(found, distance, out=found, where=valid & ~moved)
    return found
