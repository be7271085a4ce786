"""Pansharpening: colours of one image, sharpness of another."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import without_nan
from proxy.functions.pixels import joined
from proxy.functions.signature import Argument, Function, Kind, choice, flag, numbers
from proxy.model import Array, Raster


class PansharpeningType(IntEnum):
    """How colours and sharpness are joined."""

    IHS = 0
    BROVEY = 1
    ESRI = 2
    SIMPLE_MEAN = 3
    GRAM_SCHMIDT = 4


def pansharpening(
    ms_image: Raster,
    pan_image: Raster,
    *,
    pansharpening_type: PansharpeningType = PansharpeningType.ESRI,
    weights: tuple[float, ...] = (),
    use_fourth_band_of_ms_as_ir: bool = True,
    sensor: str = "",
) -> Raster:
    """Sharpen bands of colour by a panchromatic band P. With I the sum of the bands by weight:

    BROVEY b P / I; ESRI and IHS b + (P - I), with I the plain mean of the bands for IHS; SIMPLE_MEAN
    (b + P) / 2; GRAM_SCHMIDT b + g (P' - I), with P' as P at the mean and deviation of I, and
    g = cov(b, I) / var(I), over the pixels at hand, so that neighbouring tiles may differ a little.

    Args:
        ms_image: bands of colour, any real type. pan_image: its first band is used.
        pansharpening_type: see above.
        weights: one a band, divided by their sum; alike where absent.
        use_fourth_band_of_ms_as_ir: False leaves bands after the third out of I.
        sensor: accepted; has no effect.

    Returns:
        The bands of colour in their type, integers rounded half up and clamped; valid where both are.
    """
    bands, pan = ms_image.data.astype(np.float32), pan_image.data[0].astype(np.float32)
    mask = joined(ms_image.mask, pan_image.mask)
    used = len(bands) if use_fourth_band_of_ms_as_ir else min(3, len(bands))
    share = np.array((weights + (0.0,) * used)[:used] if weights else (1.0,) * used, np.float32)
    if pansharpening_type == PansharpeningType.IHS:
        share = np.ones(used, np.float32)
    if share.sum() == 0:
        raise InvalidRule("weights", "The weights add up to 0.")
    with np.errstate(all="ignore"):
        intensity = sum(w * band for w, band in zip(share / share.sum(), bands, strict=False))
        data = _sharpened(bands, pan, np.asarray(intensity), mask, pansharpening_type)
    return _in_type_of(ms_image, data, mask)


def _sharpened(
    bands: Array, pan: Array, intensity: Array, mask: Array | None, kind: PansharpeningType
) -> Array:
    if kind == PansharpeningType.BROVEY:
        return np.asarray(bands * np.where(intensity == 0, np.float32(0), pan / intensity))
    if kind == PansharpeningType.SIMPLE_MEAN:
        return np.asarray((bands + pan) / np.float32(2))
    if kind != PansharpeningType.GRAM_SCHMIDT:
        return np.asarray(bands + (pan - intensity))
    here = np.ones(pan.shape, np.bool_) if mask is None else mask
    inner = intensity[here].astype(np.float64)
    if inner.size == 0 or inner.var() == 0:
        return bands
    sharp = pan[here].astype(np.float64)
    ratio = inner.std() / sharp.std() if sharp.std() else 0.0
    detail = (pan - sharp.mean()) * ratio + inner.mean() - intensity
    gains = [
        np.mean((band[here] - band[here].mean()) * (inner - inner.mean())) / inner.var() for band in bands
    ]
    return np.stack([band + np.float32(gain) * detail for gain, band in zip(gains, bands, strict=True)])


def _in_type_of(raster: Raster, data: Array, mask: Array | None) -> Raster:
    data, mask = without_nan(data, mask)
    dtype = raster.data.dtype
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        data = np.clip(np.floor(data + 0.5), limits.min, limits.max)
    return raster.with_data(data.astype(dtype), mask=mask, band_names=raster.band_names)


FUNCTIONS = (
    Function(
        "pansharpening",
        pansharpening,
        "Bands of colour sharpened by a panchromatic one.",
        (
            Argument("ms_image", Kind.RASTER, aliases=("raster",)),
            Argument("pan_image", Kind.RASTER, aliases=("raster2",)),
            choice("pansharpening_type", PansharpeningType.ESRI),
            numbers("weights", minimum=0),
            flag("use_fourth_band_of_ms_as_ir", True),
            Argument("sensor", Kind.TEXT, ""),
        ),
    ),
)
