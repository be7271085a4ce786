from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.viewer.addresses import Addresses, addresses
from tests.viewer.conftest import FACTS

BASE = "https://example.org/maps"


def test_default_rendering_is_not_named() -> None:
    where = addresses(BASE, "arcgis", FACTS, "Natural")
    assert where == addresses(BASE, "arcgis", FACTS)
    assert where.tile() == f"{BASE}/tiles/dem/valley/{{z}}/{{x}}/{{y}}.png"
    assert where.view == f"{BASE}/view/dem/valley"
    assert where.thumbnail(256) == f"{BASE}/tiles/dem/valley/thumbnail.png?size=256"


def test_other_renderings_are_named() -> None:
    where = addresses(BASE, "arcgis", FACTS, "Tinted relief")
    assert where.tile(3, 4, 5, "@2x") == f"{BASE}/tiles/dem/valley/3/4/5@2x.png?style=Tinted%20relief"
    assert where.tilejson == f"{BASE}/tiles/dem/valley/tilejson.json?style=Tinted%20relief"
    assert where.thumbnail(64) == f"{BASE}/tiles/dem/valley/thumbnail.png?style=Tinted%20relief&size=64"


def test_export_image() -> None:
    address = addresses(BASE, "gis", FACTS, "Tinted relief").export_image("0,1,2,3", "20,10", "tiff")
    assert urlsplit(address).path == "/maps/gis/rest/services/dem/valley/ImageServer/exportImage"
    assert parse_qs(urlsplit(address).query) == {
        "bbox": ["0,1,2,3"],
        "size": ["20,10"],
        "format": ["tiff"],
        "renderingRule": ['{"rasterFunction":"Tinted relief"}'],
        "f": ["image"],
    }


def test_points() -> None:
    where = Addresses("", "arcgis", "dem")
    assert where.point(15.5, -3.25) == "/tiles/dem/point/15.500000,-3.250000"
    assert where.point(0, 0).startswith(where.points)


@pytest.mark.parametrize("name", ['"><script>', "a b", "a?b#c", "über"])
def test_names_are_escaped(name: str) -> None:
    where = Addresses("", "arcgis", name, 'x"&y')
    every = (where.view, where.tile(), where.tilejson, where.image_server, where.thumbnail(1))
    for address in (*every, where.wmts, where.wms):
        assert not set(address) & set('"<> \u00fc#')
        assert address.count("?") <= 1
