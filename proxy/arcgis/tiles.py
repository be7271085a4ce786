"""tile/{level}/{row}/{column} and tilemap: an image service's own tiles."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from proxy.arcgis.call import Answer, Call, Operation, Parameter
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.errors import UnsupportedOperation
from proxy.arcgis.tiling import TileMatrix, matrix_of, tile_grid
from proxy.config import CacheType
from proxy.errors import InvalidParameter, NotFound, OutsideExtent, ProxyError
from proxy.model import EncodeOptions, Extent, ImageFormat, PixelType, RenderRequest
from proxy.selection import Selection
from proxy.services import Service
from proxy.web import picture_response, plain_error

#: Greatest side of a tile map.
MAP_SIDE = 128


async def tile(call: Call) -> Answer:
    """A tile: 404 where there is none, as programs that read tiles expect rather than an error in JSON."""
    try:
        service = await call.opened()
        if service.config.tiles is CacheType.NONE:
            raise NotFound("The service has no tiles.")
        selection = read_selection(call.fields, service)
        order = tile_request(service, selection, *_numbers(call.rest, 3))
        rendered = await call.renderer.render(service, order)
        return picture_response(call.request, rendered, service.config.cache)
    except (NotFound, InvalidParameter) as error:
        return PlainTextResponse(error.message, 404, {"Cache-Control": "no-store"})
    except ProxyError as error:
        return plain_error(error)


def _numbers(rest: tuple[str, ...], count: int) -> list[int]:
    if len(rest) != count or not all(part.isdecimal() and len(part) < 11 for part in rest):
        raise InvalidParameter("tile")
    return [int(part) for part in rest]


def tile_request(service: Service, selection: Selection, level: int, row: int, column: int) -> RenderRequest:
    """What a tile is made of: the default rendering for maps, the stored values else.

    Raises:
        OutsideExtent: there is no such tile, or the data are elsewhere.
    """
    kind, info = service.config.tiles, service.info
    matrix = matrix_of(info)
    if not matrix.extent(level, row, column).intersects(info.extent):
        raise OutsideExtent("There are no data in that tile.")
    grid = tile_grid(matrix, kind, level, row, column)
    if kind is CacheType.MAP:
        return RenderRequest(
            service=service.name,
            grid=grid,
            format=ImageFormat.AUTO,
            interpolation=service.interpolation,
            rule=service.default_rendering.rule,
            options=EncodeOptions(effort=service.effort),
            selection=selection,
        )
    is_elevation = kind is CacheType.ELEVATION
    return RenderRequest(
        service=service.name,
        grid=grid,
        format=ImageFormat.LERC,
        bands=(0,) if is_elevation else None,
        interpolation=service.interpolation,
        pixel_type=PixelType.FLOAT32 if is_elevation else None,
        options=EncodeOptions(tolerance=None if is_elevation else 0.0, lerc_version=1 if is_elevation else 2),
        selection=selection,
    )


async def tilemap(call: Call) -> Answer:
    """Which tiles of a block hold data: `tilemap/{level}/{row}/{column}/{width}/{height}`."""
    service = await call.opened()
    if service.config.tiles is CacheType.NONE:
        raise UnsupportedOperation
    level, row, column, width, height = _numbers(call.rest, 5)
    if not (0 < width <= MAP_SIDE and 0 < height <= MAP_SIDE):
        raise InvalidParameter("tilemap", f"A block has 1 to {MAP_SIDE} tiles a side.")
    matrix, extent = matrix_of(service.info), service.info.extent
    data = [
        int(_holds(matrix, extent, level, row + down, column + right))
        for down in range(height)
        for right in range(width)
    ]
    if not any(data):
        # Clients know from the status that there is nothing in the whole block.
        return Response("Unprocessable", 422, media_type="text/plain")
    location = {"left": column, "top": row, "width": width, "height": height}
    return {"adjusted": False, "location": location, "data": data, "valid": True}


def _holds(matrix: TileMatrix, extent: Extent, level: int, row: int, column: int) -> bool:
    try:
        return matrix.extent(level, row, column).intersects(extent)
    except OutsideExtent:
        return False


TILE = Operation(
    "tile", tile, "Tile", (Parameter("sliceId"), Parameter("time"), Parameter("mosaicRule")), takes_path=True
)
TILEMAP = Operation("tilemap", tilemap, "Tile map", takes_path=True)
