"""The functions that an expression may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from proxy.model import Array


def _chosen(test: Array, yes: Array | np.float32, no: Array | np.float32) -> Array:
    return np.asarray(np.where(np.not_equal(test, 0), yes, no))


#: Functions of one value.
FUNCTIONS: Mapping[str, Callable[..., Array]] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "exp": np.exp,
    "ln": np.log,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": lambda a: np.floor(a + np.float32(0.5)),
    "sign": np.sign,
}
#: Functions of several values, and how many.
SEVERAL: Mapping[str, tuple[int, Callable[..., Array]]] = {
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "pow": (2, np.power),
    "mod": (2, np.fmod),
    "atan2": (2, np.arctan2),
    "clamp": (3, lambda a, low, high: np.minimum(np.maximum(a, low), high)),
    "con": (3, _chosen),
    "where": (3, _chosen),
    "setnull": (2, lambda test, value: _chosen(test, np.float32(np.nan), value)),
}
