"""Services without the limits that protect a server from its callers: whoever exports is its owner."""

from __future__ import annotations

from proxy.config import ServiceConfig

#: Items of a mosaic that one block may be drawn from.
ITEMS = 1000
#: Source pixels that one block may read.
PIXELS = 1 << 40


def unlimited(service: ServiceConfig) -> ServiceConfig:
    """The same service, with as many items and source pixels for a block as it needs."""
    limits = service.limits.model_copy(update={"source_pixels": PIXELS})
    mosaic = service.mosaic
    if mosaic is not None:
        mosaic = mosaic.model_copy(update={"max_items": max(ITEMS, mosaic.max_items)})
    return service.model_copy(update={"limits": limits, "mosaic": mosaic})
