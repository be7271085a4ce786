"""Named colour maps: 256 colours each, from a few control points."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proxy.functions.ramps import MAP_NAMES, Color, Part, Ramp, named_ramp
from proxy.functions.signature import fold

log = logging.getLogger(__name__)

#: Seed of the map `Random`: every tile has the same colours.
SEED = 20

#: Control points "index:red,green,blue", straight in RGB between them. Measured from Esri's client.
_LINEAR: Mapping[str, str] = {
    "Gray": "0:0,0,0 255:255,255,255",
    "NDVI": "0:36,0,255 3:36,0,255 4:112,75,3 63:174,117,6 64:245,0,0 95:252,156,0 127:223,247,0 "
    "128:165,247,0 184:40,57,8 255:40,57,8",
    "NDVI3": "0:36,0,255 3:36,0,255 4:245,20,0 11:247,41,0 52:252,101,0 60:252,109,0 62:255,118,20 "
    "68:255,135,43 76:255,165,79 88:255,209,130 99:255,252,186 117:163,212,108 130:100,179,55 137:66,160,24 "
    "140:51,153,0 202:38,115,0 255:38,115,0",
    "Elevation": "0:0,191,191 21:0,128,217 43:0,38,245 51:1,0,255 102:255,0,254 153:254,1,127 204:188,64,126 "
    "220:136,74,105 235:86,64,75 255:20,20,20",
    "Hillshade": "0:38,41,54 68:79,82,90 129:156,156,156 255:253,253,241",
}
#: Control points of a map that is straight in HSV between them.
_NDVI2 = (
    "0:255,255,255 70:0,255,0 80:205,173,193 100:150,150,150 110:120,51,100 130:120,100,200 140:28,3,144 "
    "160:6,0,55 180:10,25,30 201:6,7,27 255:6,7,27"
)

#: Names of the colour maps that are known.
PALETTE_NAMES = ("Random", "NDVI2", *_LINEAR)


@lru_cache(maxsize=16)
def _palette(key: str) -> NDArray[np.uint8]:
    opaque = np.full((256, 4), 255, np.uint8)
    if key == "random":
        opaque[:, :3] = np.random.default_rng(SEED).integers(0, 256, (256, 3))
    elif key == "ndvi2":
        opaque[:, :3] = _hsv(_NDVI2)
    else:
        opaque[:, :3] = _straight(next(points for name, points in _LINEAR.items() if fold(name) == key))
    opaque.flags.writeable = False
    return opaque


def named_palette(name: str) -> NDArray[np.uint8]:
    """(256, 4) uint8 colours of a map, without regard to case; grey where the name is not known."""
    if fold(name) in {fold(known + turned) for known in MAP_NAMES for turned in ("", "_r")}:
        return named_ramp(name).colors()
    key = fold(name).replace("grey", "gray")
    if key not in {fold(known) for known in PALETTE_NAMES}:
        log.warning("no colour map is named %r, grey is used", name[:80])
        key = "gray"
    return _palette(key)


def _points(text: str) -> list[tuple[int, tuple[int, ...]]]:
    pairs = (item.split(":") for item in text.split())
    return [(int(index), tuple(int(v) for v in color.split(","))) for index, color in pairs]


def _straight(text: str) -> NDArray[np.float64]:
    points = _points(text)
    at = [index for index, _ in points]
    columns = [
        np.interp(np.arange(256), at, channel) for channel in zip(*(c for _, c in points), strict=True)
    ]
    return np.round(np.stack(columns, axis=1))


def _hsv(text: str) -> NDArray[np.uint8]:
    points = _points(text)
    colors: list[Color] = [(c[0], c[1], c[2], 255) for _, c in points]
    parts = (
        Part(colors[i], colors[i + 1], "hsv", float(points[i + 1][0] - points[i][0]))
        for i in range(len(points) - 1)
    )
    return Ramp(tuple(parts)).colors()[:, :3]
