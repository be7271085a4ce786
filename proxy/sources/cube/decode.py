"""Stored values to what they mean: packing, fill values, valid ranges, as CF conventions have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from proxy.model import Array, Mask, PixelType
from proxy.sources.validity import valid_by_value

Number = float | int


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the values of one variable are stored.

    Attributes:
        stored: type of the numbers in the source, as they are meant.
        pixel_type: of what becomes of them.
        scale, offset: what unpacks them, None where they are not packed.
        missing: stored values that stand for none.
        low, high: least and greatest stored value that counts, None for any.
        unpacked_limits: the two are in terms of unpacked values.
        extra: unpacked value that stands for none by configuration.
        nodata: unpacked value that marks such pixels, None where only the mask tells.
    """

    stored: np.dtype[Any]
    pixel_type: PixelType
    scale: float | None = None
    offset: float | None = None
    missing: tuple[Number, ...] = ()
    low: Number | None = None
    high: Number | None = None
    unpacked_limits: bool = False
    extra: float | None = None
    nodata: float | None = None

    @property
    def mask_kind(self) -> str:
        """How pixels without a value are told, as in `SourceInfo`."""
        if self.nodata is not None:
            return "nodata"
        return "none" if self.low is None and self.high is None else "mask"

    def apply(self, raw: Array) -> tuple[Array, Mask | None]:
        """Values in `pixel_type`, and True where they count; None where all do.

        Args:
            raw: of any shape, in the type of the source, bytes in the order of this machine.
        """
        if raw.dtype != self.stored:
            raw = raw.view(self.stored)
        valid = self._present(raw)
        data = self._unpacked(raw)
        valid &= self._within(data if self.unpacked_limits else raw)
        if self.extra is not None:
            valid &= valid_by_value(data[None], self.extra)
        return data, None if valid.all() else valid

    def _present(self, raw: Array) -> Mask:
        valid = np.logical_not(np.isnan(raw)) if raw.dtype.kind in "fc" else np.ones(raw.shape, np.bool_)
        for value in self.missing:
            valid &= raw != raw.dtype.type(value)
        return valid

    def _within(self, values: Array) -> Mask | np.bool_:
        found: Mask | np.bool_ = np.True_
        with np.errstate(invalid="ignore"):
            if self.low is not None:
                found = found & (values >= self.low)
            if self.high is not None:
                found = found & (values <= self.high)
        return found

    def _unpacked(self, raw: Array) -> Array:
        dtype = self.pixel_type.dtype
        if self.scale is None and self.offset is None:
            return raw.astype(dtype, copy=False)
        data = raw.astype(dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.scale is not None:
                data *= dtype.type(self.scale)
            if self.offset is not None:
                data += dtype.type(self.offset)
        return data


def decoding_of(dtype: np.dtype[Any], attributes: Mapping[str, Any], nodata: float | None = None) -> Decoding:
    """How to decode a variable by its attributes.

    Packed numbers become what the conventions say: the type of scale and offset, float64 for those of 32 bits
    and more.

    Args:
        dtype: as stored.
        attributes: `scale_factor`, `add_offset`, `_FillValue`, `missing_value`, `valid_min`, `valid_max`,
            `valid_range`, `_Unsigned`.
        nodata: further value that stands for none, unpacked.
    """
    stored = _meant(dtype, attributes)
    scale, offset = _number(attributes, "scale_factor"), _number(attributes, "add_offset")
    packed = scale is not None or offset is not None
    target = np.dtype(_unpacked_type(stored, attributes)) if packed else stored
    names = ("_FillValue", "missing_value")
    missing = [value for name in names for value in _stored_values(attributes.get(name), dtype, stored)]
    low, high = _limits(attributes)
    loose = packed and stored.kind in "iu" and any(_is_float(edge) for edge in (low, high))
    if not loose:
        low, high = (_edge(edge, dtype, stored) for edge in (low, high))
    pixel_type = PixelType.of(target)
    marker = nodata
    if marker is None and pixel_type.dtype.kind in "fc":
        marker = float("nan") if packed or not missing else float(missing[0])
    elif marker is None and missing:
        marker = float(missing[0])
    known = tuple(dict.fromkeys(value for value in missing if value == value))
    return Decoding(stored, pixel_type, scale, offset, known, low, high, loose, nodata, marker)


def _meant(dtype: np.dtype[Any], attributes: Mapping[str, Any]) -> np.dtype[Any]:
    unsigned = str(attributes.get("_Unsigned", "")).lower()
    plain = dtype.newbyteorder("=")
    if dtype.kind == "i" and unsigned == "true":
        return np.dtype(f"u{dtype.itemsize}")
    if dtype.kind == "u" and unsigned == "false":
        return np.dtype(f"i{dtype.itemsize}")
    return plain


def _unpacked_type(stored: np.dtype[Any], attributes: Mapping[str, Any]) -> np.dtype[Any]:
    given = [
        np.asarray(attributes[name]).dtype for name in ("scale_factor", "add_offset") if name in attributes
    ]
    wide = np.result_type(*given)
    if wide.kind != "f" or (stored.kind in "iu" and stored.itemsize >= 4) or stored == np.float64:
        return np.dtype(np.float64)
    return np.dtype(np.float32) if wide.itemsize <= 4 else np.dtype(np.float64)


def _number(attributes: Mapping[str, Any], name: str) -> float | None:
    try:
        return float(np.ravel(attributes[name])[0])
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def _stored_values(value: Any, dtype: np.dtype[Any], stored: np.dtype[Any]) -> list[Number]:
    found = [] if value is None else [_edge(item, dtype, stored) for item in np.ravel(value)]
    return [item for item in found if item is not None]


def _edge(value: Any, dtype: np.dtype[Any], stored: np.dtype[Any]) -> Number | None:
    """A stored value in the type that is meant; None where that cannot hold it."""
    if value is None:
        return None
    try:
        number = float(value)
    except (ValueError, TypeError):
        return None
    if stored.kind not in "iu":
        return float(stored.type(number)) if stored.kind == "f" else number
    if number != number or not number.is_integer():
        return None
    whole = int(value)
    limits = np.iinfo(stored)
    if whole < 0 and dtype.kind == "i" and stored.kind == "u":
        whole += 1 << (8 * stored.itemsize)
    return whole if limits.min <= whole <= limits.max else None


def _limits(attributes: Mapping[str, Any]) -> tuple[Any, Any]:
    both = np.ravel(attributes.get("valid_range", ()))
    low, high = (both[0], both[1]) if both.size == 2 else (None, None)
    least, most = attributes.get("valid_min"), attributes.get("valid_max")
    return (low if least is None else np.ravel(least)[0]), (high if most is None else np.ravel(most)[0])


def _is_float(value: Any) -> bool:
    return value is not None and np.asarray(value).dtype.kind == "f"
