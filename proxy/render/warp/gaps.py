"""Pixels of which some bands have a value and others do not."""

from __future__ import annotations

import numpy as np

from proxy.model import Array, Mask


def uneven(data: Array, mask: Mask | None, nodata: float | None) -> Mask | None:
    """Which bands have a value, where pixels differ in that; None where all bands are alike.

    Each band has to be resampled by its own then: -9999 in one must not mix with its neighbours because
    another has a value there. Bytes are left out: 0 or 255 is a usual colour of single bands.

    Args:
        data: (bands, rows, columns). mask: (rows, columns), True where any band has a value; None where all.
        nodata: value that marks what is missing. NaN and infinity do as well.

    Returns:
        (bands, rows, columns), True where there is a value.
    """
    if len(data) == 1 or data.dtype == np.uint8:
        return None
    if data.dtype.kind in "fc":
        good = np.isfinite(data)
        if nodata is not None and np.isfinite(nodata):
            good &= data != data.dtype.type(nodata)
    elif nodata is not None and float(nodata).is_integer():
        good = data != int(nodata)
    else:
        return None
    if good.all():
        return None
    if mask is not None:
        good &= mask
    return good if (good.any(axis=0) != good.all(axis=0)).any() else None


def filled(data: Array, valid: Mask | None, nodata: float | None) -> Array:
    """Data (bands, rows, columns), with the mark of a missing value where `valid` is False."""
    if valid is None:
        return data
    mark = nodata if nodata is not None and (data.dtype.kind in "iu" or np.isfinite(nodata)) else np.nan
    return np.where(valid, data, data.dtype.type(mark))
