"""Weights that fall off towards the edge of an item, so that seams cannot be seen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.model import Mask

#: Pixels of the picture from the edge of the valid pixels at which an item counts in full.
WIDTH = 32


def weights(valid: Mask) -> NDArray[np.float64]:
    """Weight of each pixel: its distance in pixels to the nearest invalid one, at most `WIDTH`.

    The distance is Euclidean, from centre to centre, so that pixels at the edge weigh 1; beyond the picture
    all is taken as valid, which is why pictures are blended with a margin of `WIDTH` pixels.

    Args:
        valid: (rows, columns).

    Returns:
        (rows, columns), 0 where invalid, `WIDTH` everywhere where all are valid.
    """
    if valid.all():
        return np.full(valid.shape, float(WIDTH))
    distance = cv2.distanceTransform(valid.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = np.minimum(distance, WIDTH).astype(np.float64)
    # Squares of distances are whole numbers; OpenCV's float32 differ in the last digit from tile to tile.
    found: NDArray[np.float64] = np.sqrt(np.round(near * near))
    return found
