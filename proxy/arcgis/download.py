"""download and file: the source file of an item, by its id and never by a path, where it is allowed."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse

from proxy.arcgis.call import Answer, Call, Operation, Parameter
from proxy.arcgis.documents import DOWNLOAD_MEGABYTES
from proxy.arcgis.errors import CannotComplete, UnsupportedOperation
from proxy.arcgis.items import ITEM, check_item
from proxy.arcgis.respond import Document
from proxy.errors import InvalidParameter
from proxy.services import Service


async def download(call: Call) -> Document:
    """Files of the items in `rasterIds`: their ids, sizes, and the items that they belong to."""
    path = source_file(await _allowed(call))
    ids = [part.strip() for part in call.fields.text("rasterIds").strip("[]").split(",") if part.strip()]
    if not ids:
        raise InvalidParameter("rasterIds")
    for each in ids:
        check_item(each)
    return {"rasterFiles": [{"id": path.name, "size": path.stat().st_size, "rasterIds": [ITEM]}]}


async def file(call: Call) -> Answer:
    """The file with the id that `download` gave, byte ranges included."""
    path = source_file(await _allowed(call))
    if call.fields.text("rasterId"):
        check_item(call.fields.text("rasterId"))
    # The id is compared with the one file that there is; nothing is opened by what a caller sends.
    if call.fields.text("id") != path.name:
        raise CannotComplete
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")


async def _allowed(call: Call) -> Service:
    if not call.service.config.download:
        raise UnsupportedOperation
    return await call.opened()


def source_file(service: Service) -> Path:
    """The local file of a service.

    Raises:
        UnsupportedOperation: the source is not one file on this machine.
        CannotComplete: it is larger than a download may be.
    """
    location = service.source.location
    path = Path(location.gdal_path)
    if location.is_remote or not path.is_file():
        raise UnsupportedOperation
    if path.stat().st_size > DOWNLOAD_MEGABYTES * 1024 * 1024:
        raise CannotComplete
    return path


OPERATIONS = (
    Operation(
        "download", download, "Download rasters", (Parameter("rasterIds", "1"),), required=("rasterIds",)
    ),
    Operation("file", file, "Raster file", (Parameter("id"), Parameter("rasterId")), required=("id",)),
)
