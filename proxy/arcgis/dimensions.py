"""multidimensionalInfo and slices: the variables of a service, their dimensions, and every single slice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import definition, read_definition
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.respond import Document
from proxy.choices import slice_count
from proxy.errors import InvalidParameter, TooLarge
from proxy.selection import DimensionChoice
from proxy.sources.base import Dimension, Variable
from proxy.sources.dimensions import outward, standard_names

#: Most slices of one answer.
SLICES = 100_000
#: Relative difference of steps that still count as equal.
EVEN = 1e-6

_DAY = 86_400_000
_UNITS = (("Weeks", 7 * _DAY), ("Days", _DAY), ("Hours", 3_600_000), ("Minutes", 60_000), ("Seconds", 1000))


async def multidimensional_info(call: Call) -> Document:
    """Variables and dimensions; a service without any cannot complete it, as recorded."""
    service = await call.opened()
    if not service.info.variables:
        raise CannotComplete
    asked = call.fields.text("returnDimensionValues").lower().removeprefix("esridimensionvalues")
    mosaic = service.config.mosaic
    attributes = mosaic.dimensions if mosaic else {}
    variables = [variable_document(variable, asked, attributes) for variable in service.info.variables]
    return {"multidimensionalInfo": {"variables": variables}}


def variable_document(
    variable: Variable, values: str = "always", attributes: Mapping[str, str] | None = None
) -> Document:
    """A variable.

    Args:
        variable: that is described.
        values: are listed `always`, `never`, or `ifirregular`.
        attributes: of the items of a mosaic that hold its dimensions, by the names of these.
    """
    fields = attributes or {}
    return {
        "name": variable.name,
        "description": variable.description or variable.name,
        "unit": variable.unit,
        "dimensions": [
            dimension_document(dimension, name, values, fields.get(dimension.name, ""))
            for name, dimension in zip(standard_names(variable), variable.dimensions, strict=True)
        ],
        "statistics": [],
        "histograms": [],
        "attributes": {},
    }


def dimension_document(dimension: Dimension, name: str, values: str = "always", field: str = "") -> Document:
    """A dimension with its extent, its steps where they are even, its values, and the field that holds it."""
    outside = _values(dimension)
    plain = [end for value in outside for end in (value if isinstance(value, list) else [value])]
    step = interval(dimension)
    document: dict[str, Any] = {
        "name": name,
        "description": dimension.description,
        "unit": "ISO8601" if dimension.kind == "time" else dimension.unit,
        "field": field or name,
        "extent": [min(plain), max(plain)],
        "hasRanges": bool(dimension.ranges),
        "hasRegularIntervals": step is not None,
    }
    if step is not None:
        document |= {"interval": step[0], "intervalUnit": step[1]}
    if values != "never" and not (values == "ifirregular" and step is not None):
        document["values"] = outside
    return document


def _values(dimension: Dimension) -> list[Any]:
    if dimension.ranges:
        return [sorted(outward(dimension, end) for end in each) for each in dimension.ranges]
    return [outward(dimension, value) for value in dimension.values]


def interval(dimension: Dimension) -> tuple[float, str] | None:
    """Step between the values with its unit, None where they differ. Times also step by months and years."""
    values = [outward(dimension, value) for value in dimension.values]
    if len(values) < 2:
        return None
    steps = [after - before for before, after in itertools.pairwise(values)]
    if max(abs(step - steps[0]) for step in steps) <= EVEN * abs(steps[0]):
        return _of_time(steps[0]) if dimension.kind == "time" else (steps[0], dimension.unit)
    return _by_calendar(values) if dimension.kind == "time" else None


def _of_time(step: float) -> tuple[float, str]:
    for unit, length in _UNITS:
        if unit != "Weeks" and step % length == 0:
            return step / length if step % length else step // length, unit
    return step, "Milliseconds"


def _by_calendar(values: list[float]) -> tuple[float, str] | None:
    try:
        moments = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value) for value in values]
    except OverflowError:
        return None
    if len({(m.day, m.hour, m.minute, m.second) for m in moments}) > 1:
        return None
    months = [m.year * 12 + m.month for m in moments]
    steps = {after - before for before, after in itertools.pairwise(months)}
    if len(steps) > 1:
        return None
    step = steps.pop()
    return (step // 12, "Years") if step % 12 == 0 else (step, "Months")


async def slices(call: Call) -> Document:
    """Every slice, or those that `multidimensionalDefinition` leaves, with its number for `sliceId`."""
    service = await call.opened()
    info = service.info
    asked = read_definition(call.fields, "multidimensionalDefinition")
    try:
        variable, choices = definition(asked, info)
    except InvalidParameter as error:
        raise InvalidParameter("multidimensionalDefinition", error.why) from None
    if slice_count(info) > SLICES:
        raise TooLarge(f"The service has more than {SLICES} slices; name a variable and its dimensions.")
    found = [
        {"sliceId": number, "multidimensionalDefinition": parts}
        for number, parts in enumerate(_all(info.variables, variable if asked else "", choices))
        if parts is not None
    ]
    return {"slices": found}


def _all(
    variables: tuple[Variable, ...], wanted: str, choices: tuple[DimensionChoice, ...]
) -> Iterator[list[Document] | None]:
    """Definition of each slice in the order of their numbers; None for those not asked for."""
    chosen = {choice.name: choice for choice in choices}
    for variable in variables:
        axes = [range(len(dimension.values)) for dimension in variable.dimensions]
        if wanted and variable.name != wanted:
            yield from itertools.repeat(None, math.prod(len(axis) for axis in axes))
            continue
        outside = [_values(dimension) for dimension in variable.dimensions]
        for place in itertools.product(*axes):
            taken = all(
                _within(chosen.get(dimension.name), dimension.values[index])
                for dimension, index in zip(variable.dimensions, place, strict=True)
            )
            yield _definition(variable, outside, place) if taken else None


def _within(choice: DimensionChoice | None, value: float) -> bool:
    return choice is None or any(low <= value <= high for low, high in choice.values)


def _definition(variable: Variable, outside: list[list[Any]], place: tuple[int, ...]) -> list[Document]:
    return [
        {
            "variableName": variable.name,
            "dimensionName": name,
            "values": [values[index]],
        }
        for name, values, index in zip(standard_names(variable), outside, place, strict=True)
    ]


OPERATIONS = (
    Operation(
        "multidimensionalInfo",
        multidimensional_info,
        "Multidimensional information",
        (Parameter("returnDimensionValues", "", ("always", "never", "ifIrregular")),),
    ),
    Operation("slices", slices, "Slices", (Parameter("multidimensionalDefinition", "JSON"),)),
)
