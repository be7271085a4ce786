"""Every operation and child resource of an image service, in one table."""

from __future__ import annotations

from proxy.arcgis import export, resources
from proxy.arcgis.call import Operation

ALL = (export.OPERATION, *resources.CHILDREN)

#: By name in lower case, as clients differ in theirs.
OPERATIONS: dict[str, Operation] = {operation.name.lower(): operation for operation in ALL}
