"""The simplest door: XYZ tiles and TileJSON."""

from proxy.xyz.archives import Archives
from proxy.xyz.routes import routes

__all__ = ["Archives", "routes"]
