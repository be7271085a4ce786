"""OGC API: Common, Tiles, Maps and Styles, below `/ogc`."""

from proxy.ogc.api.routes import routes

__all__ = ["routes"]
