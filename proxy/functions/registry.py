"""All raster functions by name. A function's row stands in the module that holds the function."""

from __future__ import annotations

from itertools import chain

from proxy.functions import (
    arithmetic,
    arrows,
    bands,
    calculate,
    catalogue,
    change,
    clip,
    color,
    combine,
    contour,
    convolution,
    curvature,
    elevation_codes,
    focal,
    generate,
    imagery,
    indices,
    local,
    masking,
    neighbourhood,
    pansharpen,
    passing,
    point,
    relief,
    remap_table,
    speckle,
    stretch,
    surface,
    tables,
    tasseled,
    terrain,
    units,
    weather,
)
from proxy.functions.signature import Function, fold

_MODULES = (
    stretch,
    bands,
    color,
    indices,
    surface,
    curvature,
    relief,
    remap_table,
    arithmetic,
    local,
    masking,
    clip,
    point,
    units,
    convolution,
    focal,
    passing,
    tables,
    calculate,
    catalogue,
    change,
    combine,
    pansharpen,
    imagery,
    arrows,
    weather,
    elevation_codes,
    generate,
    tasseled,
    neighbourhood,
    speckle,
    terrain,
    contour,
)

#: Every function, in the order of the documentation.
FUNCTIONS: tuple[Function, ...] = tuple(chain.from_iterable(module.FUNCTIONS for module in _MODULES))

_BY_NAME = {fold(name): function for function in FUNCTIONS for name in (function.name, *function.aliases)}


def find(name: str) -> Function | None:
    """Function of that name, without regard to case, underscores and blanks; None where there is none."""
    return _BY_NAME.get(fold(name))


def get(name: str) -> Function:
    """Function of that name, known to exist.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[fold(name)]
