"""Spectral indices by name, from the catalogue of the `spyndex` package (an extra).

The catalogue writes a formula with letters of its own for bands (`N`, `R`, `S1`) and constants (`L`, `g`); it
is rewritten with band numbers and figures, and evaluated like any other expression.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from proxy.errors import InvalidRule
from proxy.functions.calculate import expression
from proxy.functions.sensors import Role, band_roles
from proxy.functions.signature import INPUT, Argument, Function, Kind
from proxy.model import PixelType, Raster

#: The catalogue's letters of the bands whose part of the spectrum a raster can tell.
_LETTERS = {
    "B": Role.BLUE,
    "G": Role.GREEN,
    "R": Role.RED,
    "N": Role.NIR,
    "S1": Role.SWIR1,
    "S2": Role.SWIR2,
}
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def spectral_index(
    raster: Raster, *, index: str, bands: str = "", output_type: PixelType | None = None
) -> Raster:
    """Compute an index of the spectral catalogue.

    Bands are found by what their names say that they see; others, and other letters of the catalogue, are
    given in `bands`. Constants have the catalogue's own values unless `bands` gives a number for them.

    Args:
        raster: any real type; many formulas expect reflectances from 0 to 1.
        index: short name in the catalogue, such as `EVI`, in any case.
        bands: `N=4, R=3, L=0.5`: numbers of bands from 1, and values of constants.

    Returns:
        One float32 band. A quotient by 0 is 0.
    """
    name, formula, constants = _entry(index)
    given = _given(bands)
    roles = band_roles(raster.band_names)
    words = {}
    for letter in set(_IDENTIFIER.findall(formula)):
        if letter in constants:
            words[letter] = repr(float(given.get(letter, constants[letter])))
        elif letter in given:
            words[letter] = f"b{_band(given[letter], letter)}"
        elif _LETTERS.get(letter) in roles:
            words[letter] = f"b{roles[_LETTERS[letter]] + 1}"
        else:
            raise InvalidRule("bands", f"{name} needs the band {letter}; name it, as in '{letter}=4'.")
    text = _IDENTIFIER.sub(lambda match: f"({words[match.group()]})", formula)
    result = expression(raster, expression=text, output_type=output_type)
    return result.with_data(result.data, mask=result.mask, band_names=(name,))


def _band(value: float, letter: str) -> int:
    if value < 1 or not float(value).is_integer():
        raise InvalidRule("bands", f"{letter} is the number of a band, counted from 1.")
    return int(value)


def _given(text: str) -> dict[str, float]:
    found = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        letter, _, value = part.partition("=")
        try:
            found[letter.strip()] = float(value)
        except ValueError:
            raise InvalidRule("bands", f"'{part[:40]}' is not of the form N=4.") from None
    return found


def _entry(index: str) -> tuple[str, str, Mapping[str, float]]:
    known = _catalogue()
    try:
        return known[index.strip().lower()]
    except KeyError:
        raise InvalidRule("index", f"The catalogue has no index '{index[:40]}'.") from None


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[str, tuple[str, str, Mapping[str, float]]]:
    try:
        package: Any = import_module("spyndex")
    except ImportError:
        raise InvalidRule(
            "index", "The catalogue of indices is not installed: pip install 'cogproxy[indices]'."
        ) from None
    constants = {
        name: float(entry.default)
        for name, entry in package.constants.items()
        if isinstance(entry.default, int | float)
    }
    return {
        name.lower(): (name, str(entry.formula), constants)
        for name, entry in package.indices.items()
        if "kernel" not in str(entry.application_domain)
    }


FUNCTIONS = (
    Function(
        "spectral_index",
        spectral_index,
        "An index of the spectral catalogue by its name.",
        (
            INPUT,
            Argument("index", Kind.TEXT, "", ("name",), required=True, longest=40),
            Argument("bands", Kind.TEXT, "", longest=200),
        ),
        typed=True,
    ),
)
