"""Colour ramps: colours between colours, in HSV, CIE L*a*b* (D65) or LCh, and the named ones."""

from __future__ import annotations

import colorsys
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.functions import maps
from proxy.functions.signature import fold

log = logging.getLogger(__name__)

Color = tuple[int, int, int, int]

#: Most parts of a ramp.
MOST_PARTS = 256


@dataclass(frozen=True, slots=True)
class Part:
    """From one colour to another.

    Attributes:
        start: red, green, blue, alpha, 0..255; `stop` likewise.
        space: `hsv`, `lab`, `lch` or `rgb`, where the way between them is straight.
        share: of the whole ramp, relative to the other parts.
    """

    start: Color
    stop: Color
    space: str = "lab"
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Ramp:
    """Parts one after the other."""

    parts: tuple[Part, ...]

    @classmethod
    def through(cls, *stops: Sequence[int] | str, space: str = "lab") -> Ramp:
        """Equal parts between colours (red, green, blue[, alpha])."""
        colors = [_color(stop) for stop in stops]
        return cls(tuple(Part(a, b, space) for a, b in pairwise(colors)))

    def colors(self, count: int = 256) -> NDArray[np.uint8]:
        """(count, 4) uint8: red, green, blue, alpha at i / (count - 1) of the ramp; both ends exact."""
        return _expanded(self, count)


@lru_cache(maxsize=256)
def _expanded(ramp: Ramp, count: int) -> NDArray[np.uint8]:
    shares = np.cumsum([0.0] + [part.share for part in ramp.parts])
    at = np.linspace(0.0, shares[-1], count)
    owner = np.clip(np.searchsorted(shares, at, "right") - 1, 0, len(ramp.parts) - 1)
    out = np.empty((count, 4))
    for index, part in enumerate(ramp.parts):
        mine = owner == index
        along = (at[mine] - shares[index]) / (part.share or 1.0)
        out[mine, :3] = _between(part, along)
        out[mine, 3] = part.start[3] + along * (part.stop[3] - part.start[3])
    found = np.clip(np.floor(out + 0.5), 0, 255).astype(np.uint8)
    found.flags.writeable = False
    return found


def _between(part: Part, along: NDArray[np.float64]) -> NDArray[np.float64]:
    forth, back = _SPACES[part.space]
    start, stop = np.array(forth(part.start)), np.array(forth(part.stop))
    if part.space in ("hsv", "lch"):
        start[0], stop[0] = _shorter(start, stop)
    return np.array([back(start + t * (stop - start)) for t in along]).reshape(-1, 3)


def _shorter(start: NDArray[np.float64], stop: NDArray[np.float64]) -> tuple[float, float]:
    """Hues (of a turn) so that the way between them is the shorter one; grey takes the other's hue."""
    if start[1] < 1e-3 or stop[1] < 1e-3:
        hue = float(stop[0] if start[1] < 1e-3 else start[0])
        return hue, hue
    first, last = float(start[0]), float(stop[0])
    return first, first + (last - first + 0.5) % 1.0 - 0.5


def _hsv(color: Sequence[float]) -> tuple[float, float, float]:
    return colorsys.rgb_to_hsv(*(v / 255 for v in color[:3]))


def _from_hsv(hsv: NDArray[np.float64]) -> list[float]:
    return [255 * v for v in colorsys.hsv_to_rgb(hsv[0] % 1.0, hsv[1], hsv[2])]


# sRGB (IEC 61966-2-1) and CIE 15: L*a*b* with the D65 white of two degrees.
_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def _lab(color: Sequence[float]) -> tuple[float, float, float]:
    rgb = np.array(color[:3]) / 255
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    ratio = _TO_XYZ @ linear / _WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _from_lab(lab: NDArray[np.float64]) -> list[float]:
    y = (lab[0] + 16) / 116
    roots = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
    ratio = np.where(roots > 0.2068966, roots**3, (roots - 16 / 116) / 7.787)
    linear = np.clip(_FROM_XYZ @ (ratio * _WHITE), 0, 1)
    rgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return [float(v) for v in 255 * rgb]


def _lch(color: Sequence[float]) -> tuple[float, float, float]:
    lightness, a, b = _lab(color)
    # Hue and chroma first, as in HSV. The white point is rounded, so grey has a trace of chroma.
    chroma = math.hypot(a, b)
    return math.atan2(b, a) / math.tau, chroma if chroma > 0.1 else 0.0, lightness


def _from_lch(lch: NDArray[np.float64]) -> list[float]:
    hue = lch[0] * math.tau
    return _from_lab(np.array([lch[2], lch[1] * math.cos(hue), lch[1] * math.sin(hue)]))


_SPACES: Mapping[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "hsv": (_hsv, _from_hsv),
    "lab": (_lab, _from_lab),
    "lch": (_lch, _from_lch),
    "rgb": (lambda color: tuple(color[:3]), lambda rgb: [float(v) for v in rgb]),
}


def ramp_of(value: object) -> Ramp:
    """Read a ramp.

    Args:
        value: a name; a list of colours; `{"from": color, "to": color, "algorithm": "hsv|lab|lch|rgb"}`;
            `{"stops": [color, ...], "algorithm": ...}`; `{"parts": [ramp, ...]}`. A color is a list of 3 or 4
            numbers 0..255, or `#rrggbb`, or `#rrggbbaa`.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, Ramp):
        return value
    if isinstance(value, str):
        return named_ramp(value)
    if isinstance(value, list | tuple):
        value = {"stops": value}
    if not isinstance(value, Mapping):
        raise ValueError("A colour ramp is a name, a list of colours or an object.")
    parts = _parts(value)
    if not 0 < len(parts) <= MOST_PARTS:
        raise ValueError(f"A colour ramp has 1 to {MOST_PARTS} parts.")
    return Ramp(parts)


def _parts(value: Mapping[Any, Any]) -> tuple[Part, ...]:
    if "parts" in value:
        if not isinstance(value["parts"], list | tuple) or len(value["parts"]) > MOST_PARTS:
            raise ValueError("The parts of a colour ramp are a list.")
        # Nested parts share the room of their parent.
        inner = [ramp_of(part).parts for part in value["parts"]]
        return tuple(
            Part(p.start, p.stop, p.space, p.share / sum(q.share for q in parts))
            for parts in inner
            for p in parts
        )
    space = str(value.get("algorithm", "lab")).lower()
    if space not in _SPACES:
        raise ValueError(f"'{space[:40]}' is no algorithm of a colour ramp; hsv, lab, lch and rgb are.")
    stops = value.get("stops", [value.get("from"), value.get("to")])
    if not isinstance(stops, list | tuple) or len(stops) < 2:
        raise ValueError("A colour ramp needs two colours at least.")
    return Ramp.through(*stops, space=space).parts


def _color(value: Any) -> Color:
    if isinstance(value, str) and value.startswith("#"):
        value = list(bytes.fromhex(value[1:]))
    if not isinstance(value, list | tuple) or len(value) not in (3, 4):
        raise ValueError("A colour is a list of 3 or 4 numbers, or #rrggbb.")
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v <= 255 for v in value):
        raise ValueError("The numbers of a colour lie between 0 and 255.")
    red, green, blue, *alpha = (int(v) for v in value)
    return red, green, blue, alpha[0] if alpha else 255


def named_ramp(name: str) -> Ramp:
    """Ramp of that name, without regard to case and punctuation; black to white where it is not known."""
    key = _plain(name)
    if key not in _NAMED:
        log.warning("no colour ramp is named %r, black to white is used", name[:80])
    return _NAMED.get(key, _NAMED["blacktowhite"])


def _plain(name: str) -> str:
    return fold(name).replace(",", "").replace("#", "")


_STOPS: Mapping[str, tuple[str, ...]] = {
    "Black to White": ("#000000", "#ffffff"),
    "White to Black": ("#ffffff", "#000000"),
    "Slope": ("#38a800", "#ffff00", "#ff0000"),
    "Yellow to Red": ("#f5f500", "#ff0000"),
    "Red to Green": ("#f50000", "#f5f500", "#00f500"),
    "Cyan to Purple": ("#00f5f5", "#0000f5", "#f500f5"),
    "Cold to Hot Diverging": ("#4575b5", "#ffffbf", "#d62f27"),
    "Prediction": ("#2892c7", "#fafa64", "#e81014"),
    "Precipitation": ("#c2523c", "#eda113", "#ffff00", "#00db00", "#20998f", "#0b2c7a"),
    "Surface": ("#709959", "#f2eea2", "#f2ce85", "#c28c7c", "#fff2ff"),
    "Elevation #1": (
        "#aff0e9", "#ffffb3", "#008040", "#fcba03", "#800000", "#69300d", "#ababab", "#fffcff",
    ),
    "Temperature": (
        "#fffcff", "#ff00ff", "#0000ff", "#00ffff", "#00ff00", "#ffff00", "#ff8000", "#800000",
    ),
}  # fmt: skip

#: Names of the colour maps of `maps`; with `_r` behind the name a map is turned round.
MAP_NAMES = tuple(maps.MAPS)


def _maps() -> dict[str, Ramp]:
    found = {}
    for name in MAP_NAMES:
        points = maps.stops(name)
        # Map names may end in a letter after an underscore, which `fold` drops.
        found[_plain(name)] = Ramp.through(*points, space="rgb")
        found[_plain(name + "_r")] = Ramp.through(*points[::-1], space="rgb")
    return found


_NAMED = _maps() | {_plain(name): Ramp.through(*stops) for name, stops in _STOPS.items()}

#: Names of the ramps that are known.
RAMP_NAMES = tuple(_STOPS)
