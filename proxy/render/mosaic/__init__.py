"""Many rasters as one picture."""

from proxy.render.mosaic.candidates import TooManyItems
from proxy.render.mosaic.footprints import draw_footprints
from proxy.render.mosaic.layers import read_item
from proxy.render.mosaic.read import EvaluateItem, read_layer, read_mosaic, unmixed

__all__ = [
    "EvaluateItem",
    "TooManyItems",
    "draw_footprints",
    "read_item",
    "read_layer",
    "read_mosaic",
    "unmixed",
]
