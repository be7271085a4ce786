"""Coordinates of a data set that xarray has opened: their values, and the dimensions that they make."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.config.mosaic import CubeConfig
from proxy.sources.base import Dimension
from proxy.sources.cube.axes import Unplaceable
from proxy.sources.cube.clock import NotTimes, milliseconds
from proxy.sources.cube.decode import decoding_of
from proxy.sources.cube.naming import kind_of, text
from proxy.sources.cube.steps import Steps
from proxy.sources.cube.steps import steps_of as prepared
from proxy.sources.dimensions import TIME_UNIT

log = logging.getLogger(__name__)

Attributes = Mapping[str, Any]

#: Values along a dimension, above which it cannot be listed.
MOST_STEPS = 1_000_000
#: Names of the steps of a dimension without numbers that its description spells out.
MOST_LABELS = 40
#: How a text begins that may be a date.
_DATE = re.compile(r"\s*\d{4}-\d\d(-\d\d)?([T ]|\s*$)")


class Coordinates:
    """The coordinates of one data set."""

    def __init__(self, data: Any, cube: CubeConfig) -> None:
        self._data, self._cube = data, cube
        self._steps: dict[str, Steps] = {}

    def attributes(self, name: str | None) -> Attributes:
        """Attributes of a variable; none of None."""
        return {} if name is None else self._data.variables[name].attrs

    def values(self, name: str) -> NDArray[np.float64]:
        """Unpacked values of a variable, NaN for none."""
        variable = self._data.variables[name]
        attributes = dict(variable.attrs)
        if not np.any(attributes.get("_FillValue", 1)):
            # Zarr's way of saying nothing; coordinates have no gaps.
            del attributes["_FillValue"]
        data, mask = decoding_of(variable.dtype, attributes).apply(_native(variable))
        values: NDArray[np.float64] = data.astype(np.float64)
        if mask is not None:
            values[~mask] = np.nan
        return values

    def bounds(self, name: str, scale: float = 1.0) -> NDArray[np.float64] | None:
        """Edges of the cells of a coordinate, (n, 2), multiplied by `scale`; None where there are none."""
        attributes = self.attributes(name)
        bounds = text(attributes, "bounds") or text(attributes, "climatology")
        if bounds not in self._data.variables:
            return None
        variable, own = self._data.variables[bounds], self._data.variables[name]
        if variable.dims[:-1] != own.dims or variable.shape[-1] != 2:
            return None
        return self.values(bounds) * scale

    def steps_of(self, dim: str) -> Steps:
        """The places along a dimension that is not one of the map.

        Raises:
            Unplaceable: it has none, or too many.
        """
        if dim not in self._steps:
            self._steps[dim] = prepared(self._dimension(dim))
        return self._steps[dim]

    def _dimension(self, dim: str) -> Dimension:
        count = int(self._data.sizes[dim])
        if not 0 < count <= MOST_STEPS:
            raise Unplaceable(f"its dimension {dim} has {count} steps")
        name = self._told_by(dim)
        if name is None:
            return _numbered(dim, count, "")
        coordinate = self._data.variables[name]
        if coordinate.dtype.kind not in "iufb":
            return _dated(dim, coordinate) or _numbered(dim, count, _labels(coordinate))
        attributes, values = coordinate.attrs, self.values(name)
        kind = self._kind_of(dim, attributes)
        description = text(attributes, "long_name") or text(attributes, "standard_name").replace("_", " ")
        if not np.isfinite(values).all():
            return _numbered(dim, count, description)
        bounds, unit = self.bounds(name), text(attributes, "units")
        if kind == "time":
            try:
                values, bounds = _times(values, bounds, attributes, self._attributes_of_bounds(name))
                unit = TIME_UNIT
            except NotTimes as reason:
                log.info("dimension %s is told by its numbers: %s", dim, reason)
                kind = ""
        down = kind == "vertical" and text(attributes, "positive").lower() == "down"
        ranges = () if bounds is None else tuple(map(_ordered, bounds.tolist()))
        return Dimension(dim, kind, unit, tuple(values.tolist()), description, ranges, down)

    def _told_by(self, dim: str) -> str | None:
        """The variable with the places along a dimension: its namesake, or another one that has times.

        Forecasts give steps from their beginning, and the times for which these hold beside.
        """
        own = self._data.variables.get(dim)
        known = own is not None and own.dims[:1] == (dim,) and (own.ndim == 1 or own.dtype.kind in "SU")
        if known and (own.dtype.kind not in "iufb" or self._kind_of(dim, own.attrs)):
            return dim
        for name, other in self._data.variables.items():
            if (
                other.dims == (dim,)
                and other.dtype.kind in "iuf"
                and kind_of(str(name), other.attrs) == "time"
            ):
                return str(name)
        return dim if known else None

    def _kind_of(self, dim: str, attributes: Attributes) -> str:
        for kind, name in (("time", self._cube.time), ("vertical", self._cube.vertical)):
            if name is not None and name.lower() == dim.lower():
                return kind
        return kind_of(dim, attributes)

    def _attributes_of_bounds(self, dim: str) -> Attributes:
        name = text(self.attributes(dim), "bounds") or text(self.attributes(dim), "climatology")
        return self.attributes(name if name in self._data.variables else None)


def _times(
    values: NDArray[np.float64], bounds: NDArray[np.float64] | None, own: Attributes, other: Attributes
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    units, calendar = text(own, "units"), text(own, "calendar") or "standard"
    moments = milliseconds(values, units, calendar)
    if bounds is None or not np.isfinite(bounds).all():
        return moments, None
    return moments, milliseconds(bounds, text(other, "units") or units, text(other, "calendar") or calendar)


def _ordered(pair: list[float]) -> tuple[float, float]:
    return min(pair), max(pair)


def _numbered(dim: str, count: int, description: str) -> Dimension:
    """A dimension whose steps are told by their number, from 0."""
    return Dimension(dim, "", "", tuple(float(number) for number in range(count)), description)


def _texts(coordinate: Any) -> NDArray[Any]:
    values = _native(coordinate)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.ndim == 2:
        values = np.array(["".join(row).rstrip("\0 ") for row in values], object)
    return values


def _dated(dim: str, coordinate: Any) -> Dimension | None:
    """A dimension whose steps are dates, or texts that are; None for any other."""
    values = _native(coordinate) if coordinate.dtype.kind == "M" else _texts(coordinate)
    try:
        if values.dtype.kind != "M":
            if not all(_DATE.match(str(value)) for value in values):
                return None
            values = np.array([str(value).strip().removesuffix("Z") for value in values], "datetime64[ms]")
    except ValueError:
        return None
    if np.isnat(values).any():
        return None
    moments = values.astype("datetime64[ms]").astype(np.int64).astype(np.float64)
    return Dimension(dim, "time", TIME_UNIT, tuple(moments.tolist()), text(coordinate.attrs, "long_name"))


def _labels(coordinate: Any) -> str:
    """Names of steps for the description."""
    values = _texts(coordinate)
    named = [f"{number}: {str(value)[:60]}" for number, value in enumerate(values[:MOST_LABELS])]
    return ", ".join(named) + (", …" if len(values) > MOST_LABELS else "")


def _native(variable: Any) -> NDArray[Any]:
    values = np.asarray(variable.values)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))
