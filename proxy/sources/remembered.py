"""A source that is out of reach, as it was last seen: everything but its pixels."""

from __future__ import annotations

from dataclasses import dataclass

from affine import Affine

from proxy.crs import SpatialReference
from proxy.errors import CannotRead
from proxy.model import Array, Level, Mask, Window
from proxy.selection import EVERYTHING, Selection
from proxy.sources.base import Source, SourceInfo, Variable
from proxy.sources.cube.choose import layer_of
from proxy.sources.cube.cube import CubeSource
from proxy.sources.cube.rows import Rows
from proxy.sources.cube.steps import Steps, steps_of
from proxy.sources.location import Location
from proxy.sources.memory import Remembered, Sheet
from proxy.sources.rows import stem_of


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
    """Facts of a raster at the version that was last seen. Its pictures are those that are kept."""

    def __init__(self, location: Location, info: SourceInfo) -> None:
        self.location = location
        self.stale = False
        self.info = info
        self.crs: SpatialReference = info.crs
        self.dtype = info.pixel_type.dtype
        sizes = ((info.width, info.height), *info.level_sizes)
        self.levels: tuple[Level, ...] = tuple(
            Level(width, height, info.transform @ Affine.scale(info.width / width, info.height / height))
            for width, height in sizes
        )

    def normalised(self, selection: Selection) -> Selection:
        """A raster has nothing to choose from."""
        return EVERYTHING

    def at(self, selection: Selection) -> RememberedSource:
        """Itself."""
        return self

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Never any pixels.

        Raises:
            CannotRead: always.
        """
        raise CannotRead("The source could not be reached.", "it has not been within reach since the start")

    def close(self) -> None:
        """Nothing is open."""


class RememberedCube(RememberedSource):
    """The same of a cube.

    Args:
        name: what its slices are called where its location says nothing.

    Attributes:
        rows, variables: as of `CubeSource`.
    """

    def __init__(self, location: Location, known: Remembered, name: str) -> None:
        super().__init__(location, known.info)
        self.variables = tuple(each for each in known.info.variables if each.name in known.sheets)
        self._layers = tuple(
            _Layer(
                variable,
                tuple(steps_of(dimension) for dimension in variable.dimensions),
                known.sheets[variable.name].absent,
            )
            for variable in self.variables
        )
        self._facts = {name: sheet.info for name, sheet in known.sheets.items()}
        self.rows = Rows(self._layers, self._facts, stem_of(location.text, name))

    def normalised(self, selection: Selection) -> Selection:
        """See `CubeSource.normalised`.

        Raises:
            InvalidParameter, TooLarge: as the cube itself would.
        """
        return self.rows.normalised(selection)

    def at(self, selection: Selection) -> RememberedSource:
        """The variable of a selection.

        Raises:
            InvalidParameter: there is no such slice.
        """
        layer = layer_of(self._layers, self.normalised(selection).variable)
        return RememberedSource(self.location, self._facts[layer.variable.name])


#: What has slices, within reach or not.
AnyCube = CubeSource | RememberedCube


def remembered(location: Location, known: Remembered, name: str) -> RememberedSource:
    """What is known of a source, in its place."""
    return RememberedCube(location, known, name) if known.sheets else RememberedSource(location, known.info)
