"""The overview of a mosaic: one COG for pixels that are coarser than those of its items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from proxy.bulk.export import Cluster, Order, export, grid_for
from proxy.bulk.limits import unlimited
from proxy.bulk.progress import progress
from proxy.bulk.seed import job_config
from proxy.bulk.work import complete
from proxy.config import Config
from proxy.errors import InvalidParameter, Unsupported
from proxy.functions.tree import Source
from proxy.model import ImageFormat, Interpolation, RenderRequest
from proxy.services import Registry
from proxy.sources.mosaic import MosaicSource

#: Pixels coarser than any.
NO_LIMIT = 1e15


def build_overview(
    config: Config,
    name: str,
    target: Path | None,
    *,
    renderings: Any,
    revealed: Callable[[Config], dict[str, object]],
    dask: str | None = None,
    threads: int = 0,
    quiet: bool = False,
) -> Path:
    """Draw all items of a mosaic at the size from which on they are not drawn one by one.

    Args:
        target: file to write; None for the one that the configuration names.
        revealed: a configuration as plain values, secrets included, for the workers of a cluster.
        dask: address of a scheduler, or `local`; None for threads of this process.

    Returns:
        Where it was written.

    Raises:
        ProxyError: the service is no mosaic, or it cannot be drawn.
    """
    service_config = next(each for each in config.services if each.name == name)
    mosaic = service_config.mosaic
    if mosaic is None:
        raise Unsupported(f"'{name}' is no mosaic: its overviews belong into its file.")
    path = target or (Path(mosaic.overview) if mosaic.overview else None)
    if path is None or ":" in str(path).partition("/")[0] or not path.name:
        raise InvalidParameter("to", "Name a file of this machine for the overview, such as overview.tif.")
    only = config.model_copy(update={"services": (service_config,)})
    complete(only)
    registry = Registry(only, renderings)
    source = registry.get(name).source
    assert isinstance(source, MosaicSource)
    size = source.coarsest
    # Drawn from the items wherever it is: neither an older overview nor the limits of a request count.
    free = unlimited(service_config)
    assert free.mosaic is not None
    always = {"overview": None, "min_pixel_size": NO_LIMIT, "strict": True}
    free = free.model_copy(update={"mosaic": free.mosaic.model_copy(update=always)})
    alone = config.model_copy(update={"services": (free,)})
    service = Registry(alone, renderings).get(name)
    cluster = Cluster(dask, job_config(alone, revealed, name), renderings) if dask else None
    info = service.info
    grid = grid_for(info.crs, info.extent, None, (size, size))
    thematic = info.colormap is not None
    request = RenderRequest(
        service=name,
        grid=grid,
        format=ImageFormat.TIFF,
        interpolation=Interpolation.NEAREST if thematic else Interpolation.AVERAGE,
        rule=Source(),
    )
    with progress(f"overview of {name}", grid.width * grid.height, "pixels", quiet=quiet) as advanced:
        export(service, Order(request), path, threads=threads, cluster=cluster, advanced=advanced)
    return path
