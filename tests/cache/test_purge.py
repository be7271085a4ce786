from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from proxy.cache.purge import MOST_AREAS, Purge, Purges, place_of, purge_of
from proxy.crs import WEB_MERCATOR, WGS84, reference
from proxy.model import Extent, Grid

HALF = 20037508.342789244


def tile(z: int, x: int, y: int, size: int = 256) -> Grid:
    side = 2 * HALF / 2**z
    west, north = -HALF + x * side, HALF - y * side
    return Grid(WEB_MERCATOR, Extent(west, north - side, west + side, north), size, size)


@pytest.mark.parametrize("zoom", [0, 3, 11, 18])
def test_the_zoom_of_a_tile_is_its_own(zoom: int) -> None:
    place = place_of(tile(zoom, 0, 0))
    assert place is not None
    assert place.zoom == pytest.approx(zoom, abs=0.001)


def test_zooms_agree_between_systems() -> None:
    degrees = Grid(WGS84, Extent(10, 50, 10.703125, 50.703125), 512, 512)
    utm = Grid(reference("EPSG:32633"), Extent(500000, 5_500_000, 525600, 5_525_600), 256, 256)
    mercator = tile(9, 270, 170)
    for grid, zoom in (
        (degrees, 10.0),
        (mercator, 9.0),
        (utm, math.log2(156543.034 * math.cos(math.radians(49.77)) / 100)),
    ):
        place = place_of(grid)
        assert place is not None
        assert place.zoom == pytest.approx(zoom, abs=0.06)


def test_a_purge_gives_new_names_to_what_it_concerns_and_to_nothing_else() -> None:
    purges = Purges()
    here, there = tile(10, 550, 340), tile(10, 100, 340)
    assert purges.epoch_of("dem", here) == ""
    west, south, east, north = place_of(here).bounds  # type: ignore[union-attr]
    middle = (west + east) / 2, (south + north) / 2
    purges.adopt([purges.made("DEM", (*middle, *middle), (8, 12))])
    first = purges.epoch_of("dem", here)
    assert first
    assert purges.epoch_of("Dem", here) == first
    assert purges.epoch_of("dem", there) == ""
    assert purges.epoch_of("other", here) == ""
    assert purges.epoch_of("dem", tile(7, 550 >> 3, 340 >> 3)) == ""
    assert purges.epoch_of("dem", tile(8, 550 >> 2, 340 >> 2)) == first
    purges.adopt([purges.made("dem")])
    names = {first, purges.epoch_of("dem", here), purges.epoch_of("dem", there)}
    assert len(names) == 2
    assert "" not in names
    purges.adopt([purges.made()])
    assert purges.epoch_of("other", here) == purges.epoch_of("dem", here) not in names


def test_double_density_belongs_to_its_zoom() -> None:
    purges = Purges()
    purges.adopt([purges.made("a", None, (12, 12))])
    assert purges.epoch_of("a", tile(12, 1, 1, 512))
    assert not purges.epoch_of("a", tile(11, 1, 1))
    assert not purges.epoch_of("a", tile(14, 1, 1))


def test_across_the_antimeridian() -> None:
    purges = Purges()
    purges.adopt([purges.made("a", (170.0, -20.0, 190.0, 0.0))])
    assert purges.epoch_of("a", tile(4, 15, 8))
    assert purges.epoch_of("a", tile(4, 0, 8))
    assert not purges.epoch_of("a", tile(4, 8, 8))


def test_what_cannot_be_placed_is_concerned() -> None:
    mars = Grid(reference("IAU_2015:49900"), Extent(0, 0, 1, 1), 10, 10)
    purges = Purges()
    purges.adopt([purges.made("a", (170.0, -20.0, 190.0, 0.0))])
    assert place_of(mars) is None or purges.epoch_of("a", mars) in ("", purges.epoch_of("a", tile(4, 15, 8)))
    assert Purge("x", 1, "a", (0, 0, 1, 1)).concerns(None)


def test_the_order_in_which_processes_learn_of_purges_does_not_matter() -> None:
    known = Purges()
    made = []
    for order in (("a",), ("a", (0, 0, 50, 50)), ("",), ("a", None, (3, 9)), ("b",), ("a", (10, 40, 11, 41))):
        purge = known.made(*order)
        made.append(purge)
        known.adopt([purge])
    grids = [tile(6, 34, 21), tile(6, 5, 5), tile(2, 1, 1)]
    expected = [known.epoch_of(service, grid) for service in "ab" for grid in grids]
    assert len(set(expected)) > 2
    for order in itertools.permutations(made):
        other = Purges()
        for purge in order:
            other.adopt([purge])
        assert [other.epoch_of(service, grid) for service in "ab" for grid in grids] == expected


def test_purges_of_the_whole_make_the_list_short_again() -> None:
    purges = Purges()
    for number in range(40):
        purges.adopt([purges.made("a", (number, 0, number + 1, 1))])
    assert len(purges) == 40
    purges.adopt([purges.made("a")])
    assert len(purges) == 1
    for _ in range(500):
        purges.adopt([purges.made("a", (1, 0, 2, 1))])
        assert len(purges) <= MOST_AREAS + 1


def test_clocks_that_differ_do_not_undo_a_purge() -> None:
    purges = Purges()
    ahead = replace(purges.made("a"), moment=purges.made("a").moment + 10_000_000)
    purges.adopt([ahead])
    before = purges.epoch_of("a", tile(1, 0, 0))
    purges.adopt([purges.made("a")])
    assert purges.epoch_of("a", tile(1, 0, 0)) != before


def test_the_stamp_changes_with_news_only() -> None:
    purges = Purges()
    first = purges.made("a")
    purges.adopt([first])
    stamp = purges.stamp
    purges.adopt([first])
    purges.adopt([])
    assert purges.stamp == stamp
    purges.adopt([purges.made("b")])
    assert purges.stamp != stamp


def test_a_purge_comes_back_from_its_text() -> None:
    for purge in (
        Purges().made("a"),
        Purges().made("dem/x", (1.5, 2, 3, 4), (0, 12)),
        Purges().made("", None, (3, 3)),
    ):
        assert purge_of(purge.text()) == purge
        assert purge_of(purge.text().encode()) == purge


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", b"\xff", '{"id":"x","moment":1,"service":"a","bounds":[1],"zooms":null}',
     '{"id":"x","moment":"soon","service":"a","bounds":null,"zooms":null}'],
)  # fmt: skip
def test_a_text_that_is_no_purge(text: str | bytes) -> None:
    assert purge_of(text) is None
