"""GeoTIFF files, written by GDAL in memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from proxy.model import Array, Compression, EncodeOptions, PixelType, Raster
from proxy.render.encode.display import check, gaps
from proxy.render.encode.lerc import max_error

#: Rows of a strip; a multiple of 16, as JPEG with halved colour needs.
STRIP_ROWS = 64


def tiff(raster: Raster, options: EncodeOptions) -> bytes:
    """A little-endian classic GeoTIFF in strips: any type, any number of bands.

    Masked pixels hold the nodata value, which is declared; where there is none that the type can hold, or
    where a lossy compression could change it, they hold 0 and the file has an internal mask.
    JPEG is for uint8 without colormap, LERC for real numbers; Deflate takes their place elsewhere.
    """
    mask = gaps(raster)
    data = raster.data.astype(raster.pixel_type.dtype, copy=False)
    compression = _compression(raster, options)
    nodata = None if _lossy(raster, compression, options) else _nodata(raster.nodata, raster.pixel_type)
    if mask is not None and nodata is not None:
        data = np.where(mask, data, data.dtype.type(nodata))
    profile = _profile(raster, data, compression, options) | {"nodata": nodata}
    with _settings(masked=mask is not None and nodata is None), MemoryFile() as memory:
        with memory.open(**profile) as file:
            _describe(file, raster)
            file.write(data)
            if mask is not None and nodata is None:
                file.write_mask(mask)
        return bytes(memory.read())


def tiff_colors(raster: Raster, options: EncodeOptions) -> bytes:
    """A GeoTIFF of what a picture shows: grey, palette or RGB, Deflate, with a mask inside where it has gaps.

    No value stands for nodata: every colour may occur.
    """
    check(raster)
    whole = dataclasses.replace(raster, nodata=None)
    return tiff(whole, dataclasses.replace(options, compression=Compression.DEFLATE))


@contextmanager
def _settings(*, masked: bool) -> Iterator[None]:
    if not masked:
        yield
        return
    # Without it GDAL writes the mask to a second file.
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        yield


def _compression(raster: Raster, options: EncodeOptions) -> Compression:
    wanted = options.compression
    bytes_of_grey_or_color = raster.pixel_type.dtype == np.uint8 and raster.colormap is None
    if wanted is Compression.JPEG and not bytes_of_grey_or_color:
        return Compression.DEFLATE
    if wanted is Compression.LERC and raster.pixel_type.is_complex:
        return Compression.DEFLATE
    return wanted


def _lossy(raster: Raster, compression: Compression, options: EncodeOptions) -> bool:
    if compression is Compression.LERC:
        return max_error(raster, options.tolerance) > (0.5 if raster.pixel_type.is_integer else 0.0)
    return compression is Compression.JPEG


def _nodata(value: float | None, kind: PixelType) -> float | None:
    """The value, if pixels can hold it exactly."""
    if value is None:
        return None
    if kind.is_integer:
        low, high = kind.range
        return value if math.isfinite(value) and low <= value <= high and value == int(value) else None
    if math.isfinite(value):
        # What a float32 cannot hold marks none of its pixels, and cannot be declared.
        parts = np.finfo(kind.dtype)
        return value if float(parts.min) <= value <= float(parts.max) else None
    return None if kind.is_complex else value


def _profile(raster: Raster, data: Array, compression: Compression, options: EncodeOptions) -> dict[str, Any]:
    count, rows, columns = data.shape
    colored = count == 3 and data.dtype == np.uint8
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "count": count,
        "height": rows,
        "width": columns,
        "dtype": data.dtype.name,
        "crs": _crs(raster.grid.crs.wkt),
        "transform": raster.grid.transform,
        "compress": compression.value,
        "interleave": "pixel" if colored else "band",
        "blockysize": min(STRIP_ROWS, rows),
        "bigtiff": "no",
        "endianness": "little",
    }
    if raster.colormap is None:
        # GDAL would declare the fourth of four bytes an alpha channel.
        profile["photometric"] = "rgb" if colored else "minisblack"
        profile["alpha"] = "no"
    return profile | _compression_settings(raster, data, compression, options)


def _compression_settings(
    raster: Raster, data: Array, compression: Compression, options: EncodeOptions
) -> dict[str, Any]:
    match compression:
        case Compression.JPEG:
            quality = {"jpeg_quality": min(max(options.quality, 1), 100)}
            return quality | ({"photometric": "ycbcr"} if data.shape[0] == 3 else {})
        case Compression.LERC:
            return {"max_z_error": max_error(raster, options.tolerance)}
        case Compression.DEFLATE | Compression.LZW:
            return {"predictor": _predictor(raster, data)}
        case _:
            return {}


def _predictor(raster: Raster, data: Array) -> int:
    if raster.colormap is not None or data.dtype.kind == "c":
        return 1
    return 3 if data.dtype.kind == "f" else 2


def _describe(file: Any, raster: Raster) -> None:
    """Band names and colormap; must come before the first pixel."""
    for number, name in enumerate(raster.band_names[: raster.count], 1):
        if name:
            file.set_band_description(number, name)
    if raster.colormap is not None and raster.count == 1 and raster.data.dtype in (np.uint8, np.uint16):
        file.write_colormap(1, {value: tuple(rgba) for value, *rgba in raster.colormap.entries})


@lru_cache(maxsize=256)
def _crs(wkt: str) -> CRS:
    return CRS.from_wkt(wkt)
