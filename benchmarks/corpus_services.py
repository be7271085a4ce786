"""The services that recorded requests are moved to: the demo, and real mosaics and a cube."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.windows import Window
from retargeting import (
    BAND_MOSAIC,
    CLASS_MOSAIC,
    CUBE,
    HEIGHT_MOSAIC,
    MANY_BANDS,
    PICTURE_MOSAIC,
    SERVICES,
    TILED,
)

from proxy.config import CacheType, Config, ServiceConfig, load, parse
from proxy.listing.builder import refresh_now

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "proxy" / "demo"
#: Part of a side by which the quarters of a raster reach beyond its middle.
OVERLAP = 0.1


def services(data: Path, folder: Path) -> Config:
    """The configuration; catalogs are built.

    Args:
        data: the large set, with `mosaic_naip`, `mosaic_l8ny` and `multidim`.
        folder: for rasters and catalogs that are made for the purpose.
    """
    demo = load(ROOT / "config.yaml", {})
    scene = ServiceConfig(name=MANY_BANDS, source=str(many_bands(folder)))
    world = next(one for one in demo.services if one.name == SERVICES["rgb"])
    tiled = world.model_copy(update={"name": TILED, "tiles": CacheType.MAP})
    many = parse({"services": list(_many(data, folder))}, {}).services
    listed = [one.model_copy(update={"download": True}) for one in (*demo.services, *many)]
    config = demo.model_copy(update={"services": (*listed, scene, tiled), "state": folder / "state"})
    for service in many:
        if service.mosaic is not None:
            refresh_now(service, config)
    return config


def _many(data: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Services of more than one raster: scenes of a place, scenes side by side, quarters, slices."""
    naip = {"source": str(data / "mosaic_naip" / "catalog.geojson"), "kind": "tile_index"}
    l8ny = {"source": str(data / "mosaic_l8ny" / "catalog.geojson"), "kind": "tile_index"}
    yield {"name": PICTURE_MOSAIC, "mosaic": naip}
    yield {"name": BAND_MOSAIC, "mosaic": {**l8ny, "sort_field": "AcquisitionDate"}}
    dated = {"date_pattern": r"_(?P<date>\d{8})", "sort_field": "AcquisitionDate"}
    for name, file in ((HEIGHT_MOSAIC, "elevation.tif"), (CLASS_MOSAIC, "landcover.tif")):
        quarters(DEMO / file, folder / name)
        yield {"name": name, "mosaic": {"source": str(folder / name), **dated}}
    yield {"name": CUBE, "source": str(data / "multidim" / "ocean_atlas_temp_time_depth.nc")}


def many_bands(folder: Path) -> Path:
    """A scene of twelve bands: those of the demo's scene, three times, each time a little darker."""
    path = folder / "scene12.tif"
    with rasterio.open(DEMO / "sentinel2.tif", overview_level=0) as source:
        bands = source.read()
        profile = {**source.profile, "driver": "GTiff", "count": 12, "tiled": False, "compress": None}
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.concatenate([bands, bands * 0.9, bands * 0.8]).astype(bands.dtype))
    return path


def quarters(path: Path, folder: Path) -> None:
    """A raster cut into four that overlap, each named after a year; the last one is the whole."""
    folder.mkdir(parents=True)
    with rasterio.open(path) as source:
        colors = source.colormap(1) if source.photometric and source.photometric.name == "palette" else None
        wide, high = source.width, source.height
        across, down = int(wide * (0.5 + OVERLAP)), int(high * (0.5 + OVERLAP))
        corners = ((0, 0), (wide - across, 0), (0, high - down), (wide - across, high - down))
        windows = [Window(x, y, across, down) for x, y in corners] + [Window(0, 0, wide, high)]
        for number, window in enumerate(windows):
            profile = {
                **source.profile, "driver": "GTiff", "width": window.width, "height": window.height,
                "transform": source.window_transform(window), "tiled": True, "compress": "deflate",
                "blockxsize": 256, "blockysize": 256,
            }  # fmt: skip
            with rasterio.open(folder / f"part_{2020 + number}0701.tif", "w", **profile) as file:
                file.write(source.read(window=window))
                if colors is not None:
                    file.write_colormap(1, colors)
