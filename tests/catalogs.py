"""A small catalog in memory whose answers are found by looking at every item, and mosaics over it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import Asset, Field, FieldType, Item, ItemFacts, Layout, Order, Progress, Query, Value
from proxy.config import parse
from proxy.crs import SpatialReference, reference, transform_bounds, transformer
from proxy.errors import InvalidParameter
from proxy.model import Extent, PixelType
from proxy.selection import MosaicMethod
from proxy.sources.mosaic import MosaicSource
from proxy.sources.pool import Pool


def outline(path: Path | str, crs: SpatialReference) -> BaseGeometry:
    """The rectangle of a raster in another system, with many points along its edges."""
    with rasterio.open(path) as file:
        ring = Polygon(
            [
                file.transform * at
                for at in ((0, 0), (file.width, 0), (file.width, file.height), (0, file.height))
            ]
        )
        own = reference(file.crs.to_string())
    ring = shapely.segmentize(ring, max(ring.bounds[2] - ring.bounds[0], 1e-9) / 16)
    if own == crs:
        return ring
    return shapely.transform(ring, lambda xy: np.stack(transformer(own, crs).transform(*xy.T), axis=-1))


def item_of(
    path: Path | str,
    number: int,
    crs: SpatialReference,
    href: str | None = None,
    seamline: BaseGeometry | None = None,
    visible: tuple[float, float] = (0.0, math.inf),
    **attributes: Value,
) -> Item:
    """An item for a file, whose header is read with rasterio."""
    with rasterio.open(path) as file:
        own = reference(file.crs.to_string())
        names = tuple(
            text or {"red": "Red", "green": "Green", "blue": "Blue"}.get(color.name, f"Band_{index}")
            for index, (text, color) in enumerate(zip(file.descriptions, file.colorinterp, strict=True), 1)
        )
        facts = ItemFacts(
            own,
            file.transform,
            file.width,
            file.height,
            PixelType.of(np.result_type(*file.dtypes)),
            names,
            file.nodata,
        )
        bounds = transform_bounds(tuple(file.bounds), own, crs)
        finest = math.sqrt((bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) / (file.width * file.height))
        coarsest = finest * max([1, *file.overviews(1)])
    stem = Path(path).stem
    return Item(
        number, stem, stem, (Asset(href or str(path)),), facts, outline(path, crs), "1",
        {"OBJECTID": number, "Name": stem, **attributes}, (finest, coarsest), visible, seamline,
    )  # fmt: skip


@dataclass
class MemoryCatalog:
    """Items in a list. `where` knows `NAME = 'text'` alone."""

    crs: SpatialReference
    items: list[Item]
    revision: str = "1"
    progress: Progress = Progress(0, 0, True)
    asked: list[Query] = field(default_factory=list)

    @property
    def fields(self) -> tuple[Field, ...]:
        names = dict.fromkeys(name for item in self.items for name in item.attributes)
        kinds = {"OBJECTID": FieldType.ID, "Name": FieldType.TEXT, "AcquisitionDate": FieldType.DATE}
        return tuple(Field(name, kinds.get(name, FieldType.REAL)) for name in names)

    @property
    def extent(self) -> Extent | None:
        bounds = [item.footprint.bounds for item in self.items]
        if not bounds:
            return None
        x0, y0, x1, y1 = zip(*bounds, strict=True)
        return Extent(min(x0), min(y0), max(x1), max(y1))

    @property
    def time(self) -> tuple[int, int] | None:
        moments = [
            item.attributes["AcquisitionDate"] for item in self.items if "AcquisitionDate" in item.attributes
        ]
        return (int(min(moments)), int(max(moments))) if moments else None  # type: ignore[type-var, arg-type]

    def __len__(self) -> int:
        return len(self.items)

    def find(
        self, query: Query, order: Order = Order(), limit: int | None = None, offset: int = 0
    ) -> list[Item]:
        self.asked.append(query)
        found = self._ordered([item for item in self.items if self._matches(item, query)], order)
        return found[offset:] if limit is None else found[offset : offset + limit]

    def ids(self, query: Query, order: Order = Order()) -> list[int]:
        return [item.id for item in self.find(query, order)]

    def count(self, query: Query) -> int:
        return len(self.find(query))

    def get(self, item: int) -> Item | None:
        return next((found for found in self.items if found.id == item), None)

    def values(self, field: str, query: Query = Query()) -> list[Value]:
        return sorted({item.attributes[field] for item in self.find(query) if field in item.attributes})  # type: ignore[type-var]

    def layouts(self) -> list[Layout]:
        counts = Counter((i.facts.band_names, i.facts.pixel_type, repr(i.facts.nodata)) for i in self.items)
        return [
            Layout(names, kind, None if nodata == "None" else float(nodata), count)
            for (names, kind, nodata), count in counts.most_common()
        ]

    def envelopes(self, query: Query) -> NDArray[np.float64]:
        return np.array([item.footprint.bounds for item in self.find(query)]).reshape(-1, 4)

    def unreadable(self, limit: int = 100) -> list[tuple[str, str]]:
        return []

    def _matches(self, item: Item, query: Query) -> bool:
        if query.where:
            name, separator, text = query.where.partition(" = ")
            if not separator or name.lower() != "name":
                raise InvalidParameter("where", "It cannot be understood.")
            if item.name != text.strip("'"):
                return False
        date = item.attributes.get("AcquisitionDate")
        span = query.time
        return (
            (query.ids is None or item.id in query.ids)
            and (query.extent is None or item.extent.intersects(query.extent))
            and (query.shape is None or item.footprint.intersects(query.shape))
            and (query.pixel_size is None or item.visible[0] <= query.pixel_size <= item.visible[1])
            and (
                span is None
                or (span.start is None or date >= span.start)
                and (span.end is None or date <= span.end)
            )  # type: ignore[operator]
            and all(
                any(low <= item.attributes[choice.name] <= high for low, high in choice.values)  # type: ignore[operator]
                for choice in query.dimensions
            )
        )

    def _ordered(self, items: list[Item], order: Order) -> list[Item]:
        for name, rising in reversed(order.by):
            key: Callable[[Item], Any] = {
                "LowPS": lambda item: item.pixel_sizes[0],
                "HighPS": lambda item: item.pixel_sizes[1],
            }.get(name, lambda item: item.attributes[name])
            items = sorted(items, key=key, reverse=not rising)
        if order.by:
            return items
        if order.method is MosaicMethod.LOCK:
            return [item for number in order.locked for item in items if item.id == number]
        found = sorted(items, key=lambda item: (self._rank(item, order), item.id))
        return found if order.ascending else found[::-1]

    def _rank(self, item: Item, order: Order) -> float:
        extent = self.extent
        assert extent is not None
        if order.method is MosaicMethod.ATTRIBUTE:
            value = item.attributes[order.sort_field]
            return (
                abs(float(value) - float(order.sort_value)) if order.sort_value is not None else float(value)
            )  # type: ignore[arg-type]
        if order.method is MosaicMethod.NONE:
            return 0.0
        place = (extent.xmin, extent.ymax) if order.method is MosaicMethod.NORTHWEST else order.center
        assert place is not None
        return math.dist(item.extent.center, place)


def mosaic_of(
    catalog: MemoryCatalog,
    render: dict[str, Any] | None = None,
    service: dict[str, Any] | None = None,
    **settings: Any,
) -> MosaicSource:
    """A mosaic of a catalog with settings of `MosaicConfig`."""
    config = parse(
        {
            "render": render or {},
            "services": [{"name": "mosaic", "mosaic": {"source": "memory", **settings}, **(service or {})}],
        },
        {},
    )
    return MosaicSource(config.services[0], config, Pool(16), catalog)


def catalog_of(
    paths: Iterable[Path], crs: str | SpatialReference, **columns: Sequence[Value]
) -> MemoryCatalog:
    """A catalog of files in order, with a column of values for each attribute."""
    system = reference(crs) if isinstance(crs, str) else crs
    items = [
        item_of(path, number, system, **{name: column[number - 1] for name, column in columns.items()})
        for number, path in enumerate(paths, 1)
    ]
    return MemoryCatalog(system, items)


__all__ = ["MemoryCatalog", "box", "catalog_of", "item_of", "mosaic_of", "outline"]
