"""What a catalog holds, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from proxy.crs import SpatialReference
from proxy.model import Extent, PixelType
from proxy.selection import DimensionChoice, MosaicMethod, TimeSpan

#: Dates are whole milliseconds since 1970 UTC everywhere; their field says that they are dates.
Value = float | int | str | None


class FieldType(StrEnum):
    """Type of an attribute."""

    ID = "id"
    INTEGER = "integer"
    REAL = "real"
    TEXT = "text"
    DATE = "date"
    GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of the items.

    Attributes:
        name: letters, digits and underscores; unique without regard to case.
        length: most characters of a text.
        alias: the name in the listing where it is another, such as `eo:cloud_cover`; may be used as well.
    """

    name: str
    type: FieldType
    length: int | None = None
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that gives bands of an item.

    Attributes:
        href: as `proxy.sources.location.locate` reads it.
        bands: zero-based bands that are taken, in order; None for all.
        name: of the asset; empty for a plain raster.
    """

    href: str
    bands: tuple[int, ...] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What the header of an item says, so that it need not be opened before it is drawn."""

    crs: SpatialReference
    transform: Affine
    width: int
    height: int
    pixel_type: PixelType
    band_names: tuple[str, ...]
    nodata: float | None = None
    coarsest: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An item as a listing gives it.

    Attributes:
        key: stays the same from one listing to the next.
        footprint: polygon of the valid pixels in `footprint_crs`; None: the outline of the raster.
        facts: None until the header has been read.
        version: changes when the pixels may have changed; empty where the listing cannot tell.
        properties: attributes beside the standard ones. Dates are epoch milliseconds, and named in `dates`.
        seamline: polygon in `footprint_crs`, None where there is none.
    """

    key: str
    name: str
    assets: tuple[Asset, ...]
    facts: ItemFacts | None = None
    footprint: BaseGeometry | None = None
    footprint_crs: SpatialReference | None = None
    version: str = ""
    properties: Mapping[str, Value] = field(default_factory=dict)
    dates: frozenset[str] = frozenset()
    seamline: BaseGeometry | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the catalog gives it, in the CRS of the service.

    Attributes:
        id: stable, from 1.
        pixel_sizes: finest and coarsest stored pixel, in units of the service.
        visible: least and greatest pixel size at which it is drawn.
    """

    id: int
    key: str
    name: str
    assets: tuple[Asset, ...]
    facts: ItemFacts
    footprint: BaseGeometry
    version: str
    attributes: Mapping[str, Value]
    pixel_sizes: tuple[float, float]
    visible: tuple[float, float]
    seamline: BaseGeometry | None = None

    @property
    def extent(self) -> Extent:
        """Envelope of the footprint."""
        return Extent(*self.footprint.bounds)


@dataclass(frozen=True, slots=True)
class Order:
    """Order of the items. `method` orders by geometry or attribute; `by` is a list of fields instead."""

    method: MosaicMethod = MosaicMethod.NONE
    ascending: bool = True
    center: tuple[float, float] | None = None
    sort_field: str = ""
    sort_value: float | str | None = None
    locked: tuple[int, ...] = ()
    by: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Which items; all conditions hold at once.

    Attributes:
        where: SQL subset, see `proxy.catalog.where`.
        extent: items whose footprint's envelope shares an area with it, in the CRS of the service; a point or
            a line is met by what it touches. Beyond the edge of the world it goes on at the other one.
        shape: items whose footprint stands in `relation` to it, in the CRS of the service.
        relation: `intersects`, `crosses`, `overlaps`, `touches`, `within` (the footprint lies within the
            shape), `contains` (the footprint contains the shape), or `envelope` (the envelopes meet).
        time: items some of whose time lies in it; all items where the catalog has no times.
        pixel_size: items that are visible at it, in units of the service; locked items always are.
        dimensions: attributes by the dimension that they hold.
    """

    where: str = ""
    ids: tuple[int, ...] | None = None
    extent: Extent | None = None
    shape: BaseGeometry | None = None
    relation: str = "intersects"
    time: TimeSpan | None = None
    pixel_size: float | None = None
    dimensions: tuple[DimensionChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Bands, pixel type and nodata value that some items share; `items` says how many."""

    band_names: tuple[str, ...]
    pixel_type: PixelType
    nodata: float | None
    items: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a catalog has been built. `total` is None while nobody knows."""

    done: int
    total: int | None
    finished: bool
    unreadable: int = 0


class Catalog(Protocol):
    """The items of one service. Safe in several threads; reading never waits for a refresh."""

    @property
    def crs(self) -> SpatialReference:
        """Of footprints and queries."""

    @property
    def revision(self) -> str:
        """Changes whenever an answer may have changed."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Attributes of the items, the standard ones first."""

    @property
    def extent(self) -> Extent | None:
        """Envelope of all footprints; None while there are none."""

    @property
    def time(self) -> tuple[int, int] | None:
        """First and last moment of the items in epoch milliseconds."""

    @property
    def progress(self) -> Progress:
        """How far it has been built."""

    def __len__(self) -> int:
        """Number of items."""

    def find(
        self, query: Query, order: Order = Order(), limit: int | None = None, offset: int = 0
    ) -> list[Item]:
        """Items in order.

        Raises:
            InvalidParameter: `where` or a field cannot be understood.
        """

    def ids(self, query: Query, order: Order = Order()) -> list[int]:
        """Ids of items in order."""

    def count(self, query: Query) -> int:
        """Number of items."""

    def get(self, item: int) -> Item | None:
        """Item by id."""

    def values(self, field: str, query: Query = Query()) -> list[Value]:
        """Distinct values of an attribute in rising order."""

    def layouts(self) -> list[Layout]:
        """What bands, pixel types and nodata values there are, the most common first."""

    def envelopes(self, query: Query) -> NDArray[np.float64]:
        """Envelopes of footprints in no order, (items, 4): xmin, ymin, xmax, ymax."""

    def unreadable(self, limit: int = 100) -> list[tuple[str, str]]:
        """Places that could not be read, each with a public sentence why."""
