from __future__ import annotations

import pytest

from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.ogc.api.subset import Range, box, ranges
from proxy.ogc.crs_names import CRS84, read

WHOLE = Extent(-180, -90, 180, 90)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Lat(40:50),Lon(10:20)"], [("Lat", "40", "50"), ("Lon", "10", "20")]),
        (["Lat(40:50)", "Lon(10:20)"], [("Lat", "40", "50"), ("Lon", "10", "20")]),
        ([" Lat( 40 : 50 ) , Lon(-1.5:*)"], [("Lat", "40", "50"), ("Lon", "-1.5", "*")]),
        (["pressure(850)"], [("pressure", "850", "850")]),
        (['time("2018-05-01T10:30:00Z")'], [("time", "2018-05-01T10:30:00Z", "2018-05-01T10:30:00Z")]),
        (['time("2018-05-01":"2018-06-01")'], [("time", "2018-05-01", "2018-06-01")]),
        (["time(2018-05-01T10:30:00Z:2018-05-02T00:00:00Z)"],
         [("time", "2018-05-01T10:30:00Z", "2018-05-02T00:00:00Z")]),
        (["time(2018-05-01:*)"], [("time", "2018-05-01", "*")]),
        (["time(*:2018-05-01T00:00:00Z)"], [("time", "*", "2018-05-01T00:00:00Z")]),
        (["time(2018-05-01T10:30:00Z)"], [("time", "2018-05-01T10:30:00Z", "2018-05-01T10:30:00Z")]),
        ([""], []),
    ],
)  # fmt: skip
def test_every_form_of_the_standard_is_read(texts: list[str], expected: list[tuple[str, str, str]]) -> None:
    assert list(ranges(texts)) == [Range(*each) for each in expected]


@pytest.mark.parametrize(
    "text",
    ["Lat", "Lat()", "Lat(1:)", "Lat(:1)", "(1:2)", "1at(1:2)", "Lat(1:2", "Lat(1:2)Lon(3:4)",
     "Lat(1:2),lat(3:4)",
     'time("a":b)', 'time("a" "b")', "Lat[1:2]", "Lat(1:2:3)", "Lat((1:2))"],
)  # fmt: skip
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        ranges([text])


def test_axes_are_those_of_the_system() -> None:
    mercator = read("EPSG:3857")
    assert box(ranges(["N(0:5),E(1:2)"]), mercator, WHOLE)[0] == Extent(1, 0, 2, 5)
    assert box(ranges(["lat(0:5)"]), read("EPSG:4326"), WHOLE)[0] == Extent(-180, 0, 180, 5)
    assert box(ranges(["Lon(*:5)"]), CRS84, WHOLE)[0] == Extent(-180, -90, 5, 90)
    for text, crs in (("Lat(0:1)", mercator), ("E(0:1)", CRS84), ("Lat(2:1)", CRS84), ("Lat(1:1)", CRS84)):
        with pytest.raises(InvalidParameter):
            box(ranges([text]), crs, WHOLE)


def test_the_antimeridian_may_be_crossed_and_nothing_lies_beyond_the_poles() -> None:
    assert box(ranges(["Lon(170:-170)"]), CRS84, WHOLE) == (Extent(170, -90, 190, 90), False)
    assert box(ranges(["Lat(95:99)"]), CRS84, WHOLE)[1] is True
    assert box(ranges(["Lat(80:99)"]), CRS84, WHOLE)[1] is False
