"""Styles for MapLibre GL: one raster source and one layer that shows it."""

from __future__ import annotations

from typing import Any

from proxy.errors import OutsideExtent
from proxy.services import Service
from proxy.xyz.params import WEB_MERCATOR_QUAD, matrix_set
from proxy.xyz.tilejson import center, fitting_zoom, rounded_bounds, zooms


def style(service: Service, name: str, tiles: list[str], encoding: str = "") -> dict[str, Any]:
    """A style of version 8 for a service whose source is open.

    Args:
        name: shown to people.
        tiles: templates of tiles in Web Mercator with {z}, {x} and {y}.
        encoding: `terrarium` or `mapbox` where the tiles are of terrain, which the client then hillshades.

    Raises:
        OutsideExtent: the source is not on the earth.
    """
    info = service.info
    if info.geographic_bounds is None:
        raise OutsideExtent("The source cannot be placed on the earth, so it has no tiles.")
    low, high = zooms(info)
    lon, lat = center(info.geographic_bounds)
    source: dict[str, Any] = {
        "type": "raster-dem" if encoding else "raster",
        "tiles": tiles,
        "tileSize": matrix_set(WEB_MERCATOR_QUAD).matrix(low).tileWidth,
        "minzoom": low,
        "maxzoom": high,
        "bounds": list(rounded_bounds(info.geographic_bounds)),
    }
    if service.attribution:
        source["attribution"] = service.attribution
    if encoding:
        source["encoding"] = encoding
    kind = "hillshade" if encoding else "raster"
    return {
        "version": 8,
        "name": name,
        "center": [lon, lat],
        "zoom": min(high, fitting_zoom(info.geographic_bounds)),
        "sources": {service.name: source},
        "layers": [{"id": service.name, "type": kind, "source": service.name}],
    }
