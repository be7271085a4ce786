from __future__ import annotations

import pytest
import rasterio

from proxy.crs import WEB_MERCATOR, WGS84, UnknownCRS, reference, transform_bounds
from proxy.errors import BadRequest, OutsideExtent
from tests.conftest import DATA


@pytest.mark.parametrize(
    ("text", "definition"),
    [
        ("EPSG:3857", "EPSG:3857"),
        (" epsg:4326 ", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::32633", "EPSG:32633"),
        ("ESRI:54030", "ESRI:54030"),
    ],
)
def test_codes_are_canonical(text: str, definition: str) -> None:
    assert reference(text).definition == definition


def test_wkt_of_a_code_is_the_code() -> None:
    assert reference(reference("EPSG:32633").wkt).definition == "EPSG:32633"


@pytest.mark.parametrize("text", ["EPSG:999999", "", "4326 or so", "+proj=nonsense"])
def test_unknown_systems_are_refused(text: str) -> None:
    with pytest.raises(UnknownCRS):
        reference(text)


def test_envelope_of_a_rectangle_in_web_mercator() -> None:
    # The rectangle of a published exportImage example; numbers from its answer, before aspect adjustment.
    found = transform_bounds(
        (-141.19530416221985, -62.217823180545146, 139.27427961579508, 84.15317625109763), WGS84, WEB_MERCATOR
    )
    assert found == pytest.approx(
        (-15717789.3617397, -8910977.94571736, 15503941.8874303, 18972452.6604293), abs=1e-6
    )


def test_latitudes_beyond_the_square_are_clamped() -> None:
    half = 20037508.342789244
    assert transform_bounds((-180, -90, 180, 90), WGS84, WEB_MERCATOR) == pytest.approx(
        (-half, -half, half, half), abs=1e-3
    )
    with pytest.raises(OutsideExtent):
        transform_bounds((0, 86, 1, 89), WGS84, WEB_MERCATOR)


def test_longitudes_run_on_past_the_antimeridian() -> None:
    west, _, east, _ = transform_bounds((170, -10, 190, 10), WGS84, WEB_MERCATOR)
    assert west < 20037508.342789244 < east
    assert east - west == pytest.approx(20 * 111319.49079327358)


def test_curved_edges_are_followed() -> None:
    # A parallel bulges towards the pole in UTM: the corners alone miss the top of the arc at the middle.
    utm = reference("EPSG:32633")
    _, _, _, top = transform_bounds((9, 59, 21, 60), WGS84, utm)
    corner = transform_bounds((9, 60, 9.0001, 60.0001), WGS84, utm)[3]
    middle = transform_bounds((15, 59.9999, 15.0001, 60), WGS84, utm)[3]
    assert top >= max(corner, middle) - 20


def test_other_planets_have_no_way_here() -> None:
    with rasterio.open(DATA / "mars_equirectangular_rgb_jpeg.tif") as file:
        mars = reference(file.crs.to_wkt())
    with pytest.raises(BadRequest, match="no transformation"):
        transform_bounds((0, 0, 1, 1), mars, WGS84)
