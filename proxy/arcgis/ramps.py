"""Esri's colour ramps and colormaps in the form that the functions read."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any

from proxy.functions.palettes import named_palette
from proxy.functions.signature import fold

_RAMPS = frozenset(
    {"algorithmic", "algorithmiccolorramp", "multipart", "multipartcolorramp", "randomcolorramp"}
)


def is_color(value: Mapping[Any, Any]) -> bool:
    """True for an object that `native` translates: a colour ramp or a colormap."""
    kind = fold(str(value.get("type", "")))
    return kind in _RAMPS or kind == "rastercolormap"


def native(value: Mapping[Any, Any], level: int = 0) -> Any:
    """Ramp as `proxy.functions.ramps.ramp_of` reads it, or rows of a colormap.

    Args:
        value: a ramp of the REST API or of a function template, with any spelling of its keys.
        level: ramps around this one.

    Raises:
        ValueError: it lacks what its type needs.
    """
    own = {fold(str(key)): part for key, part in value.items()}
    kind = fold(str(own.get("type", "")))
    if level > 4:
        raise ValueError("Colour ramps are nested too deep.")
    if kind == "rastercolormap":
        return _rows(own)
    if kind == "randomcolorramp":
        return {"stops": named_palette("Random")[:, :3].tolist()}
    if kind.startswith("multipart"):
        parts = own.get("colorramps", own.get("arrayofcolorramp"))
        if not isinstance(parts, list):
            raise ValueError("A colour ramp of several parts lists them.")
        return {"parts": [native(part, level + 1) for part in parts if isinstance(part, Mapping)]}
    algorithm = fold(str(own.get("algorithm", "")))
    space = "hsv" if "hsv" in algorithm else "lch" if "lch" in algorithm else "lab"
    return {"from": _color(own.get("fromcolor")), "to": _color(own.get("tocolor")), "algorithm": space}


def _color(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    own = {fold(str(key)): part for key, part in value.items()}
    try:
        alpha = int(own.get("alphavalue", 255))
        if "hue" in own:
            shares = own["hue"] / 360, own["saturation"] / 100, own["value"] / 100
            return [*(round(255 * part) for part in colorsys.hsv_to_rgb(*shares)), alpha]
        return [int(own["red"]), int(own["green"]), int(own["blue"]), alpha]
    except (KeyError, TypeError) as error:
        raise ValueError("A colour has hue, saturation and value, or red, green and blue.") from error


def _rows(own: Mapping[str, Any]) -> list[list[int]]:
    """Rows of packed colours: alpha, blue, green, red from the highest byte, signed or not."""
    values, colors = own.get("values"), own.get("colors")
    if not isinstance(values, list) or not isinstance(colors, list):
        raise ValueError("A colormap lists values and colors.")
    rows = []
    for value, color in zip(values, colors, strict=False):
        packed = int(color) & 0xFFFFFFFF
        rows.append([int(value), packed & 255, packed >> 8 & 255, packed >> 16 & 255, packed >> 24])
    return rows
