"""What a service says of a cube's slice."""

from __future__ import annotations

from proxy.config import ServiceConfig
from proxy.sources.base import SourceInfo, Variable
from proxy.sources.cube.layers import Layer
from proxy.sources.describe import envelope, geographic_bounds


def facts_of(
    layer: Layer, variables: tuple[Variable, ...], config: ServiceConfig, version: str, driver: str
) -> SourceInfo:
    """Facts about any slice of a layer."""
    placement = layer.placement
    transform, width, height = placement.transform, placement.width, placement.height
    bounds = geographic_bounds(placement.crs, transform, width, height)
    if bounds is not None:
        # Cells around the poles reach beyond them.
        bounds = bounds[0], max(-90.0, bounds[1]), bounds[2], min(90.0, bounds[3])
    times = [
        value
        for variable in variables
        for dimension in variable.dimensions
        if dimension.kind == "time"
        for value in (min(dimension.values), max(dimension.values))
    ]
    return SourceInfo(
        version=version,
        crs=placement.crs,
        extent=envelope(transform, width, height),
        width=width,
        height=height,
        transform=transform,
        pixel_size=(placement.x.step, -placement.y.step),
        pixel_type=layer.decoding.pixel_type,
        band_names=config.bands if len(config.bands) == 1 else (layer.variable.name,),
        color_interpretation=("gray",),
        nodata=layer.decoding.nodata,
        mask_kind=layer.decoding.mask_kind,
        colormap=None,
        attribute_table=layer.table,
        kind=config.kind or layer.kind,
        level_sizes=(),
        block=(width, height),
        driver=driver,
        compression=layer.compression,
        geographic_bounds=bounds,
        way="cube",
        variables=variables,
        time=(int(min(times)), int(max(times))) if times else None,
    )
