"""Places: extents, grids of pixels, levels of sources, windows."""

from __future__ import annotations

from dataclasses import dataclass

from affine import Affine

from proxy.crs import SpatialReference


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle in some coordinate reference system, x before y."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @property
    def width(self) -> float:
        """Length along x."""
        return self.xmax - self.xmin

    @property
    def height(self) -> float:
        """Length along y."""
        return self.ymax - self.ymin

    @property
    def center(self) -> tuple[float, float]:
        """Middle point."""
        return (self.xmin + self.xmax) / 2, (self.ymin + self.ymax) / 2

    def as_tuple(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax)."""
        return self.xmin, self.ymin, self.xmax, self.ymax

    def intersects(self, other: Extent) -> bool:
        """True where the two share an area."""
        return (
            self.xmin < other.xmax
            and other.xmin < self.xmax
            and self.ymin < other.ymax
            and other.ymin < self.ymax
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels on the ground: north up, row 0 at `extent.ymax`."""

    crs: SpatialReference
    extent: Extent
    width: int
    height: int

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixel width and height in units of the CRS, both positive."""
        return self.extent.width / self.width, self.extent.height / self.height

    @property
    def transform(self) -> Affine:
        """Pixel corner coordinates to CRS coordinates."""
        x, y = self.resolution
        return Affine(x, 0.0, self.extent.xmin, 0.0, -y, self.extent.ymax)

    def grown(self, margin: int) -> Grid:
        """The same grid with `margin` more pixels on every side."""
        if not margin:
            return self
        x, y = self.resolution
        e = self.extent
        extent = Extent(e.xmin - margin * x, e.ymin - margin * y, e.xmax + margin * x, e.ymax + margin * y)
        return Grid(self.crs, extent, self.width + 2 * margin, self.height + 2 * margin)


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of a source: level 0 is native, the others are overviews, finer first.

    Attributes:
        transform: pixel corner of this level to the CRS of the source.
    """

    width: int
    height: int
    transform: Affine


@dataclass(frozen=True, slots=True)
class Window:
    """Whole pixels of a level, from its upper left."""

    column: int
    row: int
    width: int
    height: int
