"""What becomes of several valid values for one pixel.

Every operation takes layers from the topmost down and keeps a plane of validity for all bands, or one for
each where items lack bands. A pixel of the result is valid where any of its bands is.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from proxy.model import Array, Mask, PixelType
from proxy.render.mosaic.blend import weights
from proxy.render.mosaic.layers import Layer
from proxy.selection import MosaicOperation

#: Operations that make values between those of the items.
MIXING = frozenset({MosaicOperation.MEAN, MosaicOperation.BLEND, MosaicOperation.SUM})


class Stack(Protocol):
    """Layers put together one after the other."""

    def add(self, layer: Layer) -> bool:
        """Put a layer below those before it; False where it changes nothing that is seen."""

    @property
    def filled(self) -> Mask | None:
        """(rows, columns), True where no further layer changes anything; None while any layer may."""

    def result(self) -> tuple[Array, Mask]:
        """Data (bands, rows, columns), 0 where invalid, and its validity (planes, rows, columns)."""


def stack(operation: MosaicOperation, bands: int, shape: tuple[int, int], pixel_type: PixelType) -> Stack:
    """An empty stack of an operation. `LAST` is the first of layers that come from the lowest up."""
    if operation in (MosaicOperation.FIRST, MosaicOperation.LAST):
        return First((bands, *shape), pixel_type.dtype)
    if operation in (MosaicOperation.MIN, MosaicOperation.MAX):
        return Extreme((bands, *shape), pixel_type.dtype, operation is MosaicOperation.MAX)
    return Weighted((bands, *shape), pixel_type, operation)


class First:
    """The first valid value."""

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self._shape, self._dtype = shape, dtype
        self._data: Array | None = None
        self._valid: Mask = np.zeros((1, *shape[1:]), np.bool_)

    def add(self, layer: Layer) -> bool:
        """Fill what is empty."""
        valid = layer.valid
        if self._data is None and valid.all():
            self._data, self._valid = layer.data, valid
            return True
        if self._data is None:
            self._data = np.zeros(self._shape, self._dtype)
        new = valid & ~self._valid
        np.copyto(self._data, layer.data, where=new)
        self._valid = self._valid | new
        return bool(new.any())

    @property
    def filled(self) -> Mask:
        """Where all bands have a value."""
        return np.asarray(self._valid.all(axis=0))

    def result(self) -> tuple[Array, Mask]:
        """See `Stack`."""
        data = np.zeros(self._shape, self._dtype) if self._data is None else self._data
        return data, self._valid


class Extreme:
    """The least or the greatest valid value; of complex numbers by their modulus."""

    filled = None

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any], greatest: bool) -> None:
        self._greatest = greatest
        self._data = np.zeros(shape, dtype)
        self._valid: Mask = np.zeros((1, *shape[1:]), np.bool_)

    def add(self, layer: Layer) -> bool:
        """Replace what is less extreme."""
        old, new = self._data, layer.data
        if old.dtype.kind == "c":
            old, new = np.abs(old), np.abs(new)
        better = new > old if self._greatest else new < old
        take = layer.valid & (better | ~self._valid)
        np.copyto(self._data, layer.data, where=take)
        self._valid = self._valid | layer.valid
        return bool(take.any())

    def result(self) -> tuple[Array, Mask]:
        """See `Stack`."""
        return self._data, self._valid


class Weighted:
    """Sum, mean, or mean weighted by the distance to the edge of the valid pixels.

    Summed in 64-bit floats; integers are rounded half away from zero and clamped to their type.
    """

    filled = None

    def __init__(
        self, shape: tuple[int, int, int], pixel_type: PixelType, operation: MosaicOperation
    ) -> None:
        self._type, self._operation = pixel_type, operation
        self._sum: NDArray[Any] = np.zeros(shape, np.complex128 if pixel_type.is_complex else np.float64)
        self._weight: NDArray[np.float64] = np.zeros((1, *shape[1:]))

    def add(self, layer: Layer) -> bool:
        """Add its values."""
        if self._operation is MosaicOperation.BLEND:
            weight = np.stack([weights(plane) for plane in layer.valid])
        else:
            weight = layer.valid.astype(np.float64)
        np.add(self._sum, layer.data * weight, out=self._sum, where=layer.valid)
        self._weight = self._weight + weight
        return bool(layer.valid.any())

    def result(self) -> tuple[Array, Mask]:
        """See `Stack`."""
        valid = np.asarray(self._weight > 0)
        values = self._sum
        if self._operation is not MosaicOperation.SUM:
            values = np.divide(values, self._weight, out=np.zeros_like(values), where=valid)
        if self._type.is_integer:
            values = np.clip(np.trunc(values + np.copysign(0.5, values)), *self._type.range)
        return values.astype(self._type.dtype), valid
