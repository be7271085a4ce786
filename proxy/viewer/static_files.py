"""Style sheets, scripts and Leaflet, at addresses that change with their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from xstatic.pkg import leaflet

OWN = Path(__file__).parent / "static"
LEAFLET = Path(leaflet.BASE_DIR)
LEAFLET_VERSION = f"leaflet-{leaflet.PACKAGE_VERSION}"

YEAR = "public, max-age=31536000, immutable"


def content_version(folder: Path) -> str:
    """Short digest of the names and bytes of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


class Static:
    """The static files of the pages.

    Attributes:
        version: of the own files; part of their addresses.
    """

    def __init__(self) -> None:
        self.version = content_version(OWN)
        self._folders = {
            self.version: StaticFiles(directory=OWN),
            LEAFLET_VERSION: StaticFiles(directory=LEAFLET),
        }

    async def respond(self, request: Request) -> Response:
        """A file, kept for a year at its present version.

        While several versions of the server run side by side, a page of one may ask the other for
        its files: it gets the present ones, not to be kept.
        """
        version = request.path_params["version"]
        folder = self._folders.get(version) or self._folders[self.version]
        response = await folder.get_response(request.path_params["path"], request.scope)
        response.headers["Cache-Control"] = YEAR if version in self._folders else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
