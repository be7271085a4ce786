"""stac-geoparquet, and GeoParquet tables that name a raster in each row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from proxy.catalog.base import ItemRecord
from proxy.crs import SpatialReference
from proxy.errors import CannotOpen, ProxyError
from proxy.listing.context import Context
from proxy.listing.documents import on_disk
from proxy.listing.features import FeatureRecords, crs_named, location_field
from proxy.listing.shapes import polygon_of
from proxy.listing.stac_item import item_record, self_of

#: Rows that are in memory at a time.
BATCH = 1000
#: Columns that are members of an item rather than properties.
_MEMBERS = frozenset({
    "type", "stac_version", "stac_extensions", "id", "bbox", "links", "assets", "collection", "geometry",
})  # fmt: skip


class GeoParquet:
    """The items in the rows of a Parquet file."""

    def __init__(self, place: str, context: Context) -> None:
        self._place = place
        self._context = context
        self._known = 0

    def __length_hint__(self) -> int:
        return self._known

    def __iter__(self) -> Iterator[ItemRecord]:
        parquet = _library()
        with on_disk(self._place, self._context.credentials) as path:
            try:
                with parquet.ParquetFile(path, memory_map=True) as file:
                    yield from self._rows(file)
            except ProxyError:
                raise
            except Exception as error:  # the library's errors have several bases
                raise CannotOpen("The GeoParquet file could not be read.", str(error)) from error

    def _rows(self, file: Any) -> Iterator[ItemRecord]:
        names = [str(name) for name in file.schema_arrow.names]
        column, crs = _geometry(file.schema_arrow.metadata or {})
        if "assets" not in names and location_field(dict.fromkeys(names)) is None:
            raise CannotOpen("The GeoParquet file has neither assets nor a location.", self._place)
        self._known = int(file.metadata.num_rows)
        records = FeatureRecords(self._place, self._context)
        number = 0
        for batch in file.iter_batches(batch_size=BATCH):
            for row in batch.to_pylist():
                geometry = row.pop(column, None)
                label = f"{self._place}#{number}"
                number += 1
                if "assets" in names:
                    record = self._stac(row, geometry)
                else:
                    record = records.record(row, polygon_of(geometry), crs, label)
                if record is not None:
                    yield record

    def _stac(self, row: dict[str, Any], geometry: Any) -> ItemRecord | None:
        item = _item(row)
        shape = polygon_of(geometry)
        if shape is not None:
            item["geometry"] = shape.__geo_interface__
        return item_record(item, self_of(item, self._place), self._context)


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    """The STAC item of a row: what is no member of an item is a property, and absent is what is null."""
    found = _pruned(row)
    item = {name: value for name, value in found.items() if name in _MEMBERS}
    item["properties"] = {name: value for name, value in found.items() if name not in _MEMBERS}
    box = item.get("bbox")
    if isinstance(box, Mapping):
        corners = (box.get(name) for name in ("xmin", "ymin", "xmax", "ymax"))
        item["bbox"] = list(corners)
    return item


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _pruned(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_pruned(part) for part in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _geometry(metadata: Mapping[bytes, bytes]) -> tuple[str, SpatialReference]:
    """Name of the column of footprints, and their system."""
    try:
        geo = json.loads(metadata.get(b"geo", b"{}"))
        column = str(geo.get("primary_column", "geometry"))
        crs = geo.get("columns", {}).get(column, {}).get("crs")
    except (ValueError, AttributeError):
        column, crs = "geometry", None
    return column, crs_named(json.dumps(crs) if crs else None)


def _library() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise CannotOpen(
            "GeoParquet needs an extra of this software: pip install 'cogproxy[geoparquet]'.", str(error)
        ) from error
    return pyarrow.parquet
