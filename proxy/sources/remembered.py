"""A source that is out of reach, as it was last seen: everything but its pixels."""

from __future__ import annotations

from dataclasses import dataclass

from affine import Affine

from proxy.crs import SpatialReference
from proxy.errors import CannotRead
from proxy.model import Array, Level, Mask, Window
from proxy.selection import EVERYTHING, Selection
from proxy.sources.base import Source, SourceInfo, Variable
from proxy.sources.cube.choose import layer_of, place_of, written
from proxy.sources.cube.cube import CubeSource
from proxy.sources.cube.steps import Steps, steps_of
from proxy.sources.location import Location
from proxy.sources.memory import Remembered, Sheet


def known_of(source: Source, seen: float) -> Remembered:
    """What is to be remembered of a source whose version was confirmed at a moment."""
    sheets = {}
    if isinstance(source, CubeSource):
        sheets = {name: Sheet(info, absent) for name, (info, absent) in source.sheets().items()}
    return Remembered(seen, source.info, sheets)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A variable as far as slices are chosen by it."""

    variable: Variable
    steps: tuple[Steps, ...]
    absent: frozenset[tuple[int, ...]]


class RememberedSource:
    """Facts of a raster or a cube at the version that was last seen. Its pictures are those that are kept.

    Args:
        sheet: facts of the variable that was chosen; those of the whole when absent.
    """

    def __init__(self, location: Location, known: Remembered, sheet: SourceInfo | None = None) -> None:
        self.location = location
        self.stale = False
        self._known = known
        self._layers = tuple(
            _Layer(
                variable,
                tuple(steps_of(dimension) for dimension in variable.dimensions),
                known.sheets[variable.name].absent,
            )
            for variable in known.info.variables
            if variable.name in known.sheets
        )
        info = self.info = known.info if sheet is None else sheet
        self.crs: SpatialReference = info.crs
        self.dtype = info.pixel_type.dtype
        sizes = ((info.width, info.height), *info.level_sizes)
        self.levels: tuple[Level, ...] = tuple(
            Level(width, height, info.transform @ Affine.scale(info.width / width, info.height / height))
            for width, height in sizes
        )

    def normalised(self, selection: Selection) -> Selection:
        """See `Source.normalised`.

        Raises:
            InvalidParameter: as the source itself would.
        """
        if not self._layers:
            return EVERYTHING
        layer = layer_of(self._layers, selection.variable)
        return written(layer, place_of(layer, selection))

    def at(self, selection: Selection) -> RememberedSource:
        """The variable of a selection.

        Raises:
            InvalidParameter: there is no such slice.
        """
        if not self._layers:
            return self
        layer = layer_of(self._layers, selection.variable)
        place_of(layer, selection)
        return RememberedSource(self.location, self._known, self._known.sheets[layer.variable.name].info)

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Never any pixels.

        Raises:
            CannotRead: always.
        """
        raise CannotRead("The source could not be reached.", "it has not been within reach since the start")

    def close(self) -> None:
        """Nothing is open."""
