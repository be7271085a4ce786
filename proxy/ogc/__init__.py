"""The doors of the Open Geospatial Consortium."""

from __future__ import annotations

from starlette.routing import BaseRoute

from proxy.ogc import api, wms, wmts

__all__ = ["routes"]


def routes() -> list[BaseRoute]:
    """WMTS, WMS and OGC API."""
    return [*wmts.routes(), *wms.routes(), *api.routes()]
