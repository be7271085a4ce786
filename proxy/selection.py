"""Which rasters of a mosaic, which slice of a cube: frozen, and without any door's spelling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class MosaicMethod(StrEnum):
    """In which order the items of a mosaic lie over one another; the first lies on top."""

    NONE = "none"
    CENTER = "center"
    NADIR = "nadir"
    VIEWPOINT = "viewpoint"
    ATTRIBUTE = "attribute"
    LOCK = "lock"
    NORTHWEST = "northwest"
    SEAMLINE = "seamline"


class MosaicOperation(StrEnum):
    """What becomes of several valid values for one pixel."""

    FIRST = "first"
    LAST = "last"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    BLEND = "blend"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class MosaicRule:
    """Which items take part, in which order, and how overlaps combine.

    Attributes:
        method: None for the service's own.
        operation: None for the service's own.
        ascending: False turns the order round.
        where: filter on the attributes of the items in the SQL subset that the catalog parses; empty for all.
        ids: only these items; None for all.
        locked: the items of `MosaicMethod.LOCK`, in order.
        sort_field: attribute of `MosaicMethod.ATTRIBUTE`.
        sort_value: base value of that attribute; dates in epoch milliseconds. None: a plain sort.
        viewpoint: of `MosaicMethod.VIEWPOINT`, (x, y) in the CRS of the service.
        item_rule: raster function tree applied to each item before mosaicking.
    """

    method: MosaicMethod | None = None
    operation: MosaicOperation | None = None
    ascending: bool = True
    where: str = ""
    ids: tuple[int, ...] | None = None
    locked: tuple[int, ...] = ()
    sort_field: str = ""
    sort_value: float | str | None = None
    viewpoint: tuple[float, float] | None = None
    item_rule: Any = None


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Moments in epoch milliseconds UTC, both ends included, None for an open end; equal for an instant."""

    start: int | None
    end: int | None

    @property
    def is_instant(self) -> bool:
        """True for a single moment."""
        return self.start is not None and self.start == self.end


@dataclass(frozen=True, slots=True)
class DimensionChoice:
    """Places on one dimension.

    Attributes:
        name: of the dimension, as the source names it.
        values: (low, high) ranges, both ends included; equal for a single value. Times are in epoch
            milliseconds.
        nearest: a value between two slices stands for the nearer one; else only equal values match.
    """

    name: str
    values: tuple[tuple[float, float], ...]
    nearest: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything that chooses among the rasters of one service.

    Attributes:
        variable: of a source with several; empty for the default.
        dimensions: by dimension name, sorted; a dimension that is absent is at its default.
    """

    mosaic: MosaicRule = MosaicRule()
    time: TimeSpan | None = None
    variable: str = ""
    dimensions: tuple[DimensionChoice, ...] = ()


#: No choice at all: what a single raster always gets.
EVERYTHING = Selection()
