from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from proxy.ogc.wms.errors import WmsError
from proxy.ogc.wms.sld import parse
from tests.conftest import RasterMaker
from tests.doors import client_of
from tests.ogc.wms.test_get_map import INSIDE, MAP, drawn

SYMBOL = "<RasterSymbolizer>{}</RasterSymbolizer>"


def styled(symbol: str, name: str = "ramp", before: str = "", style: str = "") -> str:
    return (
        '<?xml version="1.0"?><StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld">'
        f"<NamedLayer><Name>{name}</Name><UserStyle>{style}<FeatureTypeStyle><Rule>{before}"
        f"<RasterSymbolizer>{symbol}</RasterSymbolizer></Rule></FeatureTypeStyle></UserStyle></NamedLayer>"
        "</StyledLayerDescriptor>"
    )


def entries(kind: str, *rows: tuple[float, str] | tuple[float, str, float]) -> str:
    inside = "".join(
        f'<ColorMapEntry quantity="{row[0]}" color="{row[1]}" opacity="{row[2] if len(row) > 2 else 1}"/>'
        for row in rows
    )
    return f'<ColorMap type="{kind}">{inside}</ColorMap>'


@pytest.fixture
def ramp(make_raster: RasterMaker) -> Any:
    """Values 0..99 from west to east, as floats; the second band runs from north to south."""
    across = np.tile(np.arange(100, dtype=np.float32), (100, 1))
    path = make_raster("ramp.tif", np.stack([across, across.T]), names=("East", "South"), nodata=-1)
    with client_of(path) as client:
        yield client


BOX = {"crs": "EPSG:32633", "bbox": "500000,5799000,501000,5800000", "width": 100, "height": 100}


def painted(client: TestClient, symbol: str, **more: Any) -> NDArray[np.uint8]:
    query = {"layers": "ramp", "transparent": "true", "interpolation": "nearest", **BOX}
    return drawn(client, **(query | {"sld_body": styled(symbol)} | more))


def test_a_ramp_runs_between_its_colours(ramp: TestClient) -> None:
    found = painted(ramp, entries("ramp", (20, "#000000"), (60, "#ff0000"), (80, "#ffff00")))
    row = found[50].astype(float)
    assert (found[..., 3] == 255).all()
    assert row[:20, :3].max() == 0, "the first colour goes on below its value"
    assert (row[81:, :3] == [255, 255, 0]).all(), "and the last above it"
    # 256 levels over 60 units, and rounding.
    assert np.abs(row[20:61, 0] - np.linspace(0, 255, 41)).max() <= 2
    assert np.abs(row[60:81, 1] - np.linspace(0, 255, 21)).max() <= 3


def test_intervals_end_below_their_values(ramp: TestClient) -> None:
    found = painted(ramp, entries("intervals", (10, "#ff0000"), (50, "#00ff00", 0.5), (90, "#0000ff")))[0]
    assert found[9].tolist() == [255, 0, 0, 255]
    assert found[10].tolist() == found[49].tolist() == [0, 255, 0, 128]
    assert found[50].tolist() == found[89].tolist() == [0, 0, 255, 255]
    assert found[90, 3] == 0


def test_values_are_exact(ramp: TestClient) -> None:
    found = painted(ramp, entries("values", (10, "#ff0000"), (11, "#00ff00")))[0]
    assert found[10].tolist() == [255, 0, 0, 255]
    assert found[11].tolist() == [0, 255, 0, 255]
    assert found[[9, 12], 3].tolist() == [0, 0]


def test_symbology_encoding(ramp: TestClient) -> None:
    categories = (
        "<ColorMap><Categorize><Value>#ff0000</Value><Threshold>30</Threshold><Value>#00ff00</Value>"
        "<Threshold>60</Threshold><Value>#0000ff</Value></Categorize></ColorMap>"
    )
    row = painted(ramp, categories)[0]
    assert [row[at, :3].tolist() for at in (29, 30, 59, 60, 99)] == [
        [255, 0, 0], [0, 255, 0], [0, 255, 0], [0, 0, 255], [0, 0, 255],
    ]  # fmt: skip
    points = "".join(
        f"<InterpolationPoint><Data>{data}</Data><Value>{value}</Value></InterpolationPoint>"
        for data, value in ((0, "#000000"), (99, "#ffffff"))
    )
    smooth = painted(ramp, f"<ColorMap><Interpolate>{points}</Interpolate></ColorMap>")[0, :, 0]
    assert np.abs(smooth.astype(float) - np.linspace(0, 255, 100)).max() <= 2


def test_channels_are_chosen_by_number_and_by_name(ramp: TestClient) -> None:
    def channel(name: str) -> str:
        return (
            f"<ChannelSelection><GrayChannel><SourceChannelName>{name}</SourceChannelName></GrayChannel>"
            "</ChannelSelection>" + entries("intervals", (50, "#000000"), (1000, "#ffffff"))
        )

    east, south = painted(ramp, channel("1")), painted(ramp, channel("South"))
    assert east[10, 90, 0] == 255
    assert east[90, 10, 0] == 0
    assert np.array_equal(south, np.transpose(east, (1, 0, 2)))
    three = "".join(
        f"<{color}Channel><SourceChannelName>{name}</SourceChannelName></{color}Channel>"
        for color, name in (("Red", 1), ("Green", 2), ("Blue", 1))
    )
    found = painted(ramp, f"<ChannelSelection>{three}</ChannelSelection>")
    assert np.array_equal(found[..., 0], found[..., 2])
    assert found[0, 99, 0] > 200 > found[0, 99, 1]


def test_contrast(ramp: TestClient) -> None:
    grey = "<GrayChannel><SourceChannelName>1</SourceChannelName></GrayChannel>"

    def row(inside: str) -> NDArray[np.float64]:
        body = (
            f"<ChannelSelection>{grey}</ChannelSelection><ContrastEnhancement>{inside}</ContrastEnhancement>"
        )
        return painted(ramp, body)[0, :, 0].astype(float)

    straight = row("<Normalize/>")
    assert np.abs(straight - np.linspace(0, 255, 100)).max() <= 2
    brighter = row("<Normalize/><GammaValue>2</GammaValue>")
    # Output = input to the power of 1 / gamma; the function's curve is flatter where it is nearly black.
    assert np.abs(brighter - 255 * np.sqrt(np.linspace(0, 1, 100)))[10:].max() <= 4
    # Every value is as frequent as any other, so that equalising them changes little.
    assert np.abs(row("<Histogram/>") - straight).max() <= 6


def test_opacity(ramp: TestClient) -> None:
    found = painted(ramp, "<Opacity>0.5</Opacity>" + entries("ramp", (0, "#ff0000"), (1, "#ff0000")))
    assert found[0, 0].tolist() == [255, 0, 0, 128]
    over = painted(
        ramp, "<Opacity>0.5</Opacity>" + entries("ramp", (0, "#ff0000"), (1, "#ff0000")), transparent="false"
    )
    assert over[0, 0, 0] == 255
    assert abs(int(over[0, 0, 1]) - 127) <= 1


def test_relief(client: TestClient) -> None:
    colors = entries("ramp", (1000, "#00ff00"), (4000, "#ff0000"))
    relief = "<ShadedRelief><ReliefFactor>55</ReliefFactor></ShadedRelief>"
    query = {"layers": "elevation", **INSIDE}
    flat = drawn(client, sld_body=styled(colors, "elevation"), **query).astype(int)
    lit = drawn(client, sld_body=styled(colors + relief, "elevation"), **query).astype(int)
    shade = drawn(client, sld_body=styled(relief, "elevation"), **query).astype(int)
    assert np.abs(lit[..., :3] - flat[..., :3] * shade[..., :1] / 255).max() <= 1
    assert shade[..., 0].std() > 10
    assert np.array_equal(shade, drawn(client, styles="hillshade_map", **query))


def test_scales(ramp: TestClient) -> None:
    red = entries("ramp", (0, "#ff0000"), (1, "#ff0000"))
    # 10 m a pixel are 1 : 35714.
    near = styled(red, before="<MaxScaleDenominator>40000</MaxScaleDenominator>")
    far = styled(red, before="<MinScaleDenominator>40000</MinScaleDenominator>")
    assert painted(ramp, "", sld_body=near)[0, 0].tolist() == [255, 0, 0, 255]
    assert painted(ramp, "", sld_body=far)[..., 3].max() == 0


def test_styles_of_the_document_are_chosen_by_name(ramp: TestClient) -> None:
    red = entries("ramp", (0, "#ff0000"), (1, "#ff0000"))
    body = styled(red, style="<Name>mine</Name>")
    assert painted(ramp, "", sld_body=body, styles="mine")[0, 0].tolist() == [255, 0, 0, 255]
    assert painted(ramp, "", sld_body=body, styles="")[0, 0].tolist() == [255, 0, 0, 255]
    # Another name is one of the service's.
    assert painted(ramp, "", sld_body=body, styles="None")[0, 0, :3].tolist() != [255, 0, 0]
    # Without layers the document names them.
    assert painted(ramp, "", sld_body=body, layers="")[0, 0].tolist() == [255, 0, 0, 255]
    posted = ramp.post("/wms", data=MAP | BOX | {"layers": "ramp", "sld_body": body})
    assert posted.headers["content-type"] == "image/png"


BAD = [
    "<a>",
    "",
    "<StyledLayerDescriptor/>",
    "<Other/>",
    "<StyledLayerDescriptor><UserLayer><Name>a</Name></UserLayer></StyledLayerDescriptor>",
    styled("").replace("Raster", "Polygon"),
    styled(entries("ramp", (1, "red"))),
    styled(entries("ramp", (2, "#ff0000"), (1, "#ff0000"))),
    styled(entries("ramp", (float("nan"), "#ff0000"))),
    styled(entries("other", (1, "#ff0000"))),
    styled(entries("ramp")),
    styled("<Opacity>2</Opacity>"),
    styled("<Opacity>x</Opacity>"),
    styled("<ChannelSelection><RedChannel/></ChannelSelection>"),
    styled("<ImageOutline/>"),
    styled(entries("ramp", (1, "#ff0000")) + "<ContrastEnhancement><Normalize/></ContrastEnhancement>"),
    '<!DOCTYPE a [<!ENTITY b "c">]>' + styled("").partition("?>")[2],
    '<!DOCTYPE a SYSTEM "file:///etc/passwd">' + styled("").partition("?>")[2],
    styled("x" * 600_000),
    "<StyledLayerDescriptor>" + "<a>" * 300 + "</a>" * 300 + "</StyledLayerDescriptor>",
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_documents_that_cannot_be_used(text: str) -> None:
    with pytest.raises(WmsError) as caught:
        parse(text)
    assert caught.value.code == "StyleNotDefined"


def test_entities_are_not_expanded(ramp: TestClient) -> None:
    body = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + styled("&x;").partition("?>")[2]
    answer = ramp.get("/wms", params=MAP | BOX | {"layers": "ramp", "sld_body": body})
    assert b"Document types are not read" in answer.content


def test_a_band_that_is_not_there(ramp: TestClient) -> None:
    grey = "<GrayChannel><SourceChannelName>9</SourceChannelName></GrayChannel>"
    symbol = f"<ChannelSelection>{grey}</ChannelSelection>"
    answer = ramp.get("/wms", params=MAP | BOX | {"layers": "ramp", "sld_body": styled(symbol)})
    assert b"There is no band" in answer.content
