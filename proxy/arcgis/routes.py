"""Paths of the Esri face to handlers: one route, since names are matched without regard to case."""

from __future__ import annotations

import re
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from proxy.arcgis import pages, tokens
from proxy.arcgis.call import Call, Operation, registry_of
from proxy.arcgis.directory import directory_document, info_document
from proxy.arcgis.errors import UnsupportedOperation
from proxy.arcgis.export import FOLDER, picture_file
from proxy.arcgis.fields import Fields, fields_of
from proxy.arcgis.operations import ALL, operation_at
from proxy.arcgis.resources import RULE, service_resource
from proxy.arcgis.respond import document_response, error_response, wanted_format
from proxy.errors import NotFound
from proxy.web import MISSING, base_url, note_error

SERVER = "imageserver"
#: Seconds for which documents may be kept, at most; a source may change.
DOCUMENT_SECONDS = 60

_FILES = tuple(FOLDER.lower().split("/"))
_ROOT = Operation("", service_resource, "Image service", (RULE,))


def routes(context: str) -> list[BaseRoute]:
    """The Esri face below `/{context}/rest`."""
    route = Route(f"/{context}/rest{{path:path}}", respond, methods=["GET", "POST"])
    route.path_regex = re.compile(rf"^/{re.escape(context)}/rest(?P<path>(?:/.*)?)$", re.IGNORECASE)
    return [route, *tokens.routes(context)]


async def respond(request: Request) -> Response:
    """Anything below `/rest`."""
    segments = tuple(part for part in request.path_params["path"].split("/") if part)
    lowered = tuple(segment.lower() for segment in segments[:2])
    if lowered == _FILES:
        return await picture_file(request, segments[2:])
    if lowered[:1] == ("static",):
        return _static(segments[1:])
    if not segments:
        return RedirectResponse(
            f"{base_url(request)}/{request.app.state.config.server.context}/rest/services"
        )
    return await _answered(request, segments)


def _static(segments: tuple[str, ...]) -> Response:
    if segments != (pages.CSS,):
        return PlainTextResponse("Not found", 404)
    return Response(pages.style_sheet(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


async def _answered(request: Request, segments: tuple[str, ...]) -> Response:
    fields, is_read = Fields(request.query_params.multi_items()), False
    try:
        fields, is_read = await fields_of(request), True
        return await _resource(request, fields, segments)
    except Exception as error:
        note_error(request, error)
        # Clients of this face read every failure, also an unforeseen one, from a body with status 200.
        # The form may have held the format: programs send forms that large, people do not.
        if is_read and wanted_format(fields) == "html":
            return pages.error_page(request, error)
        return error_response(error, fields)


async def _resource(request: Request, fields: Fields, segments: tuple[str, ...]) -> Response:
    head, rest = segments[0].lower(), segments[1:]
    if head == "info" and not rest:
        config = request.app.state.config
        address = f"{base_url(request)}/{config.server.context}/tokens/"
        return document_response(info_document(config, address), fields)
    if head != "services":
        raise NotFound("There is no such resource.")
    place = next((index for index, name in enumerate(rest) if name.lower() == SERVER), None)
    if place is None:
        return _directory(request, fields, rest)
    service = registry_of(request).get("/".join(rest[:place]))
    return await _operate(Call(request, fields, service), rest[place + 1 :])


def _directory(request: Request, fields: Fields, rest: tuple[str, ...]) -> Response:
    if len(rest) > 1:
        raise NotFound("There is no such resource.")
    folder = rest[0] if rest else None
    registry = registry_of(request)
    if wanted_format(fields) == "html":
        return pages.directory_page(request, registry, folder)
    return document_response(directory_document(registry, folder), fields)


async def _operate(call: Call, path: tuple[str, ...]) -> Response:
    operation = operation_at(path) if path else _ROOT
    if operation is None or (len(path) > 1 and not operation.takes_path):
        raise UnsupportedOperation
    if operation.takes_path:
        operation = replace(operation, name="/".join(path))
    call = Call(call.request, call.fields, call.service, path[1:])
    if call.format == "html" and any(name not in call.fields for name in operation.required):
        return pages.operation_page(call, operation, None)
    answer = await operation.answer(call)
    if isinstance(answer, Response):
        return answer
    if call.format != "html":
        seconds = min(DOCUMENT_SECONDS, call.service.config.cache.max_age)
        headers = {"Cache-Control": f"max-age={seconds}"}
        if call.missing:
            headers = {"Cache-Control": "no-store", MISSING: str(len(call.missing))}
        return document_response(answer, call.fields, headers)
    if operation is _ROOT:
        return pages.service_page(call, answer, ALL)
    return pages.operation_page(call, operation, answer)
