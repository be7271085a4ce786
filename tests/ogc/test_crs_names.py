from __future__ import annotations

import pytest

from proxy.crs import WEB_MERCATOR, WGS84, UnknownCRS, reference
from proxy.model import Extent
from proxy.ogc.crs_names import is_flipped, named, of_matrix_set, read


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:3857", "epsg:3857", "[EPSG:3857]", "urn:ogc:def:crs:EPSG::3857", "urn:x-ogc:def:crs:EPSG:3857",
        "urn:ogc:def:crs:EPSG:6.18:3:3857", "urn:ogc:def:crs:EPSG:6.18.3:3857", "EPSG:900913", "EPSG:102100",
        "http://www.opengis.net/def/crs/EPSG/0/3857", "https://www.opengis.net/def/crs/EPSG/9.9.1/3857",
    ],
)  # fmt: skip
def test_spellings_of_one_system(text: str) -> None:
    found = read(text)
    assert found.reference == WEB_MERCATOR
    assert found.short == "EPSG:3857"
    assert not found.flipped


@pytest.mark.parametrize(
    "text",
    [
        "CRS:84", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC:2:84",
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "[OGC:CRS84]",
    ],
)  # fmt: skip
def test_longitude_first_is_the_same_ground(text: str) -> None:
    found = read(text)
    assert (found.reference, found.flipped, found.wms) == (WGS84, False, "CRS:84")
    assert found.urn == "urn:ogc:def:crs:OGC:1.3:CRS84"
    assert found.uri == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@pytest.mark.parametrize(
    ("code", "flipped"),
    [
        ("EPSG:4326", True), ("EPSG:4258", True), ("EPSG:4269", True), ("EPSG:3035", True),
        ("EPSG:2180", True),
        ("EPSG:31467", True), ("EPSG:2193", True), ("EPSG:32661", True), ("EPSG:5482", True),
        ("EPSG:3857", False), ("EPSG:32633", False), ("EPSG:32733", False), ("EPSG:3031", False),
        ("EPSG:5041", False), ("EPSG:5042", False), ("ESRI:54030", False), ("EPSG:2056", False),
    ],
)  # fmt: skip
def test_the_first_axis_is_asked_of_the_register(code: str, flipped: bool) -> None:
    found = read(code)
    assert found.flipped is flipped
    assert found.box((1, 2, 3, 4)) == (Extent(2, 1, 4, 3) if flipped else Extent(1, 2, 3, 4))
    assert found.corners(found.box((1, 2, 3, 4))) == (1, 2, 3, 4)


def test_axes_agree_with_proj() -> None:
    """PROJ swaps axes for maps exactly where the register's order is the other one."""
    import pyproj

    places = {"EPSG:3035": (10, 52), "EPSG:3031": (30, -80), "EPSG:32661": (170, 80), "EPSG:5042": (30, -80)}
    for code, (lon, lat) in places.items():
        x, y = pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(lon, lat)
        first, second = pyproj.Transformer.from_crs(4326, code).transform(lat, lon)
        assert read(code).ordered(x, y) == pytest.approx((first, second))


@pytest.mark.parametrize(
    "text",
    [
        "", "nope", "EPSG:", "EPSG:0", "EPSG:99999999", "+proj=longlat", "+init=epsg:4326", "file:///etc/passwd",
        'GEOGCS["WGS 84"]', "CRS:1", "EPSG:5703", "EPSG:4978",
        "urn:ogc:def:crs,crs:EPSG::4326,crs:EPSG::5773",
        "EPSG:3857\n", "EPSG:" + "1" * 500,
    ],
)  # fmt: skip
def test_what_is_no_system_of_maps(text: str) -> None:
    if text == "EPSG:3857\n":
        assert read(text).reference == WEB_MERCATOR
        return
    with pytest.raises(UnknownCRS):
        read(text)


def test_systems_without_a_name() -> None:
    assert named(reference("+proj=laea +lat_0=12 +lon_0=34")) is None
    known = named(reference("EPSG:3035"))
    assert known is not None
    assert is_flipped(known.reference)


def test_systems_of_matrix_sets() -> None:
    assert of_matrix_set("WorldCRS84Quad").short == "OGC:CRS84"
    assert of_matrix_set("WGS1984Quad").short == "EPSG:4326"
    assert of_matrix_set("NZTM2000Quad").urn == "urn:ogc:def:crs:EPSG::2193"
