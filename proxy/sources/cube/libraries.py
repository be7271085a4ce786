"""The libraries of netCDF, HDF5 and Zarr: optional, and imported when the first such source is opened."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

from proxy.errors import CannotOpen

MESSAGE = "Sources of this kind need further packages; install them with: pip install 'cogproxy[cubes]'."


def library(name: str) -> Any:
    """A module by name.

    Raises:
        CannotOpen: it is not installed; the message says how it is.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise CannotOpen(MESSAGE, str(error)) from error


def hdf5_filters() -> None:
    """Let HDF5 decode Zstandard, Blosc, bzip2 and others, where their package is installed."""
    with suppress(ImportError):
        import_module("hdf5plugin")
