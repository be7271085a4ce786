"""What capabilities say of a layer, in either version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.config import Config
from proxy.crs import WEB_MERCATOR, WGS84, transform_bounds
from proxy.errors import ProxyError
from proxy.model import Extent
from proxy.ogc import dimensions
from proxy.ogc.access import Opened
from proxy.ogc.crs_names import NamedCRS, named, read
from proxy.ogc.dimensions import Offered
from proxy.services import Service
from proxy.sources.base import SourceInfo
from proxy.xyz.tilejson import rounded_bounds

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """A layer.

    Attributes:
        bounds: west, south, east, north in degrees, within one turn.
        boxes: extent and pixel size in each system that is listed, x before y.
    """

    service: Service
    bounds: Box
    boxes: tuple[tuple[NamedCRS, Extent, tuple[float, float]], ...]
    dimensions: tuple[Offered, ...]


def facts(config: Config, opened: Opened) -> LayerFacts | None:
    """Facts of a layer; None for what does not lie on the earth, which WMS cannot describe."""
    info = opened.source.info
    if info.geographic_bounds is None:
        return None
    bounds = rounded_bounds(info.geographic_bounds)
    listed = list(systems(config, opened.service, info))
    boxes = [(crs, box) for crs in listed if (box := _box(info, bounds, crs)) is not None]
    sizes = [
        (crs, box, (box.width / max(1, info.width), box.height / max(1, info.height))) for crs, box in boxes
    ]
    return LayerFacts(opened.service, bounds, tuple(sizes), dimensions.offered(opened.source))


def systems(config: Config, service: Service, info: SourceInfo) -> tuple[NamedCRS, ...]:
    """Systems that are listed for a layer: its own first, then those of the configuration."""
    own = named(info.crs)
    wanted = [read(text) for text in service.config.crs or config.ogc.crs]
    return tuple(dict.fromkeys([own, *wanted] if own is not None else wanted))


def common(layers: Sequence[LayerFacts]) -> tuple[NamedCRS, ...]:
    """Systems that all layers list, in the order of the first."""
    if not layers:
        return (read("EPSG:4326"),)
    shared = set.intersection(*({crs for crs, _, _ in layer.boxes} for layer in layers))
    return tuple(crs for crs, _, _ in layers[0].boxes if crs in shared)


def union(layers: Sequence[LayerFacts]) -> Box:
    """Bounds of all layers; the world for none."""
    if not layers:
        return -180.0, -90.0, 180.0, 90.0
    west, south = (min(layer.bounds[index] for layer in layers) for index in (0, 1))
    east, north = (max(layer.bounds[index] for layer in layers) for index in (2, 3))
    return west, south, east, north


def _box(info: SourceInfo, bounds: Box, crs: NamedCRS) -> Extent | None:
    """Envelope of a source in a system; the whole turn where it crosses the antimeridian."""
    assert info.geographic_bounds is not None
    west, _, east, _ = info.geographic_bounds
    turned = (west < -180 or east > 180) and crs.reference in (WGS84, WEB_MERCATOR)
    try:
        if turned:
            return Extent(*transform_bounds(bounds, WGS84, crs.reference))
        return Extent(*transform_bounds(info.extent.as_tuple(), info.crs, crs.reference))
    except ProxyError:
        return None
