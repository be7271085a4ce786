"""A data set by xarray to layers: which of its variables are maps, and where and when they lie."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from proxy.config import ServiceConfig
from proxy.config.mosaic import CubeConfig
from proxy.crs import SpatialReference, reference
from proxy.errors import BadRequest, CannotOpen
from proxy.model import DataKind
from proxy.sources.base import AttributeTable, Variable
from proxy.sources.cube.axes import Placement, Unplaceable, eastwards, southwards
from proxy.sources.cube.completing import completed, is_mesh
from proxy.sources.cube.coordinates import Coordinates
from proxy.sources.cube.decode import Decoding, decoding_of
from proxy.sources.cube.layers import Layer
from proxy.sources.cube.naming import direction, in_degrees, text
from proxy.sources.cube.systems import MAPPINGS, factor_of, system_of

log = logging.getLogger(__name__)

Attributes = Mapping[str, Any]

CURVILINEAR = "its coordinates are two-dimensional (curvilinear); warp it to a regular grid first"


class NoMaps(CannotOpen):
    """There is nothing in a data set that could be a map; another group may have some."""


class DataSet:
    """A data set that xarray has opened without decoding anything."""

    def __init__(self, data: Any, config: ServiceConfig) -> None:
        self._data = data = completed(data)
        self._config = config
        self._cube = config.cube or CubeConfig()
        self._coordinates = Coordinates(data, self._cube)
        self._placements: dict[tuple[str, str, str], Placement] = {}

    def layers(self) -> list[Layer]:
        """The variables that are maps, in the order of the configuration, or else of the file, flags last.

        Raises:
            CannotOpen: there is none; the message says why not.
        """
        names = [str(name) for name in self._data.variables]
        wanted = [self._named(name, names) for name in self._cube.variables]
        helpers = self._helpers()
        found: list[Layer] = []
        reasons: list[str] = []
        for name in wanted or sorted((name for name in names if name not in helpers), key=self._is_quality):
            try:
                found.append(self._layer(name))
            except Unplaceable as error:
                reasons.append(f"the variable {name}: {error}")
                if wanted:
                    raise CannotOpen(f"The source cannot be placed on a map: {reasons[-1]}.") from error
        if not found:
            why = next(iter(reasons), "")
            if not why:
                raise NoMaps("The source cannot be placed on a map: it has no numbers along two dimensions.")
            raise CannotOpen(f"The source cannot be placed on a map: {why}.", "; ".join(reasons))
        for reason in reasons:
            log.info("not offered: %s", reason)
        return found

    def _named(self, name: str, names: list[str]) -> str:
        if name in names:
            return name
        raise CannotOpen(
            f"The configuration names a variable '{name[:60]}', which is not in the source.", ", ".join(names)
        )

    def _helpers(self) -> set[str]:
        """Variables that describe others: coordinates, bounds, grid mappings; and what is no map at all."""
        variables = self._data.variables
        found = {
            str(name) for name, variable in variables.items() if variable.ndim < 2 or name in variable.dims
        }
        for variable in variables.values():
            for key in ("bounds", "climatology", "grid_mapping", "coordinates"):
                found |= {word.rstrip(":") for word in text(variable.attrs, key).split()}
        return found | {
            str(name) for name, variable in variables.items() if variable.dtype.kind not in "iufb"
        }

    def _is_quality(self, name: str) -> bool:
        """True for bits that say how good other variables are: they come last, none is the default."""
        return "flag_masks" in self._data.variables[name].attrs

    def _layer(self, name: str) -> Layer:
        variable = self._data.variables[name]
        if variable.ndim < 2 or variable.dtype.kind not in "iufb":
            raise Unplaceable("it is no map of numbers")
        dims = [str(dim) for dim in variable.dims]
        across, down = self._map_dimensions(variable, dims)
        others = [dim for dim in dims if dim not in (across, down)]
        steps = tuple(self._coordinates.steps_of(dim) for dim in others)
        decoding = decoding_of(variable.dtype, variable.attrs, self._config.nodata)
        table = _flags(variable.attrs)
        return Layer(
            Variable(
                name,
                text(variable.attrs, "long_name") or text(variable.attrs, "standard_name").replace("_", " "),
                text(variable.attrs, "units"),
                tuple(step.dimension for step in steps),
                decoding.pixel_type,
            ),
            self._placement(variable, across, down),
            steps,
            variable.shape,
            chunks_of(variable),
            dims.index(down),
            dims.index(across),
            variable.dtype,
            decoding,
            _kind(variable.attrs, decoding),
            table,
            _compression(variable.encoding),
        )

    def _map_dimensions(self, variable: Any, dims: list[str]) -> tuple[str, str]:
        found: dict[str, str] = {}
        for dim in reversed(dims):
            name = self._coordinate(variable, dim)
            way = direction(name or dim, self._coordinates.attributes(name)) if name else ""
            if way and way not in found:
                found[way] = dim
        if len(found) == 2:
            return found["x"], found["y"]
        if is_mesh(self._data, dims):
            raise Unplaceable(CURVILINEAR)
        raise Unplaceable(f"no coordinates say where it lies along {' and '.join(dims[-2:])}")

    def _coordinate(self, variable: Any, dim: str) -> str | None:
        """Variable with the coordinates along a dimension: its namesake, or one that the variable names."""
        own = self._data.variables.get(dim)
        if own is not None and own.dims == (dim,):
            return dim
        for name in text(variable.attrs, "coordinates").split():
            other = self._data.variables.get(name)
            if other is not None and other.dims == (dim,) and direction(name, other.attrs):
                return name
        return None

    def _placement(self, variable: Any, across: str, down: str) -> Placement:
        mapping = text(variable.attrs, "grid_mapping").split(":")[0].strip()
        key = across, down, mapping
        if key not in self._placements:
            self._placements[key] = self._placed(variable, across, down, mapping)
        return self._placements[key]

    def _placed(self, variable: Any, across: str, down: str, mapping: str) -> Placement:
        x_name, y_name = (self._coordinate(variable, dim) for dim in (across, down))
        assert x_name is not None
        assert y_name is not None
        x, y = self._data.variables[x_name], self._data.variables[y_name]
        degrees = in_degrees(x_name, x.attrs) and in_degrees(y_name, y.attrs)
        crs = self._configured() or self._system(variable, mapping, degrees)
        attributes = self._coordinates.attributes(mapping if mapping in self._data.variables else None)
        scale_x = factor_of(text(x.attrs, "units").lower(), crs, attributes)
        scale_y = factor_of(text(y.attrs, "units").lower(), crs, attributes)
        return Placement(
            crs,
            eastwards(
                self._coordinates.values(x_name) * scale_x,
                across,
                self._coordinates.bounds(x_name, scale_x),
                turns=crs.is_geographic,
            ),
            southwards(
                self._coordinates.values(y_name) * scale_y, down, self._coordinates.bounds(y_name, scale_y)
            ),
        )

    def _system(self, variable: Any, mapping: str, degrees: bool) -> SpatialReference:
        try:
            return system_of(self._mappings(mapping), {**self._data.attrs, **variable.attrs}, degrees)
        except Unplaceable:
            # Numbers of columns and rows beside the coordinates proper.
            if is_mesh(self._data, [str(dim) for dim in variable.dims]):
                raise Unplaceable(CURVILINEAR) from None
            raise

    def _configured(self) -> SpatialReference | None:
        if self._cube.crs is None:
            return None
        try:
            return reference(self._cube.crs)
        except BadRequest as error:
            raise CannotOpen("The configured 'cube.crs' is not understood.", str(error)) from error

    def _mappings(self, name: str) -> Iterator[Attributes]:
        variables = self._data.variables
        if name in variables:
            yield variables[name].attrs
            return
        # Some writers leave out which mapping they mean; where there is one only, it is that.
        named = [v.attrs for v in variables.values() if v.attrs.keys() & MAPPINGS]
        if len(named) == 1:
            yield named[0]


def chunks_of(variable: Any) -> tuple[int, ...]:
    """Pieces that a variable is stored in; ones where it is not cut up."""
    # A shard is a file of many pieces, each of which is read by itself.
    found = variable.encoding.get("chunks") or variable.encoding.get("chunksizes")
    count: int = variable.ndim
    if not found or len(found) != count or not all(isinstance(size, int | np.integer) for size in found):
        return (1,) * count
    return tuple(max(1, int(size)) for size in found)


def _kind(attributes: Attributes, decoding: Decoding) -> DataKind:
    flags = "flag_values" in attributes or "flag_masks" in attributes
    return DataKind.THEMATIC if flags and decoding.scale is None else DataKind.GENERIC


def _flags(attributes: Attributes) -> AttributeTable | None:
    """What the values of a variable of classes mean."""
    meanings = text(attributes, "flag_meanings").split()
    values = np.ravel(attributes.get("flag_values", ()))
    if not meanings or len(meanings) != values.size or values.dtype.kind not in "iu":
        return None
    rows = tuple((int(value), meaning) for value, meaning in zip(values.tolist(), meanings, strict=True))
    return AttributeTable((("Value", "integer"), ("ClassName", "text")), rows)


def _compression(encoding: Mapping[str, Any]) -> str:
    codecs = encoding.get("compressors") or ()
    if codecs:
        return type(codecs[-1]).__name__.removesuffix("Codec").upper()
    return "DEFLATE" if encoding.get("zlib") else str(encoding.get("compression") or "NONE").upper()
