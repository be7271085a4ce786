"""Zarr's access to buckets, tried again where a body breaks off. Imported only where zarr is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zarr.storage import ObjectStore

from proxy.sources.attempts import tried_async


class PatientStore(ObjectStore):  # type: ignore[misc]
    """A store to read from. obstore itself tries again until a body begins, not once it has begun."""

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        """Bytes of an object or a part of it; None where there is none."""
        # `super()` needs the frame of the method.
        inherited = super().get
        return await tried_async(lambda: inherited(key, prototype, byte_range))

    async def get_partial_values(self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]) -> Any:
        """Bytes of parts of objects."""
        inherited, wanted = super().get_partial_values, list(key_ranges)
        return await tried_async(lambda: inherited(prototype, wanted))

    async def exists(self, key: str) -> bool:
        """True where there is such an object."""
        inherited = super().exists
        return bool(await tried_async(lambda: inherited(key)))
