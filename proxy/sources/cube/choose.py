"""Which slice a selection means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, TypeVar

from proxy.errors import InvalidParameter
from proxy.selection import DimensionChoice, Selection
from proxy.sources.base import Variable
from proxy.sources.cube.steps import Found, Steps

Place = tuple[int, ...]


class Choosable(Protocol):
    """A variable as far as slices are chosen by it; see `proxy.sources.cube.layers.Layer`."""

    @property
    def variable(self) -> Variable:
        """What it is called, and its dimensions."""

    @property
    def steps(self) -> tuple[Steps, ...]:
        """Of the dimensions beside those of the map."""

    @property
    def absent(self) -> frozenset[Place]:
        """Slices that the source lacks."""


AnyLayer = TypeVar("AnyLayer", bound=Choosable)


def layer_of(layers: Sequence[AnyLayer], name: str) -> AnyLayer:
    """Layer by the name of its variable, without regard to case; the first for an empty one.

    Raises:
        InvalidParameter: there is none of that name.
    """
    if not name:
        return layers[0]
    for layer in layers:
        if layer.variable.name.lower() == name.lower():
            return layer
    known = ", ".join(layer.variable.name for layer in layers[:12])
    raise InvalidParameter("variable", f"There is no variable '{name[:60]}'; there are {known}.")


def place_of(layer: Choosable, selection: Selection) -> Place:
    """Index along each dimension of a layer.

    A dimension that is not chosen is at its default: the latest time, the first of anything else. Of several
    steps that are meant, the one that would be the default among them is taken. A choice on the time
    dimension by name comes before `selection.time`, which a variable without times does not heed.

    Raises:
        InvalidParameter: there is no such dimension, or no such step along it.
    """
    found = meant(layer, selection)
    place = tuple(steps.default(among) for steps, among in zip(layer.steps, found, strict=True))
    return _present(layer, place, bool(selection.dimensions) or selection.time is not None)


def meant(layer: Choosable, selection: Selection) -> list[Found | None]:
    """Indices that a selection means along each dimension of a layer; None where it says nothing.

    Raises:
        InvalidParameter: as `place_of` does.
    """
    choices = {choice.name.lower(): choice for choice in selection.dimensions}
    known = {steps.dimension.name.lower() for steps in layer.steps}
    for name, choice in choices.items():
        if name not in known:
            raise InvalidParameter(choice.name, _unknown(layer))
    found: list[Found | None] = []
    timed = False
    for steps in layer.steps:
        choice_here = choices.get(steps.dimension.name.lower())
        first_time = steps.dimension.kind == "time" and not timed
        timed |= first_time
        if choice_here is not None:
            found.append(steps.chosen(choice_here))
        elif first_time and selection.time is not None:
            found.append(steps.during(selection.time))
        else:
            found.append(None)
    return found


def written(layer: Choosable, place: Place) -> Selection:
    """The one way of writing a slice."""
    choices = [
        DimensionChoice(steps.dimension.name, ((steps.dimension.values[index],) * 2,))
        for steps, index in zip(layer.steps, place, strict=True)
    ]
    return Selection(
        variable=layer.variable.name, dimensions=tuple(sorted(choices, key=lambda choice: choice.name))
    )


def places(layer: Choosable, most: int) -> list[Place]:
    """At most so many slices, evenly over all of a layer, the first and the last among them."""
    counts = [len(steps.values) for steps in layer.steps]
    total = math.prod(counts)
    number = min(total, most)
    numbers = {round(index * (total - 1) / max(1, number - 1)) for index in range(number)}
    found = [_unravelled(index, counts) for index in sorted(numbers)]
    return [place for place in found if place not in layer.absent] or [_first_present(layer, counts)]


def _unravelled(number: int, counts: Sequence[int]) -> Place:
    place = []
    for count in reversed(counts):
        number, index = divmod(number, count)
        place.append(index)
    return tuple(reversed(place))


def _first_present(layer: Choosable, counts: Sequence[int]) -> Place:
    every = (_unravelled(number, counts) for number in range(math.prod(counts)))
    return next(place for place in every if place not in layer.absent)


def _present(layer: Choosable, place: Place, asked: bool) -> Place:
    if place not in layer.absent:
        return place
    if not asked:
        return _first_present(layer, [len(steps.values) for steps in layer.steps])
    name = layer.steps[-1].dimension.name
    raise InvalidParameter(name, "The source has no slice for these values together.")


def _unknown(layer: Choosable) -> str:
    names = ", ".join(steps.dimension.name for steps in layer.steps)
    what = f"has {names}" if names else "has none"
    return f"It is no dimension of the variable {layer.variable.name}, which {what}."
