"""A source with variables and dimensions as a whole: what there is, which slice is meant, and that slice."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from proxy.config import ServiceConfig
from proxy.crs import SpatialReference
from proxy.model import Array, Level, Mask, Window
from proxy.selection import EVERYTHING, Selection
from proxy.sources.base import SourceInfo, Variable
from proxy.sources.blocks.cache import BlockCache
from proxy.sources.cube.choose import layer_of, place_of
from proxy.sources.cube.facts import facts_of
from proxy.sources.cube.layers import Arrays, Layer
from proxy.sources.cube.rows import NOTHING, Rows
from proxy.sources.cube.slices import CubeSlice, Sheet
from proxy.sources.location import Location
from proxy.sources.rows import stem_of

_numbers = itertools.count()


class CubeSource:
    """All variables of a netCDF, HDF5, Zarr or GRIB source. Safe in several threads.

    Read without a selection it is its default slice: that of the first variable, at the latest time, and at
    the first step along every other dimension.

    Attributes:
        rows: its slices as a catalog.
    """

    def __init__(
        self,
        location: Location,
        config: ServiceConfig,
        version: str,
        driver: str,
        arrays: Arrays,
        layers: Sequence[Layer],
        cache: BlockCache,
    ) -> None:
        self.location = location
        self._arrays, self._cache, self._layers = arrays, cache, tuple(layers)
        self._token = ("cube", next(_numbers))
        self.variables: tuple[Variable, ...] = tuple(layer.variable for layer in layers)
        self._sheets = {
            layer.variable.name: Sheet(
                location,
                facts_of(layer, self.variables, config, f"{version}/{layer.variable.name}", driver),
                layer,
                arrays,
                cache,
                self._token,
                config.limits.source_pixels,
            )
            for layer in layers
        }
        facts = {name: sheet.info for name, sheet in self._sheets.items()}
        self.rows = Rows(self._layers, facts, stem_of(location.text, config.name))
        first = self.at(EVERYTHING)
        self._first = first
        self.info: SourceInfo = dataclasses.replace(first.info, version=version)
        self.crs: SpatialReference = first.crs
        self.levels: tuple[Level, ...] = first.levels
        self.dtype: np.dtype[np.generic] = first.dtype

    @property
    def stale(self) -> bool:
        """True once it is known to have changed."""
        return any(sheet.stale for sheet in self._sheets.values())

    @property
    def slices(self) -> int:
        """Number of slices of all variables."""
        return sum(math.prod(len(d.values) for d in v.dimensions) for v in self.variables)

    def normalised(self, selection: Selection) -> Selection:
        """The selection of exactly one step along every dimension; see `Rows.normalised`."""
        return self.rows.normalised(selection)

    def sheets(self) -> dict[str, tuple[SourceInfo, frozenset[tuple[int, ...]]]]:
        """By variable, the facts that its slices share, and the combinations of steps that it lacks."""
        return {name: (sheet.info, sheet.layer.absent) for name, sheet in self._sheets.items()}

    def at(self, selection: Selection) -> CubeSlice:
        """The slice that a selection means.

        Raises:
            InvalidParameter: as `normalised` does.
        """
        if selection.mosaic not in (NOTHING, EVERYTHING.mosaic):
            selection = self.normalised(selection)
        empty = selection.mosaic == NOTHING
        layer = layer_of(self._layers, selection.variable)
        return CubeSlice(self._sheets[layer.variable.name], place_of(layer, selection), empty)

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Read whole pixels of the default slice; see `CubeSlice.read`."""
        return self._first.read(level, bands, window)

    def sample(self) -> tuple[Array, Mask | None]:
        """Pixels of several slices of the default variable; see `CubeSlice.sample`."""
        return self._first.sample()

    def looks(self) -> list[CubeSlice]:
        """A few slices of the default variable; see `CubeSlice.looks`."""
        return self._first.looks()

    def close(self) -> None:
        """Close the files and forget the blocks."""
        self._arrays.close()
        self._cache.drop(lambda key: isinstance(key, tuple) and key[:1] == (self._token,))
