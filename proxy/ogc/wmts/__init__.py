"""WMTS 1.0.0, by keyword-value pairs and by paths."""

from proxy.ogc.wmts.routes import routes

__all__ = ["routes"]
