"""The Esri face: ArcGIS REST image services."""

from proxy.arcgis.routes import routes

__all__ = ["routes"]
