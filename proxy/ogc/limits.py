"""Which tile matrix sets can hold a service, and which of their tiles it has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import morecantile

from proxy.crs import WEB_MERCATOR, WGS84, transform_bounds
from proxy.errors import OutsideExtent, ProxyError, UnknownTileMatrixSet
from proxy.model import Extent
from proxy.sources.base import SourceInfo
from proxy.xyz.params import matrix_set, matrix_set_crs
from proxy.xyz.tilejson import zooms

#: Part of a tile by which data may reach into it without being there: rounding of their edges.
SLIVER = 1e-6
#: The word for every tile matrix set.
ALL = "all"


@dataclass(frozen=True, slots=True)
class MatrixLimits:
    """Tiles of one matrix that a service has, both ends included; `matrix` is its identifier."""

    matrix: str
    zoom: int
    min_row: int
    max_row: int
    min_col: int
    max_col: int

    def holds(self, row: int, col: int) -> bool:
        """True for a tile inside."""
        return self.min_row <= row <= self.max_row and self.min_col <= col <= self.max_col


@lru_cache(maxsize=2048)
def limits(info: SourceInfo, tms: str) -> tuple[MatrixLimits, ...]:
    """Tiles of a service in a tile matrix set, coarsest matrix first.

    From the coarsest matrix to the first that is at least as fine as the source; a matrix that is not listed
    has no tiles. Empty where the set cannot hold the service.

    Raises:
        UnknownTileMatrixSet: there is no such set.
    """
    matrices = matrix_set(tms)
    try:
        extent = envelope(info, tms)
        low, high = zooms(info, matrices.id)
    except ProxyError:
        return ()
    found = (_of_matrix(matrices, zoom, extent) for zoom in range(low, high + 1))
    return tuple(each for each in found if each is not None)


@lru_cache(maxsize=4096)
def limits_at(info: SourceInfo, tms: str, zoom: int) -> MatrixLimits | None:
    """Tiles of a service in one matrix, which may be finer than the source; None where there are none.

    Raises:
        OutsideExtent, BadRequest: as `envelope`.
    """
    return _of_matrix(matrix_set(tms), zoom, envelope(info, tms))


def holding(info: SourceInfo, wanted: Sequence[str]) -> tuple[str, ...]:
    """Identifiers of those tile matrix sets that can hold a service, in the order they are wanted.

    Args:
        wanted: identifiers without regard to case; `all` for every one. Sets whose rows have different
            numbers of tiles are left out: no protocol of maps but their own can say so.
    """
    names = morecantile.tms.list() if ALL in (name.lower() for name in wanted) else wanted
    found = []
    for name in names:
        matrices = matrix_set(name)
        if not matrices.is_variable and matrices.id not in found and limits(info, matrices.id):
            found.append(matrices.id)
    return tuple(found)


def unknown_sets(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names that are no tile matrix sets."""
    found = []
    for name in names:
        try:
            if name.lower() != ALL:
                matrix_set(name)
        except UnknownTileMatrixSet:
            found.append(name)
    return tuple(found)


@lru_cache(maxsize=2048)
def envelope(info: SourceInfo, tms: str) -> Extent:
    """Envelope of a service in the system of a tile matrix set; the whole turn where it crosses the edge.

    Raises:
        OutsideExtent: no part of it lies there.
        BadRequest: no transformation leads there.
    """
    crs = matrix_set_crs(tms)
    bounds = info.geographic_bounds
    if bounds is None:
        raise OutsideExtent("The source cannot be placed on the earth.")
    if (bounds[0] < -180 or bounds[2] > 180) and (crs.is_geographic or crs == WEB_MERCATOR):
        return Extent(*transform_bounds((-180.0, bounds[1], 180.0, bounds[3]), WGS84, crs))
    found = Extent(*transform_bounds(info.extent.as_tuple(), info.crs, crs))
    if not all(map(math.isfinite, found.as_tuple())):
        raise OutsideExtent("The source does not lie in that system.")
    return found


def _of_matrix(tms: morecantile.TileMatrixSet, zoom: int, extent: Extent) -> MatrixLimits | None:
    matrix = tms.matrix(zoom)
    bounds = tms.xy_bounds(morecantile.Tile(0, 0, zoom))
    wide, high = bounds.right - bounds.left, bounds.top - bounds.bottom
    cols = _span((extent.xmin - bounds.left) / wide, (extent.xmax - bounds.left) / wide, matrix.matrixWidth)
    rows = _span((bounds.top - extent.ymax) / high, (bounds.top - extent.ymin) / high, matrix.matrixHeight)
    if cols is None or rows is None:
        return None
    return MatrixLimits(matrix.id, zoom, rows[0], rows[1], cols[0], cols[1])


def _span(low: float, high: float, count: int) -> tuple[int, int] | None:
    """First and last tile between two places counted in tiles; None where there are none."""
    if high <= 0 or low >= count:
        return None
    first = math.floor(low + SLIVER)
    # Data much smaller than a tile may lie on its edge altogether.
    last = max(first, math.ceil(high - SLIVER) - 1)
    return min(max(first, 0), count - 1), min(max(last, 0), count - 1)
