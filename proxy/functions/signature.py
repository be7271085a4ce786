"""What the registry knows about a function: name, arguments, how far it looks, which bands it needs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cached_property
from typing import Any

from proxy.model import Raster


def fold(name: str) -> str:
    """Name without case, underscores, hyphens and blanks: `BandIDs`, `band_ids` and `Band IDs` are one."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


class Kind(Enum):
    """What an argument holds after parsing."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"
    ENUM = "enum"
    NUMBERS = "list of numbers"
    TEXTS = "list of texts"
    ROWS = "rows of numbers"
    RASTER = "raster"
    RASTERS = "rasters"
    JSON = "json"


@dataclass(frozen=True)
class Argument:
    """One row of an argument table.

    Attributes:
        name: in snake_case, the keyword of the pure function.
        default: what the pure function assumes when the argument is absent.
        aliases: other spellings that do not fold to `name`.
        minimum: least number allowed; `maximum`: greatest; both for every member of a list.
        choices: codes and names of an ENUM.
        longest: most members of a list, most characters of a text.
        required: True where absence is an error.
        convert: last step from the parsed value to what the function takes; raises ValueError. The result
            must be hashable.
    """

    name: str
    kind: Kind
    default: Any = None
    aliases: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    choices: type[IntEnum] | None = None
    longest: int = 1024
    required: bool = False
    convert: Callable[[Any], Hashable] | None = None

    @property
    def is_raster(self) -> bool:
        """True where it holds one or several rasters."""
        return self.kind in (Kind.RASTER, Kind.RASTERS)


Arguments = Mapping[str, Any]
Margin = int | Callable[[Arguments], int]
BandChoice = Callable[[Arguments, int], tuple[int, ...] | None]


@dataclass(frozen=True)
class Function:
    """One row of the registry.

    Attributes:
        name: in snake_case.
        run: the pure function; called with keywords, rasters included, which it must not change.
        summary: one line for people.
        arguments: the table; the first raster in it is the one that an absent input stands for.
        margin: pixels needed beyond the wanted ones on every side, or a function of the arguments.
        bands: zero-based bands of its input that it looks at, for the arguments and a band count; None for
            all. Raises InvalidRule where a band does not exist.
        aliases: other spellings that do not fold to `name`.
        typed: True where `run` takes `output_type` itself, since it decides how numbers are rounded.
    """

    name: str
    run: Callable[..., Raster]
    summary: str
    arguments: tuple[Argument, ...]
    margin: Margin = 0
    bands: BandChoice | None = None
    aliases: tuple[str, ...] = ()
    typed: bool = False

    @cached_property
    def by_name(self) -> dict[str, Argument]:
        """Arguments by folded name and alias."""
        return {fold(name): a for a in self.arguments for name in (a.name, *a.aliases)}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Default of every argument that is no raster."""
        return {a.name: a.default for a in self.arguments if not a.is_raster}

    @cached_property
    def input(self) -> Argument | None:
        """The raster argument that receives the implicit input."""
        return next((a for a in self.arguments if a.is_raster), None)


#: The input of nearly every function.
INPUT = Argument("raster", Kind.RASTER, aliases=("dem",))


def number(name: str, default: float | None, *aliases: str, **limits: Any) -> Argument:
    """Row of a number."""
    return Argument(name, Kind.NUMBER, default, aliases, **limits)


def flag(name: str, default: bool = False, *aliases: str) -> Argument:
    """Row of a boolean."""
    return Argument(name, Kind.BOOLEAN, default, aliases)


def choice(name: str, default: IntEnum, *aliases: str) -> Argument:
    """Row of an enum."""
    return Argument(name, Kind.ENUM, default, aliases, choices=type(default))


def numbers(name: str, *aliases: str, **limits: Any) -> Argument:
    """Row of a list of numbers, empty by default."""
    return Argument(name, Kind.NUMBERS, (), aliases, **limits)
