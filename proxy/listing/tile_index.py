"""GDAL tile indexes: GeoPackage, FlatGeobuf or Shapefile with a `location` of each tile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from proxy.catalog.base import ItemRecord
from proxy.errors import CannotOpen, ProxyError
from proxy.listing.context import Context
from proxy.listing.documents import on_disk
from proxy.listing.features import LOCATION_NAMES, FeatureRecords, crs_named, location_field
from proxy.listing.shapes import polygon_of
from proxy.sources.location import locate

#: Features that are in memory at a time.
BATCH = 10_000
#: Endings of tile indexes; `.gti.gpkg` and the like among them.
ENDINGS = (".gpkg", ".fgb", ".shp")


class TileIndex:
    """The tiles of an index. The first layer that has a location is read."""

    def __init__(self, place: str, context: Context) -> None:
        self._place = place
        self._context = context
        self._known = 0

    def __length_hint__(self) -> int:
        return self._known

    def __iter__(self) -> Iterator[ItemRecord]:
        if self._place.lower().endswith(".shp") and locate(self._place).is_remote:
            raise CannotOpen("A Shapefile is several files; convert a remote index to GeoPackage.")
        pyogrio = _library()
        with on_disk(self._place, self._context.credentials) as path:
            try:
                yield from self._rows(pyogrio, path)
            except ProxyError:
                raise
            except Exception as error:  # the library has no common error
                raise CannotOpen("The tile index could not be read.", str(error)) from error

    def _rows(self, pyogrio: Any, path: Path) -> Iterator[ItemRecord]:
        layer, info = _layer(pyogrio, path)
        crs = crs_named(info["crs"])
        self._known = max(int(info["features"]), 0)
        records = FeatureRecords(self._place, self._context)
        start = 0
        while True:
            meta, fids, shapes, columns = pyogrio.raw.read(
                str(path),
                layer=layer,
                skip_features=start,
                max_features=BATCH,
                force_2d=True,
                return_fids=True,
            )
            names = [str(name) for name in meta["fields"]]
            for row, (fid, shape) in enumerate(zip(fids, shapes, strict=True)):
                properties = {name: _plain(column[row]) for name, column in zip(names, columns, strict=True)}
                record = records.record(properties, polygon_of(shape), crs, f"{self._place}#{fid}")
                if record is not None:
                    yield record
            if len(fids) < BATCH:
                return
            start += BATCH


def _layer(pyogrio: Any, path: Path) -> tuple[str, Any]:
    for name, _ in pyogrio.list_layers(str(path)):
        info = pyogrio.read_info(str(path), layer=name)
        if location_field(dict.fromkeys(map(str, info["fields"]))) is not None:
            return str(name), info
    raise CannotOpen(f"No layer of the tile index has a field named {', '.join(LOCATION_NAMES)}.", str(path))


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype("datetime64[ms]").item()
    return value.item() if isinstance(value, np.generic) else value


def _library() -> Any:
    try:
        import pyogrio
        import pyogrio.raw
    except ImportError as error:
        raise CannotOpen(
            "A tile index needs an extra of this software: pip install 'cogproxy[vector]'.", str(error)
        ) from error
    return pyogrio
