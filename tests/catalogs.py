"""Mosaics over files, whose headers are read with rasterio and put into a catalog of their own."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import Asset, ItemFacts, ItemRecord, Value
from proxy.catalog.store import SqliteCatalog
from proxy.config import parse
from proxy.crs import SpatialReference, reference
from proxy.model import PixelType
from proxy.sources.mosaic import MosaicSource
from proxy.sources.pool import Pool


def record_of(
    path: Path | str,
    assets: Sequence[Asset] = (),
    names: tuple[str, ...] = (),
    seamline: BaseGeometry | None = None,
    footprint: BaseGeometry | None = None,
    **properties: Value,
) -> ItemRecord:
    """A record of a file, with other assets or names of bands where they are given."""
    with rasterio.open(path) as file:
        colors = {"red": "Red", "green": "Green", "blue": "Blue", "alpha": "Alpha"}
        found = tuple(
            text or colors.get(color.name, f"Band_{index}")
            for index, (text, color) in enumerate(zip(file.descriptions, file.colorinterp, strict=True), 1)
        )
        factor = max([1, *file.overviews(1)])
        facts = ItemFacts(
            reference(file.crs.to_string()), file.transform, file.width, file.height,
            PixelType.of(np.result_type(*file.dtypes)), names or found, file.nodata,
            (-(-file.width // factor), -(-file.height // factor)),
        )  # fmt: skip
    return ItemRecord(
        str(path), Path(path).stem, tuple(assets) or (Asset(str(path)),), facts, footprint,
        facts.crs, "1", properties, frozenset({"AcquisitionDate"}), seamline,
    )  # fmt: skip


def catalog_of(
    items: Iterable[Path | ItemRecord],
    crs: SpatialReference | str,
    dimensions: Mapping[str, str] | None = None,
    **columns: Sequence[Value],
) -> SqliteCatalog:
    """A finished catalog of files in order, with a column of values for each attribute."""
    folder = Path(tempfile.mkdtemp(prefix="cogproxy-catalog-"))
    system = reference(crs) if isinstance(crs, str) else crs
    catalog = SqliteCatalog.open(folder / "catalog.sqlite", crs=system, dimensions=dimensions)
    weakref.finalize(catalog, shutil.rmtree, folder, ignore_errors=True)
    with catalog.writing() as writer:
        for place, item in enumerate(items):
            properties = {name: column[place] for name, column in columns.items()}
            writer.put(item if isinstance(item, ItemRecord) else record_of(item, **properties))
        writer.finish()
    return catalog


def mosaic_of(
    catalog: SqliteCatalog, service: Mapping[str, Any] | None = None, **settings: Any
) -> MosaicSource:
    """A mosaic of a catalog with settings of `MosaicConfig`, and of its service."""
    mosaic = {"source": "nowhere", **settings}
    config = parse({"services": [{"name": "mosaic", "mosaic": mosaic, **(service or {})}]}, {})
    return MosaicSource(config.services[0], config, Pool(16), catalog)
