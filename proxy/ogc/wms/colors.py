"""Colours in requests."""

from __future__ import annotations

import re

RGB = tuple[int, int, int]
_COLOR = re.compile(r"(?:0x|#)?([0-9a-f]{6})", re.ASCII | re.IGNORECASE)


def color(text: str) -> RGB | None:
    """Red, green and blue of `0xRRGGBB`, `#RRGGBB` or `RRGGBB`; None for anything else."""
    match = _COLOR.fullmatch(text.strip())
    if match is None:
        return None
    digits = match[1]
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
