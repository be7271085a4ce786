"""Map tiles: `…/map/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from proxy.errors import InvalidParameter, OutsideExtent
from proxy.model import Grid, ImageFormat
from proxy.ogc.api.drawing import Order, draw
from proxy.ogc.api.formats import MAP_FORMATS
from proxy.ogc.api.map_grid import resized
from proxy.ogc.api.negotiation import negotiated
from proxy.ogc.api.query import single
from proxy.ogc.api.subset import NAME, ranges
from proxy.ogc.api.tilesets import Tileset
from proxy.ogc.crs_names import of_matrix_set
from proxy.xyz.params import TileAddress, tile_grid, whole_number


def grid_of(found: Tileset, matrix: str, row: str, col: str) -> Grid:
    """Pixels of a tile.

    Raises:
        InvalidParameter: row or column is no whole number.
        OutsideExtent: the tileset has no such tile.
    """
    limit = next((each for each in found.limits if each.matrix == matrix), None)
    if limit is None:
        known = f"{found.limits[0].matrix} to {found.limits[-1].matrix}"
        raise OutsideExtent(f"The tileset has no matrix '{matrix[:40]}'; it has {known}.")
    places = []
    for name, text in (("tileRow", row), ("tileCol", col)):
        if not text.removeprefix("-").isdecimal() or not text.isascii():
            raise InvalidParameter(name, "It is a whole number.")
        # More digits than any matrix has tiles: outside.
        number = whole_number(text)
        places.append(-1 if number is None else number)
    if not limit.holds(*places):
        rows, cols = f"{limit.min_row} to {limit.max_row}", f"{limit.min_col} to {limit.max_col}"
        raise OutsideExtent(f"Matrix {matrix} has rows {rows} and columns {cols}.")
    address = TileAddress(found.tms.id, limit.zoom, places[1], places[0], 1, ImageFormat.PNG)
    return tile_grid(address)


async def tile_response(request: Request, found: Tileset) -> Response:
    """One tile of a tileset.

    Raises:
        ProxyError: as `grid_of` and `draw`.
    """
    query = single(request)
    form = negotiated(MAP_FORMATS, query.get("f"), request.headers.get("accept"))
    path = request.path_params
    grid = grid_of(found, path["tileMatrix"], path["tileRow"], path["tileCol"])
    axes = ranges(request.query_params.getlist(NAME))
    if any(each.is_spatial for each in axes):
        raise InvalidParameter(NAME, "The ground of a tile is that of its row and column.")
    grid = resized(found.subject.service, grid, of_matrix_set(found.tms.id), query)
    order = Order(found.subject, grid, form, axes, query)
    return await draw(request, order, order.layers(), {})
