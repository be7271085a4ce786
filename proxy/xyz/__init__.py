"""The simplest door: XYZ tiles and TileJSON."""

from proxy.xyz.routes import routes

__all__ = ["routes"]
