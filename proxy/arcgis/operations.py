"""Every operation and child resource of an image service, in one table."""

from __future__ import annotations

from proxy.arcgis import computing, export, identify, query, resources, samples
from proxy.arcgis.call import Operation

ALL = (
    export.OPERATION,
    identify.OPERATION,
    samples.OPERATION,
    *computing.OPERATIONS,
    query.OPERATION,
    *resources.CHILDREN,
)

#: By name in lower case, as clients differ in theirs.
OPERATIONS: dict[str, Operation] = {operation.name.lower(): operation for operation in ALL}
