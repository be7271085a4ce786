from __future__ import annotations

import pytest

from proxy.config import Config
from proxy.crs import reference
from proxy.model import DataKind
from proxy.services import Registry
from proxy.sources.base import Variable
from proxy.viewer.facts import described, facts_of, outline
from tests.viewer.conftest import INFO, MakeFacts, renderings


@pytest.fixture
def registry(config: Config) -> Registry:
    return Registry(config, renderings)


def test_facts_of_an_open_service(registry: Registry) -> None:
    facts = facts_of(registry.get("dem/valley"))
    assert [choice.name for choice in facts.choices] == ["Shade", "Tinted relief", "None"]
    assert facts.bounds is not None
    assert facts.zooms == (0, 14)  # 10 m at latitude 52 are 16.3 m of Web Mercator; zoom 14 has 9.6 m.
    assert not facts.is_opening


def test_what_the_numbers_do_not_tell_is_how_they_are_stored(make_facts: MakeFacts) -> None:
    assert make_facts(info={"kind": DataKind.GENERIC}).kind == "Raster"
    assert make_facts(info={"kind": DataKind.GENERIC, "item_count": 3}).kind == "Mosaic"
    variables = (Variable("salt", "", "", ()),)
    assert make_facts(info={"kind": DataKind.GENERIC, "variables": variables}).kind == "Cube"


def test_facts_of_a_missing_file(registry: Registry) -> None:
    facts = facts_of(registry.get("gone"))
    assert facts.failure == "The source does not exist."
    assert (facts.kind, facts.details, facts.bounds) == ("", (), None)
    assert not facts.is_opening


def test_facts_of_another_planet(registry: Registry) -> None:
    facts = facts_of(registry.get("mars"))
    assert facts.bounds is None
    assert facts.info is not None


def test_outline_opens_nothing(registry: Registry) -> None:
    service = registry.get("world")
    assert outline(service).is_opening
    assert not service.ready


def test_choice(make_facts: MakeFacts) -> None:
    facts = make_facts()
    assert facts.choice("Tinted relief").title == "Tinted"
    assert facts.choice("unknown").name == "Natural"


def test_details() -> None:
    assert dict(described(INFO)) == {
        "Size": "200 × 100 pixels",
        "Pixel": "10 m, uint16",
        "Bands": "2: Red, NIR",
        "Reference system": "WGS 84 / UTM zone 33N (EPSG:32633)",
        "Nodata": "0",
        "Overviews": "1",
        "Format": "GTiff, deflate",
    }


@pytest.mark.parametrize(
    ("changes", "label", "expected"),
    [
        ({"width": 43200, "height": 21600}, "Size", "43\u202f200 × 21\u202f600 pixels"),
        ({"crs": reference("EPSG:4326"), "pixel_size": (1 / 1200, 1 / 1200)}, "Pixel", "0.0008333°, uint16"),
        ({"pixel_size": (5000.0, 5000.0)}, "Pixel", "5 km, uint16"),
        ({"crs": reference("EPSG:2263"), "pixel_size": (10.0, 10.0)}, "Pixel", "3.048 m, uint16"),
        ({"nodata": None, "mask_kind": "alpha"}, "Nodata", "alpha band"),
        ({"nodata": float("nan")}, "Nodata", "nan"),
        ({"level_sizes": ()}, "Overviews", "none"),
        ({"band_names": tuple("abcdefghij")}, "Bands", "10: a, b, c, d, e, f, g, h and 2 more"),
    ],
)
def test_details_in_words(
    make_facts: MakeFacts, changes: dict[str, object], label: str, expected: str
) -> None:
    assert dict(make_facts(info=changes).details)[label] == expected
