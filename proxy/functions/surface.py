"""Functions of the slope of a surface: hillshade, slope, aspect. All look at 3 x 3 pixels.

Horn's gradient over the window `a b c / d e f / g h i`:

    gx = (c + 2f + i) - (a + 2d + g)        gy = (g + 2h + i) - (a + 2b + c)
    p = gx * z / (8 * cell width)           q = gy * z / (8 * cell height)

Everything is float32, and every pixel takes the same operations wherever it lies in the array, so that tiles
meet without seams.

Nodata: an invalid centre stays invalid; where exactly one of the eight neighbours is invalid it takes the
value of the centre; where two or more are, the result is invalid. A raster read beyond the edge of its data
arrives with invalid pixels there, hence a ring of one pixel along a straight edge of the data has no result.
Beyond the array itself the outermost pixels are repeated; a caller who asked for the margin crops those.

Cell size in a geographic system: with the default `z_factor` of 1 degrees are taken as 111,000 m, since
elevations in metres over degrees give nothing but black and white; a caller who gives another `z_factor` has
done the conversion, and degrees are used as they are. No correction for latitude is made, in Web
Mercator neither.

Only the first band is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from proxy.functions.gradient import Kernel, over_surface
from proxy.functions.pixels import evenly_spread
from proxy.functions.signature import INPUT, Function, choice, flag, number
from proxy.model import Array, Raster

METRES_PER_DEGREE = 111_000.0

#: (azimuth, altitude, weight) of the six lights of the multidirectional hillshade.
LIGHTS = ((315, 60, 3), (270, 60, 5), (225, 60, 3), (0, 60, 2), (180, 60, 1), (0, 90, 4))


class HillshadeType(IntEnum):
    """One light, or six."""

    TRADITIONAL = 0
    MULTIDIRECTIONAL = 1


class SlopeType(IntEnum):
    """Unit of a slope; SCALED exaggerates with the size of the pixels."""

    DEGREE = 1
    PERCENT_RISE = 2
    SCALED = 3
    DEGREES = 1
    PERCENT = 2
    ADJUSTED = 3

    @classmethod
    def _missing_(cls, value: object) -> SlopeType | None:
        # Seen in requests of old clients, for the default.
        return cls.DEGREE if value == 0 else None


@dataclass(frozen=True, slots=True)
class Exaggeration:
    """How elevations relate to the ground: arguments that surface functions share."""

    z_factor: float = 1.0
    slope_type: SlopeType = SlopeType.DEGREE
    ps_power: float = 0.664
    ps_z_factor: float = 0.024

    def factors(self, raster: Raster) -> tuple[np.float32, np.float32]:
        """Factors from the sums gx and gy to rise over run."""
        width, height = raster.cell_size
        if raster.grid.crs.is_geographic and self.z_factor == 1.0:
            width, height = width * METRES_PER_DEGREE, height * METRES_PER_DEGREE
        z = self.z_factor
        if self.slope_type == SlopeType.SCALED:
            z += ((width + height) / 2) ** self.ps_power * self.ps_z_factor
        return np.float32(z / (8 * width)), np.float32(z / (8 * height))


def hillshade(
    raster: Raster,
    *,
    hillshade_type: HillshadeType = HillshadeType.TRADITIONAL,
    azimuth: float = 315.0,
    altitude: float = 45.0,
    z_factor: float = 1.0,
    slope_type: SlopeType = SlopeType.DEGREE,
    ps_power: float = 0.664,
    ps_z_factor: float = 0.024,
    remove_edge_effect: bool = False,
) -> Raster:
    """Shade a surface as lit from one direction, or from six.

    v = 255 (cos zen + sin zen sin A q - sin zen cos A p) / sqrt(1 + p^2 + q^2), with zen = 90 - altitude and
    A = 450 - azimuth, clipped at 0 and cut to whole numbers. Multidirectional: the mean of `LIGHTS` by their
    weights, each clipped at 0, over gradients twice as steep; azimuth and altitude are not used. Both as
    measured in Esri's client.

    Args:
        raster: elevations in its first band; any real type.
        hillshade_type: one light or six.
        azimuth: degrees clockwise from north. altitude: degrees above the horizon.
        z_factor: metres per unit of elevation; see the module for degrees.
        slope_type: SCALED adds cell size ^ `ps_power` * `ps_z_factor` to `z_factor`.
        ps_power: see `slope_type`. ps_z_factor: see `slope_type`.
        remove_edge_effect: accepted; edges have no result either way, as measured in Esri's client.

    Returns:
        One uint8 band, 0..255, statistics 0..255; masked as the module says.
    """
    kx, ky = Exaggeration(z_factor, slope_type, ps_power, ps_z_factor).factors(raster)
    if hillshade_type == HillshadeType.MULTIDIRECTIONAL:
        kernel = _many_lights(2 * kx, 2 * ky)
    else:
        kernel = _one_light(kx, ky, azimuth, altitude)
    data, mask = over_surface(raster, kernel, np.dtype(np.uint8))
    return raster.with_data(data[None], mask=mask, statistics=evenly_spread(0.0, 255.0))


def slope(
    raster: Raster,
    *,
    z_factor: float = 1.0,
    slope_type: SlopeType = SlopeType.DEGREE,
    ps_power: float = 0.664,
    ps_z_factor: float = 0.024,
    remove_edge_effect: bool = False,
) -> Raster:
    """Steepness: atan(sqrt(p^2 + q^2)) in degrees, or 100 sqrt(p^2 + q^2) in percent.

    Arguments as in `hillshade`. Returns one float32 band without statistics, masked as the module says.
    """
    kx, ky = Exaggeration(z_factor, slope_type, ps_power, ps_z_factor).factors(raster)

    def kernel(gx: Array, gy: Array) -> Array:
        steep = np.sqrt(_squares(gx, gy, kx, ky))
        if slope_type == SlopeType.PERCENT_RISE:
            return np.asarray(steep * np.float32(100))
        return np.asarray(np.arctan(steep) * np.float32(180 / math.pi))

    data, mask = over_surface(raster, kernel, np.dtype(np.float32))
    return raster.with_data(data[None], mask=mask)


def aspect(raster: Raster) -> Raster:
    """Direction of steepest descent, degrees clockwise from north in [0, 360); flat ground is -1.

    90 - atan2(gy / cell height, -gx / cell width) in degrees.

    Returns:
        One float32 band, statistics -1..360, masked as the module says.
    """
    width, height = raster.cell_size
    kx, ky = np.float32(-1 / width), np.float32(1 / height)

    def kernel(gx: Array, gy: Array) -> Array:
        angle = np.float32(90) - np.arctan2(gy * ky, gx * kx) * np.float32(180 / math.pi)
        angle[angle < 0] += np.float32(360)
        angle[angle >= 360] = 0
        angle[(gx == 0) & (gy == 0)] = -1
        return np.asarray(angle)

    data, mask = over_surface(raster, kernel, np.dtype(np.float32))
    return raster.with_data(data[None], mask=mask, statistics=evenly_spread(-1.0, 360.0))


def _squares(gx: Array, gy: Array, kx: np.float32, ky: np.float32) -> Array:
    p, q = gx * kx, gy * ky
    p *= p
    q *= q
    p += q
    return np.asarray(p)


def _light(azimuth: float, altitude: float) -> tuple[float, float, float]:
    """(constant, factor of p, factor of q) of the numerator of a hillshade, to 255."""
    zenith, angle = math.radians(90 - altitude), math.radians(450 - azimuth)
    across = 255 * math.sin(zenith)
    return 255 * math.cos(zenith), -across * math.cos(angle), across * math.sin(angle)


def _one_light(kx: np.float32, ky: np.float32, azimuth: float, altitude: float) -> Kernel:
    base, of_p, of_q = (np.float32(v) for v in _light(azimuth, altitude))
    of_x, of_y, zero, one = of_p * kx, of_q * ky, np.float32(0), np.float32(1)

    def kernel(gx: Array, gy: Array) -> Array:
        lit = gx * of_x
        lit += gy * of_y
        lit += base
        length = _squares(gx, gy, kx, ky)
        length += one
        lit /= np.sqrt(length, out=length)
        return np.asarray(np.clip(lit, zero, np.float32(255), out=lit))

    return kernel


def _many_lights(kx: np.float32, ky: np.float32) -> Kernel:
    total = sum(weight for _, _, weight in LIGHTS)
    lights = [
        tuple(np.float32(part * weight / total) for part in _light(azimuth, altitude))
        for azimuth, altitude, weight in LIGHTS
    ]

    def kernel(gx: Array, gy: Array) -> Array:
        p, q = gx * kx, gy * ky
        lit = np.zeros_like(p)
        for base, of_p, of_q in lights:
            one = p * of_p
            one += q * of_q
            one += base
            lit += np.maximum(one, np.float32(0), out=one)
        length = _squares(gx, gy, kx, ky)
        length += np.float32(1)
        lit /= np.sqrt(length, out=length)
        return np.asarray(np.clip(lit, 0, np.float32(255), out=lit))

    return kernel


SCALE = (
    number("z_factor", 1.0),
    choice("slope_type", SlopeType.DEGREE),
    number("ps_power", 0.664, minimum=0, maximum=4),
    number("ps_z_factor", 0.024, minimum=0),
    flag("remove_edge_effect"),
)
LIGHT = (
    choice("hillshade_type", HillshadeType.TRADITIONAL),
    number("azimuth", 315.0),
    number("altitude", 45.0, minimum=-90, maximum=90),
)

FUNCTIONS = (
    Function(
        "hillshade",
        hillshade,
        "A surface lit from one direction or from six.",
        (INPUT, *LIGHT, *SCALE),
        margin=1,
    ),
    Function("slope", slope, "Steepness of a surface in degrees or percent.", (INPUT, *SCALE), margin=1),
    Function("aspect", aspect, "Direction that a surface faces, degrees from north.", (INPUT,), margin=1),
)
