"""The doors of the Open Geospatial Consortium."""

from __future__ import annotations

from starlette.routing import BaseRoute

from proxy.ogc import wms, wmts

__all__ = ["routes"]


def routes() -> list[BaseRoute]:
    """WMTS and WMS."""
    return [*wmts.routes(), *wms.routes()]
