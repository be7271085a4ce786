"""GetTile and GetFeatureInfo of WMTS: a tile by its names to a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from proxy.config import Config
from proxy.model import Grid, ImageFormat, RenderRequest
from proxy.ogc.access import Opened
from proxy.ogc.formats import image_format
from proxy.ogc.limits import MatrixLimits
from proxy.ogc.order import orders, single
from proxy.ogc.values import Place
from proxy.ogc.wmts.errors import OwsError, invalid
from proxy.ogc.wmts.sets import PublishedSet, published
from proxy.xyz.params import TileAddress, matrix_set, tile_grid

#: As many digits as Python reads; those of a row that is far outside as well.
_WHOLE = re.compile(r"[+-]?\d{1,4000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TileNames:
    """A tile as a request names it, in texts."""

    style: str
    matrix_set: str
    matrix: str
    row: str
    col: str


def tile_request(
    config: Config, found: Opened, names: TileNames, output: ImageFormat, query: Mapping[str, str]
) -> RenderRequest:
    """Everything that decides a tile.

    Args:
        query: dimensions, names in lower case.

    Raises:
        OwsError: a name has no meaning, or there is no such tile.
        UnknownRendering: there is no such style.
    """
    grid = grid_of(config, found, names)
    return single(orders(found.service, found.source, grid, output, names.style, query))


def grid_of(config: Config, found: Opened, names: TileNames) -> Grid:
    """Pixels of a tile within the limits of its service.

    Raises:
        OwsError: there is no such tile.
    """
    published_set = _set_of(config, found, names.matrix_set)
    limits = _limits_of(published_set, found, names.matrix)
    row, col = whole("TileRow", names.row), whole("TileCol", names.col)
    if not limits.min_row <= row <= limits.max_row:
        text = f"Matrix {limits.matrix} has rows {limits.min_row} to {limits.max_row} of this layer."
        raise OwsError("TileOutOfRange", "TileRow", text)
    if not limits.min_col <= col <= limits.max_col:
        text = f"Matrix {limits.matrix} has columns {limits.min_col} to {limits.max_col} of this layer."
        raise OwsError("TileOutOfRange", "TileCol", text)
    return tile_grid(TileAddress(published_set.tms, limits.zoom, col, row, 1, ImageFormat.PNG))


def output_format(text: str) -> ImageFormat:
    """Format of a media type.

    Raises:
        OwsError: it is not offered.
    """
    found = image_format(text)
    if found is None:
        raise invalid("format", f"The format '{text[:60]}' is not offered.")
    return found


def place_of(grid: Grid, i: str, j: str) -> Place:
    """Middle of a pixel of a tile; `i` counts columns, `j` rows.

    Raises:
        OwsError: it lies outside, or is no number.
    """
    column, row = whole("I", i), whole("J", j)
    for name, value, size in (("I", column, grid.width), ("J", row, grid.height)):
        if not 0 <= value < size:
            # The code of the standard, and the one that the consortium's tests look for.
            text = f"{name} lies between 0 and {size - 1}."
            raise OwsError("PointIJOutOfRange", name, text, also="TileOutOfRange")
    x, y = grid.resolution
    return Place(grid.extent.xmin + (column + 0.5) * x, grid.extent.ymax - (row + 0.5) * y, grid.crs)


def whole(name: str, text: str) -> int:
    """A whole number.

    Raises:
        OwsError: it is something else.
    """
    if not _WHOLE.fullmatch(text):
        raise invalid(name, f"{name} is a whole number.")
    return int(text)


def _set_of(config: Config, found: Opened, name: str) -> PublishedSet:
    sets = published(config, found.service, found.source.info)
    for each in sets:
        if each.name == name:
            return each
    listed = ", ".join(each.name for each in sets)
    raise invalid("TileMatrixSet", f"The layer has no tile matrix set '{name[:60]}'; it has {listed}.")


def _limits_of(published_set: PublishedSet, found: Opened, name: str) -> MatrixLimits:
    tms = matrix_set(published_set.tms)
    zooms = range(tms.minzoom, tms.maxzoom + 1)
    zoom = next((zoom for zoom in zooms if tms.matrix(zoom).id == name), None)
    if zoom is not None:
        limits = published_set.limits_at(found.source.info, zoom)
        if limits is None:
            raise OwsError("TileOutOfRange", "TileMatrix", f"The layer has no tiles of matrix {name}.")
        return limits
    raise invalid("TileMatrix", f"{published_set.name} has no matrix '{name[:60]}'.")
