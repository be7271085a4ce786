"""A raster as a row of a catalog: its outline and its standard attributes."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import shapely

from proxy.catalog.base import Value
from proxy.sources.base import SourceInfo


def outline_of(info: SourceInfo) -> shapely.MultiPolygon:
    """Outline of a raster in its own system; a turned raster has a turned outline."""
    corners = ((0, 0), (info.width, 0), (info.width, info.height), (0, info.height))
    return shapely.MultiPolygon([shapely.Polygon([info.transform @ corner for corner in corners])])


def raster_row(info: SourceInfo, name: str) -> dict[str, Value]:
    """The standard attributes of a raster without id and shape, by the names of `attributes.STANDARD`."""
    form = outline_of(info)
    finest = max(info.pixel_size)
    narrowest = min((width for width, _ in info.level_sizes if width), default=info.width)
    return {
        "Name": name,
        "MinPS": 0,
        "MaxPS": finest * info.width,
        "LowPS": finest,
        "HighPS": finest * info.width / narrowest,
        "Category": 1,
        "Tag": "Dataset",
        "GroupName": name,
        "ProductName": "",
        "CenterX": form.centroid.x,
        "CenterY": form.centroid.y,
        "ZOrder": None,
        "Shape_Length": form.length,
        "Shape_Area": form.area,
    }


def stem_of(text: str, default: str = "") -> str:
    """Name of a raster: its file or address without folder and ending."""
    path = unquote(urlsplit(text).path) if "://" in text else text
    return PurePosixPath(path.replace("\\", "/")).stem or default
