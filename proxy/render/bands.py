"""Which bands a person sees when none are named."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.functions.sensors import Role, band_roles

_COMPOSITES = ((Role.RED, Role.GREEN, Role.BLUE), (Role.NIR, Role.RED, Role.GREEN))


def display_bands(names: Sequence[str], interpretation: Sequence[str]) -> tuple[int, ...]:
    """Zero-based bands that make a picture: three for a composite, else one.

    In order of trust: the file's colour interpretation, what names and the labels of known sensors say the
    bands see (red, green, blue; then near infrared, red, green), the first three, the first. An alpha band
    is never shown.
    """
    colors = [name.lower() for name in interpretation]
    if {"red", "green", "blue"} <= set(colors):
        return colors.index("red"), colors.index("green"), colors.index("blue")
    roles = band_roles(names)
    for composite in _COMPOSITES:
        if all(role in roles for role in composite):
            return tuple(roles[role] for role in composite)
    shown = [index for index, color in enumerate(colors or [""] * len(names)) if color != "alpha"]
    return tuple(shown[:3]) if len(shown) >= 3 else tuple(shown[:1]) or (0,)
