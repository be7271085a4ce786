"""exportImage: a picture, a link to it with its true extent, or a page that shows it."""

from __future__ import annotations

import json
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from proxy.arcgis.call import Answer, Call, Operation, registry_of
from proxy.arcgis.forms import EXPORT_PARAMETERS
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.href import STEP_SECONDS, Hrefs, UnknownPicture
from proxy.arcgis.pages import operation_page
from proxy.arcgis.params import render_request
from proxy.arcgis.respond import Document, document_response
from proxy.config import Config
from proxy.errors import NotFound, ProxyError
from proxy.model import ImageFormat, Picture, RenderRequest
from proxy.security import visit
from proxy.security.tokens import secret
from proxy.services import Service
from proxy.web import MISSING, base_url, picture_response, plain_error

FOLDER = "directories/arcgisoutput"
SUFFIX = "_ImageServer"
#: Kind of the notes that long links are shared by.
LINK = "href"


async def export_image(call: Call) -> Answer:
    """The operation. `f=image` and `f=kmz` answer with the picture itself."""
    service = await call.opened()
    output = ImageFormat.KMZ if call.format == "kmz" else None
    if call.format == "html" and "bbox" not in call.fields:
        return operation_page(call, OPERATION, None, defaults(service))
    order = render_request(call.fields, service, output)
    rendered = await call.renderer.render(service, order)
    if call.format in ("image", "kmz"):
        filename = f"{service.name.rsplit('/', 1)[-1]}.{rendered.picture.extension}"
        return picture_response(call.request, rendered, service.config.cache, filename=filename)
    document = export_document(call, order, rendered.picture)
    await _share(call, document)
    if call.format == "html":
        return operation_page(
            call, OPERATION, document, defaults(service), picture=urlsplit(document["href"]).path
        )
    if missing := rendered.picture.missing:
        # The picture behind the link says it too, but not every caller fetches it.
        return document_response(document, call.fields, {"Cache-Control": "no-store", MISSING: str(missing)})
    return document


async def _share(call: Call, document: Document) -> None:
    """Let the other workers know of a link that is too short to hold its order, before it is given out."""
    links = hrefs(call.request)
    known = links.remembered(document["href"].rpartition("/")[2])
    if known is not None:
        seconds = call.request.app.state.config.cache.href_seconds + STEP_SECONDS
        await call.renderer.tiers.keep_note(LINK, *known, seconds)


async def _learn(request: Request, name: str) -> None:
    """Take in the order of a link that another worker has given out."""
    links = hrefs(request)
    token = links.unknown(name)
    if token is not None and (order := await request.app.state.renderer.tiers.note(LINK, token)) is not None:
        links.remember(token, order)


def export_document(call: Call, order: RenderRequest, picture: Picture) -> Document:
    """Link, size and true extent of a picture."""
    name = hrefs(call.request).name(call.service.name, call.fields, picture.extension)
    context = call.request.app.state.config.server.context
    path = f"{context}/rest/{FOLDER}/{quote(call.service.name)}{SUFFIX}/{name}"
    return {
        "href": f"{base_url(call.request)}/{path}",
        "width": order.grid.width,
        "height": order.grid.height,
        "extent": extent_document(order.grid.extent, order.grid.crs),
        "scale": 0,
    }


def hrefs(request: Request) -> Hrefs:
    """Maker and reader of links, one for each application."""
    state = request.app.state
    if not hasattr(state, "arcgis_hrefs"):
        config: Config = state.config
        state.arcgis_hrefs = Hrefs(secret(config), config.cache.href_seconds)
    known: Hrefs = state.arcgis_hrefs
    return known


async def picture_file(request: Request, segments: tuple[str, ...]) -> Response:
    """The picture behind a link: `[folder/]SERVICE_ImageServer/_ags_….png`. Else a plain 404."""
    try:
        if len(segments) < 2 or not segments[-2].lower().endswith(SUFFIX.lower()):
            raise UnknownPicture
        name = "/".join(segments[:-1])[: -len(SUFFIX)]
        await _learn(request, segments[-1])
        fields, extension = hrefs(request).read(name, segments[-1])
        service = _granted(request, name)
        call = Call(request, fields, service)
        rendered = await call.renderer.render(service, render_request(fields, await call.opened()))
        if rendered.picture.extension != extension:
            raise UnknownPicture
        return picture_response(request, rendered, service.config.cache, lasting=False)
    except NotFound:
        return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})
    except ProxyError as error:
        return plain_error(error)


def _granted(request: Request, name: str) -> Service:
    # Who was given the link was let in, and clients do not always send a token along with it.
    found = visit()
    if found is not None:
        found.granted.add(
            next((s.name for s in registry_of(request).every() if s.name.lower() == name.lower()), "")
        )
    return registry_of(request).get(name)


def defaults(service: Service) -> dict[str, str]:
    """What the form is filled with: the whole service at the default size."""
    extent = service.info.extent
    return {
        "bbox": ",".join(repr(value) for value in extent.as_tuple()),
        "size": "400,400",
        "adjustAspectRatio": "true",
        "format": "jpgpng",
        "pixelType": "UNKNOWN",
        "renderingRule": json.dumps({"rasterFunction": service.default_rendering.name}),
    }


OPERATION: Operation = Operation(
    "exportImage",
    export_image,
    "Export image",
    EXPORT_PARAMETERS,
    formats=("html", "json", "pjson", "image", "kmz"),
)
