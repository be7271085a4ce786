"""Raster symbolizers to trees of raster functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from proxy.functions.parse import parse
from proxy.functions.tree import Node
from proxy.ogc.wms.sld import ColorMap, Contrast, Symbolizer
from proxy.sources.base import SourceInfo
from proxy.xyz.params import bands

#: Factor of relief that the standard gives for the earth: no exaggeration here.
EARTH = 55.0
#: Least value of everything: the first interval has no beginning.
LEAST = -1e299
#: Levels of a ramp between its first and its last value.
LEVELS = 256


def tree(symbolizer: Symbolizer, info: SourceInfo) -> Node:
    """The raster function tree that draws a symbolizer; its opacity is left to who composes.

    A ramp has 256 levels between its first and its last value, and these go on beyond them. Intervals and
    values are exact; what lies in none is transparent.

    Raises:
        InvalidParameter: there is no such band.
        InvalidRule: the tree is beyond the limits of rules.
    """
    steps: list[Any] = []
    chosen = bands(info.band_names, ",".join(symbolizer.channels))
    if chosen is None and (symbolizer.color_map is not None or symbolizer.relief is not None):
        chosen = (0,)
    if chosen is not None:
        steps.append({"function": "extract_band", "band_ids": list(chosen)})
    steps += _enhanced(symbolizer, info)
    if symbolizer.relief is not None:
        return parse(_relief(steps, symbolizer.color_map, symbolizer.relief))
    if symbolizer.color_map is not None:
        steps += _colored(symbolizer.color_map)
    return parse(steps or "source")


def _enhanced(symbolizer: Symbolizer, info: SourceInfo) -> list[Any]:
    """Stretches: one for the channels, which share a method, and one for the result."""
    found = []
    for contrasts in (symbolizer.contrasts, (symbolizer.contrast,)):
        if all(each == Contrast() for each in contrasts):
            continue
        method = next((each.method for each in contrasts if each.method), "")
        step: dict[str, Any] = {"function": "stretch", "stretch_type": "minimum_maximum"}
        if method == "histogram":
            step["stretch_type"] = "histogram_equalization"
        elif not method and info.pixel_type.dtype.name == "uint8":
            step["statistics"] = [[0.0, 255.0]]
        if any(each.gamma != 1.0 for each in contrasts):
            step |= {"use_gamma": True, "gamma": [each.gamma for each in contrasts]}
        found.append(step)
    return found


def _colored(found: ColorMap) -> list[Any]:
    entries = found.entries
    if found.kind == "ramp" and len(entries) > 1:
        low, high = entries[0].quantity, entries[-1].quantity
        spread = {
            "function": "stretch",
            "stretch_type": "minimum_maximum",
            "statistics": [[low, high, (low + high) / 2, (high - low) / 4]],
        }
        return [spread, {"function": "colormap", "colormap": _ramp(found)}]
    ranges: list[float] = []
    before = LEAST
    for entry in entries:
        if found.kind == "values":
            ranges += [entry.quantity, entry.quantity]
        else:
            # A ramp of one entry has one colour everywhere.
            end = -LEAST if found.kind == "ramp" or math.isinf(entry.quantity) else entry.quantity
            ranges += [before, end]
            before = end
    numbers = list(range(len(entries)))
    rows = [[i, *entry.color, round(entry.opacity * 255)] for i, entry in enumerate(entries)]
    return [
        {"function": "remap", "input_ranges": ranges, "output_values": numbers},
        {"function": "colormap", "colormap": rows},
    ]


def _ramp(found: ColorMap) -> list[list[int]]:
    stops = [entry.quantity for entry in found.entries]
    place = np.linspace(stops[0], stops[-1], LEVELS)
    colors = np.array([[*entry.color, entry.opacity * 255] for entry in found.entries])
    channels = [np.rint(np.interp(place, stops, colors[:, channel])).astype(int) for channel in range(4)]
    return [[level, *map(int, row)] for level, row in enumerate(zip(*channels, strict=True))]


def _relief(steps: list[Any], color_map: ColorMap | None, factor: float) -> Any:
    shade = [
        *steps,
        {"function": "hillshade", "slope_type": "scaled", "z_factor": factor / EARTH},
    ]
    if color_map is None:
        return shade
    # Each colour as bright as the ground is lit.
    lit = {"function": "composite_band", "rasters": [shade, shade, shade]}
    colors = [*steps, *_colored(color_map), {"function": "colormap_to_rgb"}]
    product = {"function": "arithmetic", "operation": "multiply", "raster": colors, "raster2": lit}
    return {
        "function": "arithmetic",
        "operation": "divide",
        "raster": product,
        "raster2": 255,
        "output_type": "uint8",
    }
