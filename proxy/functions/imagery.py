"""Colour spaces, vectors, complex numbers, reflectance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum

import cv2
import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import without_nan
from proxy.functions.pixels import joined
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, flag, number, numbers
from proxy.model import Array, Raster


class ColorspaceConversionType(IntEnum):
    """Direction of the conversion."""

    RGB_TO_HSV = 0
    HSV_TO_RGB = 1


def colorspace_conversion(
    raster: Raster, *, conversion_type: ColorspaceConversionType = ColorspaceConversionType.RGB_TO_HSV
) -> Raster:
    """Red, green and blue to hue, saturation and value, each 0..255, or back.

    Args:
        raster: three bands at least, 0..255; other types than uint8 are clamped.
        conversion_type: see the enum.

    Returns:
        Three uint8 bands.
    """
    if raster.count < 3:
        raise InvalidRule("raster", "Three bands are needed.")
    with np.errstate(all="ignore"):
        bands = np.clip(np.nan_to_num(raster.data[:3].astype(np.float32)), 0, 255)
    pixels = np.ascontiguousarray(bands.transpose(1, 2, 0) / np.float32(255))
    if conversion_type == ColorspaceConversionType.RGB_TO_HSV:
        found = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
        found[..., 0] /= 360
    else:
        pixels[..., 0] *= 360
        found = cv2.cvtColor(pixels, cv2.COLOR_HSV2RGB)
    data = np.floor(found.transpose(2, 0, 1) * 255 + 0.5)
    return raster.with_data(np.clip(data, 0, 255).astype(np.uint8))


class AngleReferenceSystem(IntEnum):
    """Angles clockwise from north, or counterclockwise from east."""

    GEOGRAPHIC = 0
    ARITHMETIC = 1


class VectorType(IntEnum):
    """What two bands of a vector field are."""

    VECTOR_UV = 0
    VECTOR_MAGDIR = 1


def vector_field(
    raster1: Raster,
    raster2: Raster,
    *,
    angle_reference_system: AngleReferenceSystem = AngleReferenceSystem.GEOGRAPHIC,
    input_data_type: VectorType = VectorType.VECTOR_UV,
    output_data_type: VectorType = VectorType.VECTOR_UV,
) -> Raster:
    """Components of vectors to magnitude and direction, or back.

    Magnitude sqrt(u^2 + v^2); direction atan2(v, u) in degrees, 0..360, and (450 - it) mod 360 from north.

    Args:
        raster1: u, or the magnitude. raster2: v, or the direction in degrees. First bands are used; where
            both are one raster of several bands, its second band is the second part.
        angle_reference_system: of directions on either side.
        input_data_type: of the input. output_data_type: of the result.

    Returns:
        Two float32 bands.
    """
    second = raster2.data[1 if raster2 is raster1 and raster2.count > 1 else 0]
    one, two = raster1.data[0].astype(np.float32), second.astype(np.float32)
    with np.errstate(all="ignore"):
        if input_data_type == VectorType.VECTOR_MAGDIR:
            angle = np.radians(_turned(two, angle_reference_system))
            one, two = one * np.cos(angle), one * np.sin(angle)
        if output_data_type == VectorType.VECTOR_MAGDIR:
            angle = np.degrees(np.arctan2(two, one)) % np.float32(360)
            one, two = np.hypot(one, two), _turned(angle, angle_reference_system)
        data, mask = without_nan(np.stack([one, two]), joined(raster1.mask, raster2.mask))
    names = ("Magnitude", "Direction") if output_data_type == VectorType.VECTOR_MAGDIR else ("U", "V")
    return raster1.with_data(data, mask=mask, band_names=names)


def _turned(angle: Array, system: AngleReferenceSystem) -> Array:
    """From one reference to the other; the way back is the same."""
    if system == AngleReferenceSystem.ARITHMETIC:
        return angle
    return np.asarray((np.float32(450) - angle) % np.float32(360))


class ComplexPart(IntEnum):
    """Real numbers made of complex ones."""

    AMPLITUDE = 0
    PHASE = 1
    REAL = 2
    IMAGINARY = 3
    POWER = 4


_PARTS: Mapping[ComplexPart, Callable[[Array, Array], Array]] = {
    ComplexPart.AMPLITUDE: np.hypot,
    ComplexPart.PHASE: lambda real, imaginary: np.arctan2(imaginary, real),
    ComplexPart.REAL: lambda real, imaginary: real,
    ComplexPart.IMAGINARY: lambda real, imaginary: imaginary,
    ComplexPart.POWER: lambda real, imaginary: real * real + imaginary * imaginary,
}


def complex_part(
    raster: Raster, imaginary_raster: Raster, *, value_type: ComplexPart = ComplexPart.AMPLITUDE
) -> Raster:
    """Amplitude, phase (radians), real or imaginary part, or power of complex numbers.

    Args:
        raster: complex numbers; or their real parts. imaginary_raster: the imaginary parts of these; its
            second band where it is the same raster of several bands.
        value_type: see the enum.

    Returns:
        float32; one band where the parts come apart.
    """
    if raster.pixel_type.is_complex:
        real, imaginary = raster.data.real, raster.data.imag
    else:
        place = 1 if imaginary_raster is raster and raster.count > 1 else 0
        real, imaginary = raster.data[:1], imaginary_raster.data[place : place + 1]
        if imaginary_raster is raster and raster.count == 1:
            imaginary = np.zeros_like(real)
    real, imaginary = real.astype(np.float32), imaginary.astype(np.float32)
    with np.errstate(all="ignore"):
        found = _PARTS[value_type](real, imaginary)
    data, mask = without_nan(found, joined(raster.mask, imaginary_raster.mask))
    return raster.with_data(data, mask=mask)


def reflectance(
    raster: Raster,
    *,
    radiance_gain_values: tuple[float, ...] = (),
    radiance_bias_values: tuple[float, ...] = (),
    reflectance_gain_values: tuple[float, ...] = (),
    reflectance_bias_values: tuple[float, ...] = (),
    sun_elevation: float = 90.0,
    albedo: bool = True,
    scale_factor: float = 1.0,
    offset: float = 0.0,
) -> Raster:
    """Digital numbers to reflectance at the top of the atmosphere, or to radiance.

    (v * gain + bias) / sin(sun elevation) with the gains of reflectance, v * gain + bias with those of
    radiance where `albedo` is False; then times `scale_factor` plus `offset`.

    Args:
        raster: digital numbers, any real type.
        radiance_gain_values: one a band, the last one for further bands; 1 where absent; the others likewise,
            biases 0. radiance_bias_values: see there. reflectance_gain_values: see there.
            reflectance_bias_values: see there.
        sun_elevation: degrees above the horizon. albedo: True for reflectance.
        scale_factor: of the result. offset: of the result.

    Returns:
        float32 bands with their names.
    """
    gains = reflectance_gain_values if albedo else radiance_gain_values
    biases = reflectance_bias_values if albedo else radiance_bias_values
    factor = scale_factor / (np.sin(np.radians(sun_elevation)) if albedo else 1.0)
    gains, biases = gains or (1.0,), biases or (0.0,)
    data = np.empty(raster.data.shape, np.float32)
    with np.errstate(all="ignore"):
        for index, band in enumerate(raster.data):
            gain, bias = gains[min(index, len(gains) - 1)], biases[min(index, len(biases) - 1)]
            data[index] = band * np.float32(gain * factor) + np.float32(bias * factor + offset)
    data, mask = without_nan(data, raster.mask)
    return raster.with_data(data, mask=mask, band_names=raster.band_names)


_FIRST = Argument("raster1", Kind.RASTER, aliases=("raster",))

FUNCTIONS = (
    Function(
        "colorspace_conversion",
        colorspace_conversion,
        "Red, green and blue to hue, saturation and value, or back.",
        (INPUT, choice("conversion_type", ColorspaceConversionType.RGB_TO_HSV)),
    ),
    Function(
        "vector_field",
        vector_field,
        "Components of vectors to magnitude and direction, or back.",
        (
            _FIRST,
            Argument("raster2", Kind.RASTER),
            choice("angle_reference_system", AngleReferenceSystem.GEOGRAPHIC),
            choice("input_data_type", VectorType.VECTOR_UV),
            choice("output_data_type", VectorType.VECTOR_UV),
        ),
    ),
    Function(
        "complex",
        complex_part,
        "Amplitude, phase or parts of complex numbers.",
        (INPUT, Argument("imaginary_raster", Kind.RASTER), choice("value_type", ComplexPart.AMPLITUDE)),
    ),
    Function(
        "reflectance",
        reflectance,
        "Digital numbers to reflectance or radiance.",
        (
            INPUT,
            numbers("radiance_gain_values"),
            numbers("radiance_bias_values"),
            numbers("reflectance_gain_values"),
            numbers("reflectance_bias_values"),
            number("sun_elevation", 90.0, minimum=1, maximum=90),
            flag("albedo", True),
            number("scale_factor", 1.0),
            number("offset", 0.0),
        ),
        aliases=("apparent_reflectance",),
    ),
)
