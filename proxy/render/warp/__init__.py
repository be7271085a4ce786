"""From the pixels of a source to any grid, without GDAL's warper."""

from proxy.model import Level, Window
from proxy.render.warp.read import read_grid
from proxy.render.warp.source import PixelSource

__all__ = ["Level", "PixelSource", "Window", "read_grid"]
