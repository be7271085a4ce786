"""download and file: the source file of an item, by its id and never by a path, where it is allowed."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse

from proxy.arcgis.call import Answer, Call, Operation, Parameter
from proxy.arcgis.documents import DOWNLOAD_FILES, DOWNLOAD_MEGABYTES
from proxy.arcgis.errors import CannotComplete, UnsupportedOperation
from proxy.arcgis.items import ITEM, check_item
from proxy.arcgis.respond import Document
from proxy.errors import InvalidParameter
from proxy.services import Service
from proxy.sources.location import Location, locate


async def download(call: Call) -> Document:
    """Files of the items in `rasterIds`: their ids, sizes, and the items that they belong to."""
    service = await _allowed(call)
    ids = [part.strip() for part in call.fields.text("rasterIds").strip("[]").split(",") if part.strip()]
    if not ids or len(ids) > DOWNLOAD_FILES:
        raise InvalidParameter("rasterIds")
    found = await call.worked(_files, service, ids)
    total = sum(path.stat().st_size for _, path, _ in found)
    if total > DOWNLOAD_MEGABYTES << 20:
        raise CannotComplete
    return {
        "rasterFiles": [
            {"id": name, "size": path.stat().st_size, "rasterIds": [item]} for name, path, item in found
        ]
    }


async def file(call: Call) -> Answer:
    """The file with the id that `download` gave, byte ranges included."""
    service = await _allowed(call)
    wanted, item = call.fields.text("id"), call.fields.text("rasterId")
    if not item and service.catalog is not None:
        # The id begins with that of the item.
        item = wanted.partition("/")[0]
    # The id is compared with those that there are; nothing is opened by what a caller sends.
    for name, path, _ in await call.worked(_files, service, [item or str(ITEM)]):
        if name == wanted:
            return FileResponse(path, filename=path.name, media_type="application/octet-stream")
    raise CannotComplete


def _files(service: Service, ids: list[str]) -> list[tuple[str, Path, int]]:
    """(id, path, item) of the files of some items. Blocks.

    Raises:
        CannotComplete: there is no such item.
        UnsupportedOperation: a file is not on this machine.
    """
    catalog = service.catalog
    found = []
    for each in ids:
        if catalog is None:
            item_id = check_item(service, each)
            path = local_file(service.source.location)
            found.append((path.name, path, item_id))
            continue
        item = catalog.get(int(each)) if each.isdecimal() and len(each) < 19 else None
        if item is None:
            raise CannotComplete
        for asset in item.assets:
            path = local_file(locate(asset.href))
            found.append((f"{item.id}/{path.name}", path, item.id))
    return found


async def _allowed(call: Call) -> Service:
    if not call.service.config.download:
        raise UnsupportedOperation
    return await call.opened()


def local_file(location: Location) -> Path:
    """The file at a place on this machine.

    Raises:
        UnsupportedOperation: the source is not one file on this machine.
        CannotComplete: it is larger than a download may be.
    """
    path = Path(location.gdal_path)
    if location.is_remote or not path.is_file():
        raise UnsupportedOperation
    if path.stat().st_size > DOWNLOAD_MEGABYTES << 20:
        raise CannotComplete
    return path


OPERATIONS = (
    Operation(
        "download", download, "Download rasters", (Parameter("rasterIds", "1"),), required=("rasterIds",)
    ),
    Operation("file", file, "Raster file", (Parameter("id"), Parameter("rasterId")), required=("id",)),
)
