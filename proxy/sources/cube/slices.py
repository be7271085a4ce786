"""One slice of a cube: a raster of one band, read by window like any other."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Hashable

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from proxy.crs import SpatialReference
from proxy.errors import CannotRead, ProxyError, ReadBudgetExceeded
from proxy.model import Array, Level, Mask, Window
from proxy.selection import Selection
from proxy.sources.base import SourceInfo
from proxy.sources.blocks.cache import BlockCache
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.cube.blocks import Blocks
from proxy.sources.cube.choose import Place, places, written
from proxy.sources.cube.layers import Arrays, Layer
from proxy.sources.location import Location

log = logging.getLogger(__name__)

Indices = NDArray[np.intp]

#: Pixels of a slice above which it gets coarser levels, and of the coarsest of them at most.
LEVELS_ABOVE, COARSEST = 1 << 22, 1 << 20
#: Side of the pieces of such a level that are kept.
PIECE = 512
#: Pixels that statistics look at, and slices at least and at most where there are so many.
SAMPLE_PIXELS, FEWEST_SLICES, MOST_SLICES = 1_500_000, 12, 64
#: Slices that the result of a rule is evaluated on for its statistics.
LOOKS = 4


class Sheet:
    """What all slices of one variable share: levels, blocks, facts."""

    def __init__(
        self,
        location: Location,
        info: SourceInfo,
        layer: Layer,
        arrays: Arrays,
        cache: BlockCache,
        token: Hashable,
        budget: int,
    ) -> None:
        self.location, self.layer, self.budget = location, layer, budget
        self.blocks = Blocks(arrays, layer, cache, token)
        self.levels = levels_of(layer)
        self.stale = False
        width, height = self.blocks.size
        sizes = tuple((level.width, level.height) for level in self.levels[1:])
        self.info = dataclasses.replace(info, level_sizes=sizes, block=(width, height))

    def positions(self, level: int) -> tuple[Indices, Indices]:
        """Rows and columns of the stored array for those of a level: of several the middle one."""
        rows, columns = self.layer.placement.y.indices, self.layer.placement.x.indices
        chosen = self.levels[level]
        return _thinned(rows, chosen.height), _thinned(columns, chosen.width)


class CubeSlice:
    """A variable at one place along its other dimensions.

    Attributes:
        info: facts; its version is that of the variable, so that all slices share their statistics.
        levels: coarser ones where a slice is large. Their pixels are those of the slice at even steps, not
            means, and every pixel below has to be read for them once.
        nodata: None, as there is no second band.
    """

    nodata: float | None = None

    def __init__(self, sheet: Sheet, place: Place) -> None:
        self._sheet, self._place = sheet, place
        self.location = sheet.location
        self.levels = sheet.levels
        self.dtype = sheet.layer.decoding.pixel_type.dtype
        self.crs: SpatialReference = sheet.info.crs
        self.info = dataclasses.replace(sheet.info, acquired=self._acquired())

    @property
    def stale(self) -> bool:
        """True once the source is known to have changed."""
        return self._sheet.stale

    def normalised(self, selection: Selection) -> Selection:
        """This slice, whatever is asked."""
        return written(self._sheet.layer, self._place)

    def at(self, selection: Selection) -> CubeSlice:
        """Itself."""
        return self

    def close(self) -> None:
        """Nothing is its own."""

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Read whole pixels of a level.

        Args:
            level: 0 for native pixels, above for thinned ones.
            bands: only 0 exists.
            window: inside the level.

        Returns:
            Unpacked data (bands, rows, columns) in `dtype`, and the mask (rows, columns), True where valid,
            None where all are.

        Raises:
            CannotRead: the source is damaged or out of reach.
            SourceChanged: it is no longer the one that was opened; `stale` is True from then on.
            ReadBudgetExceeded: a thinned level would need more pixels than the service allows.
        """
        raw = self._guarded(lambda: self._raw(level, window))
        data, mask = self._sheet.layer.decoding.apply(raw)
        return np.broadcast_to(data, (len(bands), *data.shape)).copy(), mask

    def sample(self) -> tuple[Array, Mask | None]:
        """Pixels of several slices of the variable, the same whatever this slice is.

        Returns:
            Data (1, count, 1), all of them where there are few, and the mask (count, 1) or None.

        Raises:
            CannotRead: see `read`.
        """
        layer = self._sheet.layer
        size = layer.placement.width * layer.placement.height
        chosen = places(layer, max(FEWEST_SLICES, min(MOST_SLICES, SAMPLE_PIXELS // size)))
        parts = [self._guarded(lambda place=place: self._sampled(place, len(chosen))) for place in chosen]  # type: ignore[misc]
        data, mask = layer.decoding.apply(np.concatenate(parts))
        return data[None, :, None], None if mask is None else mask[:, None]

    def looks(self) -> list[CubeSlice]:
        """A few slices of the variable, the same whatever this one is, to judge the result of a rule by."""
        return [CubeSlice(self._sheet, place) for place in places(self._sheet.layer, LOOKS)]

    def _raw(self, level: int, window: Window) -> Array:
        rows, columns = self._sheet.positions(level)
        if level == 0:
            return self._sheet.blocks.gather(self._place, *_cut(rows, columns, window))
        self._check_budget(level, window)
        found = np.empty((window.height, window.width), self._sheet.layer.dtype.newbyteorder("="))
        for top in range(window.row // PIECE * PIECE, window.row + window.height, PIECE):
            for left in range(window.column // PIECE * PIECE, window.column + window.width, PIECE):
                piece = self._piece(level, top, left)
                y0, y1 = max(top, window.row), min(top + piece.shape[0], window.row + window.height)
                x0, x1 = max(left, window.column), min(left + piece.shape[1], window.column + window.width)
                part = piece[y0 - top : y1 - top, x0 - left : x1 - left]
                found[y0 - window.row : y1 - window.row, x0 - window.column : x1 - window.column] = part
        return found

    def _piece(self, level: int, top: int, left: int) -> Array:
        rows, columns = self._sheet.positions(level)

        def make() -> Array:
            picked = rows[top : top + PIECE], columns[left : left + PIECE]
            return self._sheet.blocks.gather(self._place, *picked, keep=False)

        return self._sheet.blocks.remembered(("thinned", level, self._place, top, left), make)

    def _check_budget(self, level: int, window: Window) -> None:
        native, chosen = self._sheet.levels[0], self._sheet.levels[level]
        each = native.width * native.height / (chosen.width * chosen.height)
        if window.width * window.height * each > self._sheet.budget:
            raise ReadBudgetExceeded(
                f"The request would read more than the {self._sheet.budget} source pixels that are allowed."
            )

    def _sampled(self, place: Place, slices: int) -> Array:
        """Stored values of blocks at even distances over a slice, flat."""
        rows, columns = (np.unique(found) for found in self._sheet.positions(0))
        wide, high = self._sheet.blocks.size
        corners = [(top, left) for top in range(0, len(rows), high) for left in range(0, len(columns), wide)]
        # Reading costs by the block, keeping by the pixel: eight times as many are read as kept.
        count = max(1, min(len(corners), 8 * SAMPLE_PIXELS // slices // (wide * high)))
        chosen = corners[:: math.ceil(len(corners) / count)]
        step = math.isqrt(max(1, len(chosen) * wide * high * slices // SAMPLE_PIXELS))
        parts = [
            self._sheet.blocks.gather(
                place, rows[top : top + high : step], columns[left : left + wide : step], keep=step == 1
            )
            for top, left in chosen
        ]
        return np.concatenate([part.ravel() for part in parts])

    def _guarded(self, read: Callable[[], Array]) -> Array:
        try:
            return read()
        except SourceChanged:
            self._sheet.stale = True
            raise
        except ProxyError:
            raise
        except Exception as error:  # every library has errors of its own
            log.warning("cannot read %s: %s", self.location.text, error)
            raise CannotRead("The source could not be read.", str(error)) from error

    def _acquired(self) -> int | None:
        for steps, index in zip(self._sheet.layer.steps, self._place, strict=True):
            if steps.dimension.kind == "time":
                return int(steps.values[index])
        return None


def levels_of(layer: Layer) -> tuple[Level, ...]:
    """Native pixels, and for a large slice half as many along each side until it is small."""
    placement = layer.placement
    native = Level(placement.width, placement.height, placement.transform)
    levels, factor = [native], 2
    while native.width * native.height > LEVELS_ABOVE and levels[-1].width * levels[-1].height > COARSEST:
        width, height = -(-native.width // factor), -(-native.height // factor)
        scale = Affine.scale(native.width / width, native.height / height)
        levels.append(Level(width, height, native.transform @ scale))
        factor *= 2
    return tuple(levels)


def _thinned(positions: Indices, count: int) -> Indices:
    if count == len(positions):
        return positions
    middles = (np.arange(count) + 0.5) * (len(positions) / count)
    return positions[middles.astype(np.intp)]


def _cut(rows: Indices, columns: Indices, window: Window) -> tuple[Indices, Indices]:
    return (
        rows[window.row : window.row + window.height],
        columns[window.column : window.column + window.width],
    )
