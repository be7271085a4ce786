"""Styles written into a request: an expression, a range of values, colours, an encoding of elevations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.errors import InvalidParameter, InvalidRule
from proxy.functions.palettes import PALETTE_NAMES
from proxy.functions.parse import parse
from proxy.functions.ramps import MAP_NAMES, RAMP_NAMES
from proxy.functions.signature import fold
from proxy.functions.tree import Node, bands_needed
from proxy.render.bands import display_bands
from proxy.sources.base import SourceInfo

#: Parameters that make a style of their own, so that none of the service's can be named beside them.
PARAMETERS = ("expression", "rescale", "colormap", "encoding")

#: Function and the word of TileJSON for each encoding, by folded name.
ENCODINGS = {"terrarium": ("terrarium", "terrarium"), "terrainrgb": ("terrain_rgb", "mapbox")}


@dataclass(frozen=True, slots=True)
class Style:
    """A rule, and the zero-based bands that it is to be given: None for all."""

    rule: Node
    bands: tuple[int, ...] | None


def is_ad_hoc(query: Mapping[str, str]) -> bool:
    """True where a request writes a style of its own."""
    return any(query.get(name, "").strip() for name in PARAMETERS)


def style(query: Mapping[str, str], info: SourceInfo, bands: tuple[int, ...] | None) -> Style:
    """The style that a request writes.

    `expression` (its grammar is that of the function) makes one band; `rescale=min,max`, with a further pair
    for each further band, spreads numbers over 0..255; `colormap` colours the first band by its values from 0
    to 255, after a stretch over the range of the source where there is no `rescale` and the numbers are not
    bytes; `encoding` writes metres as colours, and 0 m where there are no data.

    Args:
        bands: that the request names, None where it names none.

    Raises:
        InvalidParameter: a value has no meaning, or two do not go together.
    """
    given = {name: query.get(name, "").strip() for name in PARAMETERS}
    steps: list[dict[str, Any]] = []
    if given["expression"]:
        steps.append({"function": "expression", "expression": given["expression"]})
    elif bands is None:
        single = given["colormap"] or given["encoding"]
        bands = (0,) if single else display_bands(info.band_names, info.color_interpretation)
    if given["encoding"]:
        steps.append(_encoding(given))
    else:
        steps += _colors(given, info)
    return Style(_tree(steps, len(bands or info.band_names)), bands)


def encoding_word(text: str) -> str:
    """What TileJSON calls an encoding.

    Raises:
        InvalidParameter: it is not known.
    """
    return _known_encoding(text)[1]


def _known_encoding(text: str) -> tuple[str, str]:
    try:
        return ENCODINGS[fold(text)]
    except KeyError:
        raise InvalidParameter("encoding", "Use terrarium or terrainrgb.") from None


def _encoding(given: Mapping[str, str]) -> dict[str, Any]:
    function, _ = _known_encoding(given["encoding"])
    if given["rescale"] or given["colormap"]:
        raise InvalidParameter("encoding", "It goes with neither rescale nor colormap.")
    return {"function": function, "opaque": True}


def _colors(given: Mapping[str, str], info: SourceInfo) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    if given["rescale"]:
        steps.append(_stretch(statistics=_ranges(given["rescale"])))
    elif given["colormap"] and given["expression"]:
        raise InvalidParameter("rescale", "With expression and colormap it must be given: min,max.")
    elif given["colormap"] and info.pixel_type.dtype.name != "uint8":
        steps.append(_stretch())
    if given["colormap"]:
        argument = "colormap_name" if _is_map(given["colormap"]) else "color_ramp_name"
        steps.append({"function": "colormap", argument: given["colormap"]})
    return steps


def _stretch(**arguments: Any) -> dict[str, Any]:
    return {"function": "stretch", "stretch_type": "minimum_maximum", **arguments}


def _ranges(text: str) -> list[list[float]]:
    try:
        ends = [float(part) for part in text.split(",")]
    except ValueError:
        ends = []
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    if not pairs or len(ends) % 2 or not all(low < high for low, high in pairs):
        raise InvalidParameter("rescale", "It is min,max with min below max; a pair for each further band.")
    if not all(map(math.isfinite, ends)) or len(pairs) > 256:
        raise InvalidParameter("rescale", "Its numbers are finite, and there are at most 256 pairs.")
    return [list(pair) for pair in pairs]


def _is_map(name: str) -> bool:
    wanted = fold(name)
    maps = {fold(known) for known in (*MAP_NAMES, *PALETTE_NAMES)}
    maps |= {fold(known + "_r") for known in MAP_NAMES}
    if wanted in maps:
        return True
    if wanted in {fold(known) for known in RAMP_NAMES}:
        return False
    raise InvalidParameter("colormap", f"There is no colour map '{name[:40]}'; viridis and RdYlGn_r are two.")


def _tree(steps: list[dict[str, Any]], count: int) -> Node:
    try:
        rule = parse(steps)
        bands_needed(rule, count)
    except InvalidRule as error:
        raise InvalidParameter(error.path.rpartition(".")[2], error.why) from error
    return rule
