"""Change between two rasters, and other functions of the bands of a pixel."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.arithmetic import CellsizeType, ExtentType
from proxy.functions.convert import without_nan
from proxy.functions.histograms import statistics_of
from proxy.functions.pixels import joined
from proxy.functions.signature import INPUT, Argument, Function, Kind, choice, flag, numbers
from proxy.model import Array, Histogram, Raster


class ChangeMethod(IntEnum):
    """How change is measured."""

    DIFFERENCE = 0
    RELATIVE_DIFFERENCE = 1
    CATEGORICAL = 2
    EUCLIDEAN_DISTANCE = 3
    SPECTRAL_ANGLE = 4
    BAND_WITH_MOST_CHANGE = 5


class KeepMethod(IntEnum):
    """Which pixels a categorical change keeps."""

    ALL = 0
    CHANGED = 1
    UNCHANGED = 2


#: Classes of the second raster in a code of change: from * 1000 + to.
CLASSES = 1000


def compute_change(
    raster: Raster,
    raster2: Raster,
    *,
    method: ChangeMethod = ChangeMethod.DIFFERENCE,
    from_class_values: tuple[float, ...] = (),
    to_class_values: tuple[float, ...] = (),
    keep_method: KeepMethod = KeepMethod.ALL,
    extent_type: ExtentType = ExtentType.INTERSECTION_OF,
    cellsize_type: CellsizeType = CellsizeType.MAX_OF,
) -> Raster:
    """Change from one raster to another, in float32.

    DIFFERENCE a - b and RELATIVE_DIFFERENCE (a - b) / max(|a|, |b|), 0 where both are 0, of the first bands;
    CATEGORICAL a * 1000 + b of classes; over all bands EUCLIDEAN_DISTANCE, SPECTRAL_ANGLE acos(sum ab /
    sqrt(sum a^2 sum b^2)) in radians, pi / 2 where it has none, and BAND_WITH_MOST_CHANGE from 0.

    Args:
        raster: a; any real type. raster2: b; likewise, on the same grid.
        method: see above.
        from_class_values: classes of a that count, all where empty. to_class_values: of b; likewise.
        keep_method: of CATEGORICAL; other pixels become invalid.
        extent_type: accepted; has no effect. cellsize_type: accepted; has no effect.

    Returns:
        One band, int32 for CATEGORICAL and BAND_WITH_MOST_CHANGE, else float32; valid where both are.
    """
    count = min(raster.count, raster2.count)
    a, b = raster.data[:count].astype(np.float32), raster2.data[:count].astype(np.float32)
    mask = joined(raster.mask, raster2.mask)
    with np.errstate(all="ignore"):
        if method == ChangeMethod.CATEGORICAL:
            kept = _kept(a[0], b[0], from_class_values, to_class_values, keep_method)
            codes = np.nan_to_num(a[0]) * CLASSES + np.nan_to_num(b[0])
            return raster.with_data(codes.astype(np.int32)[None], mask=joined(mask, kept))
        data, mask = without_nan(_changed(a, b, method)[None], mask)
    if method == ChangeMethod.BAND_WITH_MOST_CHANGE:
        data = data.astype(np.int32)
    return raster.with_data(data, mask=mask)


def _changed(a: Array, b: Array, method: ChangeMethod) -> Array:
    if method == ChangeMethod.DIFFERENCE:
        return np.asarray(a[0] - b[0])
    if method == ChangeMethod.RELATIVE_DIFFERENCE:
        largest = np.maximum(np.abs(a[0]), np.abs(b[0]))
        return np.where(largest == 0, np.float32(0), (a[0] - b[0]) / largest)
    if method == ChangeMethod.EUCLIDEAN_DISTANCE:
        return np.asarray(np.sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True))))
    if method == ChangeMethod.SPECTRAL_ANGLE:
        product = sum(x * y for x, y in zip(a, b, strict=True))
        lengths = np.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
        # Rounding may lead a little beyond 1.
        share = np.where(lengths == 0, np.float32(0), np.clip(product / lengths, -1, 1))
        return np.asarray(np.arccos(share))
    return np.asarray(np.abs(a - b).argmax(axis=0).astype(np.float32))


def _kept(a: Array, b: Array, first: tuple[float, ...], second: tuple[float, ...], keep: KeepMethod) -> Array:
    found = np.ones(a.shape, np.bool_)
    if first:
        found &= np.isin(a, first)
    if second:
        found &= np.isin(b, second)
    if keep != KeepMethod.ALL:
        found &= (a != b) == (keep == KeepMethod.CHANGED)
    return found


class ThresholdType(IntEnum):
    """How the threshold is found."""

    OTSU = 1


def threshold(raster: Raster, *, threshold_type: ThresholdType = ThresholdType.OTSU) -> Raster:
    """Two classes by the threshold that parts them best (Otsu 1979), band by band.

    The threshold is that of the histogram of the source where it is known, so that tiles agree; else that
    of the pixels at hand.

    Args:
        raster: any number of bands of any real type.
        threshold_type: see the enum.

    Returns:
        uint8, 1 above the threshold and 0 below it or on it.
    """
    bands = []
    for index, band in enumerate(raster.data):
        own = raster.statistics[index].histogram if raster.statistics else None
        if own is None:
            found = statistics_of(band, raster.mask, True)
            own = found.histogram if found else None
        bands.append(band > otsu(own) if own else np.zeros(band.shape, np.bool_))
    return raster.with_data(np.stack(bands).astype(np.uint8), band_names=raster.band_names)


def otsu(histogram: Histogram) -> float:
    """Centre of the bin up to and including which pixels form the lower class."""
    counts = np.array(histogram.counts, np.float64)
    width = (histogram.maximum - histogram.minimum) / max(1, len(counts))
    centres = histogram.minimum + (np.arange(len(counts)) + 0.5) * width
    below, sums = np.cumsum(counts), np.cumsum(counts * centres)
    above = below[-1] - below
    with np.errstate(all="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
        between = np.where((below > 0) & (above > 0), below * above * apart**2, -1.0)
    return float(centres[int(between.argmax())])


#: Most bits of a value that are moved.
BITS = 32


def transpose_bits(
    raster: Raster,
    *,
    input_bit_positions: tuple[float, ...] = (),
    output_bit_positions: tuple[float, ...] = (),
    constant_fill_check: bool = True,
    constant_fill_value: int = 0,
) -> Raster:
    """Move bits of whole numbers to other places; for masks packed into quality bands.

    Args:
        raster: its first band is used; floats are cut to whole numbers.
        input_bit_positions: bits to take, from 0, the lowest. output_bit_positions: where each one goes.
        constant_fill_check: accepted; bits that receive none are those of `constant_fill_value`.
        constant_fill_value: see above.

    Returns:
        One band, uint8, uint16 or uint32, whichever holds the result.
    """
    if len(input_bit_positions) != len(output_bit_positions):
        raise InvalidRule("output_bit_positions", "Each bit that is taken needs a place.")
    with np.errstate(all="ignore"):
        band = raster.data[0].astype(np.int64)
    out = np.full(band.shape, constant_fill_value, np.int64)
    for source, target in zip(map(int, input_bit_positions), map(int, output_bit_positions), strict=True):
        out = (out & ~(1 << target)) | ((band >> source & 1) << target)
    highest = max([constant_fill_value.bit_length(), *(int(bit) + 1 for bit in output_bit_positions)])
    dtype = np.uint8 if highest <= 8 else np.uint16 if highest <= 16 else np.uint32
    return raster.with_data(out.astype(dtype)[None])


_PLACES = {"minimum": 0, "maximum": BITS - 1}

FUNCTIONS = (
    Function(
        "compute_change",
        compute_change,
        "Change from one raster to another.",
        (
            INPUT,
            Argument("raster2", Kind.RASTER),
            choice("method", ChangeMethod.DIFFERENCE, "compute_change_method"),
            numbers("from_class_values"),
            numbers("to_class_values"),
            choice("keep_method", KeepMethod.ALL),
            choice("extent_type", ExtentType.INTERSECTION_OF),
            choice("cellsize_type", CellsizeType.MAX_OF),
        ),
    ),
    Function(
        "threshold",
        threshold,
        "Two classes by Otsu's threshold.",
        (INPUT, choice("threshold_type", ThresholdType.OTSU)),
    ),
    Function(
        "transpose_bits",
        transpose_bits,
        "Bits of whole numbers moved to other places.",
        (
            INPUT,
            numbers("input_bit_positions", **_PLACES),
            numbers("output_bit_positions", **_PLACES),
            flag("constant_fill_check", True),
            Argument("constant_fill_value", Kind.INTEGER, 0, minimum=0, maximum=2**32 - 1),
        ),
        bands=lambda arguments, count: (0,),
    ),
)
