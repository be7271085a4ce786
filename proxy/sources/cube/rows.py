"""The slices of a cube as rows of a catalog: numbered from 1, with attributes, conditions and an order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from proxy.catalog.attributes import ID, STANDARD
from proxy.catalog.base import Field, FieldType, Value
from proxy.catalog.choosing import field_of
from proxy.catalog.orders import base_value
from proxy.catalog.where import predicate
from proxy.errors import InvalidParameter, TooLarge
from proxy.selection import MosaicMethod, MosaicRule, Selection
from proxy.sources.base import SourceInfo, Variable
from proxy.sources.cube.choose import Choosable, Place, layer_of, meant, place_of, written
from proxy.sources.dimensions import outward, standard_names
from proxy.sources.mosaic_rules import EVERY
from proxy.sources.rows import raster_row

#: Slices that are looked at one by one for a single request.
MOST = 100_000
#: Selections of which it is remembered what they mean.
REMEMBERED = 4096
#: The rule of a selection that leaves no slice.
NOTHING = MosaicRule(ids=())
#: Attributes beside those of the dimensions.
VARIABLE, DIMENSIONS, ACQUIRED = "Variable", "Dimensions", "AcquisitionDate"
#: What the attribute of the upper end of a step is called behind the name of its dimension.
UPPER = "_Max"


@dataclass(frozen=True, slots=True)
class Row:
    """One slice: its id, the number of the slice from 1, and its place."""

    id: int
    layer: Choosable
    place: Place

    @property
    def selection(self) -> Selection:
        """The one way of writing it."""
        return written(self.layer, self.place)

    @property
    def variable(self) -> Variable:
        """Its variable."""
        return self.layer.variable

    @property
    def steps(self) -> dict[str, Value]:
        """Places along the dimensions by their standard names, and with `_Max` their upper ends.

        Heights are positive; times are whole epoch milliseconds.
        """
        found: dict[str, Value] = {}
        names = standard_names(self.variable)
        for name, steps, index in zip(names, self.layer.steps, self.place, strict=True):
            dimension = steps.dimension
            ends = dimension.ranges[index] if dimension.ranges else (dimension.values[index],) * 2
            found[name], found[name + UPPER] = sorted(outward(dimension, end) for end in ends)
        return found

    @property
    def acquired(self) -> int | None:
        """Its time in epoch milliseconds, None where it has none."""
        for steps, index in zip(self.layer.steps, self.place, strict=True):
            if steps.dimension.kind == "time":
                return int(steps.values[index])
        return None


class Rows:
    """All slices of a cube, in the order of their numbers; those that the source lacks are left out."""

    def __init__(self, layers: Sequence[Choosable], facts: Mapping[str, SourceInfo], name: str) -> None:
        """Describe the slices.

        Args:
            layers: one for each variable.
            facts: by the names of the variables.
            name: of the source.
        """
        self._layers = tuple(layers)
        self._bases = {variable: raster_row(info, name) for variable, info in facts.items()}
        self._sizes = [math.prod(len(steps.values) for steps in layer.steps) for layer in layers]
        self.fields: tuple[Field, ...] = (*STANDARD, *_fields(self._layers))
        self._remembered = lru_cache(REMEMBERED)(self._normalised)

    def normalised(self, selection: Selection) -> Selection:
        """See `_normalised`; remembered, but for a condition on the present time."""
        if "current_" in selection.mosaic.where.lower():
            return self._normalised(selection)
        return self._remembered(selection)

    def _normalised(self, selection: Selection) -> Selection:
        """The selection of exactly one step along every dimension; see `choose.place_of` for which.

        A mosaic rule chooses among the rows; where it leaves none of them, what is written says so.

        Raises:
            InvalidParameter: there is no such variable, dimension or step; the message says what there is.
            TooLarge: the rule would have to be tested on too many slices.
        """
        rule = selection.mosaic
        if not (conditional(rule) or self.takes_order(rule)):
            layer = layer_of(self._layers, selection.variable)
            return written(layer, place_of(layer, selection))
        row = self.shown(selection)
        if row is not None:
            return row.selection
        return Selection(NOTHING, variable=layer_of(self._layers, selection.variable).variable.name)

    def attributes(self, row: Row) -> dict[str, Value]:
        """Attributes of a slice by the names of the fields, without its shape."""
        base = self._bases[row.variable.name]
        found = {ID: row.id, **base, VARIABLE: row.variable.name}
        found[DIMENSIONS] = ",".join(standard_names(row.variable))
        found |= {name: value for name, value in row.steps.items() if name not in base}
        return found if row.acquired is None else found | {ACQUIRED: row.acquired}

    def get(self, number: int) -> Row | None:
        """The slice with an id, None where there is none."""
        rest = number - 1
        for layer, size in zip(self._layers, self._sizes, strict=True):
            if 0 <= rest < size:
                place = tuple(int(i) for i in np.unravel_index(rest, [len(s.values) for s in layer.steps]))
                return None if place in layer.absent else Row(number, layer, place)
            rest -= size
        return None

    def chosen(self, selection: Selection) -> list[Row]:
        """Slices that a selection means, in the order of its rule; along what it does not name, every step.

        Without a variable those of the first count, unless the rule has a condition of its own.

        Raises:
            InvalidParameter: there is no such variable, dimension, step, attribute or locked slice.
            TooLarge: more slices than `MOST` would have to be looked at.
        """
        rule = selection.mosaic
        taken = self._test(rule)
        return self._ordered([row for row in self._within(selection) if taken(row)], rule)

    def shown(self, selection: Selection) -> Row | None:
        """The slice that is drawn of those that a selection means; None where its rule leaves none.

        Where the rule does not say which comes first it is the latest, and the first step of anything else.

        Raises:
            InvalidParameter, TooLarge: as `chosen` does.
        """
        found = self.chosen(selection)
        if not found or self.takes_order(selection.mosaic):
            return next(iter(found), None)
        # Of the first variable among them, in whichever direction they stand.
        first = min(found, key=lambda row: row.id).layer
        return min((row for row in found if row.layer is first), key=_rank)

    def takes_order(self, rule: MosaicRule) -> bool:
        """True where a rule says which of several slices comes first: locked ones, or by an attribute."""
        by_attribute = rule.method is MosaicMethod.ATTRIBUTE and self._sort_field(rule) is not None
        return rule.method is MosaicMethod.LOCK or by_attribute

    def _within(self, selection: Selection) -> Iterator[Row]:
        one = layer_of(self._layers, selection.variable)
        everywhere = conditional(selection.mosaic)
        refused: InvalidParameter | None = None
        sought: list[tuple[int, Choosable, list[Sequence[int]]]] = []
        before, any_taken = 0, False
        for layer, size in zip(self._layers, self._sizes, strict=True):
            if layer is one or (everywhere and not selection.variable):
                try:
                    sought.append((before, layer, _axes(layer, selection)))
                    any_taken = True
                except InvalidParameter as error:
                    # Another variable may have what this one lacks.
                    refused = refused or error
            before += size
        if not any_taken and refused is not None:
            raise refused
        if sum(math.prod(map(len, axes)) for _, _, axes in sought) > MOST:
            raise TooLarge(f"More than {MOST} slices would be looked at; name a variable and its dimensions.")
        for first, layer, axes in sought:
            counts = [len(steps.values) for steps in layer.steps]
            for place in itertools.product(*axes):
                if place not in layer.absent:
                    yield Row(first + _number(place, counts) + 1, layer, place)

    def _test(self, rule: MosaicRule) -> Callable[[Row], bool]:
        condition = "" if EVERY.fullmatch(rule.where) else rule.where
        where = predicate(condition, self.fields)
        ids = None if rule.ids is None else set(rule.ids)
        locked = set(rule.locked) if rule.method is MosaicMethod.LOCK else None
        if locked is not None and not any(self.get(each) for each in locked):
            # As a mosaic does: of several some may be gone, of none there would be a picture of nothing.
            raise InvalidParameter("mosaic", f"There is no slice {', '.join(map(str, rule.locked[:5]))}.")

        def taken(row: Row) -> bool:
            if (ids is not None and row.id not in ids) or (locked is not None and row.id not in locked):
                return False
            return not condition or where(self.attributes(row))

        return taken

    def _ordered(self, rows: list[Row], rule: MosaicRule) -> list[Row]:
        if rule.method is MosaicMethod.LOCK:
            places = {number: place for place, number in reversed(list(enumerate(rule.locked)))}
            rows = sorted(rows, key=lambda row: places[row.id])
        field = self._sort_field(rule)
        if rule.method is not MosaicMethod.ATTRIBUTE or field is None:
            return rows if rule.ascending else rows[::-1]
        base = base_value(field, rule.sort_value)
        valued = [(self.attributes(row).get(field.name), row) for row in rows]
        known = [(value, row) for value, row in valued if value is not None]
        known.sort(key=lambda pair: _distance(pair[0], base), reverse=not rule.ascending)
        return [row for _, row in known] + [row for value, row in valued if value is None]

    def _sort_field(self, rule: MosaicRule) -> Field | None:
        found = field_of(self.fields, rule.sort_field)
        return None if found is None or found.type is FieldType.GEOMETRY else found


def conditional(rule: MosaicRule) -> bool:
    """True for a rule that names some slices by their attributes or ids."""
    return not EVERY.fullmatch(rule.where) or rule.ids is not None or rule.method is MosaicMethod.LOCK


def _axes(layer: Choosable, selection: Selection) -> list[Sequence[int]]:
    return [
        range(len(steps.values)) if found is None else found.tolist()
        for steps, found in zip(layer.steps, meant(layer, selection), strict=True)
    ]


def _rank(row: Row) -> tuple[float, ...]:
    """Less for what is shown before other slices of its variable: the latest, then the first of all else."""
    return tuple(
        -float(steps.values[index]) if steps.dimension.kind == "time" else float(index)
        for steps, index in zip(row.layer.steps, row.place, strict=True)
    )


def _number(place: Place, counts: list[int]) -> int:
    return int(np.ravel_multi_index(place, counts)) if place else 0


def _distance(value: Value, base: float | str | None) -> tuple[float | str, ...]:
    # From the least value, or from the greatest: that is the order of the values.
    if base is None:
        return (value,)  # type: ignore[return-value]
    if isinstance(value, str) or isinstance(base, str):
        return (float(value != base), str(value))
    return (abs(float(value) - base),)  # type: ignore[arg-type]


def _fields(layers: Sequence[Choosable]) -> list[Field]:
    """Fields of the variables and dimensions."""
    found = {VARIABLE: FieldType.TEXT, DIMENSIONS: FieldType.TEXT}
    for layer in layers:
        for name, steps in zip(standard_names(layer.variable), layer.steps, strict=True):
            is_time = steps.dimension.kind == "time"
            kind = FieldType.DATE if is_time else FieldType.REAL
            found |= {name: kind, name + UPPER: kind} | ({ACQUIRED: kind} if is_time else {})
    taken = {field.name.lower() for field in STANDARD}
    return [
        Field(name, kind, 255 if kind is FieldType.TEXT else None)
        for name, kind in found.items()
        if name.lower() not in taken
    ]
