from __future__ import annotations

import json
import math

import pytest

from proxy.arcgis.fields import Fields
from proxy.arcgis.params import adjusted, render_request
from proxy.crs import WEB_MERCATOR, WGS84
from proxy.errors import ImageTooLarge, InvalidParameter, InvalidRule
from proxy.functions.tree import Call, Source
from proxy.model import (
    Compression,
    Effort,
    EncodeOptions,
    Extent,
    ImageFormat,
    Interpolation,
    NoDataRule,
    PixelType,
    RenderRequest,
)
from tests.arcgis.conftest import Subject

BBOX = "500000,5799000,501000,5800000"


def order(subject: Subject, **parameters: str) -> RenderRequest:
    return render_request(Fields(({"bbox": BBOX} | parameters).items()), subject)  # type: ignore[arg-type]


def test_with_nothing_but_a_box(subject: Subject) -> None:
    empty = "bboxSR size imageSR noData format time bandIds interpolation renderingRule mosaicRule pixelType"
    found = order(subject, **dict.fromkeys(empty.split(), ""))
    assert found == order(subject)
    assert (found.grid.width, found.grid.height) == (400, 400)
    assert found.grid.crs is subject.info.crs
    assert found.grid.extent == subject.info.extent
    assert found.format is ImageFormat.AUTO
    assert found.rule == Call("hillshade")
    assert found.interpolation is Interpolation.BILINEAR
    assert found.bands is found.nodata is found.pixel_type is None
    assert found.options == EncodeOptions()


def test_worked_example_of_the_reference(mercator: Subject) -> None:
    box = "-141.19530416221985,-62.217823180545146,139.27427961579508,84.15317625109763"
    found = order(mercator, bbox=box, bboxSR="4326", imageSR="3857", size="937,489")
    # A millionth of a metre: rounding of doubles alone, the arithmetic is the same.
    assert found.grid.extent.as_tuple() == pytest.approx(
        (-26821417.0684016, -8910977.94571736, 26607569.5940922, 18972452.6604293), abs=1e-6, rel=0
    )
    assert (found.grid.width, found.grid.height, found.grid.crs) == (937, 489, WEB_MERCATOR)


@pytest.mark.parametrize(
    "box",
    [
        BBOX,
        " 500000 , 5799000, 501000 ,5800000 ",
        '{"xmin":500000,"ymin":5799000,"xmax":501000,"ymax":5800000}',
        "{xmin:500000,ymin:5799000,xmax:501000,ymax:5800000,spatialReference:{wkid:32633}}",
        "{'xmin':500000,'ymin':5799000,'xmax':501000,'ymax':5800000,'spatialReference':{'latestWkid':32633}}",
        "500000,5800000,501000,5799000",
        "501000,5800000,500000,5799000",
        '{"xmin":"500000","ymin":5799000.0,"xmax":501000,"ymax":5800000,"spatialReference":null}',
    ],
)
def test_spellings_of_a_box(subject: Subject, box: str) -> None:
    assert order(subject, bbox=box) == order(subject)


def test_whose_reference_a_box_has(subject: Subject) -> None:
    box = '{"xmin":15,"ymin":52.3,"xmax":15.01,"ymax":52.31,"spatialReference":{"wkid":4326}}'
    plain = "15,52.3,15.01,52.31"
    assert order(subject, bbox=box) == order(subject, bbox=plain, bboxSR="EPSG:4326")
    ours = box.replace("4326", "32633")
    assert order(subject, bbox=ours, bboxSR="4326") == order(subject, bbox=plain, bboxSR="4326")


@pytest.mark.parametrize(
    "box",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,nan,4", "1,2,1,4", "1,2,3,2", "{}", "{", "[1,2,3]",
     "0,0,1,1e307", '{"xmin":1,"ymin":2,"xmax":3}', '{"xmin":1,"ymin":2,"xmax":3,"ymax":null}',
     '{"xmin":1,"ymin":2,"xmax":3,"ymax":4,"spatialReference":{"wkid":1}}', "1;2;3;4", "1,2,inf,4",
     "-1e308,-1e308,1e308,1e308", "1e308,1e308,1.5e308,1.7e308"],
)  # fmt: skip
def test_what_is_no_box(subject: Subject, box: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^'bbox' parameter is invalid."):
        order(subject, bbox=box)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("256,128", (256, 128)), ("34.0,44.0", (34, 44)), ("10.5,10.49", (11, 10)), ("0.2,1", (1, 1)),
     (" 300 , 200 ", (300, 200)), ("4100,4100", (4100, 4100))],
)  # fmt: skip
def test_sizes(subject: Subject, text: str, expected: tuple[int, int]) -> None:
    grid = order(subject, size=text).grid
    assert (grid.width, grid.height) == expected


@pytest.mark.parametrize("text", ["0,10", "-1,10", "10", "a,b", "1,2,3", "nan,1", ","])
def test_what_is_no_size(subject: Subject, text: str) -> None:
    with pytest.raises(InvalidParameter, match="'size'"):
        order(subject, size=text)


@pytest.mark.parametrize("text", ["5000,5000", "4101,1", "1,4100.5", "1e300,1"])
def test_size_limit(subject: Subject, text: str) -> None:
    with pytest.raises(ImageTooLarge):
        order(subject, size=text)


@pytest.mark.parametrize(
    ("extent", "size", "expected"),
    [
        (Extent(0, 0, 10, 10), (100, 50), Extent(-5, 0, 15, 10)),
        (Extent(0, 0, 10, 10), (50, 100), Extent(0, -5, 10, 15)),
        (Extent(0, 0, 20, 10), (100, 50), Extent(0, 0, 20, 10)),
        (Extent(170, -10, 180, 10), (100, 100), Extent(165, -10, 185, 10)),
    ],
)
def test_aspect(extent: Extent, size: tuple[int, int], expected: Extent) -> None:
    assert adjusted(extent, *size) == expected


@pytest.mark.parametrize("zoom", range(0, 23, 2))
def test_square_tiles_stay_as_they_are_to_the_last_digit(mercator: Subject, zoom: int) -> None:
    half = math.pi * 6378137.0
    side = 2 * half / 2**zoom
    x = -half + side * (2**zoom // 3)
    box = f"{x!r},{half - side!r},{x + side!r},{half!r}"
    found = order(mercator, bbox=box, size="256,256", bboxSR="102100", imageSR="3857")
    assert found.grid.extent.as_tuple() == tuple(float(part) for part in box.split(","))


def test_without_adjustment_pixels_are_stretched(subject: Subject) -> None:
    for text in ("false", "False", "0"):
        found = order(subject, size="200,100", adjustAspectRatio=text)
        assert found.grid.extent == subject.info.extent
    assert order(subject, size="200,100").grid.extent.width == pytest.approx(2000)


def test_kmz_is_in_degrees_whatever_was_asked_for(subject: Subject) -> None:
    grid = render_request(Fields([("bbox", BBOX), ("size", "30,20")]), subject, ImageFormat.KMZ).grid
    assert (grid.crs, grid.width, grid.height) == (WGS84, 30, 20)
    # Square pixels first: 250 m west of the central meridian, where a degree is about 68.1 km long.
    assert grid.extent.xmin == pytest.approx(15 - 250 / 68_100, abs=1e-4)
    assert grid.extent.ymax == pytest.approx(52.3493, abs=1e-3)


def test_poles_are_cut_before_mercator_and_a_box_beyond_it_is_wrong(mercator: Subject) -> None:
    found = order(mercator, bbox="-180,-90,180,90", bboxSR="4326")
    assert found.grid.extent.ymax == pytest.approx(20037508.342789, abs=1e-3)
    with pytest.raises(InvalidParameter, match="'bbox'"):
        order(mercator, bbox="0,86,10,89", bboxSR="4326")


def test_a_box_outside_is_no_error_unless_asked(subject: Subject) -> None:
    assert order(subject, bbox="0,0,1,1").grid.extent == Extent(0, 0, 1, 1)
    order(subject, validateExtent="true")
    order(subject, bbox="499996,5799000,501000,5800000", validateExtent="true")
    for box in ("0,0,1,1", "499000,5799000,501000,5800000"):
        with pytest.raises(InvalidParameter, match=r"'bbox'.*extent"):
            order(subject, bbox=box, validateExtent="true")


@pytest.mark.parametrize("name", ["bboxSR", "imageSR"])
def test_references(subject: Subject, name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^'{name}' parameter is invalid.$"):
        order(subject, **{name: "999999"})


def test_without_image_reference_the_services_own_is_used(subject: Subject) -> None:
    found = order(subject, bbox="15,52.3,15.01,52.31", bboxSR="4326")
    assert found.grid.crs is subject.info.crs
    assert order(subject, bbox="15,52,16,53", bboxSR="4326", imageSR="4326").grid.crs == WGS84


@pytest.mark.parametrize(
    ("text", "expected"),
    [("jpgpng", "auto"), ("JPGPNG", "auto"), ("png", "png"), ("PNG32", "png32"), ("png8", "png8"),
     ("png24", "png24"), ("jpg", "jpeg"), ("jpeg", "jpeg"), ("TIFF", "tiff"), ("tif", "tiff"),
     ("bip", "bip"), ("bsq", "bsq"), ("lerc", "lerc"), ("gif", "gif"), ("bmp", "bmp"), ("ecw", "auto")],
)  # fmt: skip
def test_formats(subject: Subject, text: str, expected: str) -> None:
    assert order(subject, format=text).format == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("RSP_BilinearInterpolation", "bilinear"), ("RSP_NearestNeighbor", "nearest"), ("rsp_majority", "mode"),
     ("RSP_CubicConvolution", "cubic"), ("RSP_Average", "average"), ("RSP_Minimum", "min"),
     ("unheard-of", "bilinear")],
)  # fmt: skip
def test_interpolations(subject: Subject, text: str, expected: str) -> None:
    assert order(subject, interpolation=text).interpolation == expected


@pytest.mark.parametrize(("text", "expected"), [("2,1,0", (2, 1, 0)), ("3", (3,)), (" 0 , 0 ", (0, 0))])
def test_bands(subject: Subject, text: str, expected: tuple[int, ...]) -> None:
    assert order(subject, bandIds=text).bands == expected


@pytest.mark.parametrize("text", ["4", "-1", "0,9", "red", "0.5", "1e9", ","])
def test_bands_that_do_not_exist(subject: Subject, text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^'bandIds' parameter is invalid\.$"):
        order(subject, bandIds=text)


@pytest.mark.parametrize(
    ("text", "interpretation", "values", "match_all"),
    [
        ("0", "", (0.0,), False),
        ("0,0,0", "", (0.0, 0.0, 0.0), True),
        ("0", "esriNoDataMatchAll", (0.0,), True),
        ("0,0,0", "esriNoDataMatchAny", (0.0, 0.0, 0.0), False),
        ("-9999", "ESRINODATAMATCHANY", (-9999.0,), False),
        ("1, 2", "other", (1.0, 2.0), True),
    ],
)
def test_nodata(
    subject: Subject, text: str, interpretation: str, values: tuple[float, ...], match_all: bool
) -> None:
    found = order(subject, noData=text, noDataInterpretation=interpretation).nodata
    assert found == NoDataRule(values, match_all)


def test_odd_nodata(subject: Subject) -> None:
    found = order(subject, noData="NaN").nodata
    assert found is not None
    assert math.isnan(found.values[0])
    with pytest.raises(InvalidParameter, match="'noData'"):
        order(subject, noData="none")


def test_pixel_types(subject: Subject) -> None:
    assert order(subject, pixelType="f32").pixel_type is PixelType.FLOAT32
    assert order(subject, pixelType="UNKNOWN").pixel_type is None
    with pytest.raises(InvalidParameter, match="'pixelType'"):
        order(subject, pixelType="Q8")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"format": "jpg", "compressionQuality": "90"}, EncodeOptions(quality=90)),
        ({"format": "jpgpng", "compressionQuality": "150"}, EncodeOptions(quality=100)),
        ({"format": "png", "compressionQuality": "90"}, EncodeOptions()),
        ({"format": "tiff"}, EncodeOptions()),
        ({"format": "tiff", "compression": "LZ77"}, EncodeOptions(compression=Compression.DEFLATE)),
        ({"format": "tiff", "compression": "lzw"}, EncodeOptions(compression=Compression.LZW)),
        ({"format": "tiff", "compression": "None"}, EncodeOptions()),
        ({"format": "tiff", "compression": "zip9"}, EncodeOptions()),
        (
            {"format": "tiff", "compression": "JPEG", "compressionQuality": "40"},
            EncodeOptions(quality=40, compression=Compression.JPEG),
        ),
        (
            {"format": "lerc", "compressionTolerance": "0", "lercVersion": "2", "compression": "LERC"},
            EncodeOptions(tolerance=0.0),
        ),
        ({"format": "lerc", "lercVersion": "1"}, EncodeOptions(lerc_version=1)),
        ({"format": "png32", "lercVersion": "1", "compressionTolerance": "0.01"}, EncodeOptions()),
    ],
)
def test_encoder_settings(subject: Subject, parameters: dict[str, str], expected: EncodeOptions) -> None:
    assert order(subject, **parameters).options == expected


def test_effort_is_the_services(subject: Subject) -> None:
    subject.effort = Effort.SMALL
    assert order(subject).options.effort is Effort.SMALL


@pytest.mark.parametrize(
    ("name", "text"),
    [("compressionQuality", "good"), ("compressionTolerance", "-1"), ("compressionTolerance", "x"),
     ("lercVersion", "two"), ("mosaicRule", "{"), ("mosaicRule", "[1]"), ("sliceId", "x"), ("sliceId", "1.5"),
     ("time", "yesterday"), ("time", "1,2,3"), ("time", "nan")],
)  # fmt: skip
def test_what_is_wrong_is_named(subject: Subject, name: str, text: str) -> None:
    with pytest.raises(InvalidParameter, match=f"'{name}' parameter is invalid."):
        order(subject, **{name: text})


def test_what_chooses_among_items_changes_nothing_on_a_single_raster(subject: Subject) -> None:
    rule = json.dumps({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [1]})
    found = order(subject, mosaicRule=rule, time="1199145600000, 1230768000000", sliceId="3", dpi="96")
    assert found == order(subject)


@pytest.mark.parametrize("text", ['{"rasterFunction":"None"}', "{'rasterFunction':'none'}", "None", "{}"])
def test_the_raw_bands_can_be_asked_for(subject: Subject, text: str) -> None:
    assert order(subject, renderingRule=text).rule == Source()


def test_rules(subject: Subject) -> None:
    text = '{"rasterFunction":"Relief"}'
    assert order(subject, renderingRule=text).rule == Call("hillshade")
    with pytest.raises(InvalidRule):
        order(subject, renderingRule='{"rasterFunction":"Nonsense"}')
    with pytest.raises(InvalidRule):
        order(subject, renderingRule='{"rasterFunction"')
