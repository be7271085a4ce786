"""WMS 1.3.0 and 1.1.1."""

from proxy.ogc.wms.routes import routes

__all__ = ["routes"]
