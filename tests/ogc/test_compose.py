from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from proxy.crs import WGS84
from proxy.model import EncodeOptions, Extent, Grid, ImageFormat
from proxy.ogc.compose import Void, compose, ground

GRID = Grid(WGS84, Extent(-180, -180, 180, 180), 4, 4)
OPTIONS = EncodeOptions()


def png(color: tuple[int, ...], columns: slice = slice(None)) -> bytes:
    """A colour in some columns of 4 x 4 pixels, nothing in the others."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:, columns] = color
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def read(body: bytes) -> np.ndarray:  # type: ignore[type-arg]
    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("RGBA"))


def test_the_last_lies_on_top() -> None:
    parts = [png((255, 0, 0, 255), slice(0, 3)), png((0, 255, 0, 255), slice(2, 3))]
    row = read(compose(GRID, parts, (1.0, 1.0), None, ImageFormat.PNG, OPTIONS).body)[0]
    assert row.tolist() == [[255, 0, 0, 255], [255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 0, 0]]


def test_opacity_and_alpha_blend() -> None:
    parts = [png((200, 0, 0, 255)), png((0, 100, 0, 255))]
    row = read(compose(GRID, parts, (1.0, 0.5), None, ImageFormat.PNG, OPTIONS).body)[0]
    assert row[0].tolist() == [100, 50, 0, 255]
    alone = read(compose(GRID, [png((10, 20, 30, 128))], (1.0,), None, ImageFormat.PNG, OPTIONS).body)[0]
    assert alone[0].tolist() == [10, 20, 30, 128]


def test_nothing_is_left_of_a_background_below_what_is_opaque() -> None:
    parts = [png((1, 2, 3, 255), slice(0, 2))]
    row = read(compose(GRID, parts, (1.0,), (9, 9, 9), ImageFormat.PNG, OPTIONS).body)[0]
    assert row.tolist() == [[1, 2, 3, 255]] * 2 + [[9, 9, 9, 255]] * 2
    empty = read(compose(GRID, [], (), (9, 9, 9), ImageFormat.PNG, OPTIONS).body)
    assert (empty == 9).sum() == 48


@pytest.mark.parametrize(
    ("void", "expected"), [(Void((7, 7, 7)), [7.0, 7.0, 7.0, 1.0]), (Void(None), [0.0, 0.0, 0.0, 0.0])]
)
def test_the_void_takes_the_place_of_the_background(void: Void, expected: list[float]) -> None:
    """Rows beyond the poles."""
    found = ground(GRID, (9, 9, 9), void)
    assert found[0, 0].tolist() == found[3, 3].tolist() == expected
    assert found[1, 0].tolist() == [9.0, 9.0, 9.0, 1.0]
