"""Templates and headers of the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from proxy import __version__
from proxy.security import visit
from proxy.viewer.static_files import LEAFLET_VERSION
from proxy.web import base_url

#: Nothing but what the server itself sends; Leaflet's placeholder tile is a data address.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-cache",
}


def prefix_of(request: Request) -> str:
    """Path of the public address: links stay on the host that the browser already talks to."""
    return urlsplit(base_url(request)).path.rstrip("/")


class Pages:
    """Renders the templates with what every page needs.

    Args:
        folders: of further templates, which may build on those here.
        filters: for them, by name.
    """

    def __init__(
        self, static_version: str, *folders: Path, filters: Mapping[str, Callable[..., str]] | None = None
    ) -> None:
        self._version = static_version
        self._environment = Environment(
            loader=FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(filters or {})

    def respond(
        self, template: str, prefix: str, status: int = 200, refresh: int | None = None, **values: Any
    ) -> Response:
        """A page.

        Args:
            prefix: path below which the whole server is reached, without a trailing slash; often empty.
            refresh: seconds after which the browser asks again.
            values: for the template.
        """
        common = {
            "prefix": prefix,
            "static": f"{prefix}/static/{self._version}",
            "leaflet": f"{prefix}/static/{LEAFLET_VERSION}",
            "server_version": __version__,
            "sign_in": (found := visit()) is not None and found.sign_in,
        }
        text = self._environment.get_template(template).render(common | values)
        headers = HEADERS | ({"Refresh": str(refresh)} if refresh else {})
        return HTMLResponse(text, status, headers)
