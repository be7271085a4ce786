"""`f=html`: pages of the services directory, for people."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from proxy.arcgis.call import Call, Operation
from proxy.arcgis.directory import listing
from proxy.arcgis.errors import error_document
from proxy.arcgis.respond import Document
from proxy.config import Config
from proxy.security import visit
from proxy.services import Registry
from proxy.web import base_url

FOLDER = Path(__file__).parent
HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
#: Characters of a document that a page shows; the rest is behind its JSON link.
SHOWN = 100_000
CSS = "directory.css"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["path"] = quote
    return found


@lru_cache(maxsize=1)
def style_sheet() -> str:
    """The style of the pages."""
    return (FOLDER / "static" / CSS).read_text("utf-8")


def page(request: Request, template: str, **values: Any) -> Response:
    """A page. Its links are paths, so they stay on the host that the browser already talks to."""
    config: Config = request.app.state.config
    prefix = urlsplit(base_url(request)).path.rstrip("/")
    rest = f"{prefix}/{config.server.context}/rest"
    found = visit()
    common = {
        "prefix": prefix,
        "rest": rest,
        "css": CSS,
        "sign_in": found is not None and found.sign_in,
        "here": f"{prefix}{request.url.path}?f=html",
    }
    text = _templates().get_template(template).render(**common, **values)
    return HTMLResponse(text, headers=HEADERS)


def directory_page(request: Request, registry: Registry, folder: str | None) -> Response:
    """Folders and services, each with links to its pages."""
    folders, services = listing(registry, folder)
    return page(request, "directory.html", folder=folder, folders=folders, services=services)


def service_page(call: Call, document: Document, operations: tuple[Operation, ...]) -> Response:
    """Facts of a service and links to its operations."""
    # `hasColormap` and its like say whether the child resource answers.
    offered = [o for o in operations if document.get(f"has{o.name[:1].upper()}{o.name[1:]}", True)]
    values = {"service": call.service, "document": document, "operations": offered}
    return page(call.request, "service.html", text=_indented(document), **values)


def operation_page(
    call: Call,
    operation: Operation,
    document: Document | None,
    defaults: dict[str, str] | None = None,
    picture: str | None = None,
) -> Response:
    """The form of an operation, filled with what was sent, and the answer to it."""
    sent = {parameter.name: call.fields.text(parameter.name) for parameter in operation.parameters}
    filled = {name: text for name, text in sent.items() if text}
    return page(
        call.request,
        "operation.html",
        service=call.service,
        operation=operation,
        values=filled if document is not None else (defaults or {}) | filled,
        document=document,
        picture=picture,
        text=None if document is None else _indented(document),
        formats=operation.formats,
    )


def error_page(request: Request, error: Exception) -> Response:
    """An error in readable form; like the documents, with status 200."""
    return page(request, "error.html", error=error_document(error)["error"])


def _indented(document: Document) -> str:
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "\n…"
