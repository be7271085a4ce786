"""From the pixels of a source to any grid, without GDAL's warper."""

from proxy.render.warp.read import PixelSource, read_grid

__all__ = ["PixelSource", "read_grid"]
