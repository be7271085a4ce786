"""Convolution with known kernels and those of the caller."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import convert
from proxy.functions.pixels import working_type
from proxy.functions.signature import INPUT, Argument, Arguments, Function, Kind, choice, numbers
from proxy.functions.windows import box, reach, weighted
from proxy.model import PixelType, Raster

#: Most rows and columns of a kernel.
LARGEST = 101


class ConvolutionType(IntEnum):
    """Kernels by their published codes."""

    USER_DEFINED = -1
    LINE_DETECTION_HORIZONTAL = 0
    LINE_DETECTION_VERTICAL = 1
    LINE_DETECTION_LEFT_DIAGONAL = 2
    LINE_DETECTION_RIGHT_DIAGONAL = 3
    GRADIENT_NORTH = 4
    GRADIENT_WEST = 5
    GRADIENT_EAST = 6
    GRADIENT_SOUTH = 7
    GRADIENT_NORTHEAST = 8
    GRADIENT_NORTHWEST = 9
    ARITHMETIC_MEAN = 10
    SMOOTHING_3X3 = 11
    SMOOTHING_5X5 = 12
    SHARPENING_3X3 = 13
    SHARPENING_5X5 = 14
    LAPLACIAN_3X3 = 15
    LAPLACIAN_5X5 = 16
    SOBEL_HORIZONTAL = 17
    SOBEL_VERTICAL = 18
    SHARPEN = 19
    SHARPEN_II = 20
    POINT_SPREAD = 21
    NONE = 255


#: (rows, divisor) of each kernel: whole weights keep sums of whole numbers exact.
KERNELS: dict[ConvolutionType, tuple[str, float]] = {
    ConvolutionType(code): (text, divisor)
    for code, text, divisor in (
        (0, "-1 -1 -1/2 2 2/-1 -1 -1", 1),
        (1, "-1 2 -1/-1 2 -1/-1 2 -1", 1),
        (2, "2 -1 -1/-1 2 -1/-1 -1 2", 1),
        (3, "-1 -1 2/-1 2 -1/2 -1 -1", 1),
        (4, "-1 -2 -1/0 0 0/1 2 1", 1),
        (5, "-1 0 1/-2 0 2/-1 0 1", 1),
        (6, "1 0 -1/2 0 -2/1 0 -1", 1),
        (7, "1 2 1/0 0 0/-1 -2 -1", 1),
        (8, "0 -1 -2/1 0 -1/2 1 0", 1),
        (9, "-2 -1 0/-1 0 1/0 1 2", 1),
        (10, "1 1 1/1 1 1/1 1 1", 9),
        (11, "1 2 1/2 4 2/1 2 1", 16),
        (12, "1 1 1 1 1/1 4 4 4 1/1 4 12 4 1/1 4 4 4 1/1 1 1 1 1", 60),
        (13, "-1 -1 -1/-1 9 -1/-1 -1 -1", 1),
        (14, "-1 -3 -4 -3 -1/-3 0 6 0 -3/-4 6 21 6 -4/-3 0 6 0 -3/-1 -3 -4 -3 -1", 1),
        (15, "0 -1 0/-1 4 -1/0 -1 0", 1),
        (16, "0 0 -1 0 0/0 -1 -2 -1 0/-1 -2 17 -2 -1/0 -1 -2 -1 0/0 0 -1 0 0", 1),
        (17, "-1 -2 -1/0 0 0/1 2 1", 1),
        (18, "-1 0 1/-2 0 2/-1 0 1", 1),
        (19, "0 -1 0/-1 8 -1/0 -1 0", 4),
        (20, "-1 -1 -1/-1 12 -1/-1 -1 -1", 4),
        (21, "-0.627 0.352 -0.627/0.352 2.923 0.352/-0.627 0.352 -0.627", 1.823),
        (255, "1", 1),
    )
}


def convolution(
    raster: Raster,
    *,
    convolution_type: ConvolutionType = ConvolutionType.USER_DEFINED,
    rows: int = 3,
    columns: int = 3,
    kernel: tuple[float, ...] = (),
    output_type: PixelType | None = None,
) -> Raster:
    """Sum of the neighbours by the weights of a kernel that is not turned over (a correlation).

    Args:
        raster: any number of bands of any real type.
        convolution_type: a known kernel, or USER_DEFINED for `kernel`.
        rows: of `kernel`. columns: of `kernel`; an even number reaches one pixel further up and left.
        kernel: weights row by row, used as they are, not divided by their sum.
        output_type: of the result, cut toward zero and clamped; None for the type of the input, as measured
            in Esri's client: ask for float32 where gradients matter.

    Returns:
        The bands. Valid where the centre is; invalid neighbours count with the value of the centre.

    Raises:
        InvalidRule: the kernel has not `rows` times `columns` weights.
    """
    (down, across), weights, divisor = _kernel(convolution_type, rows, columns, kernel)
    target = output_type or raster.pixel_type
    work = working_type(raster.data.dtype)
    valid = None if raster.mask is None or raster.mask.all() else raster.mask
    offsets = box(down, across)
    with np.errstate(all="ignore"):
        data = np.stack(
            [weighted(band.astype(work, copy=False), valid, offsets, weights) for band in raster.data]
        )
        if divisor != 1:
            data /= work(divisor)
    result = raster.with_data(data, band_names=raster.band_names)
    return convert(result, target, truncate=True)


def _kernel(
    code: ConvolutionType, rows: int, columns: int, kernel: tuple[float, ...]
) -> tuple[tuple[int, int], tuple[float, ...], float]:
    if code == ConvolutionType.USER_DEFINED:
        if len(kernel) != rows * columns:
            raise InvalidRule(
                "kernel", f"It has {len(kernel)} weights; {rows} x {columns} need {rows * columns}."
            )
        return (rows, columns), kernel, 1.0
    text, divisor = KERNELS[code]
    lines = [[float(weight) for weight in line.split()] for line in text.split("/")]
    return (len(lines), len(lines[0])), tuple(weight for line in lines for weight in line), divisor


def _margin(arguments: Arguments) -> int:
    names = ("convolution_type", "rows", "columns", "kernel")
    (down, across), _, _ = _kernel(*(arguments[name] for name in names))
    return reach(box(down, across))


_SIDE: dict[str, Any] = {"minimum": 1, "maximum": LARGEST}

FUNCTIONS = (
    Function(
        "convolution",
        convolution,
        "Neighbours summed by the weights of a kernel.",
        (
            INPUT,
            choice("convolution_type", ConvolutionType.USER_DEFINED, "type"),
            Argument("rows", Kind.INTEGER, 3, ("kernel_rows",), **_SIDE),
            Argument("columns", Kind.INTEGER, 3, ("kernel_columns", "cols"), **_SIDE),
            numbers("kernel", longest=LARGEST**2),
        ),
        margin=_margin,
        typed=True,
    ),
)
