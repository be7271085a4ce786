"""One request to an operation of a service, and how operations are described."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from proxy.arcgis.fields import Fields
from proxy.arcgis.respond import Document, wanted_format
from proxy.arcgis.values import noting
from proxy.errors import DeadlinePassed
from proxy.render_service import Renderer
from proxy.services import Registry, Service

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets.

    Attributes:
        rest: path segments behind the operation, for instance level, row and column of a tile.
        missing: items that `worked` could not read, with the reason.
    """

    request: Request
    fields: Fields
    service: Service
    rest: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def format(self) -> str:
        """`html`, `json`, `pjson`, `image` or `kmz`."""
        return wanted_format(self.fields)

    @property
    def renderer(self) -> Renderer:
        """The renderer of all doors."""
        renderer: Renderer = self.request.app.state.renderer
        return renderer

    async def opened(self) -> Service:
        """The service with its source open, so that its facts are there without waiting.

        Raises:
            CannotOpen: the source cannot be used.
            DeadlinePassed: it takes too long to open.
        """
        await self.renderer.opened(self.service)
        return self.service

    async def worked(self, function: Callable[..., T], *args: object) -> T:
        """The result of blocking work in the render pool, within the time that a caller waits.

        Raises:
            QueueFull: too much is waiting already.
            DeadlinePassed: it took too long; what has begun is not broken off.
        """
        seconds = self.request.app.state.config.render.seconds
        try:
            working = self.renderer.call(noting, self.missing, function, *args, service=self.service)
            return await asyncio.wait_for(working, seconds)
        except TimeoutError:
            raise DeadlinePassed(seconds) from None


def registry_of(request: Request) -> Registry:
    """The services of the application."""
    registry: Registry = request.app.state.registry
    return registry


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter on an operation's page: its name, what is said of it, and its choices if they are few."""

    name: str
    hint: str = ""
    choices: tuple[str, ...] = ()


Answer = Document | Response


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation or child resource of a service.

    Attributes:
        name: in the path, matched without regard to case.
        answer: a document, written as the caller asked, or a finished response.
        title: for people.
        parameters: shown on its page, beside `f`.
        required: parameters without which the page shows only the form.
        formats: values of `f` offered on its page.
        takes_path: accepts segments behind its name.
    """

    name: str
    answer: Callable[[Call], Awaitable[Answer]]
    title: str
    parameters: tuple[Parameter, ...] = ()
    required: tuple[str, ...] = ()
    takes_path: bool = False
    formats: tuple[str, ...] = ("html", "json", "pjson")
