from __future__ import annotations

import numpy as np
import pytest

from proxy.errors import InvalidRule
from proxy.functions.parse import parse
from proxy.functions.tree import evaluate
from proxy.model import Raster

from .build import raster, statistics

SIDE = 64


def field(first: float, second: float, **changes: object) -> Raster:
    data = np.stack([np.full((SIDE, SIDE), value, np.float32) for value in (first, second)])
    return raster(data, "float32", **changes)


def arrows(source: Raster, **arguments: object) -> Raster:
    return evaluate(
        parse({"function": "vector_field_renderer", "symbol_tile_size": SIDE, **arguments}), source
    )


def heading(result: Raster) -> str:
    """Side of the only arrow on which its head, the wider end, is."""
    drawn = result.valid()
    rows, columns = np.nonzero(drawn)
    if np.ptp(columns) > np.ptp(rows):
        width = drawn.sum(axis=0)
        middle = (columns.min() + columns.max() + 1) // 2
        return "east" if width[middle:].sum() > width[:middle].sum() else "west"
    width = drawn.sum(axis=1)
    middle = (rows.min() + rows.max() + 1) // 2
    return "south" if width[middle:].sum() > width[:middle].sum() else "north"


@pytest.mark.parametrize(
    ("first", "second", "arguments", "expected"),
    [
        (5, 0, {"is_uv_components": True}, "east"),
        (0, 5, {"is_uv_components": True}, "north"),
        (-5, 0, {"is_uv_components": True}, "west"),
        (0, -5, {"is_uv_components": True}, "south"),
        # Wind from the west blows to the east.
        (5, 270, {}, "east"),
        (5, 270, {"mass_flow_angle_representation": "to"}, "west"),
        (5, 0, {"mass_flow_angle_representation": 1}, "north"),
        (5, 90, {"reference_system": "arithmetic", "mass_flow_angle_representation": 1}, "north"),
        (5, 0, {"reference_system": 1}, "west"),
    ],
)
def test_where_arrows_point(first: float, second: float, arguments: dict[str, object], expected: str) -> None:
    result = arrows(field(first, second), **arguments)
    assert (result.count, result.data.dtype) == (3, np.uint8)
    assert heading(result) == expected


def test_arrows_grow_with_magnitude_between_their_sizes() -> None:
    def length(magnitude: float) -> int:
        drawn = arrows(field(magnitude, 0), is_uv_components=True, maximum_magnitude=10).valid()
        return int(np.ptp(np.nonzero(drawn)[1])) + 1

    # Percent of the cell of 64 pixels, and the width of the pen.
    assert length(10) == pytest.approx(64, abs=4)
    assert length(5) == pytest.approx(38, abs=4)
    assert length(99) == length(10)
    assert length(0.01) == pytest.approx(13, abs=4)


def test_the_range_is_that_of_the_statistics() -> None:
    known = statistics((0, 40, 20, 5), (0, 360, 180, 90))
    plain = arrows(field(40, 90, statistics=known)).valid().sum()
    assert plain == arrows(field(40, 90), maximum_magnitude=40).valid().sum()
    assert plain > arrows(field(20, 90, statistics=known)).valid().sum()


def test_symbols_other_than_the_plain_one_are_coloured() -> None:
    slow, fast = (
        arrows(field(speed, 90), symbology_name="Beaufort Wind (MetersPerSecond)", maximum_magnitude=20)
        for speed in (2, 20)
    )
    colors = [tuple(result.data[:, result.valid()][:, 0].tolist()) for result in (slow, fast)]
    assert colors[0] != colors[1]
    assert colors[0][2] > colors[0][0]
    assert colors[1][0] > colors[1][2]


def test_calm_and_masked_cells_are_empty() -> None:
    assert not arrows(field(0, 0), is_uv_components=True).valid().any()
    hidden = np.zeros((SIDE, SIDE), bool)
    hidden[: SIDE // 3] = True
    assert not arrows(field(5, 0, mask=hidden), is_uv_components=True).valid().any()
    assert arrows(field(5, 0, mask=~hidden), is_uv_components=True).valid().any()


def test_a_pixel_alone_holds_no_arrow() -> None:
    assert not arrows(raster([[[5.0]], [[0.0]]], "float32")).valid().any()


def test_a_band_that_is_missing_is_named() -> None:
    with pytest.raises(InvalidRule, match="direction_band_id"):
        arrows(raster([[1.0]], "float32"))
