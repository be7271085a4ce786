"""Every operation and child resource of an image service, in one table."""

from __future__ import annotations

from proxy.arcgis import (
    about,
    catalog_item,
    computing,
    dimensions,
    download,
    export,
    identify,
    legend,
    measure,
    pixel_location,
    project,
    query,
    resources,
    samples,
    tiles,
)
from proxy.arcgis.call import Operation

#: Those that a service's page leads to.
ALL = (
    export.OPERATION,
    identify.OPERATION,
    samples.OPERATION,
    *computing.OPERATIONS,
    query.OPERATION,
    legend.OPERATION,
    measure.OPERATION,
    *project.OPERATIONS,
    pixel_location.OPERATION,
    *resources.CHILDREN,
)
#: Those that answer only some services, or not without more in their path.
OTHERS = (*dimensions.OPERATIONS, about.OPERATION, tiles.TILE, tiles.TILEMAP, *download.OPERATIONS)

#: By name in lower case, as clients differ in theirs.
OPERATIONS: dict[str, Operation] = {operation.name.lower(): operation for operation in (*ALL, *OTHERS)}


def operation_at(path: tuple[str, ...]) -> Operation | None:
    """The operation that a path begins with; a number is an item of the catalog. None where there is none."""
    if path[0].isdecimal():
        return catalog_item.operation(path[0])
    return OPERATIONS.get(path[0].lower())
