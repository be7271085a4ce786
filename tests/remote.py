"""Rasters in buckets, beside what rasterio reads of the files that were put there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from proxy.config import Config, parse
from proxy.model import Window
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle, RasterSource


def config_of(own: dict[str, Any], url: str) -> Config:
    """One service, with a credentials profile of its own."""
    services = [{"name": "far", "source": url, "credentials": "own", "kind": "elevation"}]
    return parse({"credentials": {"own": own}, "services": services}, {})


def opened(config: Config) -> RasterSource:
    """The source of the first service."""
    source = open_source(config.services[0], config, Pool[Handle](8))
    assert isinstance(source, RasterSource)
    return source


def expected(path: Path, window: Window) -> np.ndarray[Any, Any]:
    """A window of a file as rasterio reads it."""
    area = rasterio.windows.Window(window.column, window.row, window.width, window.height)
    with rasterio.open(path) as file:
        return file.read(window=area)
