"""The values that travel between the layers: frozen, typed, without any door's spelling."""

from proxy.model.kinds import Compression, DataKind, Effort, ImageFormat, Interpolation, PixelType
from proxy.model.places import Extent, Grid, Level, Window
from proxy.model.rasters import (
    Array,
    AttributeTable,
    BandStatistics,
    Colormap,
    Histogram,
    Mask,
    Raster,
    marks_bands,
)
from proxy.model.requests import EncodeOptions, NoDataRule, Picture, RenderRequest

__all__ = [
    "Array",
    "AttributeTable",
    "BandStatistics",
    "Colormap",
    "Compression",
    "DataKind",
    "Effort",
    "EncodeOptions",
    "Extent",
    "Grid",
    "Histogram",
    "ImageFormat",
    "Interpolation",
    "Level",
    "Mask",
    "NoDataRule",
    "Picture",
    "PixelType",
    "Raster",
    "RenderRequest",
    "Window",
    "marks_bands",
]
