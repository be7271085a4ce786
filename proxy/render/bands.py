"""Which bands a person sees when none are named."""

from __future__ import annotations

from collections.abc import Sequence

_RED = ("red", "r")
_GREEN = ("green", "g")
_BLUE = ("blue", "b")
_NEAR_INFRARED = ("nir", "nearinfrared", "nearinfrared_1", "near infrared")

#: Band labels of well-known sensors that have one meaning wherever they stand together.
_SENSORS = (
    ("b04", "b03", "b02"),  # Sentinel-2 visible
    ("b4", "b3", "b2"),  # Landsat 8 and 9 visible, where B5 is there as well; else Landsat 7 false colour
)


def display_bands(names: Sequence[str], interpretation: Sequence[str]) -> tuple[int, ...]:
    """Zero-based bands that make a picture: three for a composite, else one.

    In order of trust: the file's colour interpretation, names (red, green, blue; then near infrared, red,
    green), band labels of known sensors, the first three, the first. An alpha band is never shown.
    """
    colors = [name.lower() for name in interpretation]
    if {"red", "green", "blue"} <= set(colors):
        return colors.index("red"), colors.index("green"), colors.index("blue")
    shown = [index for index, color in enumerate(colors or [""] * len(names)) if color != "alpha"]
    labels = [name.strip().lower() for name in names]
    for wanted in ((_RED, _GREEN, _BLUE), (_NEAR_INFRARED, _RED, _GREEN)):
        found = [_find(labels, choices) for choices in wanted]
        if None not in found:
            return tuple(index for index in found if index is not None)
    for sensor in _SENSORS:
        if all(label in labels for label in sensor) and _is_visible(labels, sensor):
            return tuple(labels.index(label) for label in sensor)
    return tuple(shown[:3]) if len(shown) >= 3 else tuple(shown[:1]) or (0,)


def _find(labels: Sequence[str], choices: Sequence[str]) -> int | None:
    return next((labels.index(choice) for choice in choices if choice in labels), None)


def _is_visible(labels: Sequence[str], sensor: tuple[str, ...]) -> bool:
    if sensor[0] != "b4":
        return True
    # On Landsat 7, red green blue are B3 B2 B1; from Landsat 8 on there are more bands than seven.
    return "b8" in labels or "b9" in labels or "b10" in labels
