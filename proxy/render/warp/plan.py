"""Which level is read, how far it is shrunk, and in which windows.

The overview rule: with s native pixels in a target pixel, measured along both axes of the source where the
target lies on it, the coarsest level is read whose pixels hold at most s native ones along both axes; 5 %
more still count, since sizes of overviews are rounded. `gdalwarp -ovr AUTO` chooses the same.

What is left, the ratio r of the target pixel to the level's, is at least about 1 and, where overviews halve,
below 2. Bilinear and cubic shrink by area first, by the factor that comes closest to 0.82 r of 1, 1.5, 2, 3,
4...: a box of f pixels under a triangle of f has then the variance of GDAL's triangle of r pixels,
f² / 12 + f² / 6 = r² / 6. Shrunk pixels are counted from the corner of the level, so that every window, and
so every tile, sees the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from affine import Affine

from proxy.errors import ReadBudgetExceeded
from proxy.model import Interpolation, Level, Window
from proxy.render.warp.cells import Six
from proxy.render.warp.coordinates import Axes, Floats, Nodes
from proxy.render.warp.lattice import Hull, Mapping, Part

#: A level whose pixels are larger than the target's by this factor still counts.
SLACK = 1.05
#: Target pixels, and shrunk source pixels, handled at a time; and the greatest side of a window, within
#: which coordinates in steps of 1/512 pixel fit a float32.
PART_PIXELS, WINDOW_PIXELS, WINDOW_SIDE = 1 << 20, 1 << 22, 8000

#: Pixels needed around a coordinate.
_MARGIN = {Interpolation.BILINEAR: 1, Interpolation.CUBIC: 2}
_SMOOTH = (Interpolation.BILINEAR, Interpolation.CUBIC)
#: Level pixels along a target pixel that average, mode, minimum and maximum look at one by one: beyond it the
#: level is shrunk first, as far as leaves half of them.
MOST_TAPS = 32


@dataclass(frozen=True, slots=True)
class Factor:
    """`pixels` of a level become `become` along one axis."""

    pixels: int
    become: int

    @property
    def value(self) -> float:
        """Level pixels in a shrunk one."""
        return self.pixels / self.become


@dataclass(frozen=True, slots=True)
class View:
    """A level, shrunk.

    Attributes:
        six: source coordinates to shrunk pixels.
        limits: columns and rows of shrunk pixels, with the fraction of the last.
        ratio: shrunk pixels in a target pixel, across and down.
    """

    index: int
    level: Level
    across: Factor
    down: Factor
    six: Six
    limits: tuple[float, float]
    ratio: tuple[float, float]

    def window(self, hull: Hull, margin: int) -> tuple[Window, tuple[int, int]]:
        """Pixels of the level under a hull, and the shrunk column and row they start at."""
        column, left, right = _aligned(hull.x0, hull.x1, margin, self.across, self.level.width)
        row, top, bottom = _aligned(hull.y0, hull.y1, margin, self.down, self.level.height)
        return Window(left, top, right - left, bottom - top), (column, row)


@dataclass(frozen=True, slots=True)
class Task:
    """A part of the target and the window it needs.

    Attributes:
        origin: shrunk column and row at which the window starts.
    """

    part: Part
    hull: Hull
    window: Window
    origin: tuple[int, int]


def view_of(levels: Sequence[Level], place: Axes | Nodes, interpolation: Interpolation) -> View:
    """The level to read for a target, and how far to shrink it."""
    native = levels[0]
    scale = spacing(place, inverse(native.transform), (native.width, native.height))
    index = choose_level(levels, scale)
    level = levels[index]
    size = _pixel_size(native, level)
    ratio = scale[0] / size[0], scale[1] / size[1]
    across = down = Factor(1, 1)
    if interpolation in _SMOOTH:
        across, down = shrink_factor(ratio[0], level.width), shrink_factor(ratio[1], level.height)
    elif interpolation is not Interpolation.NEAREST:
        across, down = thinning(ratio[0], level.width), thinning(ratio[1], level.height)
    fx, fy = across.value, down.value
    a, b, c, d, e, f = inverse(level.transform)
    six = (a / fx, b / fx, c / fx, d / fy, e / fy, f / fy)
    return View(
        index, level, across, down, six, (level.width / fx, level.height / fy), (ratio[0] / fx, ratio[1] / fy)
    )


def choose_level(levels: Sequence[Level], scale: tuple[float, float]) -> int:
    """Index of the level to read for `scale` native pixels in a target pixel, across and down."""
    best = 0
    for index, level in enumerate(levels[1:], 1):
        across, down = _pixel_size(levels[0], level)
        if across <= scale[0] * SLACK and down <= scale[1] * SLACK:
            best = index
    return best


def shrink_factor(ratio: float, size: int) -> Factor:
    """How far to shrink along one axis when a target pixel is `ratio` pixels of the level's `size` long."""
    wanted = math.sqrt(2 / 3) * ratio
    if wanted < math.sqrt(1.5):
        return Factor(1, 1)
    if wanted < math.sqrt(3):
        return Factor(3, 2)
    return _even(max(2.0, wanted), size)


def thinning(ratio: float, size: int) -> Factor:
    """How far to shrink along one axis before pixels are looked at one by one."""
    return Factor(1, 1) if ratio <= MOST_TAPS else _even(ratio * 2 / MOST_TAPS, size)


def _even(wanted: float, size: int) -> Factor:
    """About so many pixels to one. Few areas are made alike: the last is filled up, at most doubling it."""
    if wanted * 8 <= size:
        return Factor(round(wanted), 1)
    return Factor(-(-size // max(1, math.ceil(size / wanted))), 1)


@lru_cache(maxsize=1024)
def inverse(transform: Affine) -> Six:
    """Coordinates to pixels."""
    a, b, c, d, e, f = tuple(~transform)[:6]
    return a, b, c, d, e, f


def spacing(place: Axes | Nodes, six: Six, limits: tuple[float, float]) -> tuple[float, float]:
    """Pixels in a target pixel, across and down the source, where the target lies on it.

    Along axes the mean over what is inside the source; of nodes the median of those inside, or the one
    nearest to the middle of the source.
    """
    a, b, c, d, e, f = six
    if isinstance(place, Axes):
        along, down = place.pitch
        if b or d:
            return math.hypot(a * along, b * down), math.hypot(d * along, e * down)
        return (
            _mean_step(a * place.x + c, limits[0], abs(a) * along),
            _mean_step(e * place.y + f, limits[1], abs(e) * down),
        )
    x, y = a * place.x + b * place.y + c, d * place.x + e * place.y + f
    across, down_ = _lengths(x) / place.step, _lengths(y) / place.step
    here_x, here_y = x[:-1, :-1], y[:-1, :-1]
    with np.errstate(invalid="ignore"):
        inside = (here_x >= 0) & (here_x <= limits[0]) & (here_y >= 0) & (here_y <= limits[1])
        good = (across < np.inf) & (down_ < np.inf)
    if (inside & good).any():
        good &= inside
    elif good.any():
        away = np.hypot(here_x - limits[0] / 2, here_y - limits[1] / 2)
        good &= away <= np.where(good, away, np.inf).min()
    else:
        return 1.0, 1.0
    return _middle(across[good]), _middle(down_[good])


def tasks(mapping: Mapping, view: View, interpolation: Interpolation, budget: int | None) -> Iterator[Task]:
    """Parts of the target with the windows they need, each of bounded size.

    Raises:
        ReadBudgetExceeded: more than `budget` pixels of a band in all.
    """
    whole = mapping.touched()
    waiting = [whole] if whole else []
    spent = 0
    while waiting:
        part = waiting.pop()
        hull = mapping.hull(part)
        if hull is None:
            continue
        task = _task(part, hull, view, interpolation)
        if _too_large(task, view):
            waiting += _halves(part)
            continue
        spent += task.window.width * task.window.height
        if budget is not None and spent > budget:
            raise ReadBudgetExceeded(
                f"The request would read more than the {budget} source pixels that are allowed."
            )
        yield task


def _task(part: Part, hull: Hull, view: View, interpolation: Interpolation) -> Task:
    margin = _MARGIN.get(interpolation, 0)
    if interpolation not in _SMOOTH and interpolation is not Interpolation.NEAREST:
        margin = math.ceil(2 * max(view.ratio)) + 1
    window, origin = view.window(hull, margin)
    return Task(part, hull, window, origin)


def _too_large(task: Task, view: View) -> bool:
    rows, columns = task.part.bottom - task.part.top, task.part.right - task.part.left
    if rows * columns == 1:
        return False
    window = task.window
    wide, high = window.width / view.across.value, window.height / view.down.value
    return (
        rows * columns > PART_PIXELS
        or window.width * window.height > 4 * WINDOW_PIXELS
        or wide * high > WINDOW_PIXELS
        or max(wide, high) > WINDOW_SIDE
    )


def _halves(part: Part) -> list[Part]:
    top, left, bottom, right = part
    if bottom - top >= right - left:
        middle = (top + bottom) // 2
        return [Part(middle, left, bottom, right), Part(top, left, middle, right)]
    middle = (left + right) // 2
    return [Part(top, middle, bottom, right), Part(top, left, bottom, middle)]


def _aligned(low: float, high: float, margin: int, factor: Factor, size: int) -> tuple[int, int, int]:
    """First shrunk pixel, first level pixel and last, excluded, along one axis."""
    first = max(0, math.floor(low) - margin) // factor.become
    last = math.floor(high) + 1 + margin
    start = min(first * factor.pixels, max(0, size - 1) // factor.pixels * factor.pixels)
    stop = min(size, max(start + 1, -(-last // factor.become) * factor.pixels))
    return start // factor.pixels * factor.become, start, stop


def _pixel_size(native: Level, level: Level) -> tuple[float, float]:
    n, t = native.transform, level.transform
    return (
        math.hypot(t.a, t.d) / math.hypot(n.a, n.d),
        math.hypot(t.b, t.e) / math.hypot(n.b, n.e),
    )


def _mean_step(values: Floats, limit: float, otherwise: float) -> float:
    inside = np.flatnonzero((values >= 0) & (values < limit))
    if inside.size < 2:
        return otherwise
    # Of neighbours alone: between them there may be a jump.
    near = inside[:-1][np.diff(inside) == 1]
    return float(np.abs(values[near + 1] - values[near]).mean()) if near.size else otherwise


def _lengths(values: Floats) -> Floats:
    """Lengths of the gradient over the meshes."""
    return np.hypot(values[:-1, 1:] - values[:-1, :-1], values[1:, :-1] - values[:-1, :-1])


def _middle(values: Floats) -> float:
    return float(np.sort(values)[len(values) // 2])
