"""Renderings: named rules of a service, and the standard ones that services get by what their data are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.functions.parse import parse
from proxy.functions.sensors import Role, band_roles
from proxy.functions.surface import METRES_PER_DEGREE
from proxy.functions.tree import Node, Source
from proxy.model import DataKind
from proxy.sources.base import SourceInfo


@dataclass(frozen=True, slots=True)
class Rendering:
    """A named raster function tree of a service: the style of every door."""

    name: str
    title: str
    description: str
    rule: Node


#: Raw bands, offered by every service under this name.
NONE = Rendering("None", "Raw bands", "The bands as they are, without processing.", Source())

_RELIEF = {
    "stops": ["#34684c", "#8fae77", "#d6ca8e", "#b08a64", "#8a6a5a", "#d8d2cc", "#fafafa"],
    "algorithm": "lab",
}
#: (from, to, class) of directions, and the colour of each class; flat ground is -1.
_DIRECTIONS = (
    (-1, 0, 0), (0, 22.5, 1), (22.5, 67.5, 2), (67.5, 112.5, 3), (112.5, 157.5, 4), (157.5, 202.5, 5),
    (202.5, 247.5, 6), (247.5, 292.5, 7), (292.5, 337.5, 8), (337.5, 361, 1),
)  # fmt: skip
_DIRECTION_COLORS = (
    (0, 176, 176, 176), (1, 231, 76, 60), (2, 243, 156, 54), (3, 247, 220, 78), (4, 118, 186, 88),
    (5, 80, 190, 190), (6, 96, 160, 224), (7, 76, 92, 190), (8, 190, 96, 190),
)  # fmt: skip
_LINE = (1, 122, 72, 34)
_WATER = {"stops": ["#8c510a", "#dfc27d", "#f5f5f5", "#80b8d8", "#08306b"], "algorithm": "lab"}

Rows = Iterator[tuple[str, str, str, object]]


def bundle(info: SourceInfo) -> tuple[Rendering, ...]:
    """Standard renderings of a source: by its kind, or by what its bands see. Empty where nothing is known.

    No name is that of a raster function that would give another picture, as a rule may name either.
    """
    if info.kind is DataKind.ELEVATION:
        rows = _elevation(info)
    elif info.colormap is not None:
        rows = _palette()
    else:
        rows = _multispectral(band_roles(info.band_names, info.color_interpretation), info.kind)
    return tuple(Rendering(name, title, text, parse(rule)) for name, title, text, rule in rows)


def _elevation(info: SourceInfo) -> Rows:
    # Scaled: gentle at fine pixels, and still a relief where a pixel is many kilometres wide.
    shade = {"function": "hillshade", "slope_type": "scaled"}
    many = {**shade, "hillshade_type": "multidirectional"}
    relief = {"function": "shaded_relief", "color_ramp": _RELIEF, "slope_type": "scaled"}
    yield "hillshade_map", "Hillshade", "Lit from the north-west, 45 degrees high.", shade
    yield "multidirectional_hillshade", "Multidirectional hillshade", "Lit from six directions.", many
    yield (
        "slope_map",
        "Slope map",
        "Flat ground green, 45 degrees and more red.",
        [
            {"function": "slope"},
            _scaled(0, 45),
            {"function": "colormap", "color_ramp_name": "Slope"},
        ],
    )
    yield (
        "aspect_map",
        "Aspect map",
        "Where slopes face: north red, east yellow, south cyan, west blue.",
        [
            {"function": "aspect"},
            {
                "function": "remap",
                "input_ranges": [edge for low, high, _ in _DIRECTIONS for edge in (low, high)],
                "output_values": [number for _, _, number in _DIRECTIONS],
            },
            {"function": "colormap", "colormap": _DIRECTION_COLORS},
        ],
    )
    yield "tinted_relief", "Tinted relief", "Elevation from green to white, lit from the north-west.", relief
    interval = contour_interval(info)
    text = f"Contours every {interval:g}, each fifth bold, over a hillshade."
    yield "contour_hillshade", "Contours over hillshade", text, _contours(interval, many)


def _contours(interval: float, below: object) -> dict[str, Any]:
    lines = [
        {"function": "contour", "contour_interval": interval},
        # One value for all lines, which then has one colour.
        {"function": "remap", "input_ranges": [-1e9, 1e9], "output_values": [_LINE[0]]},
        {"function": "colormap", "colormap": [_LINE]},
        {"function": "colormap_to_rgb"},
    ]
    return {"function": "blend", "raster": lines, "raster2": below, "opacity": 0.6}


def contour_interval(info: SourceInfo) -> float:
    """A round interval of contours, in the unit of the elevations, that suits the size of the pixels.

    10 m at 1 m, 100 m at 30 m, 200 m at 90 m, 5000 m at 18 km: the range of the data is not asked for, since
    it is not known before the whole source has been looked at.
    """
    metres = max(info.pixel_size)
    metres *= METRES_PER_DEGREE if info.crs.is_geographic else info.crs.metres_per_unit
    wanted = 10.0 * max(metres, 1e-3) ** 0.6
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(step for step in (1.0, 2.0, 5.0, 10.0) if wanted <= step * power * 1.2)
    return max(step * power, 1e-3)


def _palette() -> Rows:
    text = "The classes in their own colours."
    yield "palette", "Palette colours", text, {"function": "colormap_to_rgb"}


def _multispectral(roles: Mapping[Role, int], kind: DataKind) -> Rows:
    red, green, blue = Role.RED, Role.GREEN, Role.BLUE
    near, short, far = Role.NIR, Role.SWIR1, Role.SWIR2
    if kind is not DataKind.RGB and _has(roles, red, green, blue):
        yield "natural_color", "Natural colour", "Red, green and blue.", _composite(roles, red, green, blue)
    if _has(roles, near, red, green):
        text = "Near infrared, red and green: vegetation is red."
        yield "color_infrared", "Colour infrared", text, _composite(roles, near, red, green)
    if _has(roles, near, red):
        text = "Vegetation index, (NIR - red) / (NIR + red): green where plants are dense."
        yield (
            "ndvi_map",
            "Vegetation index (NDVI)",
            text,
            [
                {"function": "ndvi", "visible_band_id": roles[red], "infrared_band_id": roles[near]},
                {"function": "colormap", "colormap_name": "NDVI3"},
            ],
        )
    if _has(roles, near, green):
        text = "Water index, (green - NIR) / (green + NIR): blue where there is water."
        yield "ndwi_map", "Water index (NDWI)", text, _index("ndwi", roles[near], roles[green], _WATER)
    if _has(roles, near, far):
        text = "Burn ratio, (NIR - SWIR 2) / (NIR + SWIR 2): red where it burned or is bare."
        yield "burn_ratio", "Burn ratio (NBR)", text, _index("nbr", roles[near], roles[far], "RdYlGn")
    if _has(roles, short, near, blue):
        text = "Short-wave infrared, near infrared and blue: crops are bright green."
        yield "agriculture", "Agriculture", text, _composite(roles, short, near, blue)


def _has(roles: Mapping[Role, int], *wanted: Role) -> bool:
    return all(role in roles for role in wanted)


def _composite(roles: Mapping[Role, int], *wanted: Role) -> list[object]:
    return [
        {"function": "extract_band", "band_ids": [roles[role] for role in wanted]},
        {"function": "stretch", "stretch_type": "percent_clip", "min_percent": 1, "max_percent": 1},
    ]


def _index(method: str, first: int, second: int, ramp: object) -> list[object]:
    bands = f"{first + 1} {second + 1}"
    return [
        {"function": "band_arithmetic", "method": method, "band_indexes": bands},
        _scaled(-1, 1),
        {"function": "colormap", "color_ramp": ramp},
    ]


def _scaled(low: float, high: float) -> dict[str, Any]:
    """Numbers from `low` to `high` spread over 0..255, the same on every tile."""
    known = [[low, high, (low + high) / 2, (high - low) / 4]]
    return {"function": "stretch", "stretch_type": "minimum_maximum", "statistics": known}
