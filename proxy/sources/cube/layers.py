"""A variable as it is stored: where its pixels lie, how they are cut up and decoded, its dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from proxy.model import Array, DataKind
from proxy.sources.base import AttributeTable, Variable
from proxy.sources.cube.axes import Placement
from proxy.sources.cube.decode import Decoding
from proxy.sources.cube.steps import Steps

Key = tuple[slice, ...]


class Arrays(Protocol):
    """Stored values of all variables of one source at one version.

    Attributes:
        parallel: several loads at a time are worth while.
    """

    parallel: bool

    def load(self, name: str, key: Key) -> Array:
        """A part of a variable, all of its axes kept, as it is stored. Safe in several threads.

        Raises:
            SourceChanged: the source is no longer the one that was opened.
            Exception: whatever the library says of damaged or missing bytes.
        """

    def close(self) -> None:
        """Let go of open files; later loads raise `SourceChanged`."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One variable.

    Attributes:
        steps: of the dimensions beside those of the map, in the order of the file.
        shape: of the stored array. chunks: its pieces, that long along each axis;
            ones where it is not cut up.
        down, across: which axes of the stored array run along the map.
        dtype: of the stored array.
        absent: slices that the source lacks.
    """

    variable: Variable
    placement: Placement
    steps: tuple[Steps, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    down: int
    across: int
    dtype: np.dtype[Any]
    decoding: Decoding
    kind: DataKind = DataKind.GENERIC
    table: AttributeTable | None = None
    compression: str = "NONE"
    absent: frozenset[tuple[int, ...]] = frozenset()

    @property
    def others(self) -> tuple[int, ...]:
        """The axes of the stored array beside those of the map, in order."""
        return tuple(axis for axis in range(len(self.shape)) if axis not in (self.down, self.across))
