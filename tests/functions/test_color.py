from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.functions.color import colormap, colormap_of, colormap_to_rgb
from proxy.functions.palettes import PALETTE_NAMES, named_palette
from proxy.functions.ramps import MAP_NAMES, RAMP_NAMES, Ramp, named_ramp, ramp_of
from proxy.functions.relief import shaded_relief
from proxy.functions.surface import hillshade

from .build import raster, shown, statistics

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize(
    ("space", "expected"), [("hsv", (254, 0, 255)), ("lab", (201, 0, 137)), ("lch", (250, 0, 129))]
)
def test_half_way_from_red_to_blue(space: str, expected: tuple[int, ...]) -> None:
    colors = Ramp.through(RED, BLUE, space=space).colors()
    assert colors[0].tolist() == [255, 0, 0, 255]
    assert colors[255].tolist() == [0, 0, 255, 255]
    # Within the 0.6 that independent implementations agree to.
    assert np.abs(colors[128, :3].astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("Black to White", {0: (0, 0, 0), 64: (60, 60, 60), 128: (119, 119, 119), 255: (255, 255, 255)}),
        ("slope", {0: (56, 168, 0), 255: (255, 0, 0)}),
        ("yellow_to_red", {0: (245, 245, 0), 255: (255, 0, 0)}),
        (
            "Cyan to Purple",
            {0: (0, 245, 245), 64: (83, 140, 248), 128: (8, 0, 245), 192: (165, 0, 245), 255: (245, 0, 245)},
        ),
        ("Cold to Hot Diverging", {64: (172, 183, 188), 128: (255, 254, 190), 192: (244, 158, 110)}),
        ("Temperature", {64: (117, 0, 255), 128: (70, 255, 153), 192: (255, 222, 0), 255: (128, 0, 0)}),
        ("Precipitation", {64: (243, 185, 17), 128: (164, 238, 0), 192: (47, 168, 122), 255: (11, 44, 122)}),
        ("Surface", {64: (242, 238, 162), 128: (242, 205, 133), 192: (195, 141, 125)}),
    ],
)
def test_named_ramps(name: str, samples: dict[int, tuple[int, ...]]) -> None:
    colors = named_ramp(name).colors()
    for index, expected in samples.items():
        # One for the rounding of the stops, which were measured.
        assert np.abs(colors[index, :3].astype(int) - expected).max() <= 2, (index, colors[index])


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("gray", {0: (0, 0, 0), 128: (128, 128, 128), 255: (255, 255, 255)}),
        ("NDVI", {0: (36, 0, 255), 64: (245, 0, 0), 127: (223, 247, 0), 255: (40, 57, 8)}),
        ("ndvi2", {0: (255, 255, 255), 70: (0, 255, 0), 100: (150, 150, 150), 255: (6, 7, 27)}),
        ("NDVI3", {4: (245, 20, 0), 99: (255, 252, 186), 255: (38, 115, 0)}),
        ("Elevation", {0: (0, 191, 191), 102: (255, 0, 254), 255: (20, 20, 20)}),
        ("hillshade", {0: (38, 41, 54), 255: (253, 253, 241)}),
    ],
)
def test_named_maps(name: str, samples: dict[int, tuple[int, ...]]) -> None:
    colors = named_palette(name)
    assert {index: tuple(colors[index, :3].tolist()) for index in samples} == samples


def test_every_name_gives_256_colours_and_an_unknown_one_gives_grey() -> None:
    assert all(named_ramp(name).colors().shape == (256, 4) for name in RAMP_NAMES)
    assert all(named_palette(name).shape == (256, 4) for name in PALETTE_NAMES)
    assert named_ramp("No such ramp") == named_ramp("Black to White")
    assert np.array_equal(named_palette("?"), named_palette("Gray"))
    assert len({tuple(color) for color in named_palette("Random").tolist()}) > 200


def test_hue_takes_the_shorter_way_and_grey_has_none() -> None:
    # From 350 to 10 degrees through red.
    assert ramp_of({"from": [255, 0, 43], "to": [255, 43, 0], "algorithm": "hsv"}).colors(3)[1].tolist() == [
        255, 0, 0, 255,
    ]  # fmt: skip
    for space in ("hsv", "lch"):
        middle = Ramp.through((255, 255, 255), RED, space=space).colors(3)[1].tolist()
        assert middle[0] > 240
        assert abs(middle[1] - middle[2]) < 60


def test_parts_share_the_ramp_and_alpha_runs_along() -> None:
    two = {"parts": [{"from": [0, 0, 0], "to": [0, 0, 0]}, {"stops": ["#ffffff", "#ffffff00"]}]}
    colors = ramp_of(two).colors()
    assert (colors[127, 0], colors[128, 0]) == (0, 255)
    assert colors[[128, 255], 3].tolist() == [254, 0]
    nested = ramp_of({"parts": [two, {"from": [9, 9, 9], "to": [9, 9, 9]}]}).colors()
    assert (nested[60, 0], nested[100, 0], nested[200, 0]) == (0, 255, 9)


@pytest.mark.parametrize(
    "value",
    [5, {}, [], [[1, 2, 3]], {"from": [0, 0], "to": [1, 1, 1]}, {"from": [0, 0, 999], "to": [0, 0, 0]},
     {"parts": []}, {"stops": ["#12", "#34"]}, {"from": [0, 0, 0], "to": [1, 1, 1], "algorithm": "xyz"}],
)  # fmt: skip
def test_what_is_no_ramp(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        ramp_of(value)


ROWS = ((3, 1, 2, 3, 255), (1, 10, 20, 30, 255), (1, 11, 21, 31, 255), (-5, 7, 7, 7, 0))


def test_a_colormap_is_sorted_and_the_last_row_of_a_value_wins() -> None:
    assert colormap_of(ROWS).entries == ((-5, 7, 7, 7, 0), (1, 11, 21, 31, 255), (3, 1, 2, 3, 255))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "float32"])
def test_the_first_argument_given_is_used_and_values_stay(dtype: str) -> None:
    source = raster([[1.0, 3.9, -5.0 if dtype[0] != "u" else 0.0]], dtype, band_names=("a",))
    result = colormap(source, colormap=ROWS, color_ramp_name="Slope", colormap_name="NDVI")
    assert result.colormap == colormap_of(ROWS)
    assert result.data.dtype == (np.int32 if dtype == "float32" else np.dtype(dtype))
    assert result.data[0, 0, :2].tolist() == [1, 3]
    assert (result.statistics, result.band_names) == (None, ())


def test_ramps_and_names_colour_0_to_255() -> None:
    source = raster([[0]], "uint8")
    by_ramp = colormap(source, color_ramp=Ramp.through(RED, BLUE), colormap_name="NDVI").colormap
    assert by_ramp is not None
    assert (by_ramp.entries[0], by_ramp.entries[255]) == ((0, 255, 0, 0, 255), (255, 0, 0, 255, 255))
    by_name = colormap(source, colormap_name="NDVI").colormap
    assert by_name is not None
    assert by_name.entries[0] == (0, 36, 0, 255, 255)
    plain = colormap(source).colormap
    assert plain is not None
    assert plain.entries[64] == (64, 60, 60, 60, 255)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32"])
@pytest.mark.parametrize("width", [4, 70_000])
def test_three_bands_of_colour(dtype: str, width: int) -> None:
    values = np.resize(np.array([1, 3, 2, 100]), (1, width))
    result = colormap_to_rgb(colormap(raster(values, dtype), colormap=ROWS))
    assert result.data.dtype == np.uint8
    assert result.data[:, 0, :4].T.tolist() == [[11, 21, 31], [1, 2, 3], [0, 0, 0], [0, 0, 0]]
    assert (result.colormap, result.band_names) == (None, ("Red", "Green", "Blue"))
    assert result.valid().all()


def test_a_transparent_entry_becomes_invalid() -> None:
    source = raster([[-5, 1, 0]], "int16", mask=[[True, True, False]])
    assert colormap_to_rgb(colormap(source, colormap=ROWS)).valid().tolist() == [[False, True, False]]


def test_without_a_colormap_nothing_changes() -> None:
    source = raster(np.zeros((3, 2, 2)), "uint8")
    assert colormap_to_rgb(source) is source


def test_relief_takes_the_brightness_of_the_shade() -> None:
    flat = raster(np.full((3, 3), 5), "float32", statistics=statistics((0, 10, 5, 1)))
    assert hillshade(flat).data[0, 1, 1] == 180
    result = shaded_relief(flat, colormap=((0, 100, 150, 50, 255),))
    # 100, 150, 50 scaled so that the greatest is 180.
    assert result.data[:, 1, 1].tolist() == [120, 180, 60]
    grey = shaded_relief(flat, colormap=((0, 0, 0, 0, 255),))
    assert grey.data[:, 1, 1].tolist() == [180, 180, 180]


def test_relief_colours_by_the_range_of_the_source() -> None:
    ends = ((0, 255, 0, 0, 255), (1, 0, 0, 255, 255))
    low = raster(np.full((3, 3), 0), "float32", statistics=statistics((0, 10, 5, 1)))
    high = raster(np.full((3, 3), 99), "float32", statistics=statistics((0, 10, 5, 1)))
    assert shaded_relief(low, colormap=ends).data[:, 1, 1].tolist() == [180, 0, 0]
    assert shaded_relief(high, colormap=ends).data[:, 1, 1].tolist() == [0, 0, 180]
    assert shaded_relief(raster(np.full((3, 3), 8000), "int16"), colormap=ends).data[2, 1, 1] == 180
    assert shown(shaded_relief(raster(np.zeros((1, 1)), "float32"))) != []


@pytest.mark.parametrize(
    ("name", "first", "middle", "last"),
    [
        # Published ends and middles of the maps.
        ("viridis", (68, 1, 84), (33, 145, 140), (253, 231, 37)),
        ("magma", (0, 0, 4), (183, 55, 121), (252, 253, 191)),
        ("RdYlGn", (165, 0, 38), (254, 254, 189), (0, 104, 55)),
        ("Blues", (247, 251, 255), (107, 174, 214), (8, 48, 107)),
    ],
)
def test_common_colour_maps(name: str, first: Any, middle: Any, last: Any) -> None:
    colors = named_ramp(name).colors()[:, :3].astype(int)
    assert np.abs(colors[[0, 128, 255]] - [first, middle, last]).max() <= 4
    assert np.array_equal(named_ramp(name + "_r").colors(), named_ramp(name).colors()[::-1])
    assert np.array_equal(named_palette(name.upper()), named_ramp(name).colors())


def test_common_colour_maps_are_those_of_matplotlib() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    for name in MAP_NAMES:
        expected = matplotlib.colormaps[name](np.linspace(0, 1, 256), bytes=True)[:, :3]
        # Control points are rounded, and lines between them off by 4 at most.
        assert np.abs(named_ramp(name).colors()[:, :3].astype(int) - expected).max() <= 5, name
