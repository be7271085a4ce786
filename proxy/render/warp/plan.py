"""Which level is read, and which window of it.

The overview rule: with s native pixels in a target pixel (the median over the grid, along the finer of its
axes), the coarsest level that has at most s native pixels in one of its own is read, as gdalwarp chooses with
`-ovr AUTO`; a level that is coarser by less than 1 % still counts. What is left, the ratio r of the target
pixel to the level's, is at least about 1 and, where overviews halve, below 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from proxy.model import Level, Window

#: A level coarser than wanted by this factor still counts: bounds are seldom exact.
SLACK = 1.01


def choose_level(levels: Sequence[Level], scale: tuple[float, float]) -> int:
    """Index of the level to read for `scale` native pixels in a target pixel, by columns and rows."""
    native = levels[0]
    wanted = min(scale)
    best = 0
    for index, level in enumerate(levels):
        factor = max(native.width / level.width, native.height / level.height)
        if factor <= wanted * SLACK:
            best = index
    return best


def window_of(
    ranges: tuple[float, float, float, float], level: Level, margin: int, multiple: int = 1
) -> Window | None:
    """Whole pixels of a level under a range of its coordinates, with a margin, inside the level.

    Args:
        ranges: least and greatest x, least and greatest y, in pixels of the level.
        margin: pixels more on every side, for the interpolation.
        multiple: the window starts at a multiple of this, so that blocks are shrunk alike in every window.

    Returns:
        None where nothing of the level lies under the range.
    """
    if any(math.isnan(value) for value in ranges):
        return None
    x0, x1, y0, y1 = ranges
    if x1 < 0 or y1 < 0 or x0 > level.width or y0 > level.height:
        return None
    left, top = max(0, math.floor(x0) - margin), max(0, math.floor(y0) - margin)
    left, top = left - left % multiple, top - top % multiple
    right = min(level.width, math.floor(x1) + 1 + margin)
    bottom = min(level.height, math.floor(y1) + 1 + margin)
    right = min(level.width, right + -right % multiple)
    bottom = min(level.height, bottom + -bottom % multiple)
    if right <= left or bottom <= top:
        return None
    return Window(left, top, right - left, bottom - top)
