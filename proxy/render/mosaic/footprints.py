"""Where the items of a mosaic lie, in place of pixels that would take too many of them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Grid, Raster
from proxy.render.mosaic.candidates import query_of, rule_of
from proxy.render.mosaic.cover import SHIFT, Plan
from proxy.render.mosaic.view import view_of
from proxy.selection import Selection
from proxy.sources.mosaic import MosaicSource

#: Footprints that are outlined one by one; of more the envelopes are filled.
OUTLINES = 1000
#: Grey of the ground under the items, and of their outlines.
GROUND, LINE = 214, 128


def draw_footprints(source: MosaicSource, grid: Grid, selection: Selection) -> Raster:
    """The footprints of the items of a selection: light grey ground, and outlines where they are few.

    No item is opened. Visible ranges do not count.

    Returns:
        Three uint8 bands, masked outside the footprints.
    """
    selection = rule_of(source, selection)
    view = view_of(grid, source.crs, source.catalog.extent or source.info.extent)
    picture = np.zeros((grid.height, grid.width), np.uint8)
    if view.extent is not None:
        query = query_of(source, selection, view)
        plan = Plan(grid, source.crs, largest=max(grid.width, grid.height))
        if source.catalog.count(query) <= OUTLINES:
            rings = [plan.rings(item.footprint) or [] for item in source.catalog.find(query)]
            for one in rings:
                if one:
                    cv2.fillPoly(picture, one, GROUND, shift=SHIFT)
            for one in rings:
                if one:
                    cv2.polylines(picture, one, True, LINE, 1, shift=SHIFT)
        else:
            _fill(picture, plan.boxes(source.catalog.envelopes(query)))
    data = np.repeat(picture[None], 3, axis=0)
    return Raster(data, picture > 0, grid, ("Red", "Green", "Blue"))


def _fill(picture: NDArray[np.uint8], boxes: NDArray[np.int32]) -> None:
    """Fill boxes (n, 4, 2) given in pixels with `SHIFT` fractional bits."""
    pixels = (boxes + (1 << SHIFT - 1)) >> SHIFT
    small = (np.ptp(pixels, axis=1) <= 1).all(axis=1)
    # Of a box that reaches from one pixel to the next at most, the corners are all; they are many at once.
    columns, rows = pixels[small].reshape(-1, 2).T
    height, width = picture.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    picture[rows[inside], columns[inside]] = GROUND
    for corners in boxes[~small]:
        cv2.fillConvexPoly(picture, corners, GROUND, shift=SHIFT)
