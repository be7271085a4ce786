"""Servers on loopback: a STAC API, and a folder that a web server lists."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

CLASSES = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]

TYPE = "application/geo+json"


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Address of an application on a free port of loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass
class StacServer:
    """A STAC API over items that are made when they are asked for.

    Attributes:
        count: number of items. make: the item of a number.
        searches: what was asked for, one for each page.
        fails_at: number of the item from which on the server has an error.
        methods: by which it can be searched.
    """

    count: int
    make: Callable[[int], Mapping[str, Any]]
    searches: list[dict[str, Any]] = field(default_factory=list)
    fails_at: int | None = None
    methods: tuple[str, ...] = ("GET", "POST")

    def app(self) -> Starlette:
        """The application: a landing page, and a search that pages by POST or GET."""
        return Starlette(
            routes=[
                Route("/", self._landing),
                Route("/search", self._search, methods=["GET", "POST"]),
            ]
        )

    async def _landing(self, request: Request) -> Response:
        root, ways = str(request.base_url), self.methods
        return JSONResponse(
            {
                "type": "Catalog", "stac_version": "1.0.0", "id": "api", "description": "items",
                "conformsTo": CLASSES,
                "links": [
                    {"rel": "self", "href": root, "type": "application/json"},
                    {"rel": "root", "href": root, "type": "application/json"},
                    *({"rel": "search", "href": f"{root}search", "type": TYPE, "method": m} for m in ways),
                ],
            }
        )  # fmt: skip

    async def _search(self, request: Request) -> Response:
        asked = await request.json() if request.method == "POST" else dict(request.query_params)
        self.searches.append(asked)
        start, limit = int(asked.get("token", 0)), int(asked.get("limit", 10))
        stop = min(start + limit, self.count)
        if self.fails_at is not None and stop > self.fails_at:
            return JSONResponse({"code": "broken"}, status_code=400)
        href = f"{request.base_url}search"
        link = {"rel": "next", "href": href, "method": "POST", "body": {**asked, "token": str(stop)}}
        if request.method == "GET":
            link = {"rel": "next", "href": f"{href}?token={stop}&limit={limit}"}
        return JSONResponse(
            {
                "type": "FeatureCollection",
                "numberMatched": self.count,
                "features": [self.make(number) for number in range(start, stop)],
                "links": [link] if stop < self.count else [],
            }
        )


@contextmanager
def stac_server(count: int, make: Callable[[int], Mapping[str, Any]]) -> Iterator[tuple[StacServer, str]]:
    """A STAC API of so many items, and its address."""
    api = StacServer(count, make)
    with served(api.app()) as url:
        yield api, url


def web_folder(objects: Mapping[str, bytes]) -> Starlette:
    """A web server that lists what it has by WebDAV."""

    async def answer(request: Request) -> Response:
        path = request.url.path
        if request.method == "PROPFIND":
            entries = "".join(
                _entry(name, len(body)) for name, body in objects.items() if name.startswith(path)
            )
            text = f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{entries}</D:multistatus>'
            return Response(text, 207, media_type="application/xml")
        body = objects.get(path)
        headers = {"ETag": f'"{len(body or b"")}"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
        return Response(body or b"", 200 if body else 404, headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD", "PROPFIND"])])


def _entry(name: str, size: int) -> str:
    return (
        f"<D:response><D:href>{name}</D:href><D:propstat><D:prop>"
        f"<D:getlastmodified>Wed, 21 Oct 2015 07:28:00 GMT</D:getlastmodified>"
        f'<D:getcontentlength>{size}</D:getcontentlength><D:getetag>"{size}"</D:getetag>'
        "<D:resourcetype/></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )
