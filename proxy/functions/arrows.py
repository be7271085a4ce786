"""Vectors drawn as arrows: one in each cell of a lattice that lies still on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.pixels import evenly_spread
from proxy.functions.ramps import named_ramp
from proxy.functions.signature import INPUT, Argument, Arguments, Function, Kind, choice, flag, fold, number
from proxy.model import Array, Mask, Raster

#: Range of magnitudes where neither the arguments nor statistics say one.
DEFAULT_RANGE = (0.0, 20.0)
#: Colour of the plain arrow; other symbols are coloured by magnitude along this ramp.
PLAIN, RAMP = (38, 41, 54), "turbo"
#: Bits behind the point of the coordinates that arrows are drawn with.
SHIFT = 4


class ReferenceSystem(IntEnum):
    """Directions counted from east against the clock, or from north with it."""

    ARITHMETIC = 1
    GEOGRAPHIC = 2


class MassFlow(IntEnum):
    """What a direction tells: where the flow comes from, or where it goes."""

    FROM = 0
    TO = 1


@dataclass(frozen=True, slots=True)
class _Look:
    """How arrows are drawn: range of magnitudes, pixels at its ends, and whether magnitude is a colour."""

    low: float
    high: float
    shortest: float
    longest: float
    colored: bool

    def share(self, magnitude: float) -> float:
        """Where a magnitude lies in the range, 0..1."""
        return min(1.0, max(0.0, (magnitude - self.low) / ((self.high - self.low) or 1.0)))


def vector_field_renderer(
    raster: Raster,
    *,
    magnitude_band_id: int = 0,
    direction_band_id: int = 1,
    is_uv_components: bool = False,
    reference_system: ReferenceSystem = ReferenceSystem.GEOGRAPHIC,
    mass_flow_angle_representation: MassFlow = MassFlow.FROM,
    symbol_tile_size: int = 50,
    symbology_name: str = "Single Arrow",
    minimum_magnitude: float = 0.0,
    maximum_magnitude: float = 0.0,
    minimum_symbol_size: float = 20.0,
    maximum_symbol_size: float = 100.0,
) -> Raster:
    """Draw vectors as arrows, one in each cell: the mean vector of the cell, at its middle.

    Cells are counted from the origin of the coordinate system, so that tiles of one resolution meet. Arrows
    grow with magnitude; `Single Arrow` is dark, other symbols are coloured by magnitude as well. The shapes
    of other products are not published.

    Args:
        raster: any real type. magnitude_band_id: zero-based, of u where `is_uv_components`.
        direction_band_id: zero-based, of degrees, or of v.
        is_uv_components: the bands are components to the east and to the north.
        reference_system: of directions. mass_flow_angle_representation: what directions tell; components
            always tell where the flow goes.
        symbol_tile_size: side of a cell in pixels. symbology_name: see above.
        minimum_magnitude: smallest arrows have it. maximum_magnitude: where it is not above the minimum, the
            range is that of the statistics, else 0..20.
        minimum_symbol_size: percent of a cell. maximum_symbol_size: percent of a cell.

    Returns:
        Three uint8 bands, valid where an arrow is drawn.

    Raises:
        InvalidRule: a band does not exist.
    """
    u, v = _components(
        raster, magnitude_band_id, direction_band_id, is_uv_components, reference_system,
        mass_flow_angle_representation,
    )  # fmt: skip
    low, high = minimum_magnitude, maximum_magnitude
    if not high > low:
        low, high = _range(raster, magnitude_band_id, direction_band_id, is_uv_components)
    cell = symbol_tile_size / 100
    colored = fold(symbology_name) not in ("", "singlearrow")
    look = _Look(low, high, minimum_symbol_size * cell, maximum_symbol_size * cell, colored)
    data, drawn = _drawn(raster, u, v, symbol_tile_size, look)
    return raster.with_data(
        data, mask=drawn, band_names=("Red", "Green", "Blue"), statistics=evenly_spread(0.0, 255.0, 3)
    )


def _components(
    raster: Raster, first: int, second: int, is_uv: bool, system: ReferenceSystem, flow: MassFlow
) -> tuple[Array, Array]:
    """East and north, float32, where the flow goes."""
    for name, band in (("magnitude_band_id", first), ("direction_band_id", second)):
        if band >= raster.count:
            raise InvalidRule(name, f"The raster has {raster.count} bands, counted from 0.")
    one, two = (raster.data[band].astype(np.float32) for band in (first, second))
    if is_uv:
        return one, two
    turned = two if system == ReferenceSystem.ARITHMETIC else np.float32(450) - two
    angle = np.radians(turned + np.float32(180 if flow == MassFlow.FROM else 0))
    return np.asarray(one * np.cos(angle)), np.asarray(one * np.sin(angle))


def _range(raster: Raster, first: int, second: int, is_uv: bool) -> tuple[float, float]:
    if not raster.statistics:
        return DEFAULT_RANGE
    one, two = (raster.statistics[band] for band in (first, second))
    if not is_uv:
        return one.minimum, one.maximum
    return 0.0, math.hypot(*(max(abs(band.minimum), abs(band.maximum)) for band in (one, two)))


def _drawn(raster: Raster, u: Array, v: Array, side: int, look: _Look) -> tuple[Array, Mask]:
    """(3, rows, columns) of colours, and where there are arrows."""
    height, width = u.shape
    canvas, drawn = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    x, y = raster.grid.resolution
    left, top = round(raster.grid.extent.xmin / x), round(-raster.grid.extent.ymax / y)
    valid = raster.valid()
    for row in range(-(top % side), height, side):
        for column in range(-(left % side), width, side):
            if row < 0 or column < 0 or row + side > height or column + side > width:
                # A cell that is cut off has another mean; the margin keeps its arrow out of the picture.
                continue
            cell = np.s_[row : row + side, column : column + side]
            if valid[cell].sum() * 2 < side * side:
                continue
            mean = float(u[cell][valid[cell]].mean()), float(v[cell][valid[cell]].mean())
            _arrow(canvas, drawn, (column + side / 2, row + side / 2), mean, look)
    return np.ascontiguousarray(np.moveaxis(canvas, -1, 0)), drawn > 0


def _arrow(
    canvas: Array, drawn: Array, middle: tuple[float, float], vector: tuple[float, float], look: _Look
) -> None:
    magnitude = math.hypot(*vector)
    if not magnitude:
        return
    share = look.share(magnitude)
    length = look.shortest + share * (look.longest - look.shortest)
    # Rows grow to the south.
    dx, dy = vector[0] / magnitude * length / 2, -vector[1] / magnitude * length / 2
    start, stop = ((middle[0] + sign * dx, middle[1] + sign * dy) for sign in (-1, 1))
    color = named_ramp(RAMP).colors()[round(share * 255)][:3].tolist() if look.colored else PLAIN
    tip = _fixed(stop)
    for target, ink in ((canvas, color), (drawn, (1,))):
        for end in (_fixed(start), _barb(stop, (dx, dy), -1), _barb(stop, (dx, dy), 1)):
            cv2.line(target, tip, end, ink, 2, cv2.LINE_8, SHIFT)


def _fixed(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0] * (1 << SHIFT)), round(place[1] * (1 << SHIFT))


def _barb(tip: tuple[float, float], along: tuple[float, float], side: int) -> tuple[int, int]:
    """End of one of the two strokes of an arrow's head."""
    dx, dy = (0.6 * part for part in along)
    x, y = tip[0] - dx - side * dy * 0.6, tip[1] - dy + side * dx * 0.6
    return _fixed((x, y))


def _margin(arguments: Arguments) -> int:
    """A cell that touches the picture is whole, and so are those whose arrows reach into it."""
    size: int = arguments["symbol_tile_size"]
    longest: float = max(100.0, arguments["minimum_symbol_size"], arguments["maximum_symbol_size"]) / 100
    return size + round(size * longest + 0.5)


def _band(name: str, default: int) -> Argument:
    return Argument(name, Kind.INTEGER, default, minimum=0, maximum=65535)


FUNCTIONS = (
    Function(
        "vector_field_renderer",
        vector_field_renderer,
        "Vectors drawn as arrows.",
        (
            INPUT,
            _band("magnitude_band_id", 0),
            _band("direction_band_id", 1),
            flag("is_uv_components"),
            choice("reference_system", ReferenceSystem.GEOGRAPHIC),
            choice("mass_flow_angle_representation", MassFlow.FROM),
            Argument("symbol_tile_size", Kind.INTEGER, 50, minimum=16, maximum=256),
            Argument("symbology_name", Kind.TEXT, "Single Arrow"),
            number("minimum_magnitude", 0.0, minimum=0),
            number("maximum_magnitude", 0.0, minimum=0),
            number("minimum_symbol_size", 20.0, minimum=0, maximum=200),
            number("maximum_symbol_size", 100.0, minimum=0, maximum=200),
        ),
        aliases=("vector_field_symbology",),
        margin=_margin,
    ),
)
