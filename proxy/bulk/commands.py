"""Seeding and exporting as the command line asks for them: texts to plans, with progress shown."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from proxy.bulk.area import Area, read_bounds, read_zooms, within
from proxy.bulk.export import COMPRESSIONS, Cluster, Order, export, grid_for
from proxy.bulk.progress import progress
from proxy.bulk.queries import check_choice, check_tiles
from proxy.bulk.seed import (
    CACHED_EXTENSIONS,
    EXTENSIONS,
    Plan,
    Report,
    identity,
    job_config,
    metadata,
    sink_for,
)
from proxy.bulk.work import Job, worker_of
from proxy.catalog.turns import Turn, spans, turn_of
from proxy.choices import selection
from proxy.config import Config
from proxy.crs import SpatialReference, reference, transform_bounds
from proxy.errors import BadRequest, InvalidParameter, UnknownService
from proxy.functions.parse import parse as parse_rule
from proxy.functions.tree import Node
from proxy.model import Extent, Grid, ImageFormat, RenderRequest
from proxy.services import Service
from proxy.xyz import params, tilejson


def seed(
    config: Config,
    service_name: str,
    *,
    target: str,
    zooms: str,
    bbox: str,
    style: str | None,
    tms: str,
    extension: str,
    scale: int,
    query: Mapping[str, str],
    dask: str | None,
    threads: int,
    state: Path,
    revealed: Callable[[Config], dict[str, object]],
    renderings: Any,
    quiet: bool,
) -> Report:
    """Seed the tiles of a service into a sink.

    Raises:
        ProxyError: an option has no meaning, or the service cannot be used.
    """
    known = CACHED_EXTENSIONS if target == "cache" else EXTENSIONS
    if extension not in known:
        raise InvalidParameter("format", f"Use one of {', '.join(known)}.")
    name = named(config, service_name)
    pairs = tuple(sorted(query.items()))
    matrices = params.matrix_set(tms).id
    job = Job(job_config(config, revealed, name), name, style, matrices, extension, scale, pairs)
    service = worker_of(job, renderings).service
    check_tiles(service, job.format, style, query)
    asked = read_bounds(bbox) if bbox else (-180.0, -90.0, 180.0, 90.0)
    bounds = service.info.geographic_bounds if not bbox else within(asked, service.info.geographic_bounds)
    if bounds is None:
        bounds = within(asked, None)
    found = read_zooms(zooms) if zooms else tuple(_every_zoom(service, matrices))
    area = Area(matrices, found, bounds)
    sink = sink_for(target, job, identity(job, service, area), config, state, renderings)
    plan = Plan(job, area, renderings, dask, threads)
    try:
        with progress(f"{name} to {target}", area.count(), "tiles", quiet=quiet) as advanced:
            report = plan.run(sink, advanced)
        if not report.failed:
            sink.finish(metadata(job, service, area))
    finally:
        sink.close()
    return report


def _every_zoom(service: Service, tms: str) -> range:
    low, high = tilejson.zooms(service.info, tms)
    return range(low, high + 1)


def named(config: Config, name: str) -> str:
    """Name of a service in the spelling of the configuration.

    Raises:
        UnknownService: there is none of that name.
    """
    for service in config.services:
        if service.name.lower() == name.strip("/").lower():
            return service.name
    raise UnknownService(name)


def export_file(
    service: Service,
    target: Path,
    *,
    bbox: str,
    bbox_crs: str,
    crs: str,
    size: str,
    resolution: str,
    style: str | None,
    rule: str,
    bands: str,
    interpolation: str,
    query: Mapping[str, str],
    display: bool,
    compression: str,
    optimized: bool,
    threads: int,
    quiet: bool,
    read_rule: Callable[[Any, Mapping[str, Node]], Node],
    cluster: Cluster | None = None,
) -> tuple[int, int, int]:
    """Export a service into a GeoTIFF.

    Args:
        read_rule: a rule in Esri's spelling to a tree.
        cluster: renders the blocks in place of threads.

    Returns:
        Width, height, and the number of blocks that lack items of a mosaic.

    Raises:
        ProxyError: an option has no meaning, or a block cannot be rendered.
    """
    if compression not in COMPRESSIONS:
        raise InvalidParameter("compression", f"Use one of {', '.join(COMPRESSIONS)}.")
    check_choice(service, query)
    grid = _grid(service, bbox, bbox_crs, crs, size, resolution)
    request = RenderRequest(
        service=service.name,
        grid=grid,
        format=ImageFormat.PNG if display else ImageFormat.TIFF,
        bands=params.bands(service.info.band_names, bands),
        interpolation=params.interpolation(interpolation, service),
        rule=_rule(service, style, rule, read_rule),
        selection=selection(service, query),
    )
    order = Order(request, display, compression, optimized)
    with progress(f"{service.name} to {target}", grid.width * grid.height, "pixels", quiet=quiet) as advanced:
        missing = export(service, order, target, threads=threads, cluster=cluster, advanced=advanced)
    return grid.width, grid.height, missing


def _grid(service: Service, bbox: str, bbox_crs: str, crs: str, size: str, resolution: str) -> Grid:
    output = reference(crs) if crs else service.info.crs
    extent = _extent(bbox, reference(bbox_crs) if bbox_crs else output, output, service)
    pixels = _numbers("size", size)
    steps = _numbers("resolution", resolution) or (None if pixels else _native(service, output))
    return grid_for(
        output,
        extent,
        (round(pixels[0]), round(pixels[-1])) if pixels else None,
        (steps[0], steps[-1]) if steps else None,
    )


def _extent(bbox: str, asked: SpatialReference, output: SpatialReference, service: Service) -> Extent:
    info = service.info
    if not bbox:
        return Extent(*transform_bounds(info.extent.as_tuple(), info.crs, output))
    numbers = _numbers("bbox", bbox, 4)
    assert numbers is not None
    if numbers[0] >= numbers[2] or numbers[1] >= numbers[3]:
        raise InvalidParameter("bbox", "It is xmin,ymin,xmax,ymax.")
    west, south, east, north = numbers
    extent = Extent(*transform_bounds((west, south, east, north), asked, output))
    try:
        data = Extent(*transform_bounds(info.extent.as_tuple(), info.crs, output))
    except BadRequest:
        # The whole has no place in that system, but a part of it may have one.
        return extent
    if _beside(extent, data, turn_of(output)):
        # Most often the box is in another system than is thought.
        there = ",".join(f"{number:.10g}" for number in data.as_tuple())
        raise InvalidParameter("bbox", f"No data lie there; they lie within {there}. See --bbox-crs.")
    return extent


def _beside(one: Extent, other: Extent, turn: Turn | None) -> bool:
    across = itertools.product(spans(one.xmin, one.xmax, turn), spans(other.xmin, other.xmax, turn))
    apart = all(max(west, left) >= min(east, right) for (west, east), (left, right) in across)
    return apart or max(one.ymin, other.ymin) >= min(one.ymax, other.ymax)


def _numbers(name: str, text: str, count: int = 2) -> tuple[float, ...] | None:
    if not text:
        return None
    try:
        found = tuple(float(part) for part in text.lower().replace("x", ",").split(","))
    except ValueError:
        raise InvalidParameter(name, "It is numbers after commas.") from None
    if len(found) not in (1, count) or (count == 4 and len(found) != 4):
        raise InvalidParameter(name, f"It is {count} numbers after commas.")
    if count == 2 and min(found) <= 0:
        raise InvalidParameter(name, "It is positive.")
    return found


def _native(service: Service, output: SpatialReference) -> tuple[float, float]:
    if output == service.info.crs:
        return service.info.pixel_size
    side = tilejson.resolution(service.info, output)
    return side, side


def _rule(
    service: Service, style: str | None, text: str, read_rule: Callable[[Any, Mapping[str, Node]], Node]
) -> Node:
    if not text:
        return service.rendering(style).rule
    if style:
        raise InvalidParameter("rule", "Give either a style or a rule.")
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise InvalidParameter("rule", f"The file cannot be read: {error}.") from error
    try:
        value = json.loads(text)
    except ValueError:
        if text.startswith(("{", "[")):
            raise InvalidParameter("rule", "It is not JSON.") from None
        value = text
    if isinstance(value, dict) and any(str(key).lower() == "rasterfunction" for key in value):
        return read_rule(value, service.templates)
    return parse_rule(value, service.templates)
