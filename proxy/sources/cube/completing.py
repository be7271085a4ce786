"""Coordinates in another form than the vectors of CF: transforms, and meshes that are regular."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.sources.cube.axes import TOLERANCE
from proxy.sources.cube.naming import direction, in_degrees, text

Floats = NDArray[np.float64]

#: Largest mesh that is looked at: it is read as a whole.
MOST_CELLS = 1 << 24
#: Units of the coordinates that a transform gives: those of its system.
_ALONG = ({"axis": "X"}, {"axis": "Y"})


def completed(data: Any) -> Any:
    """The data set with vectors of coordinates for dimensions that have none but can be placed all the same.

    By `GeoTransform` of a grid mapping, as GDAL writes it; by `spatial:transform`, as GeoZarr does; by
    longitudes and latitudes in two dimensions that make a regular grid.
    """
    for variable in list(data.variables.values()):
        if variable.ndim < 2 or variable.dtype.kind not in "iufb":
            continue
        dims = [str(dim) for dim in variable.dims]
        found = _by_transform(data, variable, dims) or _by_mesh(data, variable, dims)
        if found:
            data = data.assign_coords(found)
    return data


def is_mesh(data: Any, dims: list[str]) -> bool:
    """True where longitudes or latitudes in two dimensions lie along some of the dimensions."""
    return any(
        variable.ndim == 2 and set(map(str, variable.dims)) <= set(dims) and _way(str(name), variable)
        for name, variable in data.variables.items()
    )


def _by_transform(data: Any, variable: Any, dims: list[str]) -> Mapping[str, Any]:
    down, across = dims[-2:]
    if down in data.variables or across in data.variables:
        return {}
    matrix = _transform_of(data, variable)
    if matrix is None or matrix[1] or matrix[3]:
        return {}
    x_step, _, x, _, y_step, y = matrix
    columns, rows = int(data.sizes[across]), int(data.sizes[down])
    return {
        across: (across, x + x_step * (np.arange(columns) + 0.5), _ALONG[0]),
        down: (down, y + y_step * (np.arange(rows) + 0.5), _ALONG[1]),
    }


def _transform_of(data: Any, variable: Any) -> tuple[float, ...] | None:
    """a, b, c, d, e, f of an affine transform from corners of cells; None where there is none."""
    mapping = text(variable.attrs, "grid_mapping").split(":")[0].strip()
    if mapping in data.variables:
        numbers = _six(data.variables[mapping].attrs.get("GeoTransform"))
        if numbers is not None:
            x, x_step, x_turn, y, y_turn, y_step = numbers
            return x_step, x_turn, x, y_turn, y_step, y
    for attributes in (variable.attrs, data.attrs):
        if (numbers := _six(attributes.get("spatial:transform"))) is not None:
            return numbers
    return None


def _six(value: object) -> tuple[float, ...] | None:
    parts = value.split() if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | np.ndarray) or len(parts) < 6:
        return None
    try:
        numbers = tuple(float(part) for part in parts[:6])
    except (ValueError, TypeError):
        return None
    return numbers if np.isfinite(numbers).all() else None


def _by_mesh(data: Any, variable: Any, dims: list[str]) -> Mapping[str, Any]:
    named = text(variable.attrs, "coordinates").split()
    known = [name for name in named if name in data.variables] or list(map(str, data.variables))
    found: dict[str, Any] = {}
    for way in ("x", "y"):
        for name in known:
            other = data.variables[name]
            if other.ndim != 2 or not set(map(str, other.dims)) <= set(dims) or _way(name, other) != way:
                continue
            vector = _vector(other)
            if vector is None or vector[0] in data.variables or vector[0] in found:
                return {}
            found[vector[0]] = (vector[0], vector[1], dict(other.attrs))
            break
    return found if len(found) == 2 else {}


def _way(name: str, variable: Any) -> str:
    return direction(name, variable.attrs) if in_degrees(name, variable.attrs) else ""


def _vector(mesh: Any) -> tuple[str, Floats] | None:
    """The dimension along which a mesh varies, and its values there; None where it varies along both."""
    if mesh.size > MOST_CELLS or min(mesh.shape) < 2 or mesh.dtype.kind not in "iuf":
        return None
    for axis in (0, 1):
        # Most that are bent are so between these lines: the whole need not be read for it.
        count = mesh.shape[1 - axis]
        few = [np.asarray(_line(mesh, axis, at), np.float64) for at in (0, count // 2, count - 1)]
        if not _repeated(np.stack(few), 0):
            continue
        values = np.asarray(mesh.values, np.float64)
        if _repeated(values, 1 - axis):
            return str(mesh.dims[axis]), np.take(values, 0, axis=1 - axis)
    return None


def _line(mesh: Any, axis: int, at: int) -> Any:
    return mesh[{mesh.dims[1 - axis]: at}].values


def _repeated(values: Floats, across: int) -> bool:
    """True where all lines are the same along the other axis, and vary along themselves, but for rounding."""
    if not np.isfinite(values).all():
        return False
    step = np.abs(np.diff(np.take(values, 0, axis=across))).min()
    return bool(step and np.ptp(values, axis=across).max() <= TOLERANCE * step)
