"""TileJSON 3.0 of a service, and the zooms at which it is worth looking at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from numpy.typing import NDArray

from proxy.ad_hoc import encoding_word
from proxy.crs import SpatialReference, transformer
from proxy.errors import OutsideExtent
from proxy.services import Service
from proxy.sources.base import SourceInfo
from proxy.xyz.params import WEB_MERCATOR_QUAD, matrix_set, matrix_set_crs

Floats = NDArray[np.float64]

#: Where along each side of a source pixels are measured, and over which part of a pixel: a whole one may
#: leave the earth.
PLACES, STEP = np.linspace(0.05, 0.95, 10), 1 / 16
#: The middle of a source counts as long as its pixels are no larger there than usual by this factor.
MOST_STRETCH = 4.0


def document(
    base: str, service: Service, style: str | None, tms: str, query: Mapping[str, str], extension: str = "png"
) -> dict[str, Any]:
    """TileJSON of a rendering in a tile matrix set.

    Args:
        base: public address of the server.
        query: kept in the tile addresses, so that one document describes one choice.

    Raises:
        OutsideExtent: the source is not on the earth.
    """
    info = service.info
    if info.geographic_bounds is None:
        raise OutsideExtent("The source cannot be placed on the earth, so it has no tiles.")
    segments = [quote(service.name)]
    if style is not None:
        segments += ["style", quote(style)]
    if tms != WEB_MERCATOR_QUAD:
        segments.append(tms)
    address = f"{base}/tiles/{'/'.join(segments)}/{{z}}/{{x}}/{{y}}.{extension}"
    kept = {name: value for name, value in query.items() if name not in ("format", "f")}
    low, high = zooms(info, tms)
    west, south, east, north = rounded_bounds(info.geographic_bounds)
    lon, lat = center(info.geographic_bounds)
    encoding = query.get("encoding", "").strip()
    return {
        "tilejson": "3.0.0",
        "name": service.title,
        "description": service.description,
        "version": "1.0.0",
        "attribution": service.attribution,
        "scheme": "xyz",
        "tiles": [address + (f"?{urlencode(kept)}" if kept else "")],
        "minzoom": low,
        "maxzoom": high,
        "bounds": [west, south, east, north],
        "center": [lon, lat, min(high, fitting_zoom(info.geographic_bounds))],
        "tileSize": matrix_set(tms).matrix(low).tileWidth,
        # The words are those of MapLibre's sources of terrain.
        **({"encoding": encoding_word(encoding)} if encoding else {}),
    }


def zooms(info: SourceInfo, tms: str = WEB_MERCATOR_QUAD) -> tuple[int, int]:
    """Least and greatest zoom: from the whole picture in one tile to the first at least as fine as native."""
    matrices = matrix_set(tms)
    native = resolution(info, matrix_set_crs(tms))
    cells = [matrices.matrix(zoom).cellSize for zoom in range(matrices.minzoom, matrices.maxzoom + 1)]
    finest = next((index for index, cell in enumerate(cells) if cell <= native * 1.001), len(cells) - 1)
    return matrices.minzoom, matrices.minzoom + finest


def resolution(info: SourceInfo, crs: SpatialReference) -> float:
    """Size of a native pixel in units of another system, measured at the middle of the source.

    Where that is a pole, or out of reach, it is the median over the source.

    Raises:
        OutsideExtent: no place of the source exists in the other system.
    """
    columns, rows = np.meshgrid(PLACES * info.width, PLACES * info.height)
    sizes = _sizes(info, crs, columns.ravel(), rows.ravel())
    (middle,) = _sizes(info, crs, np.array([info.width / 2]), np.array([info.height / 2]))
    good = sizes[np.isfinite(sizes)]
    if not good.size and not np.isfinite(middle):
        raise OutsideExtent("The source does not exist in that tile matrix set.")
    usual = float(np.median(good)) if good.size else float(middle)
    return float(middle) if middle <= MOST_STRETCH * usual else usual


def _sizes(info: SourceInfo, crs: SpatialReference, columns: Floats, rows: Floats) -> Floats:
    """Sizes of native pixels at places of the source, not finite where there is none."""
    places = (columns, rows), (columns + STEP, rows), (columns, rows + STEP)
    xs, ys = np.stack([info.transform @ place for place in places], axis=1)
    x, y = transformer(info.crs, crs).transform(xs, ys)
    with np.errstate(invalid="ignore"):
        across, down = np.hypot(x[1] - x[0], y[1] - y[0]), np.hypot(x[2] - x[0], y[2] - y[0])
    # A pixel that straddles the antimeridian seems as wide as the world.
    size: Floats = np.where(np.minimum(across, down) > 0, np.minimum(across, down), np.maximum(across, down))
    return size / STEP


def rounded_bounds(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Bounds as TileJSON has them: within -180..180, the whole turn where the antimeridian is crossed."""
    west, south, east, north = bounds
    if east - west >= 360 or east > 180 or west < -180:
        west, east = -180.0, 180.0
    return round(west, 7), round(south, 7), round(east, 7), round(north, 7)


def center(bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    """Middle of geographic bounds, longitude within -180..180."""
    west, south, east, north = bounds
    lon = ((west + east) / 2 + 180) % 360 - 180
    return round(lon, 6), round(max(-85.0, min(85.0, (south + north) / 2)), 6)


def fitting_zoom(bounds: tuple[float, float, float, float], width: int = 1024) -> int:
    """Web Mercator zoom at which the bounds fill about `width` pixels."""
    west, _, east, _ = bounds
    span = max(east - west, 1e-9)
    return max(0, min(24, int(math.log2(width / 256 * 360 / span))))
